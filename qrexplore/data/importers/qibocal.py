"""qibocal folders: ``data.npz`` with an array a target (its key is JSON), ``data.json``, ``action.yml``, ``meta.json``.

The operation named in ``action.yml`` says what the fields mean; without that file it is inferred where keys and fields
leave one meaning. Durations are in ns, frequencies in Hz, amplitudes in the units of the instrument, taken as V.
"""

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import xarray as xr

from qrexplore.data.errors import file_error, quote, reading
from qrexplore.data.gate import ZIP, head
from qrexplore.data.gate_npz import read_npz
from qrexplore.data.gate_text import read_json, read_yaml
from qrexplore.data.importers import qibocal_protocols as protocols
from qrexplore.data.importers.importer import Importer
from qrexplore.data.importers.qibocal_protocols import Run

# operations of qibocal by what reads them
_READERS: dict[str, Callable[[Run], dict[str, xr.Dataset]]] = {
    "t1": protocols.t1,
    "t1_signal": protocols.t1,
    "ramsey": protocols.ramsey,
    "ramsey_signal": protocols.ramsey,
    "spin_echo": protocols.echo,
    "spin_echo_signal": protocols.echo,
    "rabi_amplitude": protocols.rabi,
    "rabi_amplitude_signal": protocols.rabi,
    "chevron": protocols.chevron,
    "chevron_signal": protocols.chevron,
    "cryoscope": protocols.cryoscope,
    "qubit_flux": protocols.flux_arc,
    "resonator_spectroscopy": protocols.spectroscopy,
    "qubit_spectroscopy": protocols.spectroscopy,
    "dispersive_shift": protocols.dispersive_shift,
    "readout_characterization": protocols.readout,
}


def _recognizes(path: Path) -> bool:
    file = path / "data.npz" if path.is_dir() else path
    if not head(file).startswith(ZIP):
        return False
    if path.is_dir() or path.name == "data.npz":
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return all(name.endswith(".npy") for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def _read(path: Path) -> xr.Dataset | xr.DataTree:
    folder = path if path.is_dir() else path.parent
    file = folder / "data.npz" if path.is_dir() else path
    run = _run(folder, file)
    operation = run.operation or _inferred(file, run)
    if operation not in _READERS:
        fact = f"the operation {quote(operation)} in action.yml is none of those read: {', '.join(_READERS)}."
        raise file_error(file, fact, "Open one of those, or convert the data.")
    with reading(file, f"the data of {quote(operation)}"):
        found = _READERS[operation](run)
    if not found:
        raise file_error(file, "it holds no target.", "Export the measurement again.")
    if len(found) == 1:
        return next(iter(found.values()))
    return xr.DataTree.from_dict(found)


def _run(folder: Path, file: Path) -> Run:
    arrays = {}
    for name, array in read_npz(file).items():
        with reading(file, f"the key {quote(name)}"):
            key = json.loads(name)
            arrays[tuple(key) if isinstance(key, list) else (key,)] = array
    action: Any = read_yaml(folder / "action.yml") if (folder / "action.yml").is_file() else {}
    scalars: Any = read_json(folder / "data.json") if (folder / "data.json").is_file() else {}
    for name, content in (("action.yml", action), ("data.json", scalars)):
        if not isinstance(content, dict):
            raise file_error(folder / name, "it holds no table of names and values.", "Export the measurement again.")
    with reading(folder / "data.json", "a key"):
        scalars = _decoded(scalars)
    meta = _meta(folder)
    parameters = action.get("parameters")
    return Run(
        folder=folder,
        operation=str(action.get("operation") or ""),
        parameters=parameters if isinstance(parameters, dict) else {},
        scalars=scalars,
        arrays=arrays,
        title=str(meta.get("title") or folder.name),
        created=_iso(meta.get("start_time")),
    )


def _decoded(content: Any) -> Any:
    """Undo the JSON inside the keys of qibocal's JSON; a list as key becomes a tuple."""
    if not isinstance(content, dict):
        return content
    decoded = {}
    for name, value in content.items():
        try:
            key = json.loads(name)
        except ValueError:
            key = name
        decoded[tuple(key) if isinstance(key, list) else key] = _decoded(value)
    return decoded


def _meta(folder: Path) -> dict[str, Any]:
    for place in (folder, folder / "..", folder / ".." / ".."):
        file = place / "meta.json"
        if file.is_file():
            content = read_json(file)
            return content if isinstance(content, dict) else {}
    return {}


def _iso(text: Any) -> str:
    try:
        return datetime.fromisoformat(str(text)).isoformat()
    except ValueError:
        return ""


def _inferred(file: Path, run: Run) -> str:  # noqa: PLR0911 (a table of cases)
    """Give the operation that keys and fields leave as the only one."""
    fields = {name for array in run.arrays.values() for name in array.dtype.names or ()}
    key = next(iter(run.arrays), ())
    if {"i", "q"} <= fields and len(key) == 3:
        return "readout_characterization"
    if len(key) == 2 and key[1] in ("MX", "MY"):
        return "cryoscope"
    if {"amp", "length"} <= fields and fields & {"signal_low", "prob_low"}:
        return "chevron"
    if {"freq", "signal"} <= fields and len(key) == 2 and key[1] in (0, 1):
        return "dispersive_shift"
    if {"freq", "signal"} <= fields and "bias" not in fields and len(key) == 1:
        return "qubit_spectroscopy"  # of qubit or resonator: the reader is the same
    if {"freq", "bias"} <= fields and "qubit_frequency" in run.scalars:
        return "qubit_flux"
    if "wait" in fields and "detuning" in run.scalars:
        return "ramsey"
    found = quote(", ".join(sorted(fields)) or "plain arrays")
    fact = f"there is no action.yml beside it, and its fields ({found}) leave more than one experiment."
    raise file_error(file, fact, "Copy action.yml from the folder that qibocal wrote.")


QIBOCAL = Importer("qibocal", _recognizes, _read)
