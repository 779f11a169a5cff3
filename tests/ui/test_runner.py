import threading
import time

import numpy as np
import pytest

from qrexplore.core import Status, Step, Task
from qrexplore.learn import LearnProblem, LearnResult, task
from qrexplore.ui import Runner
from tests.ui.waiting import SECONDS, ended, until


class Log:
    """What a runner told."""

    def __init__(self):
        self.states, self.steps, self.messages, self.results, self.ticks = [], [], [], [], []
        self.runner = Runner(
            on_state=lambda state, words: self.states.append((state, words)),
            on_steps=self.take,
            on_end=self.results.append,
            on_tick=self.ticks.append,
        )

    def take(self, steps):
        self.messages.append(time.monotonic())
        self.steps += steps

    def names(self):
        return [state for state, _ in self.states]

    def until(self, condition):
        until(condition, self.states)


@pytest.fixture
def log():
    log = Log()
    yield log
    ended(log.runner)


def counting(steps, *, pause=0.0, gate=None, fail_at=None):
    """Make a task that counts; `gate` holds its first state."""

    def init():
        if gate is not None:
            assert gate.wait(SECONDS)
        return 0

    def advance(state):
        time.sleep(pause)
        if state == fail_at:
            msg = "the fridge is warm"
            raise RuntimeError(msg)
        return state + 1, Step(state + 1, 1 / (state + 1), 0.0)

    def done(state):
        return Status.CONVERGED if state >= steps else None

    return lambda: Task(None, init, advance, done, lambda state, status: (state, status))


def test_a_run_goes_to_its_end_and_gives_its_result(log):
    log.runner.start(counting(50))
    assert log.runner.wait(SECONDS)
    assert log.names() == ["compiling", "running", "done"]
    assert log.results == [(50, Status.CONVERGED)]
    assert [step.iteration for step in log.steps] == list(range(1, 51))


def test_a_run_is_compiling_until_its_first_step(log):
    gate = threading.Event()
    log.runner.start(counting(5, gate=gate))
    time.sleep(0.1)
    assert log.runner.state == "compiling"
    gate.set()
    assert log.runner.wait(SECONDS)
    assert log.runner.state == "done"


def test_steps_go_out_at_most_thirty_times_a_second(log):
    log.runner.start(counting(500, pause=0.001))
    assert log.runner.wait(SECONDS)
    assert len(log.steps) == 500
    # the last message goes out with the end of the run
    assert np.diff(log.messages[:-1]).min() > 0.8 / 30
    assert log.ticks


def test_a_paused_run_takes_no_step_and_goes_on_when_resumed(log):
    log.runner.start(counting(10**6, pause=0.001))
    log.until(lambda: len(log.steps) > 5)
    log.runner.pause()
    assert log.runner.state == "paused"
    time.sleep(0.15)
    held = len(log.steps)
    time.sleep(0.15)
    assert len(log.steps) == held
    log.runner.resume()
    assert log.runner.state == "running"
    log.until(lambda: len(log.steps) > held)


@pytest.mark.parametrize("paused", [False, True])
def test_a_stopped_run_gives_the_best_so_far(log, paused):
    log.runner.start(counting(10**6, pause=0.001))
    log.until(lambda: log.steps)
    if paused:
        log.runner.pause()
    log.runner.stop()
    assert log.runner.wait(SECONDS)
    ((count, status),) = log.results
    assert (status, log.runner.state) == (Status.STOPPED, "done")
    assert len(log.steps) == count


def test_a_run_stopped_before_its_first_step_has_no_result(log):
    gate = threading.Event()
    log.runner.start(counting(5, gate=gate))
    log.runner.stop()
    gate.set()
    assert log.runner.wait(SECONDS)
    assert log.results == [None]
    assert log.runner.state == "done"


def test_a_run_can_be_paused_while_it_compiles(log):
    gate = threading.Event()
    log.runner.start(counting(5, gate=gate))
    log.runner.pause()
    gate.set()
    time.sleep(0.1)
    assert (log.runner.state, log.steps) == ("paused", [])
    log.runner.resume()
    assert log.runner.wait(SECONDS)
    assert log.results == [(5, Status.CONVERGED)]


def test_an_error_in_a_step_is_shown_and_the_steps_before_it_are_kept(log):
    log.runner.start(counting(10, fail_at=3))
    assert log.runner.wait(SECONDS)
    assert log.states[-1] == ("error", "the fridge is warm")
    assert isinstance(log.runner.error, RuntimeError)
    assert len(log.steps) == 3
    assert log.results == [None]


def test_an_error_without_words_is_named_by_its_kind(log):
    def make():
        raise KeyError

    log.runner.start(make)
    assert log.runner.wait(SECONDS)
    assert log.states[-1] == ("error", "KeyError")


def test_an_error_of_a_callback_ends_the_run_and_is_shown():
    def broken(_):
        msg = "no such screen"
        raise RuntimeError(msg)

    runner = Runner(on_steps=broken)
    runner.start(counting(10**6, pause=0.001))
    assert runner.wait(SECONDS)
    assert runner.state == "error"
    assert str(runner.error) == "no such screen"


def test_a_second_run_waits_for_nobody_but_not_beside_the_first(log):
    gate = threading.Event()
    log.runner.start(counting(2, gate=gate))
    with pytest.raises(RuntimeError, match="Stop it before"):
        log.runner.start(counting(2))
    gate.set()
    assert log.runner.wait(SECONDS)
    log.runner.start(counting(3))
    assert log.runner.wait(SECONDS)
    assert log.results == [(2, Status.CONVERGED), (3, Status.CONVERGED)]


def test_a_failed_run_leaves_no_trace_in_the_next(log):
    log.runner.start(counting(10, fail_at=3))
    assert log.runner.wait(SECONDS)
    log.runner.start(counting(3))
    assert log.runner.wait(SECONDS)
    assert (log.runner.state, log.runner.error) == ("done", None)


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
def test_without_a_run_there_is_nothing_to_control(log, verb):
    with pytest.raises(RuntimeError, match=f"no run to {verb}"):
        getattr(log.runner, verb)()
    assert log.runner.state == "idle"


def test_waiting_ends_with_the_time_limit(log):
    assert log.runner.wait(0)
    gate = threading.Event()
    log.runner.start(counting(2, gate=gate))
    assert not log.runner.wait(0.05)
    gate.set()


def test_a_learning_problem_runs_to_its_end(log, twin, data, truth):
    free = ["q0.frequency", "q0.t_phi", "readout_q0.*"]
    log.runner.start(lambda: task(LearnProblem(twin.replace({"q0.frequency": 5.00001e9}), data, free=free)))
    assert log.runner.wait(120)
    (result,) = log.results
    assert isinstance(result, LearnResult), log.states
    error = result.stderr["q0.frequency"]
    assert abs(result.twin.parameters["q0.frequency"].value - truth.parameters["q0.frequency"].value) < 4 * error
    assert [step.iteration for step in log.steps] == [step.iteration for step in result.history]
