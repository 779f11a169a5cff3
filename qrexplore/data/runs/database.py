"""The database of a run: SQLite with a write-ahead log, so that many read while one writes and a kill loses nothing.

Each row is a transaction of its own: what was written before a kill is there afterwards. Once in `_FLUSH` seconds, and
whenever something other than history is written, the transaction is also flushed to the disk, for the case that the power
fails. A write-ahead log needs memory that processes share, which network file systems do not give: there, an ordinary
journal takes its place.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import qrexplore
from qrexplore.data.runs.errors import RunError, storing

NAME = "history.db"
SCHEMA = 1
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE status (id INTEGER PRIMARY KEY, time REAL NOT NULL, state TEXT NOT NULL, words TEXT NOT NULL);
CREATE TABLE event (id INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, words TEXT NOT NULL);
CREATE TABLE names (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE step (number INTEGER PRIMARY KEY, time REAL NOT NULL, label TEXT NOT NULL, names INTEGER NOT NULL,
                   numbers BLOB NOT NULL);
CREATE TABLE command (id INTEGER PRIMARY KEY, time REAL NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, taken REAL);
CREATE TABLE checkpoint (step INTEGER PRIMARY KEY, time REAL NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL);
"""
# file systems over a network, as Linux names them
_REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "fuse.sshfs", "lustre", "beegfs", "gpfs", "ceph", "glusterfs")
_PATIENCE = 10.0
# bytes; a step of a hundred parameters fills pages of the usual 4096 badly
_PAGE = 8192


def make(folder: Path, meta: dict[str, str]) -> None:
    """Make the empty database of a new run."""
    path = folder / NAME
    for leftover in (path, *(path.with_name(path.name + tail) for tail in ("-wal", "-shm", "-journal"))):
        leftover.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size={_PAGE}")
        connection.execute(f"PRAGMA journal_mode={journal(folder)}")
        connection.executescript(f"BEGIN; {_TABLES} COMMIT;")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", [("schema", str(SCHEMA)), *meta.items()])
    finally:
        connection.close()


def connect(folder: Path) -> sqlite3.Connection:
    """Open the database of a run; where it cannot be written, to read only.

    Raises
    ------
    RunError
        If there is none, it is damaged, or was made by a newer version.
    """
    path = folder / NAME
    advice = "If the file is lost or damaged, bring it back from a backup."
    with storing(folder, advice):
        if not path.is_file():
            msg = f"run {str(folder)!r} has no {NAME!r}. {advice}"
            raise RunError(msg)
        error: Exception | None = None
        # the last is for a folder that cannot be written to, in which nobody writes
        for mode in ("mode=rw", "mode=ro", "immutable=1"):
            connection = sqlite3.connect(
                f"file:{quote(str(path.resolve()))}?{mode}", uri=True, isolation_level=None, timeout=_PATIENCE
            )
            try:
                found = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
                break
            except sqlite3.OperationalError as caught:
                connection.close()
                error = caught
            except sqlite3.DatabaseError:
                connection.close()
                raise
        else:
            raise error or sqlite3.OperationalError
    if found is None or found[0] != str(SCHEMA):
        connection.close()
        raise RunError(newer(folder, NAME, found and found[0], SCHEMA))
    return connection


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the database of a run for a moment."""
    connection = connect(folder)
    try:
        with storing(folder, "If the file is damaged, bring it back from a backup."):
            yield connection
    finally:
        connection.close()


def newer(folder: Path, file: str, found: object, known: int) -> str:
    """Give the words for a run that another version made."""
    return (
        f"run {str(folder)!r}: {file} has schema {found}, but qrexplore {qrexplore.__version__} reads schema {known}. "
        "Open it with the version that made it, named in run.json, or install the newer qrexplore."
    )


def journal(folder: Path) -> str:
    """Give the kind of journal that the file system of a folder can bear: ``WAL``, or ``DELETE`` over a network."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "WAL"
    place, best, kind = folder.resolve(), -1, ""
    for line in mounts:
        words = line.split()
        if len(words) > 2:
            point = Path(words[1].replace("\\040", " "))
            if place.is_relative_to(point) and len(point.parts) >= best:
                best, kind = len(point.parts), words[2]
    return "DELETE" if kind.startswith(_REMOTE) else "WAL"


def insert(connection: sqlite3.Connection, table: str, **values: object) -> None:
    """Write a row, in place of one with the same key."""
    marks = ", ".join("?" * len(values))
    connection.execute(
        f"INSERT OR REPLACE INTO {table} ({', '.join(values)}) VALUES ({marks})",  # noqa: S608 (names of our own)
        tuple(values.values()),
    )


def say(connection: sqlite3.Connection, kind: str, words: str) -> None:
    """Write an event."""
    insert(connection, "event", time=time.time(), kind=kind, words=words)


def text(value: object) -> str:
    """Give a plain value as JSON."""
    return json.dumps(value, allow_nan=False)
