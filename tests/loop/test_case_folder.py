"""A case study in a folder: it goes on where it was, whatever ended it, and keeps to its case."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import qrexplore
from qrexplore.data import runs
from qrexplore.loop import measured, require_case, solve_case
from tests.loop.small_case import answer, small_study, solver, stand_in

PROGRAM = Path(__file__).with_name("small_case.py")
FITS = ["landmarks", "one qubit at a time", "all data"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    stand_in(monkeypatch.setattr)


@pytest.fixture
def measurements(monkeypatch):
    """Names of what is measured."""
    names, measure = [], solver._answer

    def measuring(*arguments, **named):
        names.append(named["name"])
        return measure(*arguments, **named)

    monkeypatch.setattr(solver, "_answer", measuring)
    return names


@pytest.fixture
def steps(monkeypatch):
    """The steps that are told by fits in folders."""
    told, resume = [], solver.resume_run

    def resuming(folder, *, on_step, kernel):
        return resume(folder, on_step=lambda step: (told.append(step), on_step(step)), kernel=kernel, every=0.0)

    monkeypatch.setattr(solver, "resume_run", resuming)
    return told


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder and report of a case study that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        stand_in(patch.setattr)
        folder = tmp_path_factory.mktemp("case") / "run"
        return folder, solve_case(small_study(), folder=folder)


def started(folder):
    return subprocess.Popen([sys.executable, str(PROGRAM), str(folder)], stdout=subprocess.PIPE, text=True)


def killed_at(folder, moment):
    """Kill a process when it tells of a moment; give what it told until then."""
    told = []
    with started(folder) as process:
        for line in process.stdout:
            told.append(line.strip())
            if told[-1] == moment:
                process.send_signal(signal.SIGKILL)
    assert moment in told
    return told


@pytest.mark.slow
def test_a_case_that_is_killed_goes_on_to_the_same_bits(whole, tmp_path):
    folder = tmp_path / "run"
    killed_at(folder, "measures later")
    assert not (folder / "fit").exists()
    killed_at(folder, "over measuring")
    told = killed_at(folder, "step 4")
    assert not [line for line in told if line.startswith("measures")]
    assert runs.open_run(folder / "fit").standing().state == "interrupted"
    out, _ = started(folder).communicate()
    lines = out.splitlines()
    assert not [line for line in lines if line.startswith("measures")]
    # from a checkpoint, not from the beginning; stages that were over are told once more
    assert "step 1" not in lines
    assert "step 5" in lines
    assert [line for line in lines if line.removeprefix("over ") in FITS] == [f"over {stage}" for stage in FITS]
    assert lines[-1] == f"answer {answer(whole[1])}"


@pytest.mark.slow
def test_thirty_kills_anywhere_in_a_case_change_no_bit(whole, tmp_path):
    draw, cut = np.random.default_rng(6), 0
    for k in range(6):
        folder = tmp_path / f"run-{k}"
        for _ in range(5):
            with started(folder) as process:
                for _ in range(draw.integers(0, 14)):
                    process.stdout.readline()
                time.sleep(draw.uniform(0.0, 0.1))
                cut += process.poll() is None
                process.kill()
        out, _ = started(folder).communicate()
        assert out.splitlines()[-1] == f"answer {answer(whole[1])}"
    sys.stdout.write(f"{cut} kills: every answer is the same\n")
    assert cut > 20


def test_a_folder_changes_nothing_of_the_answer(whole):
    assert answer(solve_case(small_study())) == answer(whole[1])


def test_what_is_done_is_read_and_not_done_again(whole, measurements, steps):
    folder, report = whole
    again = solve_case(small_study(), folder=folder)
    assert measurements == steps == []
    assert answer(again) == answer(report)
    assert {stage: again.seconds[stage] for stage in FITS} == {stage: report.seconds[stage] for stage in FITS}


def test_stages_of_a_fit_take_the_seconds_that_its_history_tells(whole):
    report = whole[1]
    found = report.examination.result
    assert list(report.seconds)[2:5] == FITS
    assert sum(report.seconds[stage] for stage in FITS) == pytest.approx(found.seconds)
    ends = {step.stage: step.seconds for step in found.history}
    assert report.seconds["landmarks"] == ends["landmarks"]
    assert report.seconds["one qubit at a time"] == pytest.approx(ends["one qubit at a time"] - ends["landmarks"])


def test_a_dataset_that_is_lost_or_damaged_is_measured_again(whole, measurements, tmp_path):
    folder = shutil.copytree(whole[0], tmp_path / "run")
    (folder / "data" / "echo.nc").unlink()
    (folder / "data" / "later.nc").write_bytes(b"\x89HDF")
    assert answer(solve_case(small_study(), folder=folder)) == answer(whole[1])
    assert sorted(measurements) == ["echo", "later"]


def test_a_fit_that_is_asked_to_stop_is_saved_and_goes_on(whole, steps, tmp_path, monkeypatch):
    folder, told, resume = tmp_path / "run", [], solver.resume_run

    def stopping(place, *, on_step, kernel):
        def step(one):
            on_step(one)
            if one.iteration == 3:
                runs.open_run(place).request("stop")

        return resume(place, on_step=step, kernel=kernel)

    with monkeypatch.context() as patch:
        patch.setattr(solver, "resume_run", stopping)
        with pytest.raises(KeyboardInterrupt, match="saved; begun again with the same folder, it goes on"):
            solve_case(small_study(), folder=folder, on_stage=lambda stage, _: told.append(stage))
    assert told == ["measuring", "preparing", "landmarks"]
    assert len(steps) == 3
    report = solve_case(small_study(), folder=folder, on_stage=lambda stage, _: told.append(stage))
    assert told[3:8] == ["measuring", "preparing", *FITS]
    assert steps[3].iteration == 4
    assert answer(report) == answer(whole[1])
    assert sum(report.seconds[stage] for stage in FITS) == pytest.approx(report.examination.result.seconds)


def test_a_fit_from_a_better_place_is_kept_as_well(whole, steps, tmp_path, monkeypatch):
    folder, examine = shutil.copytree(whole[0], tmp_path / "run"), solver.examine

    def elsewhere(result, kernel, **named):
        found = examine(result, kernel, **named)
        further = {step.stage for step in result.history} > set(FITS)
        return found if further else replace(found, better=result.twin.replace({"q0.t1": 25e-6}))

    monkeypatch.setattr(solver, "examine", elsewhere)
    report = solve_case(small_study(), folder=folder)
    taken = len(steps)
    assert taken > 0
    assert runs.open_run(folder / "fit-better").standing().state == "done"
    assert [found.folder.name for found in runs.runs_in(folder)] == ["fit", "fit-better"]
    result = report.examination.result
    assert len(result.history) == len(whole[1].examination.result.history) + taken
    again = solve_case(small_study(), folder=folder)
    assert len(steps) == taken
    assert answer(again) == answer(report)
    assert again.seconds["a better place"] == report.seconds["a better place"] == pytest.approx(
        result.seconds - whole[1].examination.result.seconds
    )  # fmt: skip


def test_what_comes_after_the_fit_does_not_depend_on_what_process_did_it(whole, tmp_path, monkeypatch):
    folder, seen = tmp_path / "run", []
    resume, examine = solver.resume_run, solver.examine

    def refining(place, *, on_step, kernel):
        found = resume(place, on_step=on_step, kernel=kernel)
        kernel.substeps = tuple(2 * steps for steps in kernel.substeps)
        return found

    def noting(result, kernel, **named):
        seen.append(kernel.substeps)
        return examine(result, kernel, **named)

    monkeypatch.setattr(solver, "examine", noting)
    with monkeypatch.context() as patch:
        patch.setattr(solver, "resume_run", refining)
        first = solve_case(small_study(), folder=folder)
    assert answer(solve_case(small_study(), folder=folder)) == answer(first) == answer(whole[1])
    assert seen[0] == seen[1]


def test_the_folder_of_another_case_is_refused_and_left_as_it_is(whole, measurements):
    folder = whole[0]
    before = (folder / "case.json").read_text()
    for other, words in (
        (small_study(seed=1), "seed 1 with the flaw 'none'"),
        (small_study(flaw="skew"), "flaw 'skew'"),
    ):
        with pytest.raises(ValueError, match=words) as told:
            solve_case(other, folder=folder)
        assert "`folder` must be new or hold the case study of seed" in str(told.value)
        assert f"got {str(folder)!r}, which holds the case study of seed 0 with the flaw 'none' by" in str(told.value)
        assert "Name another folder, or delete this one." in str(told.value)
    assert measurements == []
    assert (folder / "case.json").read_text() == before


def test_the_folder_of_another_version_is_refused(whole, tmp_path, monkeypatch):
    folder = shutil.copytree(whole[0], tmp_path / "run")
    monkeypatch.setattr(qrexplore, "__version__", "9.0")
    with pytest.raises(ValueError, match=r"'none' by qrexplore 9\.0, got .* by qrexplore 0\.1\.0\. Name another"):
        solve_case(small_study(), folder=folder)


def test_data_beside_a_result_of_a_version_that_did_not_say_so_are_not_taken_for_this_case(tmp_path, measurements):
    folder = tmp_path / "run"
    (folder / "data").mkdir(parents=True)
    (folder / "result.json").write_text('{"seed": 0, "flaw": "none"}')
    # its result may be read
    assert require_case(folder, seed=0, flaw="none") == []
    with pytest.raises(ValueError, match=r"'result\.json' without a case\.json"):
        solve_case(small_study(), folder=folder)
    assert measurements == []


def test_what_else_has_changed_is_told(whole, tmp_path):
    folder = shutil.copytree(whole[0], tmp_path / "run")
    case = json.loads((folder / "case.json").read_text())
    case["made_by"]["cores"] = 1000
    (folder / "case.json").write_text(json.dumps(case))
    assert any(words.startswith("cores: 1000, now") for words in require_case(folder, seed=0, flaw="none"))
    assert require_case(tmp_path / "new", seed=0, flaw="none") == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data", None, "'data' of a case that is not told"),
        ("case.json", '{"seed": 0}', "a damaged case.json"),
        ("case.json", "[0]", "a damaged case.json"),
        ("result.json", '{"seed": 3, "flaw": "none"}', "the case study of seed 3 with the flaw 'none'"),
    ],
)
def test_a_folder_that_does_not_say_of_this_case_is_refused(tmp_path, name, content, words):
    place = tmp_path / name
    place.mkdir() if content is None else place.write_text(content)
    with pytest.raises(ValueError, match=words):
        solve_case(small_study(), folder=tmp_path)


def test_other_data_than_those_of_the_fit_are_refused(whole):
    folder, report = whole
    data = measured(small_study())
    assert answer(solve_case(small_study(), data, folder=folder)) == answer(report)
    data["echo"] = data["echo"].assign(population=data["echo"]["population"] + 0.01)
    with pytest.raises(runs.RunError, match=r"must be of the question that is asked, .* \(dataset 'echo'\)"):
        solve_case(small_study(), data, folder=folder)
