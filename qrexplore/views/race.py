"""A race of methods: lines to draw, and the measured ratios in evaluations and seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qrexplore.optimize import Ratio, Trace, ratio
from qrexplore.views.traces import METHOD_LABELS

# a method has come there when its loss is this close to the lowest of all, as a share of it; or, for data without noise, of
# the loss at the start
_CLOSE, _ROUNDING = 0.01, 1e-6


@dataclass(frozen=True)
class RaceRow:
    """What a method needed.

    Attributes
    ----------
    method, label
        Its name, and as people read it.
    evaluations, seconds
        Calls of the model and wall time (s) to the level; infinite if it never came there.
    ratio
        How many times the fewest evaluations, and the seconds of that method; a lower bound where it never came there.
    loss
        Lowest loss it found.
    status
        How it ended, in words.
    """

    method: str
    label: str
    evaluations: float
    seconds: float
    ratio: Ratio
    loss: float
    status: str

    @property
    def reached(self) -> bool:
        """Whether it came to the level."""
        return math.isfinite(self.evaluations)

    def __str__(self) -> str:
        """Say it in a sentence."""
        if self.reached:
            return (
                f"{self.label}: {self.evaluations:.0f} evaluations ({self.ratio.evaluations:.3g} x), "
                f"{self.seconds:.3g} s ({self.ratio.seconds:.3g} x)"
            )
        return (
            f"{self.label}: did not come there, in more than {self.ratio.evaluations:.3g} x the evaluations and "
            f"{self.ratio.seconds:.3g} x the seconds (loss {self.loss:.4g}, {self.status})"
        )


@dataclass(frozen=True)
class RaceTable:
    """The outcome of a race: the loss that counts as the goal, which method was there first, and a row for each."""

    level: float
    first: str
    rows: tuple[RaceRow, ...]

    def __str__(self) -> str:
        """Print a line for each method."""
        head = f"to a loss of {self.level:.5g}; times those of {METHOD_LABELS[self.first]}"
        return "\n".join([head, *map(str, self.rows)])


def race_table(traces: Sequence[Trace], *, level: float | None = None) -> RaceTable:
    """Give what each method needed to come to the same loss, as multiples of the one with the fewest evaluations.

    Parameters
    ----------
    traces
        From `qrexplore.learn.raced` or `qrexplore.optimize.race`, at least one.
    level
        Loss that counts as the goal; 1 % above the lowest that any has found if left out.

    Raises
    ------
    ValueError
        If there is no trace, or none came to the level.
    """
    lowest = min((trace.end.loss for trace in traces if math.isfinite(trace.end.loss)), default=math.nan)
    if level is None and traces:
        level = lowest + max(_CLOSE * abs(lowest), _ROUNDING * float(traces[0].loss[0]))
    there = [trace for trace in traces if math.isfinite(trace.first_below(level or 0.0)[0])]
    if level is None or not there:
        msg = f"no method came to a loss of {level!r}; the lowest was {lowest:g}. Give a `level` above it."
        raise ValueError(msg)
    fast = min(there, key=lambda trace: trace.first_below(level)[0])
    return RaceTable(level, fast.method, tuple(_row(trace, fast, level) for trace in traces))


def _row(trace: Trace, fast: Trace, level: float) -> RaceRow:
    calls, seconds = trace.first_below(level)
    found = ratio(trace, fast, level)
    if not math.isfinite(calls):
        less, shorter = fast.first_below(level)
        found = Ratio(float(trace.evaluations[-1]) / less, float(trace.seconds[-1]) / max(shorter, 1e-9))
    label = METHOD_LABELS.get(trace.method, trace.method)
    return RaceRow(trace.method, label, calls, seconds, found, float(min(trace.loss)), trace.end.status.value)
