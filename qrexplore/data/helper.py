"""The helper process that reads HDF5 files first (`hdf5_probe`): started when needed, kept, replaced when it hangs.

Several threads may open files at once: each takes an idle helper or starts one, and puts it back when it has an answer.
"""

import atexit
import contextlib
import hashlib
import json
import os
import select
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from qrexplore.data.errors import file_error, quote

PROGRAM = Path(__file__).with_name("hdf5_probe.py")
# a sound file takes well under a second; more is granted for each byte
LIMIT = 4.0
_SECONDS_PER_BYTE = 1 / (20 * 2**20)
_START_LIMIT = 120.0
_REMEMBERED = 256

Process = subprocess.Popen[bytes]
idle: deque[Process] = deque()
# what was answered by content, because several importers look at a file
_answers: dict[bytes, dict[str, str]] = {}


def require_sound(path: Path, content: bytes) -> None:
    """Have an HDF5 file read by the helper.

    Raises
    ------
    DatasetError
        If the file is refused or damaged, or the helper did not survive it.
    """
    digest = hashlib.sha256(content).digest()
    answer = _answers.get(digest)
    if answer is None:
        answer = _ask(path, content)
        if len(_answers) >= _REMEMBERED:
            _answers.clear()
        _answers[digest] = answer
    if not answer:
        return
    place, fact = answer.get("place", ""), answer.get("fact", "")
    if place:
        raise file_error(path, f"{quote(place)} {fact}.", "Such a file is not opened; export plain data.")
    advice = "The file is damaged or incomplete; copy or export it again."
    raise file_error(path, f"the HDF5 structure cannot be read ({fact[:200]}).", advice)


def _ask(path: Path, content: bytes) -> dict[str, str]:
    limit = LIMIT + len(content) * _SECONDS_PER_BYTE
    process = _taken(path)
    deadline = time.monotonic() + limit
    answered = False
    try:
        _send(process, len(content).to_bytes(8, "big") + content, deadline)
        answer = dict(json.loads(_line(process, deadline)))
        answered = True
    except TimeoutError:
        return {"place": "", "fact": f"reading did not end within {limit:.1f} s"}
    except (OSError, ValueError):
        return {"place": "", "fact": "the HDF5 library crashed on it"}
    else:
        return answer
    finally:
        if answered:
            idle.append(process)
        else:
            _end(process)


def _taken(path: Path) -> Process:
    """Give an idle helper, or a new one that is ready."""
    with contextlib.suppress(IndexError):
        while True:
            process = idle.pop()
            if process.poll() is None:
                return process
            _end(process)
    process = None
    try:
        process = subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, "-I", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # an interrupt from the keyboard is for us, not for the helper
        )
        os.set_blocking(_handle(process.stdin), False)
        if _line(process, time.monotonic() + _START_LIMIT) == b"ready":
            return process
        reason: Exception | None = None
    except OSError as error:
        reason = error
    if process is not None:
        _end(process)
    fact = "the helper process that looks at HDF5 files first did not start."
    raise file_error(path, fact, "Check that this Python can start processes and import h5py.") from reason


def _end(process: Process) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()


def _handle(pipe: object) -> int:
    return pipe.fileno()  # type: ignore[attr-defined]  # both pipes were asked for


def _send(process: Process, message: bytes, deadline: float) -> None:
    handle = _handle(process.stdin)
    rest = memoryview(message)
    while rest:
        if not select.select([], [handle], [], max(0.0, deadline - time.monotonic()))[1]:
            raise TimeoutError
        rest = rest[os.write(handle, rest[:65536]) :]


def _line(process: Process, deadline: float) -> bytes:
    handle = _handle(process.stdout)
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(handle, 65536)
        if not part:
            raise ConnectionError
        line += part
    return line.strip()


@atexit.register
def _end_all() -> None:
    while idle:
        _end(idle.pop())
