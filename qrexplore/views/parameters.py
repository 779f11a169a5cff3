"""Rows of a parameter panel: what a person reads and drags, from the parameter table."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from qrexplore.core import Parameter, ParameterTable, prefix_for

# half width of a slider around its value, for numbers of gigahertz and for others, as a share of the value
_FINE, _COARSE = 0.02, 0.6
# half width, as a share of the range, for a value of zero
_FROM_ZERO = 0.05
_WIDE = 100.0


@dataclass(frozen=True)
class ParameterRow:
    """One row of the panel; numbers in SI units, to be written as ``value / factor`` before `display_unit`.

    Attributes
    ----------
    path, group, label
        Where it stands, the component it belongs to, words.
    value, low, high
        Value and bounds.
    slider_low, slider_high, logarithmic
        Range of the slider, around the value so that a drag is fine, and its scale.
    free, stderr, changed
        Whether it is learned, its standard error if it was, and whether it differs from where the session began.
    """

    path: str
    group: str
    label: str
    value: float
    unit: str
    display_unit: str
    factor: float
    low: float
    high: float
    slider_low: float
    slider_high: float
    logarithmic: bool
    free: bool
    stderr: float | None
    changed: bool


def parameter_rows(
    table: ParameterTable, *, free: Collection[str], stderr: Mapping[str, float], initial: ParameterTable
) -> tuple[ParameterRow, ...]:
    """Give the rows of a panel.

    Parameters
    ----------
    table
        Parameters as they are now.
    free
        Paths that are learned.
    stderr
        Standard errors by path, in the unit of the parameter; infinite ones are left out.
    initial
        Parameters when the session began.
    """
    rows = []
    for row in table:
        low, high = slider_range(row)
        factor, unit = prefix_for(max(abs(low), abs(high)) if row.value == 0 else row.value, row.unit)
        error = stderr.get(row.path)
        rows.append(
            ParameterRow(
                path=row.path,
                group=row.path.partition(".")[0],
                label=row.label,
                value=row.value,
                unit=row.unit,
                display_unit=unit,
                factor=factor,
                low=row.bounds[0],
                high=row.bounds[1],
                slider_low=low,
                slider_high=high,
                logarithmic=_logarithmic(row),
                free=row.path in free,
                stderr=error if error is not None and math.isfinite(error) else None,
                changed=row.value != initial[row.path].value,
            )
        )
    return tuple(rows)


def slider_range(row: Parameter) -> tuple[float, float]:
    """Give the ends of a slider: close enough around the value for a fine drag, within the bounds."""
    low, high = row.bounds
    if _logarithmic(row):
        return max(low, row.value / 4), min(high, row.value * 4)
    width = abs(row.value) * (_FINE if abs(row.value) > 1e9 else _COARSE) or _FROM_ZERO * (high - low)
    return max(low, row.value - width), min(high, row.value + width)


def _logarithmic(row: Parameter) -> bool:
    low, high = row.bounds
    return low > 0 and high / low > _WIDE and abs(row.value) < 1e9
