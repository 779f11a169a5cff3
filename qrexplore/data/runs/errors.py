"""What can be wrong with a run, and errors of the store in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RunError(ValueError):
    """A run that cannot be opened, written to or gone on with: a sentence of fact and a sentence of advice."""


@contextmanager
def storing(folder: Path, advice: str) -> Iterator[None]:
    """Turn errors of the database and of files of a run into a `RunError` that names the run.

    Parameters
    ----------
    folder
        Of the run.
    advice
        A sentence: what to do.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        gone = "" if folder.is_dir() else "its folder is not there; "
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        msg = f"run {str(folder)!r}: {gone}the store says {reason!r}. {advice}"
        raise RunError(msg) from error
