"""The gate before any file: only a regular file of bounded size comes in; its first bytes tell what it is.

A FIFO, a device or a socket is never opened. The file is read into memory once, so what was checked is what is read.
"""

import os
import stat
from pathlib import Path

from qrexplore.data.errors import DatasetError, file_error

MAX_DATA = 256 * 2**20
MAX_TEXT = 4 * 2**20
HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"

READABLE = "a Quantify, PycQED or tergite file, a qibocal folder (data.npz) or a netCDF-4 file of qrexplore"
ADVICE = f"Give {READABLE}."

_MAGIC = (
    (HDF5, "an HDF5 file"),
    (ZIP, "a zip archive"),
    (b"CDF\x01", "a netCDF-3 (classic) file"),
    (b"CDF\x02", "a netCDF-3 (64-bit offset) file"),
    (b"CDF\x05", "a netCDF-3 (64-bit data) file"),
    (b"\x93NUMPY", "a single NumPy array"),
    (b"\x89PNG", "a PNG picture"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
)


def require_file(path: Path) -> os.stat_result:
    """Give the status of a regular file without opening it.

    Raises
    ------
    DatasetError
        If there is nothing, or something else than a regular file.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise file_error(path, f"the file cannot be reached ({reason}).", "Check the path.") from error
    if stat.S_ISREG(status.st_mode):
        return status
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    found = next((words for test, words in kinds if test(status.st_mode)), "no regular file")
    raise file_error(path, f"a regular file is needed, this is {found}.", ADVICE)


def load(path: Path, cap: int = MAX_DATA) -> bytes:
    """Read a whole file.

    Parameters
    ----------
    path
        A regular file, or a link to one.
    cap
        Largest size allowed, bytes.

    Raises
    ------
    DatasetError
        If it is no regular file, larger than `cap`, or cannot be read.
    """
    size = require_file(path).st_size
    try:
        # non-blocking, in case the file was swapped for a pipe since the check
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            size = max(size, os.fstat(file.fileno()).st_size)
            content = file.read(cap + 1) if size <= cap else b""
    except OSError as error:
        raise file_error(path, f"the file cannot be read ({error.strerror}).", "Check its permissions.") from error
    if size > cap or len(content) > cap:
        fact = f"the file has {max(size, len(content)) / 2**20:.0f} MiB, more than the {cap / 2**20:.0f} MiB allowed."
        raise file_error(path, fact, "Export a part of it.")
    return content


def head(path: Path, length: int = 64) -> bytes:
    """Give the first bytes of a regular file, or nothing if it is none or cannot be read."""
    try:
        require_file(path)
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            return file.read(length)
    except (DatasetError, OSError):
        return b""


def kind(first: bytes) -> str:
    """Say in words what a file is by its first bytes."""
    if not first:
        return "an empty file"
    for magic, words in _MAGIC:
        if first.startswith(magic):
            return words
    try:
        text = first.decode("utf-8", errors="strict").lstrip("\ufeff \t\r\n")
    except UnicodeDecodeError as error:
        # a character cut at the end of the sample is still text
        if error.start < len(first) - 3:
            return "a binary file of an unknown kind"
        text = first[: error.start].decode("utf-8").lstrip()
    if not all(letter.isprintable() or letter in "\r\n\t" for letter in text):
        return "a binary file of an unknown kind"
    return "a JSON file" if text.startswith(("{", "[")) else "a text file"
