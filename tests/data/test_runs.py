"""Runs: what was told is kept, whatever happens to the process, the disk or the folder; one writes, many watch."""

import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from qrexplore.core import Status, Step
from qrexplore.data import runs

PROGRAM = Path(__file__).with_name("toy_run.py")
_SPEC = importlib.util.spec_from_file_location("toy_run", PROGRAM)
toy = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(toy)


@pytest.fixture
def run(tmp_path):
    return toy.begin(tmp_path / "run", limit=3)


def start(folder, last, *fault):
    """Start another process that carries the run out; give it when it is about to begin."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(last), *fault],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_run_that_nothing_disturbs_is_written_down(run):
    assert run.standing().state == "created"
    result = toy.carry_out(run.folder, 8)
    assert result[0] == 8
    assert result[2] is Status.CONVERGED
    assert (run.standing().state, run.standing().words) == ("done", "CONVERGED")
    history = run.history()
    assert [step.iteration for step in history] == list(range(1, 9))
    assert [step.stage for step in history] == ["one"] * 5 + ["two"] * 3
    value = 0.3
    for step in history:  # every number comes back to the bit
        value = 3.9 * value * (1 - value)
        assert (step.loss, step.gradient_norm) == (value, -value)
        assert step.parameters == {f"part.{k}": value * k for k in range(200)}
    assert [step.iteration for step in run.history(after=6)] == [7, 8]
    assert run.specification == {"limit": 3}
    assert run.changed() == []


def test_a_run_made_by_other_versions_says_so_when_it_is_resumed(run):
    assert stop_after(run, 3)[0] == 3
    head = json.loads((run.folder / "run.json").read_text())
    head["made_by"]["packages"]["jax"] = "0.0.1"
    (run.folder / "run.json").write_text(json.dumps(head))
    with sqlite3.connect(run.folder / "history.db") as connection:
        connection.execute(
            "UPDATE meta SET value = ? WHERE name = 'specification'", (runs.hash_of(run.folder / "run.json"),)
        )
    connection.close()
    toy.carry_out(run.folder, 8)
    (resumed,) = [event for event in run.events() if event.kind == "resumed"]
    assert resumed.words.startswith("packages.jax: 0.0.1, now ")


def stop_after(run, step):
    return toy.carry_out(run.folder, 100, on_step=lambda told: told.iteration == step and run.request("stop"))


def test_a_stopped_run_goes_on_where_it_stood(run):
    assert stop_after(run, 3)[2] is Status.STOPPED
    assert run.standing().state == "interrupted"
    assert run.standing().words == "stopped when asked, and saved"
    told = []
    assert (
        toy.carry_out(run.folder, 8, on_step=told.append)[:2]
        == toy.carry_out(toy.begin(run.folder.parent / "other").folder, 8)[:2]
    )
    assert [step.iteration for step in told] == [4, 5, 6, 7, 8]
    assert len(run.history()) == 8


def test_steps_that_an_earlier_try_left_behind_the_end_are_forgotten(run):
    with runs.Owner(run) as owner:
        owner.append(Step(20, 1.0, 0.1))
    toy.carry_out(run.folder, 8)
    assert [step.iteration for step in run.history()] == list(range(1, 9))


def test_the_newest_three_checkpoints_stay(run):
    toy.carry_out(run.folder, 30, pause=0.03, every=0.0)
    kept = sorted(path.name for path in run.folder.glob("ckpt-*.npz"))
    assert len(kept) == 3
    assert runs.open_run(run.folder).checkpoint()[0] == int(kept[-1][5:13])


def test_a_damaged_checkpoint_is_passed_over(run):
    with runs.Owner(run) as owner:
        for step in (3, 5):
            owner.save(step, {"count": np.array(step), "value": np.array(0.5)})
    (run.folder / "ckpt-00000005.npz").write_bytes(b"PK\x03\x04 half a fi")
    step, arrays = run.checkpoint()
    assert (step, int(arrays["count"])) == (3, 3)
    (run.folder / "ckpt-00000003.npz").unlink()
    assert run.checkpoint() is None


def test_pause_holds_a_run_and_resume_lets_it_go_on(run):
    worker = threading.Thread(target=toy.carry_out, args=(run.folder, 60), kwargs={"pause": 0.01})
    worker.start()
    wait_for(lambda: len(run.history()) > 3)
    run.request("pause")
    wait_for(lambda: run.standing().state == "paused")
    held = len(run.history())
    time.sleep(0.3)
    assert len(run.history()) == held
    run.request("resume")
    worker.join()
    assert run.standing().state == "done"
    assert len(run.history()) == 60


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_change_in_mid_run_is_done_once_and_kept(run):
    toy.carry_out(run.folder, 10, on_step=lambda told: told.iteration == 4 and run.request("rate", 0.25))
    assert run.history()[4].loss == 3.9 * 0.25 * 0.75
    assert run.checkpoint()[0] == 4
    assert [(event.kind, event.words) for event in run.events()] == [("changed", "rate 0.25, after step 4")]


def test_what_a_run_cannot_do_is_refused_with_the_reason(run):
    toy.carry_out(run.folder, 5, on_step=lambda told: told.iteration == 2 and run.request("hold", "q0.t1"))
    assert [(event.kind, event.words) for event in run.events()] == [("refused", "hold q0.t1: no 'hold' here.")]
    with pytest.raises(ValueError, match=r"`name` must be one of 'pause', .*, got 'explode'"):
        run.request("explode")


def test_the_second_writer_is_refused_with_the_number_of_the_first(run):
    process = start(run.folder, 100_000)
    try:
        wait_for(lambda: run.standing().state == "running")
        with pytest.raises(runs.RunError, match=f"is being written by process {process.pid}. Watch it"):
            runs.Owner(run)
    finally:
        process.kill()
        process.communicate()
    assert run.standing().state == "interrupted"
    with runs.Owner(run), pytest.raises(runs.RunError, match=f"is being written by process {os.getpid()}"):
        runs.Owner(run)


def test_the_lock_of_another_machine_is_respected(run):
    foreign = {"pid": 12, "started": 0, "boot": "x", "host": "elsewhere"}
    (run.folder / "LOCK").write_text(json.dumps(foreign))
    with pytest.raises(
        runs.RunError, match=r"is held by process 12 on the machine 'elsewhere'.* remove the file 'LOCK'"
    ):
        runs.Owner(run)
    (run.folder / "LOCK").unlink()
    with runs.Owner(run):
        pass


@pytest.mark.parametrize("change", [{"boot": "another"}, {"started": 1}, {"pid": 2**22 + 1}])
def test_a_running_run_whose_process_is_gone_was_interrupted(run, change):
    with runs.Owner(run):
        held = json.loads((run.folder / "LOCK").read_text())
        assert run.standing().state == "running"
        (run.folder / "LOCK").write_text(json.dumps({**held, **change}))
        assert run.standing().state == "interrupted"
        assert run.standing().words == "the process that ran it ended while it was running"


def test_a_process_that_ended_and_was_not_asked_for_by_its_parent_runs_nothing(run):
    process = start(run.folder, 100_000)
    wait_for(lambda: run.standing().state == "running")
    process.kill()
    wait_for(lambda: run.standing().state == "interrupted")
    process.communicate()


def test_what_a_kill_has_cut_short_is_cleared_away(run):
    stop_after(run, 3)
    (run.folder / ".ckpt-00000004.npz.x2f.tmp").write_bytes(b"PK")
    assert toy.carry_out(run.folder, 8)[0] == 8
    assert list(run.folder.glob(".*")) == []


def kill_campaign(folder, kills, seed):
    """Kill a run again and again at random moments; give the numbers of acknowledged and lost steps."""
    toy.begin(folder)
    draw, told, lost = np.random.default_rng(seed), 0, 0
    for _ in range(kills):
        process = start(folder, 100_000)
        time.sleep(draw.uniform(0.0, 0.6))
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
        # the last line may be torn
        acknowledged = [int(line) for line in out.split("\n")[:-1] if line.isdigit()]
        found = runs.open_run(folder)
        assert found.standing().state in {"created", "interrupted"}
        kept = {step.iteration for step in found.history()}
        told, lost = told + len(acknowledged), lost + len(set(acknowledged) - kept)
    return told, lost


def assert_sequence(run):
    value = 0.3
    for number, step in enumerate(run.history(), start=1):
        value = 3.9 * value * (1 - value)
        assert (step.iteration, step.loss) == (number, value)


def test_a_kill_loses_nothing_that_was_told(tmp_path):
    told, lost = kill_campaign(tmp_path / "run", 4, seed=1)
    assert told > 20
    assert lost == 0
    run = runs.open_run(tmp_path / "run")
    assert_sequence(run)
    length = len(run.history())
    toy.carry_out(run.folder, length + 5)
    assert_sequence(run)
    assert len(run.history()) == length + 5


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing_that_was_told(tmp_path):
    told, lost = kill_campaign(tmp_path / "run", 200, seed=2)
    assert told > 1000
    assert lost == 0
    assert_sequence(runs.open_run(tmp_path / "run"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_at_the_next_step_and_saves(run, number):
    process = start(run.folder, 100_000)
    wait_for(lambda: len(run.history()) > 5)
    process.send_signal(number)
    out, err = process.communicate(timeout=5)
    assert process.returncode == 0
    assert "Status.STOPPED" in out
    assert "stopping at the next step and saving; once more within 10 s to stop at once" in err
    assert (run.standing().state, run.standing().words) == ("interrupted", "stopped when asked, and saved")
    assert run.checkpoint()[0] == len(run.history())


def test_a_second_interrupt_stops_at_once(run):
    def impatient(step):
        if step.iteration == 3:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        toy.carry_out(run.folder, 100, on_step=impatient)
    assert signal.getsignal(signal.SIGINT) is before
    assert run.standing().state == "interrupted"
    assert run.standing().words.startswith("stopped at once")
    assert len(run.history()) == 3


def test_an_error_of_the_task_is_the_reason_for_its_failure(run):
    def fail(_):
        msg = "no such pulse"
        raise KeyError(msg)

    with pytest.raises(KeyError):
        toy.carry_out(run.folder, 5, on_step=fail)
    assert (run.standing().state, run.standing().words) == ("failed", "KeyError: 'no such pulse'")


def test_a_full_disk_is_said_and_costs_nothing_that_was_told(run):
    process = start(run.folder, 100_000, "full")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"run {str(run.folder)!r}: the store says " in err
    assert f"What was written is safe; mend that and go on by `qrexplore runs resume {run.folder}`." in err
    told = [int(line) for line in out.split() if line.isdigit()]
    assert len(told) > 10
    assert run.standing().state == "interrupted"
    assert [step.iteration for step in run.history()][: len(told)] == told
    assert toy.carry_out(run.folder, len(told) + 3)[0] == len(told) + 3
    assert_sequence(run)


def test_a_folder_that_cannot_be_written_to_can_be_read(public_folder):
    run = toy.begin(public_folder / "run")
    stop_after(run, 3)
    for path in (*run.folder.iterdir(), run.folder):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) | stat.S_IROTH)
    process = start(run.folder, 10, "nobody")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the store says 'Permission denied'. Check that the folder is there and can be written to." in err
    assert len(run.history()) == 3
    run.folder.chmod(0o755)


def test_a_folder_that_vanishes_in_mid_run_is_said(run):
    def vanish(step):
        if step.iteration == 3:
            shutil.rmtree(run.folder)

    with pytest.raises(runs.RunError, match=r"its folder is not there; the store says '.*'. What was written"):
        toy.carry_out(run.folder, 10_000, on_step=vanish, pause=0.01, every=1000.0)


def test_changed_files_are_refused_unless_the_run_is_forked(run):
    stop_after(run, 3)
    (run.folder / "input.txt").write_text("other")
    with pytest.raises(runs.RunError, match=r"'input.txt' is not what it was when the run began.*--fork NEW`\."):
        toy.carry_out(run.folder, 8)
    assert run.changed() == ["input.txt"]
    forked = runs.fork(run, run.folder.parent / "fork")
    assert forked.changed() == []
    assert forked.head["forked"] == {"id": run.head["id"], "step": 3}
    assert (forked.folder / "input.txt").read_text() == "other"
    assert toy.carry_out(forked.folder, 8)[0] == 8
    assert_sequence(forked)
    assert len(forked.history()) == 8
    (run.folder / "input.txt").unlink()
    with pytest.raises(runs.RunError, match=r"has lost its file 'input.txt'"):
        runs.fork(run, run.folder.parent / "another")


def test_a_changed_specification_is_refused(run):
    text = (run.folder / "run.json").read_text()
    (run.folder / "run.json").write_text(text.replace('"limit": 3', '"limit": 4'))
    with pytest.raises(runs.RunError, match=r"'run.json' is not what it was when the run began"):
        toy.carry_out(run.folder, 8)


@pytest.mark.parametrize("where", ["run.json", "history.db"])
def test_a_run_of_a_newer_version_is_refused_with_both_versions(run, where):
    if where == "run.json":
        text = (run.folder / where).read_text()
        (run.folder / where).write_text(text.replace('"schema": 1', '"schema": 9'))
    else:
        with sqlite3.connect(run.folder / where) as connection:
            connection.execute("UPDATE meta SET value = '9' WHERE name = 'schema'")
        connection.close()
    words = f"{where} has schema 9, but qrexplore .* reads schema 1. Open it with the version that made it"
    with pytest.raises(runs.RunError, match=words):
        runs.open_run(run.folder).history()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("run.json", "{}", "is no run: its run.json is not one that qrexplore wrote"),
        ("run.json", None, "is no run: it has no run.json. Give the folder of a run"),
        ("run.json", '{"format": "qrexplore run", "schema": 1}', "'id' in run.json is damaged"),
        ("history.db", "garbage " * 100, "the store says 'file is not a database'"),
        ("history.db", None, "has no 'history.db'"),
    ],
)
def test_what_is_no_run_is_refused(run, name, content, words):
    if content is None:
        (run.folder / name).unlink()
    else:
        (run.folder / name).write_text(content)
    with pytest.raises(ValueError, match=words):
        runs.open_run(run.folder).history()


def test_files_of_a_run_lie_in_its_folder(run):
    head = json.loads((run.folder / "run.json").read_text())
    head["files"] = {"../../etc/passwd": "0"}
    (run.folder / "run.json").write_text(json.dumps(head))
    with pytest.raises(runs.RunError, match=r"'files' in run.json is damaged"):
        runs.open_run(run.folder)


def test_a_run_is_never_made_over_another(run):
    with pytest.raises(runs.RunError, match=r"holds a run already. Name another folder"):
        toy.begin(run.folder)


def test_a_making_that_was_cut_short_leaves_no_run_and_can_be_repeated(tmp_path):
    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(runs.RunError, match=r"the store says 'No space left on device'. Check that the folder"):
        runs.create(tmp_path / "run", "count", {}, {"input.txt": fail})
    with pytest.raises(runs.RunError, match="is no run"):
        runs.open_run(tmp_path / "run")
    assert toy.carry_out(toy.begin(tmp_path / "run").folder, 3)[0] == 3


def test_a_specification_of_more_than_plain_values_is_refused(tmp_path):
    with pytest.raises(runs.RunError, match="`specification` of a run must be plain finite values"):
        runs.create(tmp_path / "run", "count", {"limit": object()}, {})


def test_runs_are_listed_by_age_and_damaged_ones_named(tmp_path):
    for name in ("b", "a", "c"):
        toy.begin(tmp_path / name)
        time.sleep(0.02)
    (tmp_path / "c" / "run.json").write_text("{")
    first, second, third = runs.runs_in(tmp_path)
    assert [first.folder.name, second.folder.name] == ["b", "a"]
    assert isinstance(third, runs.RunError)
    assert [found.folder.name for found in runs.runs_in(tmp_path / "a")] == ["a"]


def test_history_of_83_parameters_takes_little_more_than_its_numbers(run):
    numbers = {f"q{k}.frequency": 5e9 + k for k in range(83)}
    with runs.Owner(run) as owner:
        for number in range(2000):
            owner.append(Step(number, 1.0, 0.1, numbers, 0.5, "all parameters"))
    size = sum(path.stat().st_size for path in run.folder.glob("history.db*"))
    assert size < 1.2 * 2000 * 8 * (83 + 3)


def test_a_step_is_written_in_a_few_milliseconds(run):
    seconds = []
    with runs.Owner(run) as owner:
        for number in range(300):
            began = time.perf_counter()
            owner.append(Step(number, 1.0, 0.1, {}, 0.5))
            seconds.append(time.perf_counter() - began)
    assert np.median(seconds) < 5e-3
