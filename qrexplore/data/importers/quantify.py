"""Quantify datasets (version 1): one flat dimension, sweeps ``x0, x1, ...``, measured values ``y0, y1, ...``.

Grids of two sweeps are unflattened. Calibration points at the end (level 0, level 1) turn the signal into a population. The
signal is the magnitude; where the phase is there, too, both quadratures stand beside it (see `qrexplore.data.along`).
"""

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from qrexplore.data.calibration import projection, trailing_rows
from qrexplore.data.errors import DatasetError, file_error, quote, reading
from qrexplore.data.gate_hdf5 import attribute, numbers, open_hdf5
from qrexplore.data.importers.importer import Importer
from qrexplore.data.importers.tables import CALIBRATION_STATES, Column, calibration_variable, created, unflatten
from qrexplore.data.schema import axis, dataset, labelled
from qrexplore.data.units import si

_QUBIT = re.compile(r"(?:^|[\s_\-])(q\d+)(?=$|[\s_\-])", re.IGNORECASE)
# word in the name of the measurement, unit of its one sweep, experiment and axis
_KINDS = (
    (r"\bt1\b", "s", "t1", "delay"),
    (r"\becho\b", "s", "echo", "delay"),
    (r"\bramsey\b", "s", "ramsey", "delay"),
    (r"\brabi\b", "V", "rabi", "drive_amplitude"),
)


def _recognizes(path: Path) -> bool:
    try:
        with open_hdf5(path) as file:
            return "tuid" in file.attrs and "x0" in file and "y0" in file
    except DatasetError:
        return False


def _read(path: Path) -> xr.Dataset:
    with open_hdf5(path) as file:
        title = str(attribute(path, file, "name", ""))
        tuid = str(attribute(path, file, "tuid", ""))
        sweeps = _columns(path, file, "x")
        values = _columns(path, file, "y")
    with reading(path, "the table"):
        lengths = {column.values.shape for column in sweeps + values}
        if len(lengths) != 1 or len(next(iter(lengths))) != 1:
            fact = f"x and y must be lists of one length, got shapes {quote(sorted(lengths))}."
            raise file_error(path, fact, "The file is damaged or incomplete.")
        common: dict[str, Any] = {
            "qubits": [match.group(1) if (match := _QUBIT.search(title)) else "q0"],
            "source_format": "quantify",
            "source": path.name,
            "created": created(tuid),
            "title": title,
        }
        for word, unit, experiment, name in _KINDS:
            named = len(sweeps) == 1 and re.search(word, title.replace("_", " "), re.IGNORECASE)
            if named and si(sweeps[0].units, name)[1] == unit:
                return _line(sweeps[0], values, experiment, name, common)
        return _grid(sweeps, values, common)


def _columns(path: Path, file: h5py.File, letter: str) -> list[Column]:
    found = []
    for index in range(len(file)):
        name = f"{letter}{index}"
        if name not in file:
            break
        words = str(attribute(path, file[name], "long_name", name))
        units = str(attribute(path, file[name], "units", ""))
        short = str(attribute(path, file[name], "name", name))
        found.append(Column(short, words, units, numbers(path, file, name)))
    return found


def _line(sweep: Column, values: list[Column], experiment: str, name: str, common: dict[str, Any]) -> xr.Dataset:
    first = values[0].values
    channels = _channels(values)
    extra = trailing_rows(sweep.values, channels)
    end = first.size - extra
    coordinates = {name: axis(name, sweep.values[:end], sweep.units)}
    variables = {}
    for place, column in enumerate(values):
        target = "signal" if place == 0 else column.identifier
        variables[target] = labelled(("qubit", name), column.values[None, :end], column.units, column.long_name)
    if channels.shape[1] == 2:  # a magnitude is not linear in the population, these are
        for part, words in (("i", "in-phase"), ("q", "quadrature")):
            values_of_part = channels[None, :end, "iq".index(part)]
            variables[part] = labelled(("qubit", name), values_of_part, values[0].units, f"{words} readout signal")
    if extra:
        population = projection(channels[:end], channels[end : end + 1], channels[end + 1 :])
        if population is not None:
            words = "population of level 1, from calibration points"
            variables["population"] = labelled(("qubit", name), population[None], "1", words)
            states = CALIBRATION_STATES[2]
            variables["signal_calibration"] = calibration_variable(first[None, end:], values[0].units)
            coordinates["calibration_state"] = labelled("calibration_point", states, "1", "prepared level")
    return dataset(variables, coordinates, experiment=experiment, **common)


def _channels(values: list[Column]) -> np.ndarray:
    """Give the in-phase and quadrature parts of a magnitude with its phase, or the magnitude; (point, channel)."""
    phases = [column for column in values[1:] if si(column.units, column.name)[1] == "rad"]
    magnitude = values[0].values
    if not phases:
        return magnitude[:, None]
    angle = phases[0].values * si(phases[0].units, "phase")[0]
    return np.stack([magnitude * np.cos(angle), magnitude * np.sin(angle)], axis=1)


def _grid(sweeps: list[Column], values: list[Column], common: dict[str, Any]) -> xr.Dataset:
    dims, order, shape, axes = unflatten(sweeps)
    variables = {}
    for place, column in enumerate(values):
        target = "signal" if place == 0 else column.identifier
        cells = column.values[order].reshape(shape)[None]
        variables[target] = labelled(("qubit", *dims), cells, column.units, column.long_name)
    return dataset(variables, axes, experiment="other", **common)


QUANTIFY = Importer("quantify", _recognizes, _read)
