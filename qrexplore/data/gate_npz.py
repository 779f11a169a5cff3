"""The gate before ``.npz`` files: a zip archive of plain arrays, judged by its directory before it is unpacked.

Pickled objects, members that lead out of the archive, encrypted members and archives that grow more than 200-fold are
refused; each array must fill its member exactly.
"""

import io
import math
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from qrexplore.data.errors import file_error, quote, reading
from qrexplore.data.gate import MAX_DATA, ZIP, head, load

MAX_MEMBERS = 4096
MAX_RATIO = 200
_FREE = 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADER_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_ADVICE = "Such a file is not opened; write it with numpy.savez from plain arrays."


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of a ``.npz`` file by name.

    Raises
    ------
    DatasetError
        If it is no zip archive, damaged, or holds what the gate refuses.
    """
    if not head(path).startswith(ZIP):
        raise file_error(path, "this is no .npz archive.", "Give the data.npz that qibocal wrote.")
    content = load(path)
    with reading(path, "the list of arrays"):
        archive = zipfile.ZipFile(io.BytesIO(content))
    with archive:
        members = archive.infolist()
        with reading(path, "the list of arrays"):
            _check_members(path, members)
        return {member.filename.removesuffix(".npy"): _array(path, archive, member) for member in members}


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Give the content of a ``.npz`` file with arrays by name, which `read_npz` reads.

    Raises
    ------
    ValueError
        If an array holds Python objects.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len({member.filename for member in members}) != len(members) or len(members) > MAX_MEMBERS:
        raise file_error(path, f"it lists {len(members)} members, some twice or more than {MAX_MEMBERS}.", _ADVICE)
    if sum(member.file_size for member in members) > MAX_DATA:
        raise file_error(path, f"its members declare more than {MAX_DATA / 2**20:.0f} MiB.", _ADVICE)
    for member in members:
        name = member.filename
        inner = PurePosixPath(name)
        faults = {
            "leads out of the archive": inner.is_absolute() or ".." in inner.parts or "\\" in name or ":" in name[:2],
            "is encrypted": bool(member.flag_bits & 0x1),
            "is a link": stat.S_ISLNK(member.external_attr >> 16),
            "is compressed by a method that NumPy does not write": member.compress_type not in _METHODS,
            f"grows more than {MAX_RATIO}-fold": member.file_size > max(_FREE, MAX_RATIO * member.compress_size),
            "is not an array (.npy)": not name.endswith(".npy"),
        }
        for fact, found in faults.items():
            if found:
                raise file_error(path, f"the member {quote(name)} {fact}.", _ADVICE)


def _array(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with reading(path, f"the array {quote(member.filename)}"):
        with archive.open(member) as stream:
            content = stream.read(member.file_size + 1)
        file = io.BytesIO(content)
        version = np.lib.format.read_magic(file)
        if version not in _HEADER_READERS:
            raise file_error(path, f"{quote(member.filename)} has array format {version}, not 1.0 or 2.0.", _ADVICE)
        shape, _, dtype = _HEADER_READERS[version](file)
        if dtype.hasobject:
            raise file_error(path, f"{quote(member.filename)} holds Python objects, which can run code.", _ADVICE)
        if math.prod(shape) * dtype.itemsize != len(content) - file.tell():
            fact = f"{quote(member.filename)} declares shape {quote(shape)}, which is not what it holds."
            raise file_error(path, fact, "The file is damaged or incomplete; copy it again.")
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)
