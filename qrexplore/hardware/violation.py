"""A broken limit: which line, where, by how much, and the words for it."""

from dataclasses import dataclass
from typing import Literal

from qrexplore.core import format_quantity

Rule = Literal[
    "finite", "amplitude", "slew", "end", "duration", "length", "grid", "memory", "window", "channel", "real", "points"
]

_FACTS = {
    "finite": "must be a finite number, got {value}",
    "amplitude": "must not exceed {limit}, got {value}",
    "slew": "must not change faster than {limit}, got {value}",
    "end": "must end at zero, got {value}",
    "duration": "must not last longer than {limit}, got {value}",
    "length": "must stay within {limit} a waveform, got {value}",
    "grid": "must lie on the grid of {limit}, got {value}",
    "memory": "must fit into {limit} of memory, got {value}",
    "window": "must lie within the window of the schedule, got {value} outside",
    "real": "must be real, got an imaginary part of {value}",
    "points": "may have at most {limit}, got {value}",
}

ADVICE = {
    "finite": "Replace what is NaN or infinite.",
    "amplitude": "Lower the amplitude.",
    "slew": "Make the edges longer.",
    "end": "Lengthen the window until the pulse is over, or declare Limits(ends_at_zero=False).",
    "duration": "Shorten the waveform.",
    "length": "Change the length of the waveform.",
    "grid": "Take times that are a whole number of samples.",
    "memory": "Play fewer or shorter waveforms.",
    "window": "Lengthen the window or move the pulse into it.",
    "channel": "Name a line of the backend.",
    "real": "Take phase 0 and a real envelope on this line.",
    "points": "Split the sweep.",
}


@dataclass(frozen=True)
class Violation:
    """One stretch of samples, or one fact about a waveform, that breaks a limit.

    Attributes
    ----------
    channel
        Name of the line.
    rule
        Which limit is broken.
    value
        What was found, in `unit`; the worst of a stretch.
    limit
        What is allowed, in `unit`.
    unit
        SI unit, or ``samples``, or ``points``.
    index
        First sample of the stretch, counted from 0; None where the whole waveform is meant.
    count
        Number of neighboring samples that break the limit.
    segment
        Which waveform of the program, counted from 0; None where there is but one or all are meant.
    words
        The fact as a sentence without its full stop.
    """

    channel: str
    rule: Rule
    value: float
    limit: float
    unit: str
    index: int | None = None
    count: int = 1
    segment: int | None = None
    note: str = ""

    @property
    def words(self) -> str:
        """The fact, for people."""
        if self.note:
            return f"`{self.channel}` {self.note}"
        fact = _FACTS[self.rule].format(value=_written(self.value, self.unit), limit=_written(self.limit, self.unit))
        return f"`{self.channel}`{self._place} {fact}"

    @property
    def _place(self) -> str:
        if self.index is None:
            where = ""
        elif self.count == 1:
            where = f" at sample {self.index}"
        else:
            where = f" at samples {self.index} to {self.index + self.count - 1}"
        return where if self.segment is None else f" of point {self.segment}{where}"


def _written(value: float, unit: str) -> str:
    return f"{value:g} {unit}" if unit in {"samples", "points"} else format_quantity(value, unit)
