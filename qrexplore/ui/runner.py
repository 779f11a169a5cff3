"""The runner: drives any task of the iterate contract from a worker thread, so that nothing else waits for it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qrexplore.core import Status, Step, Task

# steps go out in one message at most this often (s), and the clock of a run is told this often
_PERIOD = 1 / 30
_TICK = 0.5
_BUSY = ("compiling", "running", "paused")


def _ignore(*_: object) -> None:
    """Take no notice."""


@dataclass(eq=False)
class _Run:
    """The controls of one run; those of an earlier one cannot reach it."""

    began: float = field(default_factory=time.perf_counter)
    stop: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    drained: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    stepped: bool = False
    waiting: list[Step] = field(default_factory=list)
    error: BaseException | None = None


class Runner:
    """Runs one task after another, each in a thread of its own.

    The callbacks are called from threads of the runner, one at a time.

    Parameters
    ----------
    on_state
        Called with the new state and words (those of the error).
    on_steps
        Called with the steps since the last call, at most 30 times a second.
    on_end
        Called once at the end of a run, before its last state, with the result; None where there is none.
    on_tick
        Called with the seconds since the start, twice a second.

    Attributes
    ----------
    state
        ``idle``, ``compiling`` (until the first step), ``running``, ``paused``, ``done`` or ``error``.
    error
        What ended the last run, if it failed.
    """

    def __init__(
        self,
        *,
        on_state: Callable[[str, str], None] = _ignore,
        on_steps: Callable[[list[Step]], None] = _ignore,
        on_end: Callable[[Any], None] = _ignore,
        on_tick: Callable[[float], None] = _ignore,
    ) -> None:
        self.state = "idle"
        self.error: BaseException | None = None
        self._on_state, self._on_steps, self._on_end, self._on_tick = on_state, on_steps, on_end, on_tick
        self._lock = threading.RLock()
        self._run: _Run | None = None

    @property
    def busy(self) -> bool:
        """Whether a run has begun and not ended."""
        return self.state in _BUSY

    def start(self, make: Callable[[], Task]) -> None:
        """Begin a run.

        Parameters
        ----------
        make
            Makes the task; called in the worker, since it may take long.

        Raises
        ------
        RuntimeError
            If a run is going on.
        """
        with self._lock:
            if self.busy:
                msg = f"a run is {self.state}. Stop it before another is started."
                raise RuntimeError(msg)
            run = self._run = _Run()
            run.go.set()
            self.error = None
            self._enter("compiling")
        sender = threading.Thread(target=self._send, args=(run,), name="qrexplore-sender", daemon=True)
        sender.start()
        threading.Thread(target=self._work, args=(run, make, sender), name="qrexplore-run", daemon=True).start()

    def pause(self) -> None:
        """Hold after the present step; RuntimeError if there is no run."""
        with self._lock:
            run = self._present("pause")
            run.go.clear()
            self._enter("paused")

    def resume(self) -> None:
        """Go on after a pause; RuntimeError if there is no run."""
        with self._lock:
            run = self._present("resume")
            self._enter("running" if run.stepped else "compiling")
            run.go.set()

    def stop(self) -> None:
        """End after the present step with the best result so far; RuntimeError if there is no run.

        What is being compiled cannot be interrupted. A run that is stopped before its first step has no result.
        """
        with self._lock:
            self._present("stop").stop.set()
            self.resume()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the run, if there is one, at most `timeout` s; True if it has come."""
        return self._run is None or self._run.ended.wait(timeout)

    def _present(self, verb: str) -> _Run:
        if self._run is None or not self.busy:
            msg = f"there is no run to {verb}. Start one first."
            raise RuntimeError(msg)
        return self._run

    def _enter(self, state: str, words: str = "") -> None:
        self.state = state
        self._on_state(state, words)

    def _work(self, run: _Run, make: Callable[[], Task], sender: threading.Thread) -> None:
        result = None
        try:
            result = self._drive(run, make)
        except BaseException as error:  # noqa: BLE001 (whatever went wrong is shown where the run was started)
            run.error = error
        run.drained.set()
        sender.join()
        try:
            self._flush(run)
            self._on_end(result)
        except BaseException as error:  # noqa: BLE001 (as above; the first error is the one to know)
            run.error = run.error or error
        with self._lock:
            self.error = run.error
            try:
                if run.error is None:
                    self._enter("done")
                else:
                    self._enter("error", str(run.error) or type(run.error).__name__)
            finally:
                run.ended.set()

    def _drive(self, run: _Run, make: Callable[[], Task]) -> Any:
        task = make()
        if run.stop.is_set():
            return None
        state = task.init()
        while (status := task.done(state)) is None:
            run.go.wait()
            if run.stop.is_set():
                status = Status.STOPPED
                break
            state, step = task.advance(state)
            run.waiting.append(step)
            if not run.stepped:
                self._first_step(run)
        if status is Status.STOPPED and not run.stepped:
            return None
        return task.finish(state, status)

    def _first_step(self, run: _Run) -> None:
        with self._lock:
            run.stepped = True
            if self.state == "compiling":
                self._enter("running")

    def _send(self, run: _Run) -> None:
        told = 0.0
        try:
            while not run.drained.wait(_PERIOD):
                self._flush(run)
                seconds = time.perf_counter() - run.began
                if seconds - told >= _TICK:
                    told = seconds
                    self._on_tick(seconds)
        except BaseException as error:  # noqa: BLE001 (a callback that fails ends the run and is shown)
            run.error = error
            run.stop.set()
            run.go.set()

    def _flush(self, run: _Run) -> None:
        steps = run.waiting[:]
        if steps:
            del run.waiting[: len(steps)]
            self._on_steps(steps)
