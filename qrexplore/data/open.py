"""Opening: the importer is chosen by what a file holds, never by its name; a folder opens as a tree of experiments."""

from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from qrexplore.data.errors import DatasetError, file_error, quote, reading
from qrexplore.data.gate import ADVICE, HDF5, ZIP, head, kind, require_file
from qrexplore.data.gate_hdf5 import open_hdf5
from qrexplore.data.gate_netcdf3 import MAGIC, read_netcdf3
from qrexplore.data.importers import IMPORTERS
from qrexplore.data.importers.tables import identifier

_DATA_MAGIC = (HDF5, MAGIC)
_DEPTH = 3
_MAX_ENTRIES = 2000


def open_data(path: str | Path, *, qubit: str | None = None) -> xr.Dataset | xr.DataTree:
    """Open measured data of any known format.

    Parameters
    ----------
    path
        A Quantify, PycQED or tergite file, a qibocal folder (or its ``data.npz``), a netCDF-4 file of qrexplore, or a
        folder that holds several of them.
    qubit
        Keep only what was measured on this qubit, as ``q16``; everything if not given.

    Returns
    -------
    xarray.Dataset or xarray.DataTree
        One experiment by the schema (`qrexplore.data.schema`); a tree with one a node where there are several. A file in
        which each qubit has axes of its own is a tree with a node for each.

    Raises
    ------
    DatasetError
        If there is nothing to open, the format is not known, or the content is damaged, hostile or breaks the schema.
        The message names the file, what was found and what was expected. If nothing was measured on `qubit`, it names
        the qubits that there are.
    """
    found = _opened(Path(path))
    return found if qubit is None else _of_qubit(Path(path), found, qubit)


def _of_qubit(path: Path, found: xr.Dataset | xr.DataTree, qubit: str) -> xr.Dataset | xr.DataTree:
    tree = found if isinstance(found, xr.DataTree) else xr.DataTree(found)
    nodes = {node.path: node.to_dataset(inherit=False) for node in tree.subtree if node.data_vars}
    # a node that is only named as the qubit says nothing more
    kept = {name.removesuffix(f"/{qubit}"): data for name, data in nodes.items() if qubit in data["qubit"].values}
    if not kept:
        names = dict.fromkeys(str(name) for data in nodes.values() for name in data["qubit"].values)
        fact = f"it holds nothing of the qubit {quote(qubit)}, but of {', '.join(names)}."
        raise file_error(path, fact, "Name one of these.")
    return next(iter(kept.values())) if len(kept) == 1 else xr.DataTree.from_dict(kept, name=tree.name)


def _opened(place: Path) -> xr.Dataset | xr.DataTree:
    try:
        folder = place.is_dir()
    except (OSError, ValueError):
        folder = False  # `require_file` says why
    if not folder:
        require_file(place)
    for importer in IMPORTERS:
        if importer.recognizes(place):
            try:
                # numbers of a damaged file overflow; what comes of it is judged by the schema
                with reading(place, "the content"), np.errstate(all="ignore"):
                    return importer.read(place)
            except DatasetError as error:
                if str(error).startswith(("'", '"')):
                    raise
                # the schema, which knows no file, made this message
                named = f"{place.name!r}: {error}"
                raise DatasetError(named) from error
    return _tree(place) if folder else _refused(place)


def _refused(path: Path) -> xr.Dataset:
    first = head(path)
    if first.startswith(HDF5):
        with open_hdf5(path) as file:  # says what the gate has against it, if anything
            words = _hdf5_words(file)
    else:
        words = kind(first)
        if first.startswith(MAGIC):
            read_netcdf3(path)  # likewise
            words += " of another program"
    raise file_error(path, f"this is {words}, which cannot be read.", ADVICE)


def _hdf5_words(file: h5py.File) -> str:
    """Say in words what kind of HDF5 file it is."""
    if "log_name" in file.attrs and ("Step list" in file or "Channels" in file):
        return "a Labber log"
    if "_NCProperties" in file.attrs:
        return "a netCDF-4 file of another program"
    return f"an HDF5 file of an unknown kind (holding {', '.join(list(map(str, file))[:6]) or 'nothing'})"


def _tree(folder: Path) -> xr.Dataset | xr.DataTree:
    found: dict[str, xr.Dataset | xr.DataTree] = {}
    for place in _members(folder, _DEPTH):
        name = identifier(place.name if place.is_dir() else place.stem)
        name = identifier(place.parent.name) if name == "dataset" else name
        while name in found:
            name += "_"
        found[name] = _opened(place)
    if not found:
        raise file_error(folder, "this folder holds no data that can be read.", ADVICE)
    if len(found) == 1:
        return next(iter(found.values()))
    tree = xr.DataTree(name=identifier(folder.resolve().name))
    for name, content in found.items():
        tree[name] = content if isinstance(content, xr.DataTree) else xr.DataTree(content)
    return tree


def _members(folder: Path, depth: int) -> list[Path]:
    """List the data below a folder; what looks like data but has no reader is listed too, to be refused aloud."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise file_error(
            folder, f"the folder cannot be listed ({error.strerror}).", "Check its permissions."
        ) from error
    if len(entries) > _MAX_ENTRIES:
        raise file_error(folder, f"the folder has more than {_MAX_ENTRIES} entries.", "Give a smaller folder.")
    found = []
    for entry in entries:
        if entry.is_symlink():
            continue  # a link could lead back up
        if entry.is_dir():
            if head(entry / "data.npz").startswith(ZIP):
                found.append(entry)
            elif depth > 1:
                found += _members(entry, depth - 1)
        elif head(entry).startswith(_DATA_MAGIC):
            found.append(entry)
    return found
