"""Carry out a task as a run: its steps, checkpoints and end are written down, and it goes on where it stood."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qrexplore.core import Status, Step, Task, run
from qrexplore.data.runs.interrupt import interrupts
from qrexplore.data.runs.owner import Owner
from qrexplore.data.runs.run import Command

# s between checkpoints, unless they take more than this share of the time
EVERY, _SHARE = 1.0, 0.05
# how often one that is paused looks whether it may go on (s)
_LOOK = 0.1


def drive(
    task: Task, owner: Owner, *, on_step: Callable[[Step], None] | None = None, every: float = EVERY
) -> tuple[Any, Status]:
    """Carry out a task to its end, from its last checkpoint if it has one.

    Parameters
    ----------
    task
        What to do; it must have `pack` and `unpack`.
    owner
        Of the run; it says how the run stands when it is interrupted. That it is done is for whoever keeps the result to say.
    on_step
        Called with each step that is new, when it is written down.
    every
        Time between checkpoints in s; longer where they would take more than a twentieth of the time.

    Returns
    -------
    result, status
        What `finish` of the task gave, and with which status. `Status.STOPPED` is a run that was asked to stop: it is saved and
        can be gone on with.

    Raises
    ------
    ValueError
        If the task cannot be kept.
    RunError
        If the run cannot be written to any more; what was written before is safe.
    """
    if not task.keepable:
        msg = "`task` must have `pack` and `unpack` to be kept in a run. Run it by `qrexplore.core.run`."
        raise ValueError(msg)
    keeper = _Keeper(task, owner, every)
    kept = owner.run.checkpoint()
    begin = None
    if kept is not None:
        begin = task.unpack(kept[1])
        keeper.begin(kept[0])
        owner.say("checkpoint", f"going on from step {kept[0]}")
    with interrupts() as interrupted:

        def tell(step: Step) -> None:
            keeper.append(step)
            if on_step is not None:
                on_step(step)

        return run(
            replace(task, finish=keeper.finish),
            begin=begin,
            on_step=tell,
            on_state=lambda state: keeper.keep(state, interrupted),
            should_stop=lambda: interrupted() or keeper.stopped,
        )


class _Keeper:
    """Writes down what the loop tells, and answers what is asked of the run."""

    def __init__(self, task: Task, owner: Owner, every: float) -> None:
        self._task, self._owner, self._every = task, owner, every
        self.stopped = False
        self._state: Any = None
        self._step = self._saved = -1
        self._due = time.monotonic() + every

    def begin(self, step: int) -> None:
        self._step = self._saved = step

    def append(self, step: Step) -> None:
        self._owner.append(step)
        self._step = step.iteration

    def keep(self, state: Any, interrupted: Callable[[], bool]) -> Any:
        """Take the state after a step, save it when it is time, and answer what was asked meanwhile."""
        self._state = state
        if time.monotonic() >= self._due:
            self._save()
        paused = self._answer(paused=False)
        while paused and not (self.stopped or interrupted()):
            time.sleep(_LOOK)
            paused = self._answer(paused=True)
        return self._state

    def _answer(self, *, paused: bool) -> bool:
        for command in self._owner.commands():
            if command.name in {"pause", "resume", "stop"}:
                self._owner.take(command)
            if command.name == "stop":
                self.stopped = True
            elif command.name in {"pause", "resume"}:
                wanted = command.name == "pause"
                if wanted != paused:
                    self._save()
                    self._owner.stand("paused" if wanted else "running")
                paused = wanted
            else:
                self._change(command)
                # taken when it is saved: a kill before that leaves it to be asked again
                self._owner.take(command)
        return paused

    def _change(self, command: Command) -> None:
        asked = command.name if command.value is None else f"{command.name} {command.value}"
        try:
            self._state = self._task.answer(self._state, command.name, command.value)
        except ValueError as error:
            self._owner.say("refused", f"{asked}: {error}")
            return
        # what comes after a change is not done again from a state before it
        self._saved = -1
        self._save()
        self._owner.say("changed", f"{asked}, after step {self._step}")

    def finish(self, state: Any, status: Status) -> tuple[Any, Status]:
        if status is Status.STOPPED:
            self._save()
            self._owner.stand("interrupted", "stopped when asked, and saved")
        else:
            self._owner.cut(max(self._step, 0))
        return self._task.finish(state, status), status

    def _save(self) -> None:
        if self._state is None or self._saved == self._step:
            return
        began = time.monotonic()
        self._owner.save(self._step, self._task.pack(self._state))
        self._saved, now = self._step, time.monotonic()
        self._due = now + max(self._every, (now - began) / _SHARE)
