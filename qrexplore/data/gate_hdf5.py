"""The gate before HDF5 files, and reading what has passed it.

A file is read into memory; the helper process walks and reads these bytes first (`hdf5_probe` says what it refuses);
then they are opened here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from qrexplore.data.errors import file_error, quote, reading
from qrexplore.data.gate import HDF5, head, load
from qrexplore.data.helper import require_sound


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file that passed the gate, from memory and read-only.

    Raises
    ------
    DatasetError
        If the file is no HDF5, damaged, or holds what the gate refuses.
    """
    content = checked(path)
    with reading(path, "the HDF5 content"), h5py.File(h5py.h5f.open_file_image(content)) as file:
        yield file


def checked(path: Path) -> bytes:
    """Give the bytes of an HDF5 file that passed the gate.

    Raises
    ------
    DatasetError
        As `open_hdf5`.
    """
    if not head(path).startswith(HDF5):
        raise file_error(path, "this is no HDF5 file.", "Give a file that starts with the HDF5 signature.")
    content = load(path)
    require_sound(path, content)
    return content


def numbers(path: Path, file: h5py.Group, name: str) -> np.ndarray:
    """Read a dataset of plain numbers.

    Raises
    ------
    DatasetError
        If it is missing, holds something else, or is damaged.
    """
    with reading(path, quote(name)):
        found = file.get(name)
        if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "buif":
            kind = "nothing" if found is None else getattr(found, "dtype", "a group")
            raise file_error(path, f"{quote(name)} must be an array of numbers, this is {kind}.", "Export it again.")
        return np.asarray(found[()])


def attribute(path: Path, item: Any, name: str, default: Any = None) -> Any:
    """Read an attribute: bytes become text, arrays of bytes lists of text; the default if there is none."""
    with reading(path, f"attribute {quote(name)} of {quote(item.name)}"):
        if name not in item.attrs:
            return default
        value = item.attrs[name]
        if isinstance(value, h5py.Empty):
            return default
        if isinstance(value, bytes):
            return value.decode("utf-8")
        if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
            return [part.decode("utf-8") if isinstance(part, bytes) else str(part) for part in value.ravel()]
        return value.item() if isinstance(value, np.generic) else value
