"""PycQED files (saving format version 2): a table ``Experimental Data/Data`` with its columns named in attributes.

Calibration rows at the end (levels 0, 0, 1, 1) turn the value columns into a population; without them the column that
tells most is the signal. The other columns are kept under their own names.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from qrexplore.data.calibration import projection, quad_rows
from qrexplore.data.errors import DatasetError, file_error, quote, reading
from qrexplore.data.gate_hdf5 import attribute, numbers, open_hdf5
from qrexplore.data.importers.importer import Importer
from qrexplore.data.importers.tables import CALIBRATION_STATES, Column, calibration_variable, unflatten
from qrexplore.data.noise import third_differences
from qrexplore.data.schema import axis, dataset, labelled, qubit_name
from qrexplore.data.units import si

_TABLE = "Experimental Data/Data"
_PREFIX = re.compile(r"^\d{6}_")
# word in the label, unit of the one sweep, experiment and axis
_KINDS = (
    ("t1", "s", "t1", "delay"),
    ("echo", "s", "echo", "delay"),
    ("ramsey", "s", "ramsey", "delay"),
    ("rabi", "V", "rabi", "drive_amplitude"),
)


def _recognizes(path: Path) -> bool:
    try:
        with open_hdf5(path) as file:
            group = file.get("Experimental Data")
            return isinstance(group, h5py.Group) and (
                "value_names" in group.attrs or "datasaving_format" in group.attrs
            )
    except DatasetError:
        return False


def _read(path: Path) -> xr.Dataset:
    with open_hdf5(path) as file:
        sweeps, values = _columns(path, file)
        label = _label(path, file)
        group = file.get("Instrument settings")
        instruments = set(group) if isinstance(group, h5py.Group) else set()
        qubits = [token for token in re.split(r"[_\-\s]", label) if token in instruments]
        settings = _settings(path, file, qubits)
        common: dict[str, Any] = {
            # several qubits on shared channels stay one entry: the file does not say which channel reads which
            "qubits": [qubit_name("_".join(qubits) or "q0")],
            "source_format": "pycqed",
            "source": path.name,
            "created": _created(path, file),
            "title": label,
        }
    with reading(path, "the table"):
        words = {word.lower() for word in re.split(r"[_\-\s]", label)}
        for word, unit, experiment, name in _KINDS:
            if len(sweeps) == 1 and word in words and si(sweeps[0].units, sweeps[0].name)[1] == unit:
                return _line(sweeps, values, experiment, name, common | {"settings": settings})
        return _line(sweeps, values, "other", "", common | {"settings": settings})


def _columns(path: Path, file: h5py.File) -> tuple[list[Column], list[Column]]:
    table = numbers(path, file, _TABLE)
    group = file["Experimental Data"]
    version = attribute(path, group, "datasaving_format", "Version 2")
    if version != "Version 2":
        raise file_error(path, f"its saving format is {quote(version)}, not 'Version 2'.", "Convert it with PycQED.")
    names = {kind: attribute(path, group, f"{kind}_names", []) for kind in ("sweep_parameter", "value")}
    units = {kind: attribute(path, group, f"{kind}_units", []) for kind in ("sweep_parameter", "value")}
    flat_names, flat_units = [*names["sweep_parameter"], *names["value"]], [*units["sweep_parameter"], *units["value"]]
    sweeps = len(names["sweep_parameter"])
    columns = len(flat_names)
    if table.ndim != 2 or table.shape[1] != columns or len(flat_units) != columns or not 0 < sweeps < columns:
        fact = f"{_TABLE} has shape {table.shape}, but {sweeps} sweeps and {columns - sweeps} values are named."
        raise file_error(path, fact, "The file is damaged or incomplete.")
    table = table[: _used_rows(table)].astype(np.float64)
    found = [
        Column(name, name, unit, table[:, place])
        for place, (name, unit) in enumerate(zip(flat_names, flat_units, strict=True))
    ]
    return found[:sweeps], found[sweeps:]


def _used_rows(table: np.ndarray) -> int:
    """Give the number of rows before the unused ones at the end, which are all NaN or all zero."""
    used = ~(np.isnan(table).all(axis=1) | (table == 0).all(axis=1))
    return int(np.flatnonzero(used)[-1]) + 1 if used.any() else 0


def _label(path: Path, file: h5py.File) -> str:
    label = ""
    if "MC settings" in file:
        label = str(attribute(path, file["MC settings"], "measurement_name", ""))
    return label or _PREFIX.sub("", path.stem)


def _settings(path: Path, file: h5py.File, qubits: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    if len(qubits) != 1:
        return found
    instrument = file[f"Instrument settings/{qubits[0]}"]
    for name, source in (("drive_frequency", "f_qubit"), ("shots", "RO_acq_averages")):
        text = attribute(path, instrument, source)
        try:
            number = float(text)
        except (TypeError, ValueError):
            continue
        if np.isfinite(number) and number > 0:
            found[name] = int(number) if name == "shots" else number
    return found


def _created(path: Path, file: h5py.File) -> str:
    if "MC settings/begintime" not in file:
        return ""
    parts = numbers(path, file, "MC settings/begintime").ravel()
    try:
        year, month, day, hour, minute, second = (int(part) for part in parts[:6])
        return datetime(year, month, day, hour, minute, second).isoformat()  # noqa: DTZ001 (the lab writes no zone)
    except (TypeError, ValueError, OverflowError):
        return ""


def _line(sweeps: list[Column], values: list[Column], experiment: str, name: str, common: dict[str, Any]) -> xr.Dataset:
    channels = np.stack([column.values for column in values], axis=1)
    extra, population = 0, None
    if len(sweeps) == 1:
        extra = quad_rows(sweeps[0].values, channels, timed=experiment in ("t1", "echo", "ramsey"))
        end = channels.shape[0] - extra
        if extra:
            population = projection(channels[:end], channels[end : end + 2], channels[end + 2 :])
    end = channels.shape[0] - extra
    cut = [Column(column.name, column.long_name, column.units, column.values[:end]) for column in sweeps]
    if name:
        dims: tuple[str, ...] = (name,)
        order, shape, axes = np.arange(end), (end,), {name: axis(name, cut[0].values, cut[0].units)}
    else:
        dims, order, shape, axes = unflatten(cut)

    def cells(numbers: np.ndarray) -> np.ndarray:
        return numbers[:end][order].reshape(1, *shape)

    variables, coordinates = {}, dict(axes)
    if population is not None:
        words = "population of level 1, from calibration points"
        variables["population"] = labelled(("qubit", *dims), cells(population), "1", words)
    signal = None if population is not None or (len(values) > 1 and not name) else _clearest(channels)
    if population is None and signal is None:
        coordinates["channel"] = labelled("channel", np.array([column.name for column in values]), "1", "value column")
        stacked = np.stack([cells(column.values) for column in values], axis=1)
        variables["signal"] = labelled(("qubit", "channel", *dims), stacked, _common_unit(values), "readout signal")
    else:
        for place, column in enumerate(values):
            target = "signal" if place == signal else column.identifier
            variables[target] = labelled(("qubit", *dims), cells(column.values), column.units, column.long_name)
            if extra:
                raw = calibration_variable(column.values[None, end:], column.units)
                variables[f"{target}_calibration"] = raw
    if extra:
        coordinates["calibration_state"] = labelled("calibration_point", CALIBRATION_STATES[4], "1", "prepared level")
    return dataset(variables, coordinates, experiment=experiment, **common)


def _clearest(channels: np.ndarray) -> int:
    """Give the column that varies most above its noise."""
    if channels.shape[1] == 1 or channels.shape[0] < 5:
        return 0
    noise = np.sqrt(np.nanmean(third_differences(channels, axis=0) ** 2, axis=0) / 20)
    ratio = np.nanstd(channels, axis=0) / np.where(noise > 0, noise, np.inf)
    return int(np.argmax(np.where(np.isfinite(ratio), ratio, -1.0)))


def _common_unit(values: list[Column]) -> str:
    units = {column.units for column in values}
    return units.pop() if len(units) == 1 else "a.u."


PYCQED = Importer("pycqed", _recognizes, _read)
