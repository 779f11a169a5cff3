"""Runs: everything that takes long is a folder, so that it outlives its process, and whoever wants can watch it.

``run.json`` says what it is about (written once, with the hashes of the files that belong to it), ``history.db`` has its
steps, events, commands, checkpoints and how it stands, ``ckpt-<step>.npz`` its last states, ``LOCK`` who runs it. A kill at
any moment leaves a run that can be gone on with: a step that was told is in the history, files are whole or not there, and
a checkpoint counts when the database names it with its hash.

`create` makes a run, an `Owner` carries it out (`drive` does that for any task of the iterate contract), and a `Run` is what
others see of it. Nothing here knows what a run is about.
"""

from qrexplore.data.runs.creation import create, fork
from qrexplore.data.runs.drive import drive
from qrexplore.data.runs.errors import RunError, storing
from qrexplore.data.runs.interrupt import interrupts
from qrexplore.data.runs.lock import Holder, holder
from qrexplore.data.runs.owner import Owner
from qrexplore.data.runs.run import COMMANDS, STATES, Command, Event, Run, Standing, hash_of, is_run, open_run, runs_in

__all__ = [
    "COMMANDS",
    "STATES",
    "Command",
    "Event",
    "Holder",
    "Owner",
    "Run",
    "RunError",
    "Standing",
    "create",
    "drive",
    "fork",
    "hash_of",
    "holder",
    "interrupts",
    "is_run",
    "open_run",
    "runs_in",
    "storing",
]
