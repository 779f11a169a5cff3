"""The runner: drives any task of the iterate contract from a worker thread, so that nothing else waits for it."""

import threading
import time
from collections.abc import Callable
from typing import Any

from qrexplore.core import Status, Step, Task

# steps go out in one message at most this often (s), and the clock of a run is told this often
_PERIOD = 1 / 30
_TICK = 0.5


class Runner:
    """One run of one task in a thread of its own.

    Parameters
    ----------
    make
        Makes the task; called in the worker, since it may take long.
    on_state
        Called with ``compiling``, ``running``, ``paused``, ``done`` or ``error`` and words (of the error).
    on_steps
        Called with the steps since the last call.
    on_result
        Called with the result, before ``done``.
    on_tick
        Called with the seconds since the start, twice a second.
    """

    def __init__(
        self,
        make: Callable[[], Task],
        *,
        on_state: Callable[[str, str], None],
        on_steps: Callable[[list[Step]], None],
        on_result: Callable[[Any], None],
        on_tick: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.state = "idle"
        self.error: BaseException | None = None
        self._make, self._on_state, self._on_steps = make, on_state, on_steps
        self._on_result, self._on_tick = on_result, on_tick
        self._stop, self._go, self._ended = threading.Event(), threading.Event(), threading.Event()
        self._go.set()
        self._worker = threading.Thread(target=self._work, name="qrexplore-run", daemon=True)
        self._clock = threading.Thread(target=self._watch, name="qrexplore-clock", daemon=True)
        self._began = 0.0

    def start(self) -> None:
        """Begin; a runner runs once."""
        self._began = time.perf_counter()
        self._enter("compiling")
        self._worker.start()
        self._clock.start()

    def pause(self) -> None:
        """Hold after the present step."""
        if self.state == "running":
            self._go.clear()
            self._enter("paused")

    def resume(self) -> None:
        """Go on after a pause."""
        if self.state == "paused":
            self._enter("running")
            self._go.set()

    def stop(self) -> None:
        """End after the present step, with the best result so far; works while compiling and while paused, too."""
        self._stop.set()
        self._go.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` s; True if it has come."""
        return self._ended.wait(timeout)

    @property
    def busy(self) -> bool:
        """Whether the run has begun and not ended."""
        return self._worker.is_alive()

    def _enter(self, state: str, words: str = "") -> None:
        self.state = state
        self._on_state(state, words)

    def _watch(self) -> None:
        while not self._ended.wait(_TICK):
            self._on_tick(time.perf_counter() - self._began)

    def _work(self) -> None:
        try:
            self._on_result(self._drive(self._make()))
            self._enter("done")
        except BaseException as error:  # noqa: BLE001 (whatever went wrong is shown where the run was started)
            self.error = error
            self._enter("error", str(error) or type(error).__name__)
        finally:
            self._ended.set()

    def _drive(self, task: Task) -> Any:
        state = task.init()
        if self._go.is_set():
            self._enter("running")
        waiting: list[Step] = []
        told = 0.0
        while (status := task.done(state)) is None:
            if self._stop.is_set():
                status = Status.STOPPED
                break
            state, step = task.advance(state)
            waiting.append(step)
            if time.perf_counter() - told >= _PERIOD:
                self._on_steps(waiting)
                waiting, told = [], time.perf_counter()
            self._go.wait()
        if waiting:
            self._on_steps(waiting)
        return task.finish(state, status)
