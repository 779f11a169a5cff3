"""Files that are whole or as they were before: written beside the target, flushed to the disk, renamed."""

import contextlib
import os
import tempfile
from pathlib import Path


def write_whole(target: Path, content: bytes) -> None:
    """Write a file in one step: a crash leaves the old one or the new one, never a part.

    Parameters
    ----------
    target
        Where the file belongs; its folder must exist. The permissions of a file that is replaced are kept.
    content
        All of it.

    Raises
    ------
    OSError
        If the folder cannot be written to or the disk is full; it names `target`, which is as it was before.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            temporary.write_bytes(content)
            temporary.chmod(_mode(target))
            flush(temporary)
            temporary.replace(target)
            flush(target.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        # nobody knows the file beside it
        error.filename = str(target)
        raise


def flush(path: Path) -> None:
    """Have the operating system put a file, or the entries of a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mode(target: Path) -> int:
    """Give the permissions of the file that is replaced, or those of a new file."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
