"""In what two twins differ, as a table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import numpy as np

from qrexplore.core import Declaration, Named, format_quantity, walk
from qrexplore.twin.model import Twin

_HEAD = ("path", "first", "second", "difference", "standard errors")


@dataclass(frozen=True)
class Change:
    """One thing in which two twins differ.

    Attributes
    ----------
    path
        Of a parameter, a setting (``q0.levels``), or a component that is of another kind.
    unit
        Of a parameter; empty for settings and components.
    first, second
        What the twins have there; None where one has nothing.
    difference
        Of a parameter, second less first, in `unit`; NaN where there is none.
    stderr
        Standard error of the difference in `unit`; NaN where it is not known.
    """

    path: str
    unit: str
    first: Any
    second: Any
    difference: float = math.nan
    stderr: float = math.nan

    @property
    def sigmas(self) -> float:
        """The difference in units of its standard error; NaN where that is not known."""
        return self.difference / self.stderr if self.stderr > 0 else math.nan


@dataclass(frozen=True)
class Difference:
    """All in which two twins differ, in the order of their trees; prints as a table."""

    changes: tuple[Change, ...]

    def __len__(self) -> int:
        """Count the changes."""
        return len(self.changes)

    def __repr__(self) -> str:
        """Print the table in aligned columns."""
        if not self.changes:
            return "the twins are equal"
        lines = [_HEAD, *map(_cells, self.changes)]
        used = [k for k in range(len(_HEAD)) if any(line[k] for line in lines[1:])]
        widths = {k: max(len(line[k]) for line in lines) for k in used}
        return "\n".join("  ".join(line[k].ljust(widths[k]) for k in used).rstrip() for line in lines)


def difference(first: Twin, second: Twin, *, stderr: Mapping[str, float] | None = None) -> Difference:
    """Give in what two twins differ: numbers, settings, components, and what only one of them has.

    Parameters
    ----------
    first, second
        With concrete numbers.
    stderr
        Standard errors by path, each in the unit of its parameter, for example those of a `LearnResult`; of two learned twins,
        the roots of the sums of squares.

    Returns
    -------
    Difference
        A row for everything that differs by a bit; empty for equal twins.
    """
    known = stderr or {}
    ours, theirs = _held(first), _held(second)
    changes = []
    for path in [*ours, *(path for path in theirs if path not in ours)]:
        (declared, a), (other, b) = ours.get(path, (None, None)), theirs.get(path, (None, None))
        if _same(a, b) and (path in ours) == (path in theirs):
            continue
        declaration = declared or other
        unit = declaration.unit if declaration else ""
        scalar = declaration is not None and np.ndim(a) == np.ndim(b) == 0 and a is not None and b is not None
        gap = float(np.asarray(b)) - float(np.asarray(a)) if scalar else math.nan
        changes.append(Change(path, unit, _plain(a), _plain(b), gap, float(known.get(path, math.nan))))
    return Difference(tuple(changes))


def _held(twin: Twin) -> dict[str, tuple[Declaration | None, Any]]:
    """Give what is compared by path: for a component, the name of its class."""
    held: dict[str, tuple[Declaration | None, Any]] = {}
    for path, declaration, value in walk(twin):
        # a group without a name of its own, such as the chip, stands at the path of what it is in
        if not isinstance(value, eqx.Module):
            held[path] = declaration, value
        elif path and path not in held and not isinstance(value, Named):
            held[path] = None, type(value).__name__
    return held


def _same(a: Any, b: Any) -> bool:
    if hasattr(a, "dtype") and hasattr(b, "dtype"):
        x, y = np.asarray(a), np.asarray(b)
        return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
    return type(a) is type(b) and a == b


def _plain(value: Any) -> Any:
    return np.asarray(value).tolist() if hasattr(value, "dtype") else value


def _cells(change: Change) -> tuple[str, str, str, str, str]:
    def written(value: Any) -> str:
        if value is None:
            return "none"
        return format_quantity(value, change.unit) if change.unit and isinstance(value, float) else str(value)

    gap = "" if math.isnan(change.difference) else format_quantity(change.difference, change.unit)
    sigmas = "" if math.isnan(change.sigmas) else f"{change.sigmas:+.2f}"
    return change.path, written(change.first), written(change.second), gap, sigmas
