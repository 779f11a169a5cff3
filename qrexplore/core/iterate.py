"""The iterate contract: everything that takes long is ``init``, ``advance``, ``done``, ``finish``.

Numerical packages give a `Task`; who drives it (a script, a worker thread behind a widget, a server) needs no support
inside the numerics. `run` is the one loop for scripts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qrexplore.core.status import Status


@dataclass(frozen=True)
class Step:
    """What one step of a run tells those who watch.

    Attributes
    ----------
    iteration
        0 for the start, then counting up.
    loss
        Value of the objective after the step.
    gradient_norm
        Euclidean norm of its gradient in the coordinates of the method.
    parameters
        Values of the free parameters by path, each in its own unit.
    seconds
        Wall time since the run began, pauses included.
    stage
        What the run is at, where it has several stages.
    chi2
        Sum of the squared residuals of each dataset by its name, where there are several parts to the objective.
    """

    iteration: int
    loss: float
    gradient_norm: float
    parameters: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    stage: str = ""
    chi2: dict[str, float] = field(default_factory=dict)


def _not_kept(*_: object) -> Any:
    msg = "`task` has no `pack` and `unpack`, so it cannot be kept. Run it by `qrexplore.core.run`."
    raise ValueError(msg)


def _not_changed(*_: object) -> Any:
    msg = "nothing can be changed in this kind of run. Stop it and begin another one."
    raise ValueError(msg)


@dataclass(frozen=True)
class Task:
    """A long computation, ready to be driven.

    Attributes
    ----------
    problem
        The question, immutable.
    init
        Gives the first state. May compile.
    advance
        Takes a state, gives the next one and the `Step` that tells of it. Keeps no state of its own.
    done
        Takes a state, gives the `Status` it ended with or None if it goes on.
    finish
        Takes a state and the status, gives the result.
    pack
        Takes a state, gives it as arrays by name, so that a run can be kept on disk; `keepable` says whether it can.
    unpack
        Takes those arrays, gives the state: what follows is the same, bit for bit on the same machine.
    answer
        Takes a state, what is asked of the run (``rate``) and a value, gives the state that goes on so; raises ValueError if
        that cannot be.
    """

    problem: Any
    init: Callable[[], Any]
    advance: Callable[[Any], tuple[Any, Step]]
    done: Callable[[Any], Status | None]
    finish: Callable[[Any, Status], Any]
    pack: Callable[[Any], dict[str, np.ndarray]] = _not_kept
    unpack: Callable[[dict[str, np.ndarray]], Any] = _not_kept
    answer: Callable[[Any, str, Any], Any] = _not_changed

    @property
    def keepable(self) -> bool:
        """Whether `pack` and `unpack` were given."""
        return _not_kept not in {self.pack, self.unpack}


def run(
    task: Task,
    *,
    begin: Any = None,
    on_state: Callable[[Any], Any] | None = None,
    on_step: Callable[[Step], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Any:
    """Drive a task to its end and give its result.

    Parameters
    ----------
    task
        What to do.
    begin
        State to go on from, for example one that was kept; None to begin anew.
    on_state
        Called with the state after each step, when the step is told; gives the state to go on with, the same or a changed one.
    on_step
        Called with each step, for a progress bar or a log.
    should_stop
        Asked after each step; True ends the run with `Status.STOPPED` and the best result so far.
    """
    state = task.init() if begin is None else begin
    while (status := task.done(state)) is None:
        if should_stop is not None and should_stop():
            status = Status.STOPPED
            break
        state, step = task.advance(state)
        if on_step is not None:
            on_step(step)
        if on_state is not None:
            state = on_state(state)
    return task.finish(state, status)
