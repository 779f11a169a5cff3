import threading
import time

import pytest

from qrexplore.core import Status, Step, Task
from qrexplore.ui import Runner
from tests.ui.waiting import SECONDS, ended, until


class Bench:
    """A runner, a task that counts its own steps, and all that the runner told."""

    def __init__(self):
        self.advanced, self.finished = 0, []
        self.states, self.steps, self.results = [], [], []
        self.runner = Runner(
            on_state=lambda state, words: self.states.append((state, words)),
            on_steps=self.steps.extend,
            on_end=self.results.append,
        )

    def task(self, *, steps=10**6, pause=0.001, broken="", gate=None):
        def guard(name):
            if broken == name:
                msg = f"{name} is broken"
                raise ArithmeticError(msg)

        def init():
            assert gate is None or gate.wait(SECONDS)
            guard("init")
            return 0

        def advance(state):
            time.sleep(pause)
            guard(f"advance at {state}")
            self.advanced += 1
            return state + 1, Step(state + 1, 1.0, 0.0)

        def done(state):
            guard(f"done at {state}")
            return Status.CONVERGED if state >= steps else None

        def finish(state, status):
            guard("finish")
            self.finished.append((state, status))
            return state, status

        def make():
            guard("make")
            return Task(None, init, advance, done, finish)

        return make

    def until(self, condition):
        until(condition, self.states)


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    ended(bench.runner)


@pytest.mark.parametrize(
    ("broken", "steps"), [("make", 0), ("init", 0), ("advance at 3", 3), ("done at 3", 3), ("finish", 5)]
)
def test_an_error_anywhere_in_a_task_is_the_last_state_with_its_words_and_is_kept(bench, broken, steps):
    bench.runner.start(bench.task(steps=5, broken=broken))
    assert bench.runner.wait(SECONDS)
    assert bench.states[-1] == ("error", f"{broken} is broken")
    assert (bench.runner.state, bench.runner.busy) == ("error", False)
    assert isinstance(bench.runner.error, ArithmeticError)
    assert [step.iteration for step in bench.steps] == list(range(1, steps + 1))
    assert bench.results == [None]


def test_the_task_itself_takes_no_step_while_paused(bench):
    bench.runner.start(bench.task())
    bench.until(lambda: bench.advanced > 5)
    bench.runner.pause()
    time.sleep(0.1)  # the step that was going on ends
    held = bench.advanced
    time.sleep(0.2)
    assert bench.advanced == held
    bench.runner.resume()
    bench.until(lambda: bench.advanced > held)
    assert [state for state, _ in bench.states] == ["compiling", "running", "paused", "running"]


def test_steps_before_a_pause_are_delivered_during_it(bench):
    bench.runner.start(bench.task())
    bench.until(lambda: bench.advanced > 5)
    bench.runner.pause()
    bench.until(lambda: len(bench.steps) == bench.advanced)
    assert bench.runner.state == "paused"


@pytest.mark.parametrize("paused", [False, True])
def test_a_stop_goes_through_finish_once_with_all_steps_told_in_order(bench, paused):
    bench.runner.start(bench.task())
    bench.until(lambda: bench.advanced > 20)
    if paused:
        bench.runner.pause()
        time.sleep(0.05)
    bench.runner.stop()
    assert bench.runner.wait(SECONDS)
    assert bench.finished == bench.results == [(bench.advanced, Status.STOPPED)]
    assert [step.iteration for step in bench.steps] == list(range(1, bench.advanced + 1))
    assert bench.states[-1] == ("done", "")


def test_a_stop_while_compiling_takes_no_step_and_has_nothing_to_finish(bench):
    gate = threading.Event()
    bench.runner.start(bench.task(gate=gate))
    bench.runner.stop()
    assert bench.runner.busy
    gate.set()
    assert bench.runner.wait(SECONDS)
    assert (bench.advanced, bench.finished, bench.results) == (0, [], [None])
    assert bench.runner.state == "done"


def test_a_stop_while_paused_in_compiling_ends_the_run(bench):
    gate = threading.Event()
    bench.runner.start(bench.task(gate=gate))
    bench.runner.pause()
    gate.set()
    time.sleep(0.05)
    bench.runner.stop()
    assert bench.runner.wait(SECONDS)
    assert (bench.advanced, bench.results, bench.runner.state) == (0, [None], "done")


def test_a_task_that_is_done_at_once_finishes_without_a_step(bench):
    bench.runner.start(bench.task(steps=0))
    assert bench.runner.wait(SECONDS)
    assert (bench.results, bench.steps) == ([(0, Status.CONVERGED)], [])
    assert [state for state, _ in bench.states] == ["compiling", "done"]


def test_thousands_of_fast_steps_are_told_once_each_and_in_order(bench):
    bench.runner.start(bench.task(steps=5000, pause=0))
    assert bench.runner.wait(SECONDS)
    assert [step.iteration for step in bench.steps] == list(range(1, 5001))


def test_pausing_and_resuming_again_and_again_loses_no_step(bench):
    bench.runner.start(bench.task())
    for _ in range(20):
        bench.runner.pause()
        time.sleep(0.003)
        bench.runner.resume()
        time.sleep(0.003)
    bench.until(lambda: bench.advanced)
    bench.runner.stop()
    assert bench.runner.wait(SECONDS)
    assert [step.iteration for step in bench.steps] == list(range(1, bench.advanced + 1))


def test_all_steps_and_the_result_are_told_before_the_last_state():
    told = []
    runner = Runner(
        on_state=lambda state, _: told.append(state),
        on_steps=lambda steps: told.extend(step.iteration for step in steps),
        on_end=lambda result: told.append(result[1]),
    )
    runner.start(Bench().task(steps=5))
    assert runner.wait(SECONDS)
    assert told[0] == "compiling"
    assert [each for each in told if each != "running"][1:] == [1, 2, 3, 4, 5, Status.CONVERGED, "done"]


def test_starting_does_not_wait_for_what_is_slow(bench):
    gate = threading.Event()
    bench.runner.start(bench.task(gate=gate))
    assert bench.runner.busy  # returned, though the task cannot begin
    assert not bench.runner.wait(0.01)
    gate.set()
