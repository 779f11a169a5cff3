"""Learning as a run: it goes on from any step to the same bits, whatever was killed, and its result is read again."""

import json
import shutil
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.cli import main
from qrexplore.core import LogNormal, Normal, Status, Uniform, run
from qrexplore.data import runs, settings
from qrexplore.learn import (
    WAYS,
    Kernel,
    LearnProblem,
    begin_run,
    digest,
    guided,
    problem_of,
    result_of,
    resume_run,
    run_of,
    task,
)
from qrexplore.learn.archive import pack_result, unpack_result
from qrexplore.learn.options import from_options, options_of
from qrexplore.twin import difference, library, simulate
from tests.faults import read_only
from tests.learn.kills import kill_campaign

NOISE = 0.01


def noisy(twin, experiment, seed=0):
    data = simulate(twin, experiment)
    values = data["population"].values
    data["population"].values[...] = values + NOISE * np.random.default_rng(seed).normal(size=values.shape)
    data["population_stderr"] = data["population"].copy(data=np.full(values.shape, NOISE))
    return data


@pytest.fixture(scope="module")
def relaxation():
    """A small problem with a method that takes many steps."""
    truth = library.transmon().replace({"q0.t1": 33e-6, "readout_q0.false_zero": 0.08})
    data = noisy(truth, experiments.t1(np.linspace(0, 120e-6, 31)))
    free = ["q0.t1", "readout_q0.false_*"]
    return LearnProblem(library.transmon(), data, free=free, method="adam", max_steps=60)


@pytest.fixture(scope="module")
def distorted():
    """A small chevron of a distorted device, which is learned in two stages."""
    hidden = {"q0_q1.coupling": 8.6e6, "flux_q1.distortion.amplitude": -0.05, "flux_q1.distortion.time_constant": 8e-9}
    qubits = dict(library.two_transmons().chip.qubits.items())
    twin = library.assemble(qubits, {("q0", "q1"): 9e6}, bandwidth=None, dissipative=False)
    chevron = experiments.chevron(np.linspace(0.45, 0.53, 9), np.linspace(2e-9, 60e-9, 12))
    return LearnProblem(twin, noisy(twin.replace(hidden), chevron), free=("*.coupling", "flux_q1.distortion.*"))


