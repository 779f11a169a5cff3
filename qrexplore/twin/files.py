"""Twins in files: JSON that a person can read and that gives back every bit."""

import json
from pathlib import Path

import qrexplore
from qrexplore.core import write_whole
from qrexplore.data import DatasetError, read_json
from qrexplore.twin.model import Twin
from qrexplore.twin.specification import from_specification, specification

FORMAT, SCHEMA = "qrexplore twin", 1


def save_twin(twin: Twin, path: str | Path) -> None:
    """Write a twin to a JSON file in one step; `open_twin` gives back the same twin, bit for bit.

    Parameters
    ----------
    twin
        With concrete numbers.
    path
        Where to; an existing file is replaced.

    Raises
    ------
    ValueError
        If the twin holds something that is no component of `qrexplore.twin`; the message names the place.
    OSError
        If the file cannot be written.
    """
    held = {"format": FORMAT, "schema": SCHEMA, "qrexplore": qrexplore.__version__, "twin": specification(twin)}
    write_whole(Path(path), (json.dumps(held, indent=1, allow_nan=False) + "\n").encode())


def open_twin(path: str | Path) -> Twin:
    """Read a twin from a JSON file that `save_twin` wrote.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ValueError
        If the file is damaged, was written by a newer qrexplore, or holds something that is no twin; the message names the
        file and the place in it.
    """
    path = Path(path)
    held = read_json(path)
    if not isinstance(held, dict) or held.get("format") != FORMAT or "twin" not in held:
        msg = f"{path.name!r}: this is no file of a twin."
        raise DatasetError(msg, "Give a file that `qrexplore.save_twin` wrote.")
    if held.get("schema") != SCHEMA:
        msg = (
            f"{path.name!r}: the file has schema {held.get('schema')!r}, written by qrexplore {held.get('qrexplore')!r}; "
            f"this is qrexplore {qrexplore.__version__}, which reads schema {SCHEMA}."
        )
        raise DatasetError(msg, "Install the newer qrexplore.")
    try:
        return from_specification(held["twin"])
    except ValueError as error:
        msg = f"{path.name!r}: {error}"
        raise ValueError(msg) from error
