"""The one process that carries out a run: writes its history and checkpoints, and takes what is asked of it."""

import json
import time
from typing import Any, Self

import numpy as np

from qrexplore.core import Step, changes, environment, write_whole
from qrexplore.data.gate_npz import npz
from qrexplore.data.runs import database
from qrexplore.data.runs.errors import RunError, storing
from qrexplore.data.runs.lock import Lock
from qrexplore.data.runs.run import Command, Run, hash_of, numbers_of

# history goes to the disk at least this often (s); a kill loses nothing of it anyway
_FLUSH = 0.2
KEEP = 3


class Owner:
    """Whoever holds this runs the run; nobody else can meanwhile. Use it in a ``with`` block.

    Parameters
    ----------
    run
        What is to be run.
    unchanged
        Whether to refuse a run whose files are not those with which it began.

    Raises
    ------
    RunError
        If another process runs it, its files were changed, or it cannot be written to.
    """

    def __init__(self, run: Run, *, unchanged: bool = True) -> None:
        self.run = run
        self._lock = Lock(run.folder)
        try:
            if unchanged:
                _require_unchanged(run)
            self._connection = database.connect(run.folder)
            with self._storing():
                self._place = (run.folder / database.NAME).stat().st_ino
        except BaseException:
            self._lock.release()
            raise
        self._names: dict[tuple[str, ...], int] = {}
        self._flushed = 0.0
        self._ended = False

    def __enter__(self) -> Self:
        """Say that the run goes on, and what has changed around it since it was made."""
        try:
            with self._storing():
                # what a kill has cut short
                for part in self.run.folder.glob(".*.tmp"):
                    part.unlink(missing_ok=True)
                fresh = self._connection.execute("SELECT count(*) FROM status").fetchone()[0] <= 1
                for command in self.commands():
                    if command.name in {"pause", "resume", "stop"}:  # that was for an earlier process
                        self.take(command)
                self.stand("running")
                if not fresh:
                    other = changes(dict(self.run.head["made_by"]), environment())
                    database.say(self._connection, "resumed", "; ".join(other) or "with the same versions and machine")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Let go of the run; one that ended by an error has failed, one that was cut short is interrupted."""
        try:
            if error is not None and not self._ended and not isinstance(error, RunError):
                if isinstance(error, Exception):
                    self.stand("failed", f"{type(error).__name__}: {error}"[:500])
                else:
                    self.stand("interrupted", "stopped at once; what came after the last checkpoint is done again")
        except RunError:
            pass  # the error that led here is the one to know
        finally:
            self._close()

    def stand(self, state: str, words: str = "") -> None:
        """Say how the run stands now (one of `STATES`)."""
        self._ended = state in {"interrupted", "failed", "done"}
        with self._storing():
            self._durable(durable=True)
            database.insert(self._connection, "status", time=time.time(), state=state, words=words)

    def say(self, kind: str, words: str) -> None:
        """Write an event."""
        with self._storing():
            database.say(self._connection, kind, words)

    def note(self, name: str, value: str) -> None:
        """Note something under a name, in place of what was noted before."""
        with self._storing():
            self._durable(durable=True)
            database.insert(self._connection, "meta", name=f"note {name}", value=value)

    def append(self, step: Step) -> None:
        """Write a step; when this returns, a kill does not lose it. One with the same number is replaced."""
        with self._storing():
            names, numbers = numbers_of(step)
            if names not in self._names:
                self._names[names] = self._layout(names)
            now = time.monotonic()
            durable = now - self._flushed >= _FLUSH
            if durable:
                self._require_there()
                self._flushed = now
            self._durable(durable=durable)
            database.insert(
                self._connection,
                "step",
                number=step.iteration,
                time=time.time(),
                label=step.stage,
                names=self._names[names],
                numbers=numbers,
            )

    def save(self, step: int, arrays: dict[str, np.ndarray]) -> None:
        """Write a checkpoint: the file first, then what names it; the newest `KEEP` stay."""
        content = npz(arrays)
        name = f"ckpt-{step:08d}.npz"
        with self._storing():
            self._require_there()
            write_whole(self.run.folder / name, content)
            self._durable(durable=True)
            self._flushed = time.monotonic()
            sha256 = hash_of(self.run.folder / name)
            database.insert(self._connection, "checkpoint", step=step, time=time.time(), file=name, sha256=sha256)
            old = self._connection.execute(
                "SELECT step, file FROM checkpoint ORDER BY step DESC LIMIT -1 OFFSET ?", (KEEP,)
            ).fetchall()
            for number, file in old:
                self._connection.execute("DELETE FROM checkpoint WHERE step = ?", (number,))
                (self.run.folder / file).unlink(missing_ok=True)

    def cut(self, step: int) -> None:
        """Forget the history behind a step, which an earlier try has left."""
        with self._storing():
            self._connection.execute("DELETE FROM step WHERE number > ?", (step,))

    def commands(self) -> list[Command]:
        """Give what was asked and not yet taken, in order."""
        with self._storing():
            # nothing can be asked in a folder that is gone
            self._require_there()
            rows = self._connection.execute(
                "SELECT id, name, value, time FROM command WHERE taken IS NULL ORDER BY id"
            ).fetchall()
        return [Command(number, name, json.loads(value), when) for number, name, value, when in rows]

    def take(self, command: Command) -> None:
        """Note that something asked is dealt with."""
        with self._storing():
            self._connection.execute("UPDATE command SET taken = ? WHERE id = ?", (time.time(), command.number))

    def _storing(self) -> Any:
        advice = f"What was written is safe; mend that and go on by `qrexplore runs resume {self.run.folder}`."
        return storing(self.run.folder, advice)

    def _durable(self, *, durable: bool) -> None:
        self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    def _layout(self, names: tuple[str, ...]) -> int:
        self._connection.execute("INSERT OR IGNORE INTO names (names) VALUES (?)", (database.text(names),))
        row = self._connection.execute("SELECT id FROM names WHERE names = ?", (database.text(names),))
        return int(row.fetchone()[0])

    def _require_there(self) -> None:
        # a database that was deleted can still be written to, and all of it would be lost
        if (self.run.folder / database.NAME).stat().st_ino != self._place:
            raise FileNotFoundError(2, "another database lies in its place", str(self.run.folder / database.NAME))

    def _close(self) -> None:
        self._connection.close()
        self._lock.release()


def _require_unchanged(run: Run) -> None:
    changed = run.changed()
    if changed:
        msg = (
            f"run {str(run.folder)!r}: {changed[0]!r} is not what it was when the run began, so it cannot be gone on with. "
            f"Bring the file back, or begin a new run where this one stands: `qrexplore runs resume {run.folder} --fork NEW`."
        )
        raise RunError(msg)
