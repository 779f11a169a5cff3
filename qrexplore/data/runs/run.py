"""A run as those see it who watch: what it is about, how it stands, what happened; and what they may ask of it."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from qrexplore.core import Step, require_choice
from qrexplore.data.gate_npz import read_npz
from qrexplore.data.gate_text import read_json
from qrexplore.data.runs import database
from qrexplore.data.runs.errors import RunError
from qrexplore.data.runs.lock import holder

FORMAT, FILE, SCHEMA = "qrexplore run", "run.json", 1
STATES = ("created", "running", "paused", "interrupted", "failed", "done")
COMMANDS = ("pause", "resume", "stop", "rate", "hold", "free")
# of a step, beside its parameters; no path of a parameter has such a name, since paths have a dot and no slash
_OWN = ("loss", "gradient_norm", "seconds")
_CHI2 = "chi2/"


@dataclass(frozen=True)
class Standing:
    """How a run stands: one of `STATES`, in which words, since when (s since 1970)."""

    state: str
    words: str
    time: float


@dataclass(frozen=True)
class Event:
    """Something that happened in a run: kind, words, when (s since 1970)."""

    kind: str
    words: str
    time: float


@dataclass(frozen=True)
class Command:
    """Something that was asked of a run: which, with what value, when (s since 1970)."""

    number: int
    name: str
    value: Any
    time: float


@dataclass(frozen=True, eq=False)
class Run:
    """A run in its folder; everything is read anew when it is asked for.

    Attributes
    ----------
    folder
        Where it is.
    head
        What stands in ``run.json``: ``id``, ``created``, ``kind``, ``specification``, ``files`` with their hashes, ``made_by``.
    """

    folder: Path
    head: Mapping[str, Any]

    @property
    def specification(self) -> Mapping[str, Any]:
        """What the run is about, as the package that began it wrote it."""
        return self.head["specification"]

    @cached_property
    def sha256(self) -> str:
        """Hash of ``run.json``, which names the hashes of the other files."""
        return hash_of(self.folder / FILE)

    def standing(self) -> Standing:
        """Give how the run stands; one that no living process holds any more was interrupted, whatever it says."""
        with database.reading(self.folder) as connection:
            row = connection.execute("SELECT state, words, time FROM status ORDER BY id DESC LIMIT 1").fetchone()
        state, words, when = row or ("created", "", 0.0)
        owner = holder(self.folder)
        if state in {"running", "paused"} and not (owner and owner.alive):
            return Standing("interrupted", f"the process that ran it ended while it was {state}", when)
        return Standing(state, words, when)

    def history(self, *, after: int = 0) -> list[Step]:
        """Give the steps with a number above `after`, in order."""
        with database.reading(self.folder) as connection:
            names = {key: tuple(json.loads(text)) for key, text in connection.execute("SELECT id, names FROM names")}
            rows = connection.execute(
                "SELECT number, label, names, numbers FROM step WHERE number > ? ORDER BY number", (after,)
            ).fetchall()
        return [_step(number, label, names[key], numbers) for number, label, key, numbers in rows]

    def events(self) -> list[Event]:
        """Give all that happened, in order."""
        with database.reading(self.folder) as connection:
            return [Event(*row) for row in connection.execute("SELECT kind, words, time FROM event ORDER BY id")]

    def note(self, name: str) -> str | None:
        """Give what the process that ran it noted under a name, or None."""
        with database.reading(self.folder) as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (f"note {name}",)).fetchone()
        return row and row[0]

    def request(self, name: str, value: Any = None) -> None:
        """Ask something of the process that runs it; it answers between two steps, with an event.

        Parameters
        ----------
        name
            One of `COMMANDS`.
        value
            Plain value that goes with it, such as the new rate.

        Raises
        ------
        RunError
            If the run cannot be written to.
        """
        require_choice(name, "name", COMMANDS)
        with database.reading(self.folder) as connection:
            database.insert(connection, "command", time=time.time(), name=name, value=database.text(value))

    def checkpoint(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """Give step and arrays of the newest checkpoint that is whole; None if there is none."""
        with database.reading(self.folder) as connection:
            rows = connection.execute("SELECT step, file, sha256 FROM checkpoint ORDER BY step DESC").fetchall()
        for step, name, sha256 in rows:
            path = self.folder / name
            if path.is_file() and hash_of(path) == sha256:
                return step, read_npz(path)
        return None

    def changed(self) -> list[str]:
        """Give the files that are missing or not those with which the run began; ``run.json`` is one of them."""
        with database.reading(self.folder) as connection:
            known = connection.execute("SELECT value FROM meta WHERE name = 'specification'").fetchone()
        found = [] if known and known[0] == self.sha256 else [FILE]
        for name, sha256 in self.head["files"].items():
            path = self.folder / name
            if not path.is_file() or hash_of(path) != sha256:
                found.append(name)
        return found


def is_run(folder: str | Path) -> bool:
    """Tell whether a folder is that of a run, whatever state it is in."""
    return (Path(folder) / FILE).is_file()


def open_run(folder: str | Path) -> Run:
    """Open a run to watch it.

    Parameters
    ----------
    folder
        Of the run.

    Raises
    ------
    RunError
        If it is no run, is damaged, or was made by a newer version; both versions are named.
    """
    folder = Path(folder)
    if not is_run(folder):
        msg = (
            f"{str(folder)!r} is no run: it has no {FILE}. Give the folder of a run; `qrexplore runs list` finds them."
        )
        raise RunError(msg)
    head = read_json(folder / FILE)
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        msg = f"{str(folder)!r} is no run: its {FILE} is not one that qrexplore wrote. Give the folder of a run."
        raise RunError(msg)
    if head.get("schema") != SCHEMA:
        raise RunError(database.newer(folder, FILE, head.get("schema"), SCHEMA))
    wanted = {"id": str, "created": str, "kind": str, "specification": dict, "files": dict, "made_by": dict}
    wrong = [name for name, kind in wanted.items() if not isinstance(head.get(name), kind)]
    if wrong or any("/" in name or "\\" in name for name in head["files"]):
        msg = f"run {str(folder)!r}: {wrong[0] if wrong else 'files'!r} in {FILE} is damaged. Bring it back from a backup."
        raise RunError(msg)
    return Run(folder, head)


def runs_in(folder: str | Path) -> Iterator[Run | RunError]:
    """Give the runs in a folder, the oldest first, or what is wrong with one that cannot be opened.

    Parameters
    ----------
    folder
        One that holds runs, or a run itself.
    """
    folder = Path(folder)
    places = [folder] if is_run(folder) else [place.parent for place in folder.glob(f"*/{FILE}")]
    for place in sorted(places, key=lambda place: ((place / FILE).stat().st_mtime, place.name)):
        try:
            yield open_run(place)
        except ValueError as error:
            yield error if isinstance(error, RunError) else RunError(str(error))


def hash_of(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def numbers_of(step: Step) -> tuple[tuple[str, ...], bytes]:
    """Give the numbers of a step as names and 64-bit numbers in a row."""
    own = {name: getattr(step, name) for name in _OWN}
    values = {**own, **{f"{_CHI2}{name}": value for name, value in step.chi2.items()}, **step.parameters}
    return tuple(values), np.array(list(values.values()), dtype="<f8").tobytes()


def _step(number: int, label: str, names: tuple[str, ...], numbers: bytes) -> Step:
    values = dict(zip(names, np.frombuffer(numbers, dtype="<f8").tolist(), strict=True))
    own = {name: values.pop(name) for name in _OWN}
    chi2 = {name.removeprefix(_CHI2): values.pop(name) for name in names if name.startswith(_CHI2)}
    return Step(number, own["loss"], own["gradient_norm"], values, own["seconds"], label, chi2)
