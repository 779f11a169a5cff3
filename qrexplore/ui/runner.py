"""The runner: drives any task of the iterate contract from a worker thread, so that nothing else waits for it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qrexplore.core import Status, Step, Task
from qrexplore.data.runs import Run

# steps go out in one message at most this often (s), and the clock of a run is told this often
_PERIOD = 1 / 30
_TICK = 0.5
# a run that is paused looks this often for what is asked of it (s)
_LOOK = 0.05
# what another process asked of a run in a folder is shown, unless something was asked here within so long (s)
_OURS = 3.0
_BUSY = ("compiling", "running", "paused")

# Carries out a run in its folder and gives the result; it is handed what to call with each step
Carry = Callable[[Callable[[Step], None]], Any]


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
    waiting: list[Any] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    kept: Run | None = None
    told: float = 0.0
    error: BaseException | None = None

    def tell(self, name: str, value: Any = None) -> None:
        """Hand on to the folder of the run, if it has one, what is asked."""
        self.told = time.monotonic()
        if self.kept is not None:
            self.kept.request(name, value)


class Runner:
    """Runs one task after another, each in a thread of its own.

    The callbacks are called from threads of the runner, one at a time.

    Parameters
    ----------
    on_state
        Called with the new state and words (those of the error).
    on_steps
        Called with the steps (or what else work tells) since the last call, at most 30 times a second.
    on_end
        Called once at the end of a run, before its last state, with the result; None where there is none.
    on_tick
        Called with the seconds since the start, twice a second.
    on_refused
        Called with the words of what was asked of a run and could not be.

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
        on_steps: Callable[[list[Any]], None] = _ignore,
        on_end: Callable[[Any], None] = _ignore,
        on_tick: Callable[[float], None] = _ignore,
        on_refused: Callable[[str], None] = _ignore,
    ) -> None:
        self.state = "idle"
        self.error: BaseException | None = None
        self._on_state, self._on_steps, self._on_end, self._on_tick = on_state, on_steps, on_end, on_tick
        self._on_refused = on_refused
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
        self._start(lambda run: self._drive(run, make))

    def start_kept(self, make: Callable[[], tuple[Run, Carry]]) -> None:
        """Begin a run in a folder; what is asked of it goes by way of the folder, from here or from elsewhere.

        Parameters
        ----------
        make
            Makes the folder, and gives what carries the run out; called in the worker.

        Raises
        ------
        RuntimeError
            If a run is going on.
        """
        self._start(lambda run: self._drive_kept(run, make))

    def start_work(self, work: Callable[[Callable[[Any], None], Callable[[], bool]], Any]) -> None:
        """Begin work that has a loop of its own.

        Parameters
        ----------
        work
            Gives the result; it calls its first argument with each thing to tell, which waits as long as the run is paused,
            and asks its second whether to end.

        Raises
        ------
        RuntimeError
            If a run is going on.
        """

        def drive(run: _Run) -> Any:
            def tell(something: Any) -> None:
                run.go.wait()
                run.waiting.append(something)
                if not run.stepped:
                    self._first_step(run)

            return work(tell, run.stop.is_set)

        self._start(drive)

    def ask(self, name: str, value: Any) -> None:
        """Ask something of the run (see `Task.answer`), to be answered after the present step; RuntimeError if there is none."""
        with self._lock:
            run = self._present("steer")
            if run.kept is None:
                run.asked.append((name, value))
            else:
                run.tell(name, value)

    def _start(self, drive: Callable[[_Run], Any]) -> None:
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
        threading.Thread(target=self._work, args=(run, drive, sender), name="qrexplore-run", daemon=True).start()

    def pause(self) -> None:
        """Hold after the present step; RuntimeError if there is no run."""
        with self._lock:
            run = self._present("pause")
            run.go.clear()
            run.tell("pause")
            self._enter("paused")

    def resume(self) -> None:
        """Go on after a pause; RuntimeError if there is no run."""
        with self._lock:
            run = self._present("resume")
            self._enter("running" if run.stepped else "compiling")
            run.go.set()
            run.tell("resume")

    def stop(self) -> None:
        """End after the present step with the best result so far; RuntimeError if there is no run.

        What is being compiled cannot be interrupted. A run that is stopped before its first step has no result.
        """
        with self._lock:
            run = self._present("stop")
            run.stop.set()
            self.resume()
            run.tell("stop")

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

    def _work(self, run: _Run, drive: Callable[[_Run], Any], sender: threading.Thread) -> None:
        result = None
        try:
            result = drive(run)
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
            state = self._answered(run, task, state)
            while not run.go.wait(_LOOK):
                state = self._answered(run, task, state)
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

    def _answered(self, run: _Run, task: Task, state: Any) -> Any:
        while run.asked:
            name, value = run.asked.pop(0)
            try:
                state = task.answer(state, name, value)
            except ValueError as error:
                self._on_refused(str(error))
        return state

    def _drive_kept(self, run: _Run, make: Callable[[], tuple[Run, Carry]]) -> Any:
        kept, carry = make()
        with self._lock:
            if run.stop.is_set():
                return None
            run.kept = kept
            for name, value in run.asked:
                kept.request(name, value)

        def tell(step: Step) -> None:
            run.waiting.append(step)
            if not run.stepped:
                # what was asked before the run had begun was not for this try
                if run.stop.is_set():
                    kept.request("stop")
                elif not run.go.is_set():
                    kept.request("pause")
                self._first_step(run)

        result = carry(tell)
        for event in kept.events():
            if event.kind == "refused":
                self._on_refused(event.words)
        return result

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
                    self._look(run)
        except BaseException as error:  # noqa: BLE001 (a callback that fails ends the run and is shown)
            run.error = error
            run.stop.set()
            run.go.set()

    def _look(self, run: _Run) -> None:
        """Show whether somebody else has paused a run in its folder, or let it go on."""
        if run.kept is None or not run.stepped or time.monotonic() - run.told < _OURS:
            return
        standing = run.kept.standing().state
        with self._lock:
            if standing in {"running", "paused"} and self.busy and standing != self.state:
                (run.go.set if standing == "running" else run.go.clear)()
                self._enter(standing)

    def _flush(self, run: _Run) -> None:
        steps = run.waiting[:]
        if steps:
            del run.waiting[: len(steps)]
            self._on_steps(steps)
