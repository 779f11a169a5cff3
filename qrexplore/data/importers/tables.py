"""Flat tables of sweeps and values, as several lab programs write them: named columns, and the grids behind them."""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import xarray as xr

from qrexplore.data.schema import labelled

# prepared levels of the calibration rows by their number
CALIBRATION_STATES = {2: np.array([0.0, 1.0]), 4: np.array([0.0, 0.0, 1.0, 1.0])}
_TUID = re.compile(r"(\d{8})-(\d{6})-(\d{3})(?:-|$)")
_LATEX = re.compile(r"\$[^$]*\$")


@dataclass(frozen=True)
class Column:
    """A column of a table: short name, words, unit as in the file, and numbers with the shape (row,)."""

    name: str
    long_name: str
    units: str
    values: np.ndarray

    @property
    def identifier(self) -> str:
        """The short name as a name for a variable."""
        return identifier(self.name)

    @property
    def dim(self) -> str:
        """The words as a name for a dimension, without formulas and capitals."""
        return identifier(_LATEX.sub("", self.long_name).strip().lower()) or self.identifier


def identifier(text: str) -> str:
    """Give words as a name of letters, digits and underscores."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "value"


def created(tuid: str) -> str:
    """Give the moment that is in an identifier such as ``20210322-205253-758-6689ca``, as ISO time; or nothing."""
    match = _TUID.match(tuid)
    try:
        # the lab writes its local time and not the zone
        return datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S%f").isoformat() if match else ""  # noqa: DTZ007
    except ValueError:
        return ""


def calibration_variable(values: np.ndarray, units: str) -> xr.Variable:
    """Keep the raw calibration rows; shape (qubit, calibration_point)."""
    return labelled(("qubit", "calibration_point"), values, units, "signal of the calibration points")


def unflatten(
    sweeps: list[Column],
) -> tuple[tuple[str, ...], np.ndarray, tuple[int, ...], dict[str, xr.Variable]]:
    """Find the grid behind flat sweep columns.

    Returns
    -------
    dims, order, shape, axes
        Dimensions with the slowest first, the permutation of the rows into the grid, its shape, and the coordinates.
        If the rows are not one grid, a single dimension ``point`` (or the only sweep) with all sweeps along it.
    """
    names = _distinct([column.dim for column in sweeps])
    rows = sweeps[0].values.size
    if len(sweeps) > 1:
        grids = [np.unique(column.values) for column in sweeps]
        if np.prod([grid.size for grid in grids], dtype=np.int64) == rows:
            places = [np.searchsorted(grid, column.values) for grid, column in zip(grids, sweeps, strict=True)]
            shape = tuple(grid.size for grid in reversed(grids))
            flat = np.ravel_multi_index(tuple(reversed(places)), shape)
            if np.array_equal(np.sort(flat), np.arange(rows)):
                axes = {
                    name: labelled(name, grid, column.units, column.long_name)
                    for name, grid, column in zip(names, grids, sweeps, strict=True)
                }
                return tuple(reversed(names)), np.argsort(flat), shape, axes
    repeated = np.unique(sweeps[0].values).size != rows
    dim = names[0] if len(sweeps) == 1 and not repeated else "point"
    axes = {
        name: labelled(dim, column.values, column.units, column.long_name)
        for name, column in zip(names, sweeps, strict=True)
    }
    return (dim,), np.arange(rows), (rows,), axes


def _distinct(names: list[str]) -> list[str]:
    return [name if names.index(name) == place else f"{name}_{place}" for place, name in enumerate(names)]
