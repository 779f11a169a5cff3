"""Our own files: netCDF-4 by the schema, one dataset a file or one a group.

Written beside the target, flushed to the disk and renamed, so that a file is whole or as it was before.
"""

import io
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from qrexplore.core import write_whole
from qrexplore.data.errors import DatasetError, file_error, quote, reading
from qrexplore.data.gate_hdf5 import checked, open_hdf5
from qrexplore.data.importers.importer import Importer
from qrexplore.data.schema import validate, with_missing_points
from qrexplore.data.units import si

_VERSION = "qrexplore_schema"
SCHEMA = 1


def save(data: xr.Dataset | xr.DataTree, path: str | Path) -> None:
    """Write a dataset, or a tree of them, to a netCDF-4 file in one step.

    A crash leaves the old file or the new one, never a part.

    Parameters
    ----------
    data
        By the schema; each node of a tree that has variables is checked.
    path
        Where to; an existing file is replaced.

    Raises
    ------
    DatasetError
        If the data break the schema or the file cannot be written.
    """
    target = Path(path)
    tree = data if isinstance(data, xr.DataTree) else xr.DataTree(data)
    clean = {}
    for node in tree.subtree:
        content = node.to_dataset(inherit=False)
        if content.variables:
            validate(content)
            clean[node.path] = content.drop_encoding().assign_attrs({_VERSION: SCHEMA})
    if not clean:
        msg = "`data` must hold at least one dataset, got an empty tree."
        raise DatasetError(msg, "Add a node with data.")
    try:
        # in memory first: where the disk is full, the HDF5 library does not only fail, but ends the process later
        image = io.BytesIO()
        xr.DataTree.from_dict(clean).to_netcdf(image, engine="h5netcdf")
        write_whole(target, image.getvalue())
    except (OSError, TypeError, ValueError) as error:
        fact = f"the file cannot be written ({quote(getattr(error, 'strerror', None) or error)})."
        raise file_error(target, fact, "Check folder, permissions and free space.") from error


def _groups(file: h5py.File) -> bool:
    marked = [file, *(item for item in file.values() if isinstance(item, h5py.Group))]
    return any("experiment" in item.attrs and "settings" in item.attrs for item in marked)


def _recognizes(path: Path) -> bool:
    try:
        with open_hdf5(path) as file:
            return _groups(file)
    except DatasetError:
        return False


def _read(path: Path) -> xr.Dataset | xr.DataTree:
    image = io.BytesIO(checked(path))
    with (
        reading(path, "the netCDF structure"),
        xr.open_datatree(image, engine="h5netcdf", decode_times=False) as opened,
    ):
        tree = opened.load()
    found = {}
    for node in tree.subtree:
        content = node.to_dataset(inherit=False)
        if content.variables:
            with reading(path, f"the dataset {node.path}"):
                found[node.path] = _checked(content)
    if not found:
        raise file_error(path, "it holds no dataset.", "Save one with qrexplore.data.save.")
    if set(found) == {"/"}:
        return found["/"]
    return xr.DataTree.from_dict(found)


def _checked(data: xr.Dataset) -> xr.Dataset:
    version = data.attrs.pop(_VERSION, SCHEMA)
    if version != SCHEMA:
        msg = f"the schema of the file must have version {SCHEMA}, got {version}. Update qrexplore to open it."
        raise DatasetError(msg)
    data = data.drop_encoding()
    for name in list(data.variables):
        data = data.assign({name: _si(str(name), data.variables[name])})
    data.attrs = {key: value.item() if isinstance(value, np.generic) else value for key, value in data.attrs.items()}
    data = with_missing_points(data)
    validate(data)
    return data


def _si(name: str, variable: xr.Variable) -> xr.Variable:
    """Bring a variable to SI units and text to plain strings."""
    if variable.dtype.kind == "O":
        return xr.Variable(variable.dims, np.asarray(variable.values, dtype=np.str_), variable.attrs)
    units = variable.attrs.get("units")
    if variable.dtype.kind not in "buif" or not isinstance(units, str):
        return variable
    factor, unit = si(units, name)
    if factor == 1.0 and unit == units:
        return variable
    return xr.Variable(variable.dims, variable.values * factor, {**variable.attrs, "units": unit})


NATIVE = Importer("qrexplore", _recognizes, _read)
