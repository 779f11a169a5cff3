"""The gate before netCDF-3 files (classic, 64-bit offset, 64-bit data), and reading what has passed it.

The header is judged before a value is read: counts are capped, each variable must lie inside the file, and all together
must not declare more than it holds, since a file of this format has no compression. Values lie in the file as they are, big
end first. Files with an unlimited dimension, which grow while they are written, are refused.

References
----------
NetCDF Classic Format Specification, https://docs.unidata.ucar.edu/nug/current/file_format_specifications.html
"""

import math
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import xarray as xr

from qrexplore.data.errors import file_error, quote, reading
from qrexplore.data.gate import head, load

MAGIC = b"CDF"
MAX_OBJECTS = 20_000
MAX_DIMS = 32
_DIMENSION, _VARIABLE, _ATTRIBUTE = 10, 11, 12
_TYPES = {1: "i1", 2: "S1", 3: ">i2", 4: ">i4", 5: ">f4", 6: ">f8"}
_TYPES_OF_FIVE = _TYPES | {7: "u1", 8: ">u2", 9: ">u4", 10: ">i8", 11: ">u8"}
_SIZES = {1: (4, 4), 2: (4, 8), 5: (8, 8)}  # bytes of a count and of a place in the file, by version
_DAMAGED = "The file is damaged or incomplete; copy or export it again."


def read_netcdf3(path: Path) -> tuple[dict[str, Any], dict[str, xr.Variable]]:
    """Read a netCDF-3 file.

    Returns
    -------
    attributes, variables
        Of the file, by name; text stays an array of single bytes.

    Raises
    ------
    DatasetError
        If the file is none of this kind, damaged, or holds what the gate refuses.
    """
    if not head(path).startswith(MAGIC):
        raise file_error(path, "this is no netCDF-3 file.", "Give a file that starts with the letters CDF.")
    content = load(path)
    with reading(path, "the netCDF-3 structure"):
        return _Header(path, content).read()


class _Header:
    """A walk over the header of a file, which holds its bytes and the place that is read next."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.content = content
        self.place = 4
        self.objects = 0
        version = content[3] if len(content) > 3 else 0
        if version not in _SIZES:
            self.refuse(f"it has version {version} of the format, not {', '.join(map(str, _SIZES))}.")
        self.count_size, self.offset_size = _SIZES[version]
        self.types = _TYPES_OF_FIVE if version == 5 else _TYPES

    def refuse(self, fact: str) -> NoReturn:
        raise file_error(self.path, fact, _DAMAGED)

    def take(self, length: int) -> bytes:
        found = self.content[self.place : self.place + length]
        if len(found) < length:
            self.refuse("it ends within its header.")
        self.place += length
        return found

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def count(self) -> int:
        return self.number(self.count_size)

    def padded(self, length: int) -> bytes:
        found = self.take(length)
        self.take(-length % 4)
        return found

    def name(self) -> str:
        return self.padded(self.count()).decode("utf-8")

    def listed(self, tag: int) -> int:
        """Give how many members a list has."""
        found, members = self.number(4), self.count()
        if found not in (0, tag) or (found == 0 and members):
            self.refuse(f"a list in its header is marked {found}, not {tag}.")
        self.objects += members
        if self.objects > MAX_OBJECTS:
            self.refuse(f"its header lists more than the {MAX_OBJECTS} objects allowed.")
        return members

    def kind(self) -> np.dtype:
        code = self.number(4)
        if code not in self.types:
            self.refuse(f"its header names the unknown type {code}.")
        return np.dtype(self.types[code])

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(self.listed(_ATTRIBUTE)):
            name, kind, length = self.name(), self.kind(), self.count()
            values = self.padded(length * kind.itemsize)
            if kind.kind == "S":
                found[name] = values.decode("utf-8", errors="replace").rstrip("\0")
            else:
                numbers = np.frombuffer(values, kind)
                found[name] = numbers[0].item() if length == 1 else numbers.tolist()
        return found

    def read(self) -> tuple[dict[str, Any], dict[str, xr.Variable]]:
        self.count()  # of records, which only an unlimited dimension has
        dims = [(self.name(), self.count()) for _ in range(self.listed(_DIMENSION))]
        attributes = self.attributes()
        found, declared = {}, 0
        for _ in range(self.listed(_VARIABLE)):
            name, values = self.variable(dims)
            declared += values.nbytes
            if declared > len(self.content):
                self.refuse("its variables declare more than it holds.")
            if name in found:
                self.refuse(f"it holds the variable {quote(name)} twice.")
            found[name] = values
        # only now, that all are judged, are they copied
        native = {name: one.data.astype(one.dtype.newbyteorder("=")) for name, one in found.items()}
        return attributes, {name: xr.Variable(one.dims, native[name], one.attrs) for name, one in found.items()}

    def variable(self, dims: list[tuple[str, int]]) -> tuple[str, xr.Variable]:
        """Give a variable as a view of the file."""
        name, rank = self.name(), self.count()
        if rank > MAX_DIMS:
            self.refuse(f"{quote(name)} has {rank} dimensions, more than the {MAX_DIMS} allowed.")
        places = [self.count() for _ in range(rank)]
        if any(place >= len(dims) for place in places) or len(set(places)) < rank:
            self.refuse(f"{quote(name)} has dimensions that the file does not list, or one of them twice.")
        names, shape = [dims[place][0] for place in places], [dims[place][1] for place in places]
        if 0 in shape:
            fact = f"{quote(name)} has an unlimited dimension or one without points."
            raise file_error(self.path, fact, "Export it with fixed dimensions.")
        attributes, kind = self.attributes(), self.kind()
        self.count()  # of bytes, which follows from the shape
        begin, number = self.number(self.offset_size), math.prod(shape)
        if begin + number * kind.itemsize > len(self.content):
            self.refuse(f"{quote(name)} lies beyond the end of the file.")
        values = np.frombuffer(self.content, kind, number, begin).reshape(shape)
        return name, xr.Variable(names, values, attributes)
