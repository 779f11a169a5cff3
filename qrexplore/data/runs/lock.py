"""Who writes to a run: one process, named in the file ``LOCK`` by its number and the boot of its machine.

The operating system holds the lock and lets go of it when the process ends, however it ends. What stands in the file is
for those who only look: it tells whether the process that wrote it can still be alive.
"""

import contextlib
import json
import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from qrexplore.data.gate_text import read_json
from qrexplore.data.runs.errors import RunError, storing

NAME = "LOCK"
# states of a process, as Linux tells them
_ENDED = ("Z", "X")


@dataclass(frozen=True)
class Holder:
    """A process: number, start (clock ticks since boot; 0 where not told), boot of the machine, name of the machine."""

    pid: int
    started: int
    boot: str
    host: str

    @property
    def alive(self) -> bool:
        """Whether that process can still be there; of another machine nothing is known, so it can."""
        return self.host != platform.node() or (self.boot == _boot() and _running(self))


class Lock:
    """The lock of a run, held from its making to `release` or the end of the process.

    Parameters
    ----------
    folder
        Of the run.

    Raises
    ------
    RunError
        If another process, or another part of this one, holds it; the message names its number.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        with storing(folder, "Check that the folder is there and can be written to."):
            self._file = self._path.open("a+", encoding="utf-8")
        other = holder(folder)
        foreign = other is not None and other.host != platform.node()
        if not _taken(self._file) or foreign:
            self._file.close()
            raise RunError(_refusal(folder, other))
        mine = Holder(os.getpid(), _started(os.getpid()), _boot(), platform.node())
        with storing(folder, "Check that the folder is there and can be written to."):
            self._file.truncate(0)
            self._file.write(json.dumps(asdict(mine)))
            self._file.flush()

    def release(self) -> None:
        """Let go of the run."""
        with contextlib.suppress(OSError):
            self._file.truncate(0)
        self._file.close()


def holder(folder: Path) -> Holder | None:
    """Give the process that wrote the lock last and has not let go of it; None if there is none."""
    try:
        held = read_json(folder / NAME)
        return Holder(int(held["pid"]), int(held["started"]), str(held["boot"]), str(held["host"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _refusal(folder: Path, other: Holder | None) -> str:
    if other is None:
        return f"run {str(folder)!r} is being written by another process. Wait for it."
    if other.host != platform.node():
        return (
            f"run {str(folder)!r} is held by process {other.pid} on the machine {other.host!r}. "
            f"If no such process is there any more, remove the file {NAME!r} in it."
        )
    return (
        f"run {str(folder)!r} is being written by process {other.pid}. "
        "Watch it with `qrexplore runs show`, or ask it to stop and wait."
    )


def _taken(file: IO[str]) -> bool:
    """Take the lock of the operating system; False if somebody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            # a byte far behind the text, which others may read
            file.seek(2**20)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started(pid: int) -> int:
    try:
        # the name of the program, in brackets, may hold anything
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        # one that has ended stays in the table until its parent asks for it
        return 0 if told[0] in _ENDED else int(told[19])
    except (OSError, ValueError, IndexError):
        return 0


def _running(process: Holder) -> bool:
    try:
        if sys.platform != "win32":
            os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started(process.pid) == process.started
