"""tergite-autocalibration datasets: all qubits of a chip in one file, each on axes of its own.

The files are netCDF-3 until 2025 and netCDF-4 since, both under the name ``.hdf5``. The readout of a qubit is ``y<qubit>``,
whose last dimension ``ReIm`` holds both quadratures; its sweeps are ``<sweep><qubit>``. Each qubit becomes a dataset of its own.
T1, Ramsey, echo and Rabi are told by the name of the measurement and get a ``signal`` along the axis on which the points
scatter most, with ``i`` and ``q`` beside it; everything else keeps the IQ plane.

The files state no units (``NA``). Times are in s and frequencies in Hz, as the program sets them. Its plots give the readout
in V, which is taken; amplitudes are in the units of the instrument. The Ramsey measurement called ``T2`` has no artificial
detuning.

References
----------
github.com/tergite/tergite-autocalibration, ``lib/nodes/characterization/t2/measurement.py`` and its neighbors.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from qrexplore.data.errors import DatasetError, file_error, quote, reading
from qrexplore.data.gate import head
from qrexplore.data.gate_hdf5 import checked, open_hdf5
from qrexplore.data.gate_netcdf3 import MAGIC, read_netcdf3
from qrexplore.data.importers.importer import Importer
from qrexplore.data.importers.tables import created, identifier
from qrexplore.data.quadratures import along, principal_angle
from qrexplore.data.schema import COMPONENTS, axis, dataset, labelled, qubit_name

_PARTS = "ReIm"
# qubits and their repetitions in a file
_MOST = 500
# name of the measurement, its one sweep, experiment, axis with its unit, settings
_KINDS: dict[str, tuple[str, str, str, str, dict[str, float]]] = {
    "T1": ("delays", "t1", "delay", "s", {}),
    "T2": ("delays", "ramsey", "delay", "s", {"artificial_detuning": 0.0}),
    "T2_echo": ("delays", "echo", "delay", "s", {}),
    "rabi_oscillations": ("mw_amplitudes", "rabi", "drive_amplitude", "V", {}),
}
_UNITS = {"delays": "s", "durations": "s", "frequencies": "Hz", "detunings": "Hz", "currents": "A"}
_INSTRUMENT = "the file states no unit; instrument units, taken as V at the output"
_READOUT = "the file states no unit; V as in the plots of the program"


def _contents(path: Path) -> tuple[dict[str, Any], dict[str, xr.Variable]]:
    if head(path).startswith(MAGIC):
        return read_netcdf3(path)
    image = io.BytesIO(checked(path))
    with (
        reading(path, "the netCDF structure"),
        xr.open_dataset(image, engine="h5netcdf", decode_cf=False) as opened,
    ):
        loaded = opened.load()
    return dict(loaded.attrs), {str(name): variable for name, variable in loaded.variables.items()}


def _recognizes(path: Path) -> bool:
    try:
        if head(path).startswith(MAGIC):
            return any(_is_readout(name, variable) for name, variable in read_netcdf3(path)[1].items())
        with open_hdf5(path) as file:
            return "tuid" in file.attrs and _PARTS in file and any(str(name).startswith("y") for name in file)
    except DatasetError:
        return False


def _is_readout(name: str, variable: xr.Variable) -> bool:
    return name.startswith("y") and variable.dims[-1:] == (_PARTS,)


def _read(path: Path) -> xr.Dataset | xr.DataTree:
    attributes, variables = _contents(path)
    title = str(attributes.get("name", ""))
    found: dict[str, xr.Dataset] = {}
    readouts = [name for name, variable in variables.items() if _is_readout(name, variable)]
    if len(readouts) > _MOST:
        raise file_error(
            path, f"it holds {len(readouts)} qubits, more than the {_MOST} allowed.", "Export a part of it."
        )
    common = {
        "source_format": "tergite",
        "source": path.name,
        "created": created(str(attributes.get("tuid", ""))),
        "title": title,
    }
    for name in readouts:
        with reading(path, quote(name)):
            those = _of_qubit(name, variables, title, common, most=_MOST // len(readouts))
            if twice := found.keys() & those.keys():
                raise file_error(path, f"it holds the qubit {quote(twice.pop())} twice.", "Export it again.")
            found |= those
    if not found:
        raise file_error(path, "it holds no readout of a qubit.", "Export the measurement again.")
    if len(found) == 1:
        return next(iter(found.values()))
    return xr.DataTree.from_dict(found)


def _of_qubit(
    name: str, variables: dict[str, xr.Variable], title: str, common: dict[str, Any], *, most: int
) -> dict[str, xr.Dataset]:
    """Give the dataset of a qubit by its name, or one for each of its repetitions."""
    readout = variables[name]
    if readout.sizes[_PARTS] != 2 or readout.dtype.kind not in "iuf":
        msg = f"`{name}` must hold numbers for two quadratures, got {readout.dtype} of sizes {dict(readout.sizes)}."
        raise DatasetError(msg, "Export the measurement again.")
    qubit = str(readout.attrs.get("qubit", name.removeprefix("y")))
    element = str(readout.attrs.get("element", qubit))
    sweeps = {
        identifier(str(dim).removesuffix(element).removesuffix(qubit)): str(dim)
        for dim in readout.dims
        if dim != _PARTS
    }
    repeats = sweeps.pop("repeat", None)
    times = np.arange(readout.sizes[repeats]) if repeats else np.zeros(1, dtype=int)
    if repeats in variables:
        times = variables[repeats].values
    if len(times) > most:
        msg = f"`{name}` must have {most} repetitions at most beside the other qubits, got {len(times)}."
        raise DatasetError(msg, "Export a part of it.")
    found = {}
    for place, repetition in enumerate(times):
        one = readout.isel({repeats: place}) if repeats else readout
        settings: dict[str, Any] = {"repetition": int(repetition)} if repeats else {}
        data = _line if _KINDS.get(title, ("",))[0] in sweeps and len(sweeps) == 1 else _plane
        key = qubit_name(qubit) + (f"/repetition_{int(repetition)}" if len(times) > 1 else "")
        if key in found:
            msg = f"`{repeats}` must number each repetition once, got {int(repetition)} again."
            raise DatasetError(msg, "Export the measurement again.")
        found[key] = data(one, sweeps, variables, title, common | {"qubits": [qubit], "settings": settings})
    return found


def _line(
    readout: xr.Variable, sweeps: dict[str, str], variables: dict[str, xr.Variable], title: str, common: dict[str, Any]
) -> xr.Dataset:
    """Give the dataset of one of `_KINDS`."""
    sweep, experiment, name, unit, settings = _KINDS[title]
    coordinate = axis(name, variables[sweeps[sweep]].values, unit)
    if unit == "V":
        coordinate.attrs["comment"] = _INSTRUMENT
    quadratures = {}
    for place, (part, words) in enumerate((("i", "in-phase"), ("q", "quadrature"))):
        values = readout.isel({_PARTS: place}).values[None]
        quadratures[part] = labelled(("qubit", name), values, "V", f"{words} readout signal")
        quadratures[part].attrs["comment"] = _READOUT
    # the signal has to be there for the check; the axis is not known before
    first = {"signal": quadratures["i"], **quadratures}
    common = common | {"settings": common["settings"] | settings}
    data = dataset(first, {name: coordinate}, experiment=experiment, **common)
    return along(data, principal_angle(data))


def _plane(
    readout: xr.Variable, sweeps: dict[str, str], variables: dict[str, xr.Variable], _: str, common: dict[str, Any]
) -> xr.Dataset:
    """Give the dataset of any other measurement, with both quadratures."""
    coordinates = {"component": labelled("component", np.array(COMPONENTS), "1", "quadrature of the readout")}
    for name, dim in sweeps.items():
        if dim in variables:
            unit = _UNITS.get(name.rpartition("_")[2], "1")
            coordinates[name] = labelled(name, variables[dim].values, unit, name.replace("_", " "))
    values = labelled(("qubit", *sweeps, "component"), readout.values[None], "V", "readout in the IQ plane")
    values.attrs["comment"] = _READOUT
    return dataset({"iq": values}, coordinates, experiment="other", **common)


TERGITE = Importer("tergite", _recognizes, _read)
