"""New runs: from nothing, or forked from another one where it stands."""

import hashlib
import json
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qrexplore.core import environment, write_whole
from qrexplore.data.runs import database
from qrexplore.data.runs.errors import RunError, storing
from qrexplore.data.runs.run import FILE, FORMAT, SCHEMA, Run, hash_of, open_run

_ADVICE = "Check that the folder can be written to and the disk has room."


def create(
    folder: str | Path,
    kind: str,
    specification: Mapping[str, Any],
    files: Mapping[str, Callable[[Path], None]],
) -> Run:
    """Make the folder of a new run.

    ``run.json`` is written last: a crash before that leaves a folder that is no run.

    Parameters
    ----------
    folder
        Where to; made if missing.
    kind
        What sort of run it is, for those who resume it: ``learn``.
    specification
        What it is about, in plain values.
    files
        Names of the files that belong to it, and what writes each to a path.

    Raises
    ------
    RunError
        If there is a run already, or the folder cannot be written to.
    """
    return _created(Path(folder), kind, dict(specification), files, extra={}, fill=lambda _: None)


def fork(source: Run, folder: str | Path) -> Run:
    """Make a run that goes on from where another one stands, with what now stands in the files of that one.

    Parameters
    ----------
    source
        A run whose ``run.json`` or files may have been changed.
    folder
        Of the new run.

    Raises
    ------
    RunError
        If there is a run already, a file is missing, or the folder cannot be written to.
    """
    missing = [name for name in source.head["files"] if not (source.folder / name).is_file()]
    if missing:
        msg = f"run {str(source.folder)!r} has lost its file {missing[0]!r}. Bring it back from a backup."
        raise RunError(msg)

    def copy(name: str) -> Callable[[Path], None]:
        return lambda path: Path(shutil.copyfile(source.folder / name, path)) and None

    files = {name: copy(name) for name in source.head["files"]}
    found = source.checkpoint()
    step = found[0] if found else 0
    extra = {"forked": {"id": source.head["id"], "step": step}}
    target = Path(folder)

    def fill(new: sqlite3.Connection) -> None:
        with database.reading(source.folder) as old:
            new.execute("BEGIN")
            new.executemany("INSERT INTO names VALUES (?, ?)", old.execute("SELECT * FROM names"))
            rows = old.execute("SELECT * FROM step WHERE number <= ?", (step,))
            new.executemany("INSERT INTO step VALUES (?, ?, ?, ?, ?)", rows)
            if found:
                row = old.execute("SELECT * FROM checkpoint WHERE step = ?", (step,)).fetchone()
                write_whole(target / row[2], (source.folder / row[2]).read_bytes())
                new.execute("INSERT INTO checkpoint VALUES (?, ?, ?, ?)", row)
            database.say(new, "forked", f"from {source.folder} at step {step}")
            new.execute("COMMIT")

    return _created(target, source.head["kind"], dict(source.specification), files, extra=extra, fill=fill)


def _created(
    folder: Path,
    kind: str,
    specification: dict[str, Any],
    files: Mapping[str, Callable[[Path], None]],
    *,
    extra: dict[str, Any],
    fill: Callable[[sqlite3.Connection], None],
) -> Run:
    if (folder / FILE).exists():
        msg = f"{str(folder)!r} holds a run already. Name another folder, or go on with it by `qrexplore runs resume`."
        raise RunError(msg)
    with storing(folder, _ADVICE):
        folder.mkdir(parents=True, exist_ok=True)
        for name, write in files.items():
            write(folder / name)
        head = {
            "format": FORMAT,
            "schema": SCHEMA,
            "id": uuid.uuid4().hex,
            "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "kind": kind,
            **extra,
            "specification": specification,
            "files": {name: hash_of(folder / name) for name in files},
            "made_by": environment(),
        }
        try:
            content = (json.dumps(head, indent=1, allow_nan=False) + "\n").encode()
        except (TypeError, ValueError) as error:
            msg = f"`specification` of a run must be plain finite values, got something else ({error}). Leave it out."
            raise RunError(msg) from error
        database.make(folder, {"specification": hashlib.sha256(content).hexdigest(), "id": head["id"]})
        with database.reading(folder) as connection:
            database.insert(connection, "status", time=time.time(), state="created", words="")
            fill(connection)
        write_whole(folder / FILE, content)
    return open_run(folder)
