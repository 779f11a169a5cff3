"""The folder of a case study: which case it is of, what was measured, and the runs of its fits.

A process that is killed leaves a folder that another one goes on with: ``case.json`` is written first and says whose it is, each
dataset of ``data`` is whole or not there, and the fits are runs.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import xarray as xr

import qrexplore
from qrexplore.core import changes, environment, side_by_side, write_whole
from qrexplore.data import DatasetError, open_data, read_json, save

CASE, RESULT, DATA = "case.json", "result.json", "data"
# the fit, and what went on from it: with exchanged parts back in order, and from a better place
FIT, ORDERED, BETTER = "fit", "fit-ordered", "fit-better"


def require_case(folder: str | Path, *, seed: int, flaw: str) -> list[str]:
    """Raise ValueError unless a folder is of a case study, or new.

    Parameters
    ----------
    folder
        Which may not be there yet.
    seed, flaw
        Of the case.

    Returns
    -------
    list of str
        What else has changed since it was begun, in words: versions of packages, say, or the machine.

    Raises
    ------
    ValueError
        If it is of another case or version of qrexplore, or does not say of which; the message names both.
    """
    folder = Path(folder)
    held = next((name for name in (CASE, RESULT) if (folder / name).is_file()), None)
    if held is None:
        unknown = next((name for name in (DATA, FIT, ORDERED, BETTER) if (folder / name).exists()), None)
        if unknown is None:
            return []
        raise ValueError(_refusal(folder, _words(seed, flaw), f"{unknown!r} of a case that is not told"))
    found = read_json(folder / held)
    known = found if isinstance(found, dict) else {}
    made_by = known.get("made_by")
    # earlier versions wrote results only, which do not say which version made them
    version = made_by.get("qrexplore") if isinstance(made_by, dict) else None
    if held == CASE and version is None:
        raise ValueError(_refusal(folder, _words(seed, flaw), f"a damaged {CASE}"))
    wanted = {"seed": seed, "flaw": flaw, "version": version and qrexplore.__version__}
    if {"seed": known.get("seed"), "flaw": known.get("flaw"), "version": version} != wanted:
        theirs = _words(known.get("seed"), known.get("flaw"), version)
        raise ValueError(_refusal(folder, _words(**wanted), theirs))
    return changes(made_by, environment()) if isinstance(made_by, dict) else []


def claim(folder: str | Path, *, seed: int, flaw: str) -> Path:
    """Make the folder of a case study, or make sure that it is that; see `require_case`."""
    folder = Path(folder)
    require_case(folder, seed=seed, flaw=flaw)
    if not (folder / CASE).is_file():
        if (folder / RESULT).exists():
            # of whatever version: its data are not those of this one
            raise ValueError(_refusal(folder, _words(seed, flaw), f"{RESULT!r} without a {CASE}"))
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps({"seed": seed, "flaw": flaw, "made_by": environment()}, indent=1)
        write_whole(folder / CASE, f"{content}\n".encode())
    return folder


def kept(names: Iterable[str], folder: Path, measure: Callable[[str], xr.Dataset]) -> dict[str, xr.Dataset]:
    """Give datasets by name as a folder has them; what it lacks is measured, and kept as soon as it is.

    A file that cannot be read is measured again: the shots are those of its seed.
    """
    folder.mkdir(exist_ok=True)

    def one(name: str) -> xr.Dataset:
        path = folder / f"{name}.nc"
        try:
            return _opened(path)
        except DatasetError:
            save(measure(name), path)
        # whoever goes on with it reads it, too
        return _opened(path)

    wanted = list(names)
    return dict(zip(wanted, side_by_side(one, wanted), strict=True))


def _opened(path: Path) -> xr.Dataset:
    data = open_data(path)
    if not isinstance(data, xr.Dataset):
        msg = f"{path.name!r}: one dataset was expected, got several."
        raise DatasetError(msg, "Delete the file.")
    return data


def _words(seed: Any, flaw: Any, version: str | None = None) -> str:
    by = f" by qrexplore {version}" if version else ""
    return f"the case study of seed {seed!r} with the flaw {flaw!r}{by}"


def _refusal(folder: Path, wanted: str, found: str) -> str:
    return (
        f"`folder` must be new or hold {wanted}, got {str(folder)!r}, which holds {found}. "
        "Name another folder, or delete this one."
    )
