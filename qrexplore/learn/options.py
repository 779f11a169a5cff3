"""The options of a learning problem as plain values (what JSON holds), and back.

Strings, numbers, True, False and None stand for themselves; a list is a tuple; a mapping is ``{"mapping": [[<key>, <value>]]}``,
since the order of patterns matters; a record, such as a prior or the limits of a search, is
``{"class": <name>, <field>: <value>}``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from qrexplore import core
from qrexplore.learn.problem import LearnProblem
from qrexplore.optimize import Stop

# these have files of their own
_FILES = ("twin", "data")


def options_of(problem: LearnProblem) -> dict[str, Any]:
    """Give everything of a problem but twin and data as plain values.

    Raises
    ------
    ValueError
        If an option is something else than plain values, mappings and records of `qrexplore.core`; the message names it.
    """
    return {f.name: _written(getattr(problem, f.name), f.name) for f in fields(problem) if f.name not in _FILES}


def from_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments of a problem that `options_of` wrote.

    Raises
    ------
    ValueError
        If an option is not known or damaged; the message names it.
    """
    known = {field.name for field in fields(LearnProblem)} - set(_FILES)
    unknown = sorted(set(options) - known)
    if unknown:
        msg = f"`{unknown[0]}` is no option of a learning problem; there are: {', '.join(sorted(known))}. Leave it out."
        raise ValueError(msg)
    return {name: _read(value, name) for name, value in options.items()}


def _records() -> dict[str, type]:
    known = {name: kind for name, kind in vars(core).items() if isinstance(kind, type) and is_dataclass(kind)}
    return {**known, "Stop": Stop}


def _written(value: Any, place: str) -> Any:  # noqa: PLR0911 (one return a kind of value)
    match value:
        case None | bool() | str():
            return value
        case np.generic():
            return _written(value.item(), place)
        case int():
            return value
        case float():
            return value if math.isfinite(value) else {"number": str(value)}
        case Mapping():
            return {"mapping": [[str(key), _written(item, f"{place}[{key!r}]")] for key, item in value.items()]}
        case np.ndarray() | Sequence():
            return [_written(item, f"{place}[{k}]") for k, item in enumerate(value)]
        case _ if _records().get(type(value).__name__) is type(value):
            held = {
                field.name: _written(getattr(value, field.name), f"{place}.{field.name}") for field in fields(value)
            }
            return {"class": type(value).__name__, **held}
    msg = f"`{place}` must be plain values to be kept in a run, got {type(value).__name__}. Leave it out."
    raise ValueError(msg)


def _read(value: Any, place: str) -> Any:
    match value:
        case {"mapping": list(pairs), **rest} if not rest and all(isinstance(p, list) and len(p) == 2 for p in pairs):
            return {str(key): _read(item, f"{place}[{key!r}]") for key, item in pairs}
        case {"number": "nan" | "inf" | "-inf" as text, **rest} if not rest:
            return float(text)
        case {"class": str(name), **rest} if name in _records():
            try:
                return _records()[name](**{field: _read(item, f"{place}.{field}") for field, item in rest.items()})
            except TypeError as error:
                msg = (
                    f"`{place}` must be a {name}, got the fields {', '.join(rest)}. Bring the file back from a backup."
                )
                raise ValueError(msg) from error
        case list():
            return tuple(_read(item, f"{place}[{k}]") for k, item in enumerate(value))
        case None | bool() | str() | int() | float():
            return value
    msg = f"`{place}` of a learning problem is damaged, got {str(value)[:80]!r}. Bring the file back from a backup."
    raise ValueError(msg)
