"""Several methods on the same problem from the same start: what each had reached after how many calls and seconds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from qrexplore.core import Status
from qrexplore.optimize.driver import End, Method, search
from qrexplore.optimize.objective import LeastSquares, Progress
from qrexplore.optimize.stop import Stop


@dataclass(frozen=True)
class Trace:
    """The course of one method.

    Attributes
    ----------
    method
        Its name.
    evaluations, seconds, loss
        Calls of the model and wall time in s so far, and the lowest loss yet, for the start and after each step.
    end
        Where and how it ended.
    """

    method: str
    evaluations: Int[np.ndarray, " steps"]
    seconds: Float[np.ndarray, " steps"]
    loss: Float[np.ndarray, " steps"]
    end: End

    def first_below(self, level: float) -> tuple[float, float]:
        """Give calls and seconds until the loss was at some level or below; infinite if it never was."""
        below = np.flatnonzero(self.loss <= level)
        return (float(self.evaluations[below[0]]), float(self.seconds[below[0]])) if len(below) else (np.inf, np.inf)


@dataclass(frozen=True)
class Ratio:
    """How many times the calls and the seconds of another method one needs to the same loss."""

    evaluations: float
    seconds: float


def race(
    problem: LeastSquares,
    methods: Mapping[str, Method],
    *,
    stop: Stop | None = None,
    on_progress: Callable[[str, Progress, float], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Trace, ...]:
    """Run methods one after the other.

    Parameters
    ----------
    problem
        What to minimise. What it compiles at its first call counts for the first method: call it before if that is not meant.
    methods
        By name.
    stop
        Limits of each.
    on_progress
        Called with the name, the progress and the seconds since the method began, for a live plot.
    should_stop
        Asked after each step; True ends the race, with the traces up to there.

    Returns
    -------
    tuple of Trace
        One a method, in their order.
    """
    traces = []
    for name, method in methods.items():
        traces.append(_run(problem, name, method, stop=stop, on_progress=on_progress, should_stop=should_stop))
        if traces[-1].end.status is Status.STOPPED:
            break
    return tuple(traces)


def _run(
    problem: LeastSquares,
    name: str,
    method: Method,
    *,
    stop: Stop | None,
    on_progress: Callable[[str, Progress, float], None] | None,
    should_stop: Callable[[], bool],
) -> Trace:
    rows: list[tuple[int, float, float]] = []

    def watch(progress: Progress, seconds: float) -> None:
        rows.append((progress.evaluations, seconds, progress.loss))
        if on_progress is not None:
            on_progress(name, progress, seconds)

    end = search(problem, method, stop=stop, on_progress=watch, should_stop=should_stop)
    evaluations, seconds, loss = zip(*rows, strict=True)
    return Trace(name, np.array(evaluations), np.array(seconds), np.array(loss), end)


def ratio(slow: Trace, fast: Trace, level: float) -> Ratio:
    """Give how many times the calls and seconds of `fast` the other needed to a loss at some level.

    Infinite if only `slow` never came there, NaN if `fast` did not.
    """
    (calls, seconds), (less, shorter) = slow.first_below(level), fast.first_below(level)
    if not np.isfinite(less):
        return Ratio(np.nan, np.nan)
    return Ratio(calls / less, seconds / shorter)
