"""Rows of a parameter panel: what a person reads and drags, from the parameter table."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from qrexplore.core import Parameter, ParameterTable, prefix_for

# half width of a slider: as a share of the value for numbers of gigahertz, as a factor for positive numbers that may span
# decades, and else as a share of the value or of the allowed range, whichever is more
_GIGA = 1e9
_FINE = 0.05
_FACTOR = 10 / 3
_WIDE = 100.0
_OF_VALUE, _OF_RANGE = 0.25, 0.05
# a slider stays as it is until its value comes this close to an end, as a share of its length
_EDGE = 0.05


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
    table: ParameterTable,
    *,
    free: Collection[str],
    stderr: Mapping[str, float],
    initial: ParameterTable,
    shown: Collection[ParameterRow] = (),
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
    shown
        Rows as they were: a slider keeps its range while its value is well inside, so that the knob does not jump.
    """
    earlier = {row.path: (row.slider_low, row.slider_high) for row in shown}
    rows = []
    for row in table:
        low, high = _kept(row, earlier.get(row.path)) or slider_range(row)
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
    value = min(max(row.value, low), high)
    if _logarithmic(row):
        return max(low, value / _FACTOR), min(high, value * _FACTOR)
    coarse = max(_OF_VALUE * abs(value), _OF_RANGE * (high - low))
    width = _FINE * abs(value) if _of_gigahertz(row) else coarse
    return max(low, value - width), min(high, value + width)


def _kept(row: Parameter, span: tuple[float, float] | None) -> tuple[float, float] | None:
    if span is None:
        return None
    low, high = span
    margin = _EDGE * (high - low)
    # an end that is a bound is as good a place as any: there is nothing beyond it
    begin = low if low == row.bounds[0] else low + margin
    end = high if high == row.bounds[1] else high - margin
    return span if begin <= row.value <= end else None


def _of_gigahertz(row: Parameter) -> bool:
    return row.unit == "Hz" and abs(row.value) > _GIGA


def _logarithmic(row: Parameter) -> bool:
    low, high = row.bounds
    return low > 0 and high / low >= _WIDE and not _of_gigahertz(row)
