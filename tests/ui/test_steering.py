"""Steering a run from the widgets: what moves, how fast, and where it is kept."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import qrexplore as qx
from qrexplore.data import runs, save
from qrexplore.learn import result_of, resume_run
from qrexplore.optimize import Adam, with_rate
from qrexplore.ui import Session
from qrexplore.ui.presenters import MonitorPresenter, PanelPresenter
from tests.faults import full_disk
from tests.ui.waiting import ended, until

SECONDS = 120
FREE = ("q0.frequency", "q0.t_phi", "readout_q0.false_one", "readout_q0.false_zero")
PROGRAM = Path(__file__).with_name("kept_run.py")


class Desk:
    """A session with panel and monitor, each with a front end."""

    def __init__(self, twin, data, front_end, folder=None):
        self.session = Session(twin, free=FREE)
        self.presenter = MonitorPresenter(
            self.session, {"ramsey": data}, follow=lambda _: None, ended=lambda: None, folder=folder
        )
        self.runner = self.presenter.runner
        self.monitor = front_end(self.presenter.channel)
        self.panel = front_end(PanelPresenter(self.session, lambda _: None, self.presenter.check_free).channel)

    def begin(self):
        assert self.monitor.ask(kind="start") == ""
        self.more(3)

    def more(self, count):
        """Wait for so many messages with steps."""
        told = len(self.monitor.of("steps"))
        until(lambda: len(self.monitor.of("steps")) >= told + count, self.monitor.traits)

    def traced(self, path):
        """Give the values of a parameter as they streamed, less its start."""
        traces = self.monitor.traits["traces"]
        column = 3 + len(traces["datasets"]) + [one["path"] for one in traces["parameters"]].index(path)
        width = 3 + len(traces["datasets"]) + len(traces["parameters"])
        return np.concatenate([rows.reshape(-1, width)[:, column] for _, (rows,) in self.monitor.of("steps")])

    def until_it(self, path, moves):
        """Wait until a parameter has moved, or stood, for three steps that are told from now on."""
        told = len(self.traced(path))
        wanted = [moves] * 3

        def seen():
            moved = np.diff(self.traced(path)[told:]) != 0
            return len(moved) >= 3 and moved[-3:].tolist() == wanted

        until(seen, self.monitor.traits)

    def end(self):
        self.monitor.ask(kind="stop")
        assert self.runner.wait(SECONDS)
        return self.presenter.result


@pytest.fixture
def endless(monkeypatch):
    monkeypatch.setattr(Adam, "done", lambda *_: None)


@pytest.fixture
def make(twin, data, front_end):
    desks = []

    def make(folder=None):
        desks.append(Desk(twin, data, front_end, folder))
        desks[-1].presenter.channel.traits["method"] = "adam"
        return desks[-1]

    yield make
    for desk in desks:
        ended(desk.runner)


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize("kept", [False, True], ids=["here", "in a folder"])
def test_a_parameter_is_held_and_freed_while_the_run_goes_on(make, tmp_path, kept):
    desk = make(tmp_path if kept else None)
    # so slow that each step is a better one
    desk.presenter.channel.traits["rate"] = 1e-6
    desk.begin()
    # a run takes what it is asked between two steps, in its own time
    desk.until_it("q0.t_phi", moves=True)
    assert desk.panel.ask(kind="free", paths=["q0.t_phi"], free=False) == ""
    desk.until_it("q0.t_phi", moves=False)
    assert desk.panel.ask(kind="undo") == ""
    desk.until_it("q0.t_phi", moves=True)
    assert desk.end().problem.table.paths == FREE


@pytest.mark.usefixtures("endless")
def test_what_a_run_cannot_do_is_refused_on_the_panel_and_changes_nothing(make):
    desk = make()
    desk.begin()
    refused = desk.panel.ask(kind="free", paths=["q0.t_phi", "q0.t1"], free=True)
    assert refused.startswith("'q0.t1' cannot move in the run that goes on: its derivatives were compiled for 4 other")
    assert desk.session.free == frozenset(FREE)
    assert desk.panel.ask(kind="free", paths=list(FREE[1:]), free=False) == ""
    last = desk.panel.ask(kind="free", paths=["q0.frequency"], free=False)
    assert (
        last == "the run that goes on would be left with no free parameter. Free another one before, or stop the run."
    )
    assert desk.session.free == {"q0.frequency"}
    assert "must be a list of paths, got 'q0.t1'" in desk.panel.ask(kind="free", paths="q0.t1", free=True)
    assert desk.end().parameters.paths == ("q0.frequency",)


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize("kept", [False, True], ids=["here", "in a folder"])
def test_a_pause_holds_the_run_and_answers_what_is_asked_of_it(make, tmp_path, kept):
    desk = make(tmp_path if kept else None)
    desk.begin()
    assert desk.monitor.ask(kind="pause") == ""
    if kept:
        (run,) = runs.runs_in(tmp_path)
        until(lambda: run.standing().state == "paused", run.standing())
    assert desk.panel.ask(kind="free", paths=["q0.t_phi"], free=False) == ""
    time.sleep(0.3)
    told = len(desk.traced("q0.t_phi"))
    time.sleep(0.3)
    assert len(desk.traced("q0.t_phi")) == told
    assert desk.monitor.ask(kind="resume") == ""
    desk.more(2)
    assert desk.end().problem.held == ("q0.t_phi",)


@pytest.mark.usefixtures("endless")
def test_the_learning_rate_is_changed_while_the_run_goes_on(make, monkeypatch):
    rates = []
    monkeypatch.setattr("qrexplore.learn.fit.with_rate", lambda p, rate: rates.append(rate) or with_rate(p, rate))
    desk = make()
    desk.begin()
    for rate in (1e-9, 1e-3):
        assert desk.monitor.ask(kind="rate", value=rate) == ""
    desk.more(2)
    assert rates == [1e-9, 1e-3]
    assert "`rate` must be positive and finite, got 0" in desk.monitor.ask(kind="rate", value=0)
    assert desk.monitor.traits["rate"] == 1e-3
    desk.end()


def test_a_parameter_that_was_free_before_is_held_and_freed_without_another_kernel(make):
    desk = make()
    desk.presenter.channel.traits["method"] = "auto"
    desk.monitor.ask(kind="start")
    assert desk.runner.wait(SECONDS)
    kernel = desk.presenter._kernel
    desk.session.set_free("q0.t_phi", free=False)
    desk.monitor.ask(kind="start")
    assert desk.runner.wait(SECONDS)
    assert desk.presenter._kernel is kernel
    assert desk.presenter.result.parameters.paths == ("q0.frequency", *FREE[2:])


def test_a_run_in_a_folder_has_the_result_that_the_monitor_shows(make, tmp_path):
    desk = make(tmp_path / "runs")
    desk.presenter.channel.traits["method"] = "auto"
    for _ in range(2):
        desk.monitor.ask(kind="start")
        assert desk.runner.wait(SECONDS)
    found = list(runs.runs_in(tmp_path / "runs"))
    assert [run.standing().state for run in found] == ["done", "done"]
    assert f"Kept in {found[1].folder}" in desk.monitor.traits["status"]
    kept = result_of(found[1])
    assert kept.twin.parameters["q0.t_phi"].value == desk.session.twin.parameters["q0.t_phi"].value
    assert len(found[1].history()) == len(desk.presenter.result.history)


@pytest.mark.usefixtures("endless")
def test_another_process_pauses_a_run_in_a_folder_and_the_monitor_shows_it(make, tmp_path, monkeypatch):
    monkeypatch.setattr("qrexplore.ui.runner._OURS", 0.0)
    desk = make(tmp_path)
    desk.begin()
    (run,) = runs.runs_in(tmp_path)
    run.request("hold", "q0.t1")
    run.request("pause")
    until(lambda: desk.monitor.traits["state"] == "paused", desk.monitor.traits)
    desk.end()
    # it was refused in the words of the fit
    assert any("'q0.t1' is none of the 4 parameters" in event.words for event in run.events())


@pytest.mark.usefixtures("endless")
def test_a_full_disk_ends_a_run_in_words_and_what_was_told_goes_on_when_there_is_room(make, tmp_path):
    desk = make(tmp_path)
    desk.begin()
    (run,) = runs.runs_in(tmp_path)
    with full_disk(200_000):
        until(lambda: desk.monitor.traits["state"] == "error", desk.monitor.traits)
    assert f"run {str(run.folder)!r}: the store says " in desk.monitor.traits["status"]
    assert "What was written is safe; mend that" in desk.monitor.traits["status"]
    told = desk.monitor.of("steps")[-1][0]["iteration"]
    assert run.standing().state == "interrupted"
    assert [step.iteration for step in run.history()][:told] == list(range(1, told + 1))
    further = resume_run(run.folder, on_step=lambda step: step.iteration == told + 5 and run.request("stop"))
    assert len(further.history) == told + 5


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize("paused", [False, True])
def test_a_folder_that_vanishes_is_said_in_the_monitor_and_the_next_run_is_as_any(make, tmp_path, paused):
    desk = make(tmp_path / "runs")
    desk.begin()
    (run,) = runs.runs_in(tmp_path / "runs")
    if paused:
        assert desk.monitor.ask(kind="pause") == ""
        until(lambda: run.standing().state == "paused", run.standing())
    run.folder.rename(tmp_path / "elsewhere")
    until(lambda: desk.monitor.traits["state"] == "error", desk.monitor.traits)
    assert "its folder is not there" in desk.monitor.traits["status"]
    desk.begin()
    desk.end()
    assert len(list(runs.runs_in(tmp_path / "runs"))) == 1


@pytest.mark.slow
def test_a_kernel_that_is_killed_loses_no_step_and_the_run_is_finished_from_its_folder(data, tmp_path):
    save(data, tmp_path / "ramsey.nc")
    command = [sys.executable, str(PROGRAM), str(tmp_path / "ramsey.nc"), str(tmp_path / "runs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as kernel:
        told = 0
        while told < 15:
            told = int(kernel.stdout.readline())
        kernel.send_signal(signal.SIGKILL)
    (run,) = runs.runs_in(tmp_path / "runs")
    assert run.standing().state == "interrupted"
    assert len(run.history()) >= told
    result = resume_run(run.folder)
    assert [step.iteration for step in result.history] == list(range(1, len(result.history) + 1))
    assert len(result.history) > told


def test_a_folder_is_given_to_the_workbench(twin, data, tmp_path):
    bench = qx.explore(twin, data, runs=tmp_path)
    bench.learn()
    assert bench.wait(SECONDS)
    assert len(list(runs.runs_in(tmp_path))) == 1
