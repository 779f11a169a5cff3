"""One search from its start to its end; the loop of scripts, races and multiple starts."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from jaxtyping import Float

from qrexplore.core import Status
from qrexplore.optimize.objective import LeastSquares, Progress
from qrexplore.optimize.stop import Stop


class Method(Protocol):
    """What every optimiser of this package offers; it keeps no state of its own."""

    def init(self, problem: LeastSquares) -> Progress:
        """Evaluate the start."""
        ...

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Take one step."""
        ...

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        ...


@dataclass(frozen=True)
class End:
    """Where a search ended.

    Attributes
    ----------
    start, coordinates, loss
        Where it began, its best point and half the sum of squares there.
    status
        How it ended.
    evaluations, seconds
        Calls of the model, and wall time in s.
    """

    start: Float[np.ndarray, " parameters"]
    coordinates: Float[np.ndarray, " parameters"]
    loss: float
    status: Status
    evaluations: int
    seconds: float


def search(
    problem: LeastSquares,
    method: Method,
    *,
    stop: Stop | None = None,
    start: Float[np.ndarray, " parameters"] | None = None,
    on_progress: Callable[[Progress, float], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> End:
    """Drive a method until it or a limit ends it.

    Parameters
    ----------
    problem
        What to minimise.
    method
        One of `METHODS`, made.
    stop
        Limits; none if left out.
    start
        Coordinates to begin with instead of those of the problem.
    on_progress
        Called with the progress and the seconds since the begin, for the start and after each step.
    should_stop
        Asked after each step; True ends the search with `Status.STOPPED`.

    Returns
    -------
    End
        Its best point, and how it ended. What the method says goes before a limit reached at the same step, but not before a
        target.
    """
    stop = stop or Stop()
    problem = problem if start is None else replace(problem, start=np.asarray(start, dtype=np.float64))
    began = time.perf_counter()
    progress = method.init(problem)
    mark = stop.mark(progress)
    while True:
        seconds = time.perf_counter() - began
        if on_progress is not None:
            on_progress(progress, seconds)
        reached = stop.reached(progress, mark, seconds)
        status = reached if reached is Status.TARGET else method.done(progress) or reached
        if status is None and should_stop():
            status = Status.STOPPED
        if status is not None:
            return End(problem.start, progress.coordinates, progress.loss, status, progress.evaluations, seconds)
        progress = method.advance(problem, progress)
        mark = stop.mark(progress, mark)