def assert_goes_on_to_the_same_bits(make):
    """Let a task be taken apart at every step, and another one of the same problem go on."""
    packed = []
    whole = make()
    state = whole.init()
    while (status := whole.done(state)) is None:
        state, _ = whole.advance(state)
        packed.append(whole.pack(state))
    expected = digest(whole.finish(state, status))
    for k in range(0, len(packed), max(1, len(packed) // 3)):
        other = make()
        result = run(other, begin=other.unpack(packed[k]))
        assert result.status is status
        assert digest(result) == expected, f"from step {k + 1} of {len(packed)}"
    return len(packed)


@pytest.mark.parametrize(
    "method", ["adam", "levenberg-marquardt", "l-bfgs", "cma-es", "nelder-mead", "hybrid", "multi-start"]
)
def test_a_fit_goes_on_from_any_step_to_the_same_bits(relaxation, method):
    problem = replace(relaxation, method=method, max_steps=30)
    assert assert_goes_on_to_the_same_bits(lambda: task(problem)) > 1


@pytest.mark.parametrize("method", ["cma-es", "hybrid"])
def test_the_seed_of_a_problem_is_that_of_its_random_points_also_where_it_goes_on(relaxation, method):
    problem, kernel = replace(relaxation, method=method, max_steps=6), Kernel(relaxation)

    def path(seed):
        return [step.loss for step in run(task(replace(problem, seed=seed), kernel)).history]

    assert path(0) == path(0) != path(5)
    assert assert_goes_on_to_the_same_bits(lambda: task(replace(problem, seed=5))) > 1


def test_several_starts_are_those_of_the_seed_of_the_problem(relaxation):
    problem, kernel = replace(relaxation, method="multi-start"), Kernel(relaxation)
    points = [task(replace(problem, seed=seed), kernel).init().progress.memory.points for seed in (0, 0, 5)]
    np.testing.assert_array_equal(points[0], points[1])
    assert np.all(points[0][1:] != points[2][1:])


@pytest.mark.slow
def test_a_guided_run_goes_on_from_either_stage_to_the_same_bits(distorted):
    stages = set()
    kernel = Kernel(distorted)

    def make():
        made = guided(distorted, kernel, by_ideal=True)
        # what another problem has left in the kernel does not matter
        kernel._recent.clear()
        kernel.substeps = initial
        return replace(made, advance=lambda state: noted(made.advance(state)))

    def noted(advanced):
        stages.add(advanced[1].stage)
        return advanced

    initial = kernel.substeps
    assert assert_goes_on_to_the_same_bits(make) > 3
    assert stages == {"ideal device", "all parameters"}


def test_steps_of_the_solver_are_kept(relaxation):
    first = task(relaxation, kernel := Kernel(relaxation))
    state, _ = first.advance(first.init())
    kernel.substeps = (3,)
    packed = first.pack(state)
    other = task(relaxation, fresh := Kernel(relaxation))
    other.unpack(packed)
    assert fresh.substeps == (3,)


def test_a_result_is_remembered_with_the_steps_of_the_solver_it_was_found_with(relaxation):
    kernel = Kernel(relaxation)
    point, twin = kernel.point(relaxation, kernel.least_squares(relaxation).start), relaxation.twin
    coarse = kernel.evaluate(point, twin)
    assert kernel.evaluate(point, twin) is coarse
    kernel.substeps = tuple(2 * steps for steps in kernel.substeps)
    assert kernel.evaluate(point, twin) is not coarse


@pytest.mark.slow
def test_a_result_comes_back_bit_for_bit(distorted):
    result = run(guided(distorted, by_ideal=True))
    assert result.ideal is not None
    back = unpack_result(distorted, pack_result(result))
    assert digest(back) == digest(result)
    assert repr(back) == repr(result)
    assert back.ideal.parameters.paths == result.ideal.parameters.paths
    assert back.ideal.problem.table.paths == result.ideal.problem.table.paths
    assert back.history == result.history
    assert not difference(back.twin, result.twin).changes
    assert digest(replace(result, seconds=0.0)) == digest(result)
    assert digest(replace(result, misfit=np.nextafter(result.misfit, 1))) != digest(result)


def test_every_option_of_a_problem_is_kept(relaxation, tmp_path):
    problem = replace(
        relaxation,
        hold=("readout_*one",),
        priors={"*": Normal(0.1, 0.05), "q0.t1": LogNormal(30e-6, 0.3), "readout_*zero": Uniform(0.0, 0.2)},
        ties={"q0.t_phi": "q0.t1"},
        weights={"t1": 0.5},
        likelihood="mse",
        robust=3.0,
        learning_rate=0.05,
        max_steps=7,
    )
    found = problem_of(begin_run(problem, tmp_path / "run"))
    for field in fields(problem):
        if field.name not in {"twin", "data"}:
            assert list_free(getattr(found, field.name)) == list_free(getattr(problem, field.name)), field.name
    assert not difference(found.twin, problem.twin).changes
    assert found.table.paths == problem.table.paths
    for name, data in problem.datasets.items():
        assert found.datasets[name]["population"].values.tobytes() == data["population"].values.tobytes()
    assert found.measured[0].sigma.tobytes() == problem.measured[0].sigma.tobytes()


def list_free(value):
    return tuple(value) if isinstance(value, list) else value


def test_several_datasets_keep_their_names_and_order(relaxation, tmp_path):
    (data,) = relaxation.datasets.values()
    problem = replace(relaxation, data={"zulu": data, "alpha/2": data, "mike": data})
    assert tuple(problem_of(begin_run(problem, tmp_path / "run")).datasets) == ("zulu", "alpha/2", "mike")


def test_what_cannot_be_kept_is_refused(relaxation, tmp_path):
    strange = replace(relaxation)
    object.__setattr__(strange, "learning_rate", object())
    with pytest.raises(ValueError, match=r"`learning_rate` must be plain values to be kept in a run, got object"):
        options_of(strange)
    with pytest.raises(ValueError, match=r"`rate` is no option of a learning problem; there are: free, hold"):
        from_options({"rate": 1.0})
    with pytest.raises(ValueError, match=r"`free\[1\]` of a learning problem is damaged, got"):
        from_options({"free": ["q0.t1", {"class": "Popen", "args": "ls"}]})
    with pytest.raises(ValueError, match=r"`way` must be one of 'fit', 'guided', .*, got 'luck'"):
        begin_run(relaxation, tmp_path / "run", way="luck")
    other = runs.create(tmp_path / "other", "count", {}, {})
    with pytest.raises(runs.RunError, match=r"is of kind 'count', not 'learn'"):
        problem_of(other)


@pytest.fixture(scope="module")
def finished(relaxation, tmp_path_factory):
    """A run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("learn") / "run"
    begin_run(relaxation, folder)
    return runs.open_run(folder), resume_run(folder)


def test_a_run_learns_what_a_fit_learns(relaxation, finished):
    found, result = finished
    assert digest(run(task(relaxation))) == digest(result)
    assert found.standing().state == "done"
    assert found.standing().words == "max_steps"
    assert found.history() == list(result.history)
    assert digest(result_of(found)) == digest(result)
    assert repr(result_of(found)) == repr(result)


def test_a_result_says_how_it_came_about(finished):
    found, result = finished
    held = json.loads((found.folder / "result.json").read_text())
    assert held["parameters"]["q0.t1"]["value"] == result.parameters["q0.t1"].value
    assert held["status"] == "max_steps"
    record = held["record"]
    assert record["digest"] == digest(result)
    assert record["run"] == found.head["id"]
    assert set(record["files"]) == {"twin.json", "data-0.nc"}
    assert record["specification"] == found.sha256
    assert record["finished_by"]["jax"]["jax_enable_x64"] is True
    assert record["finished_by"]["packages"]["jax"]
    assert record["seeds"] == {"noise": 0}


def test_a_run_that_is_done_is_read_and_not_done_again(finished):
    found, result = finished
    told = []
    assert digest(resume_run(found.folder, on_step=told.append)) == digest(result)
    assert told == []


def test_a_run_without_a_result_says_how_to_get_one(relaxation, tmp_path):
    begun = begin_run(relaxation, tmp_path / "run")
    with pytest.raises(
        runs.RunError, match=r"has no result yet: it is created. Go on with it by `qrexplore runs resume"
    ):
        result_of(begun)


def test_a_result_that_was_changed_is_refused(finished, tmp_path):
    shutil.copytree(finished[0].folder, tmp_path / "run")
    (tmp_path / "run" / "result.npz").write_bytes(b"PK")
    with pytest.raises(runs.RunError, match=r"result.npz is not what was written"):
        result_of(runs.open_run(tmp_path / "run"))


def test_a_result_that_finds_no_room_is_said_and_written_when_there_is(relaxation, finished, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    begun = begin_run(relaxation, tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qrexplore.learn.runs.write_whole", full)
        with pytest.raises(runs.RunError, match=r"the store says 'No space left on device'. Make room, and resume"):
            resume_run(begun.folder)
    assert begun.standing().state == "interrupted"
    assert len(begun.history()) == 60
    assert digest(resume_run(begun.folder)) == digest(finished[1])


def test_other_data_are_refused_unless_forked(relaxation, tmp_path, finished):
    begun = begin_run(relaxation, tmp_path / "run")
    stopped = resume_run(begun.folder, on_step=lambda step: step.iteration == 5 and begun.request("stop"))
    assert stopped.status is Status.STOPPED
    assert len(stopped.history) == 5
    (data,) = relaxation.datasets.values()
    other = begin_run(replace(relaxation, data=data.copy(data=shifted(data))), tmp_path / "other")
    shutil.copy(other.folder / "data-0.nc", begun.folder / "data-0.nc")
    with pytest.raises(runs.RunError, match=r"'data-0.nc' is not what it was when the run began"):
        resume_run(begun.folder)
    forked = runs.fork(begun, tmp_path / "fork")
    result = resume_run(forked.folder)
    assert len(result.history) == 60
    # it goes by the data that it has now
    assert result.parameters["readout_q0.false_one"].value > finished[1].parameters["readout_q0.false_one"].value


def shifted(data):
    return {name: values + 0.02 if name == "population" else values for name, values in data.data_vars.items()}


def test_a_question_asked_again_finds_its_run(relaxation, tmp_path):
    begun = run_of(relaxation, tmp_path / "run")
    assert run_of(relaxation, tmp_path / "run").head["id"] == begun.head["id"]
    (data,) = relaxation.datasets.values()
    others = {
        "max_steps": replace(relaxation, max_steps=61),
        "twin: q0.t1": replace(relaxation, twin=relaxation.twin.replace({"q0.t1": 21e-6})),
        "dataset 't1'": replace(relaxation, data=data.copy(data=shifted(data))),
        "dataset 'other'": replace(relaxation, data={"t1": data, "other": data}),
    }
    # the same numbers of something else that was done
    told = {**settings(data), "shots": 17}
    others |= {"dataset 't1' ": replace(relaxation, data=data.assign_attrs(settings=json.dumps(told)))}
    for what, other in ((key.strip(), one) for key, one in others.items()):
        with pytest.raises(runs.RunError, match=rf"must be of the question that is asked, .* \({what}"):
            run_of(other, tmp_path / "run")
    with pytest.raises(
        runs.RunError, match=r"\(way: fit, now guided\). Name another folder, or delete that of the run"
    ):
        run_of(relaxation, tmp_path / "run", way="guided")


def test_another_rate_in_mid_run_is_taken_and_survives(relaxation, tmp_path, finished):
    begun = begin_run(relaxation, tmp_path / "run")

    def steer(step):
        if step.iteration == 10:
            begun.request("rate", 0.001)
        if step.iteration == 20:
            begun.request("stop")

    resume_run(begun.folder, on_step=steer)
    assert [(event.kind, event.words) for event in begun.events()] == [("changed", "rate 0.001, after step 10")]
    slow, usual = begun.history(), finished[0].history()
    assert slow[9] == replace(usual[9], seconds=slow[9].seconds)
    pace = [abs(h[19].parameters["q0.t1"] - h[10].parameters["q0.t1"]) for h in (slow, usual)]
    assert pace[0] < 0.2 * pace[1]
    begun.request("rate", "fast")
    resume_run(begun.folder)
    refused = [event.words for event in begun.events() if event.kind == "refused"]
    assert refused[0].startswith("rate fast: a fit takes 'rate' with a number, and 'hold' and 'free' with a path, got")


def test_runs_that_are_killed_come_to_the_same_bits(relaxation, tmp_path):
    told, lost = kill_campaign(relaxation, tmp_path, "fit", runs_to_do=1, kills=1, most=25, seed=1)
    assert told > 0
    assert lost == 0


@pytest.mark.slow
def test_runs_that_are_killed_two_hundred_times_come_to_the_same_bits(relaxation, distorted, tmp_path):
    told, lost = kill_campaign(relaxation, tmp_path / "fit", "fit", runs_to_do=20, kills=5, most=25, seed=2)
    more, gone = kill_campaign(distorted, tmp_path / "two", "study", runs_to_do=20, kills=5, most=8, seed=3)
    sys.stdout.write(f"200 kills: {told + more} steps acknowledged, {lost + gone} lost\n")
    assert told > 500
    assert more > 50
    assert lost + gone == 0


def test_the_command_line_lists_shows_and_compares_runs(finished, relaxation, tmp_path, capsys):
    found, result = finished
    shutil.copytree(found.folder, tmp_path / "first")
    other = begin_run(replace(relaxation, max_steps=40), tmp_path / "second")
    resume_run(other.folder)
    begin_run(relaxation, tmp_path / "third")
    assert main(["runs", "list", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["run", "kind", "state", "steps", "loss", "created"]
    assert {tuple(line.split()[:4]) for line in lines[1:]} == {
        ("first", "learn", "done", "60"), ("second", "learn", "done", "40"), ("third", "learn", "created", "0"),
    }  # fmt: skip
    assert main(["runs", "show", str(tmp_path / "first")]) == 0
    shown = capsys.readouterr().out
    assert "done (max_steps)" in shown
    assert repr(result) in shown
    assert main(["runs", "compare", str(tmp_path / "first"), str(tmp_path / "second")]) == 0
    compared = capsys.readouterr().out
    assert "options.max_steps: 60, now 40" in compared
    assert "standard errors" in compared
    assert "q0.t1" in compared
    assert main(["runs", "compare", str(tmp_path / "first"), str(tmp_path / "third")]) == 0
    assert "start (not both have a result):\nthe twins are equal" in capsys.readouterr().out
    assert main(["runs", "ask", str(tmp_path / "first"), "stop"]) == 1
    assert "is done, so nobody would answer" in capsys.readouterr().err
    assert main(["runs", "list", str(tmp_path / "nowhere")]) == 1
    assert "`folder` must be a folder" in capsys.readouterr().err


def test_the_command_line_resumes_and_forks(relaxation, tmp_path, capsys):
    begun = begin_run(relaxation, tmp_path / "run", way="guided")
    resume_run(begun.folder, on_step=lambda step: step.iteration == 5 and begun.request("stop"))
    assert main(["runs", "resume", str(begun.folder), "--fork", str(tmp_path / "fork")]) == 0
    assert main(["runs", "resume", str(begun.folder)]) == 0
    capsys.readouterr()
    assert digest(result_of(begun)) == digest(result_of(runs.open_run(tmp_path / "fork")))


def test_learn_from_the_command_line_is_a_run(tmp_path, capsys):
    import qrexplore as qx

    truth = library.transmon().replace({"q0.t1": 33e-6})
    qx.save(noisy(truth, experiments.t1(np.linspace(0, 120e-6, 31))), tmp_path / "t1.nc")
    assert main(["learn", str(tmp_path / "t1.nc"), "--out", str(tmp_path / "run")]) == 0
    held = json.loads((tmp_path / "run" / "result.json").read_text())
    assert held["experiment"] == "t1"
    (told,) = [one for one in held["examination"]["parameters"] if one["path"] == "q0.t1"]
    assert told["verdict"] == "learned"
    assert told["interval"][0] < 33e-6 < told["interval"][1]
    assert "1 of 1 experiments explained" in capsys.readouterr().out
    assert held["record"]["digest"] == digest(result_of(runs.open_run(tmp_path / "run")))
    assert (tmp_path / "run" / "predicted.nc").is_file()
    assert main(["learn", str(tmp_path / "t1.nc"), "--out", str(tmp_path / "run")]) == 1
    assert "holds a run already" in capsys.readouterr().err
    assert set(WAYS) == {"fit", "guided", "unseeded", "study", "staged"}


def test_the_command_line_says_where_it_cannot_write(relaxation, public_folder, capsys):
    import qrexplore as qx

    (data,) = relaxation.datasets.values()
    qx.save(data, public_folder / "t1.nc")
    with read_only(public_folder):
        assert main(["learn", str(public_folder / "t1.nc"), "--out", str(public_folder / "run")]) == 1
    words = (
        f"run '{public_folder}/run': its folder is not there; the store says 'Permission denied'. Check that the folder"
    )
    assert words in capsys.readouterr().err
    assert [path.name for path in public_folder.iterdir()] == ["t1.nc"]
