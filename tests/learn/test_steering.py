"""What is asked of a run that learns, in mid-run: other parameters move, and it goes on from where it stands."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.cli import main
from qrexplore.core import Status, run
from qrexplore.core.compilation import let_go
from qrexplore.data import runs
from qrexplore.learn import Kernel, LearnProblem, begin_run, digest, guided, residuals, resume_run, task
from qrexplore.learn.steps import pack_steps, unpack_steps
from qrexplore.twin import library, simulate

PATHS = ("q0.t1", "readout_q0.false_one", "readout_q0.false_zero")
NOISE = 0.01


def noisy(twin, experiment, seed):
    data = simulate(twin, experiment)
    values = data["population"].values
    data["population"].values[...] = values + NOISE * np.random.default_rng(seed).normal(size=values.shape)
    data["population_stderr"] = data["population"].copy(data=np.full(values.shape, NOISE))
    return data


@pytest.fixture(scope="module")
def decay():
    """A problem with two datasets of one device."""
    truth = library.transmon().replace({"q0.t1": 33e-6, "readout_q0.false_zero": 0.08})
    delays = (np.linspace(0, 120e-6, 31), np.linspace(0, 20e-6, 11))
    data = {
        name: noisy(truth, experiments.t1(d), k)
        for k, (name, d) in enumerate(zip(("long", "short"), delays, strict=True))
    }
    return LearnProblem(library.transmon(), data, free=["q0.t1", "readout_q0.false_*"], max_steps=40)


@pytest.fixture(scope="module")
def kernel(decay):
    return Kernel(decay)


@pytest.fixture(scope="module")
def chevron():
    """A small chevron of a distorted device, which is learned in two stages."""
    hidden = {"q0_q1.coupling": 8.6e6, "flux_q1.distortion.amplitude": -0.05, "flux_q1.distortion.time_constant": 8e-9}
    qubits = dict(library.two_transmons().chip.qubits.items())
    twin = library.assemble(qubits, {("q0", "q1"): 9e6}, bandwidth=None, dissipative=False)
    experiment = experiments.chevron(np.linspace(0.45, 0.53, 9), np.linspace(2e-9, 60e-9, 12))
    free = ("*.coupling", "flux_q1.transfer.gain", "flux_q1.distortion.*")
    return LearnProblem(twin, noisy(twin.replace(hidden), experiment, 0), free=free)


def driven(made, asked=None, begin=None):
    """Carry out a task; `asked` says what to ask after which step."""
    steps = []

    def steer(state):
        for what in (asked or {}).get(steps[-1].iteration, ()):
            state = made.answer(state, *what)
        return state

    return run(made, begin=begin, on_step=steps.append, on_state=steer), steps


@pytest.mark.parametrize(
    "method", ["levenberg-marquardt", "l-bfgs", "adam", "cma-es", "nelder-mead", "hybrid", "multi-start"]
)
def test_steps_tell_the_sum_of_squares_of_each_dataset_without_a_call_of_the_model(decay, kernel, method, monkeypatch):
    calls = []
    monkeypatch.setattr(kernel, "_all", lambda *a: calls.append(a[0]) or Kernel._all(kernel, *a))
    kernel._recent.clear()
    made = task(replace(decay, method=method), kernel)
    state = made.init()
    for _ in range(12):
        if made.done(state) is not None:
            break
        state, step = made.advance(state)
        assert list(step.chi2) == ["long", "short"]
        assert sum(step.chi2.values()) / 2 == pytest.approx(step.loss, rel=1e-10)
        # by hand, from what the twin predicts
        twin = decay.moved(step.parameters)
        for name, data in decay.datasets.items():
            (experiment,) = (e for e, d in zip(decay.experiments, decay.datasets.values(), strict=True) if d is data)
            residual = (simulate(twin, experiment)["population"].values - data["population"].values) / NOISE
            assert step.chi2[name] == pytest.approx(np.sum(residual**2), rel=1e-6)
    told = len(calls)
    kernel._recent.clear()
    # the methods themselves count their calls
    extra = (
        0 if method in {"levenberg-marquardt", "hybrid", "multi-start"} else 1
    )  # lengths of coordinates cost a Jacobian
    cached = 1 if method == "hybrid" else 0
    assert abs(told - state.progress.evaluations - extra) <= cached


@pytest.mark.parametrize(
    "method", ["levenberg-marquardt", "l-bfgs", "adam", "cma-es", "nelder-mead", "hybrid", "multi-start"]
)
def test_a_held_parameter_stays_where_it_stands_and_the_others_go_on(decay, kernel, method):
    asked = {3: [("hold", "q0.t1")], 8: [("free", "q0.t1")]}
    _, steps = driven(task(replace(decay, method=method, max_steps=12), kernel), asked)
    t1 = [step.parameters["q0.t1"] for step in steps]
    held = min(8, len(steps))
    assert t1[2:held] == [t1[2]] * (held - 2)
    if len(steps) > 8:
        assert steps[8].loss <= steps[7].loss * (1 + 1e-12)
    # counted on, and none is worse than the one before: the search goes on from the best point
    assert [step.iteration for step in steps] == list(range(1, len(steps) + 1))
    assert all(after.loss <= before.loss * (1 + 1e-12) for before, after in pairwise(steps))
    assert all(tuple(step.parameters) == PATHS for step in steps)


def test_with_a_parameter_held_in_mid_run_the_fit_is_that_of_the_others_alone(decay, kernel):
    result, steps = driven(task(decay, kernel), {1: [("hold", "q0.t1")]})
    there = steps[0].parameters["q0.t1"]
    alone = run(task(replace(decay, twin=decay.twin.replace({"q0.t1": there}), hold=("q0.t1",)), kernel))
    assert result.status is alone.status is Status.CONVERGED
    assert result.twin.parameters["q0.t1"].value == there
    assert result.parameters.paths == alone.parameters.paths == PATHS[1:]
    for path in PATHS[1:]:
        assert result.stderr[path] == pytest.approx(alone.stderr[path], rel=1e-3)
        assert abs(result.parameters[path].value - alone.parameters[path].value) < 0.1 * alone.stderr[path]


def test_a_parameter_that_is_freed_in_mid_run_is_learned_as_if_it_had_been_free(decay, kernel):
    freed, _ = driven(task(replace(decay, hold=("q0.t1",)), kernel), {2: [("free", "q0.*")]})
    whole = run(task(decay, kernel))
    assert freed.parameters.paths == whole.parameters.paths == PATHS
    for path in PATHS:
        assert abs(freed.parameters[path].value - whole.parameters[path].value) < 0.1 * whole.stderr[path]


def test_residuals_alone_are_those_that_come_with_their_jacobian(decay, kernel, monkeypatch):
    # what is soon evaluated is not worth another compilation
    assert kernel.least_squares(decay).residual is None
    monkeypatch.setattr(residuals, "_DEAR", 0)
    told = []
    posed = kernel.least_squares(decay, lambda _, chi2: told.append(chi2))
    point = posed.start + 0.1
    alone = posed.residual(point)
    np.testing.assert_allclose(alone, posed.linearize(point)[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(told[0], told[1], rtol=1e-9)
    assert posed.value(point) == pytest.approx(alone @ alone / 2, rel=1e-12)


def test_a_fit_whose_jacobian_is_kept_for_several_steps_ends_where_the_other_does(decay, kernel, monkeypatch):
    plain = run(task(decay, kernel))
    monkeypatch.setattr(residuals, "_DEAR", 0)
    spared = run(task(decay, kernel))
    assert spared.status is Status.CONVERGED
    for path in PATHS:
        apart = spared.parameters[path].value - plain.parameters[path].value
        assert abs(apart) < 0.05 * plain.stderr[path]


def test_other_parameters_compile_nothing(decay, kernel, compilations):
    made = task(decay, kernel)
    # a method has small algebra of its own for each number of parameters
    driven(made, {1: [("hold", "q0.t1")], 2: [("hold", "readout_q0.false_one")]})
    before = len(compilations)
    driven(made, {1: [("hold", "readout_q0.*")], 2: [("free", "readout_q0.false_zero")], 3: [("free", "*")]})
    assert len(compilations) == before


def test_the_learning_rate_stays_when_other_parameters_move(decay, kernel):
    problem = replace(decay, method="adam", max_steps=30)
    _, slow = driven(task(problem, kernel), {5: [("rate", 1e-5), ("hold", "q0.t1")]})
    first, last = slow[5].parameters, slow[-1].parameters
    assert first["readout_q0.false_one"] == pytest.approx(last["readout_q0.false_one"], rel=1e-2)
    assert len(slow) == 30


def test_what_goes_on_stands_where_it_stood_to_the_last_bit(decay, kernel):
    made = task(decay, kernel)
    state, _ = made.advance(made.init())
    after = made.answer(state, "hold", "q0.t1")
    assert after.progress.coordinates.tolist() == state.progress.coordinates[1:].tolist()
    again = made.answer(after, "free", "q0.t1")
    assert again.progress.coordinates[1:].tolist() == state.progress.coordinates[1:].tolist()
    assert again.progress.evaluations == state.progress.evaluations + 2


def test_the_patience_of_a_method_begins_anew(decay, kernel):
    made = task(replace(decay, method="adam", max_steps=1000), kernel)
    state = made.init()
    while made.done(state) is None:
        state, _ = made.advance(state)
    steps = len(state.history)
    state = made.answer(state, "hold", "q0.t1")
    assert made.done(state) is None
    state, step = made.advance(state)
    assert step.iteration == steps + 1
    assert made.done(state) is None


def test_what_cannot_be_asked_is_refused_by_name(decay, kernel):
    made = task(decay, kernel)
    state, _ = made.advance(made.init())
    with pytest.raises(
        ValueError, match=r"'q0.t_phi' is none of the 3 parameters that this run was begun with.*cannot move"
    ):
        made.answer(state, "free", "q0.t_phi")
    with pytest.raises(ValueError, match=r"'q9.\*' is none of the 3 .*q0.t1, readout_q0.false_one.*cannot be held"):
        made.answer(state, "hold", "q9.*")
    with pytest.raises(ValueError, match=r"holding '\*' would leave no parameter to learn\. Free another one before"):
        made.answer(state, "hold", "*")
    with pytest.raises(
        ValueError, match=r"takes 'rate' with a number, and 'hold' and 'free' with a path, got 'hold' with 3"
    ):
        made.answer(state, "hold", 3)
    assert made.answer(state, "free", "q0.t1") is state


@pytest.mark.slow
def test_a_distortion_held_at_the_ideal_device_stays_out_and_what_moves_is_kept(chevron):
    kernel = Kernel(chevron)
    made = guided(chevron, kernel, by_ideal=True)
    asked = {1: [("hold", "flux_q1.distortion.*"), ("hold", "flux_q1.transfer.gain")]}
    result, steps = driven(made, asked)
    assert {step.stage for step in steps} == {"ideal device", "all parameters"}
    gain = steps[0].parameters["flux_q1.transfer.gain"]
    assert [step.parameters["flux_q1.transfer.gain"] for step in steps] == [gain] * len(steps)
    assert all(step.parameters["flux_q1.distortion.amplitude"] == 0 for step in steps)
    assert result.parameters.paths == ("q0_q1.coupling",)
    freed, _ = driven(guided(chevron, kernel, by_ideal=True), {1: [("hold", "flux_q1.*"), ("free", "flux_q1.dist*")]})
    assert set(freed.parameters.paths) == {
        "q0_q1.coupling",
        "flux_q1.distortion.amplitude",
        "flux_q1.distortion.time_constant",
    }


@pytest.mark.slow
def test_a_rate_that_is_asked_for_at_the_ideal_device_is_that_of_the_next_stage(chevron):
    problem = replace(chevron, method="adam", max_steps=25)
    kernel = Kernel(problem)
    slow = driven(guided(problem, kernel, by_ideal=True), {1: [("rate", 1e-6)]})[1]
    usual = driven(guided(problem, kernel, by_ideal=True))[1]
    walked = [np.ptp([s.parameters["q0_q1.coupling"] for s in h if s.stage == "all parameters"]) for h in (slow, usual)]
    assert walked[0] < 1e-3 * walked[1]


@pytest.mark.parametrize("way", ["fit", pytest.param("guided", marks=pytest.mark.slow)])
def test_a_run_that_was_steered_is_resumed_to_the_same_bits(chevron, decay, tmp_path, way):
    problem = chevron if way == "guided" else replace(decay, method="adam", max_steps=25)
    path = "flux_q1.transfer.gain" if way == "guided" else "q0.t1"

    def steered(folder, stops):
        begun = begin_run(problem, tmp_path / folder, way=way)

        def steer(step):
            if step.iteration == 2:
                assert main(["runs", "ask", str(begun.folder), "hold", path]) == 0
            if step.iteration == 5:
                begun.request("free", path)
            if step.iteration in stops:
                begun.request("stop")

        result = resume_run(begun.folder, on_step=steer)
        while result.status is Status.STOPPED:
            let_go()
            result = resume_run(begun.folder, on_step=steer)
        return begun, result

    whole, expected = steered("whole", ())
    assert [e.words for e in whole.events()] == [f"hold {path}, after step 2", f"free {path}, after step 5"]
    values = [step.parameters[path] for step in whole.history()]
    assert values[1:5] == [values[1]] * 4
    assert values[5] != values[4] or values[6] != values[4]
    _, again = steered("again", (3, 7))
    assert digest(again) == digest(expected)
    assert again.history[-1].chi2 == expected.history[-1].chi2 != {}
    assert runs.open_run(whole.folder).history()[-1].chi2 == expected.history[-1].chi2


def test_steps_of_an_earlier_version_come_without_sums_of_squares(decay, kernel):
    _, steps = driven(task(decay, kernel))
    packed = pack_steps(steps)
    assert unpack_steps(packed) == tuple(steps)
    earlier = {name: array for name, array in packed.items() if not name.startswith("chi2/")}
    assert unpack_steps(earlier) == tuple(replace(step, chi2={}) for step in steps)


def test_what_is_asked_at_the_command_line_is_checked(decay, tmp_path, capsys):
    begun = begin_run(replace(decay, method="adam", max_steps=5), tmp_path / "run")
    words = []

    def steer(step):
        if step.iteration == 1:
            for line in (["hold"], ["pause", "q0.t1"], ["rate", "fast"]):
                assert main(["runs", "ask", str(begun.folder), *line]) != 0
                words.append(capsys.readouterr().err)
            assert main(["runs", "ask", str(begun.folder), "rate", "0.01"]) == 0
            assert main(["runs", "ask", str(begun.folder), "free", "q0.frequency"]) == 0

    resume_run(begun.folder, on_step=steer)
    assert (
        "`value` must be given for 'rate' and 'hold' and 'free', and for nothing else, got None for 'hold'" in words[0]
    )
    assert "got 'q0.t1' for 'pause'" in words[1]
    assert "`value` must be a number for 'rate', got 'fast'" in words[2]
    (changed, refused) = begun.events()
    assert changed.words == "rate 0.01, after step 1"
    assert refused.words.startswith("free q0.frequency: 'q0.frequency' is none of the 3 parameters")
