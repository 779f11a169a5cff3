"""Steps and results of learning as arrays by name, and back, bit for bit: what checkpoints and results of runs hold."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from qrexplore.core import Status
from qrexplore.learn.fit import LearnResult
from qrexplore.learn.problem import LearnProblem, with_values
from qrexplore.learn.steps import below, pack_steps, prefixed, unpack_steps

# of a result, what is not simply a number or an array
_OWN = ("problem", "twin", "parameters", "stderr", "predictions", "status", "history", "ideal", "coordinates")
# what another run of the same problem has otherwise
_TIMES = ("seconds", "history/seconds", "ideal/seconds", "ideal/history/seconds")


def pack_result(result: LearnResult) -> dict[str, np.ndarray]:
    """Give a result without its problem as arrays by name, for ``np.savez``."""
    simple = [field.name for field in fields(result) if field.name not in _OWN]
    return {
        **{name: np.asarray(getattr(result, name)) for name in simple},
        "paths": np.array(result.parameters.paths),
        "start": result.problem.twin.parameters.values,
        "twin": result.twin.parameters.values,
        "stderr": np.array([result.stderr[path] for path in result.parameters.paths]),
        **{f"predictions/{k}": prediction for k, prediction in enumerate(result.predictions)},
        "status": np.array(result.status.name),
        **prefixed("history/", pack_steps(result.history)),
        **({} if result.coordinates is None else {"coordinates": result.coordinates}),
        **({} if result.ideal is None else prefixed("ideal/", pack_result(result.ideal))),
    }


def unpack_result(problem: LearnProblem, arrays: Mapping[str, np.ndarray]) -> LearnResult:
    """Give the result that `pack_result` took apart.

    Parameters
    ----------
    problem
        The question that was asked; what it answers may begin elsewhere, and hold more parameters.
    arrays
        What `pack_result` gave.

    Raises
    ------
    ValueError
        If the arrays are no result of that problem.
    """
    names = [str(path) for path in arrays["paths"]]
    twin = with_values(problem, arrays["twin"]).twin
    answered = _answered(problem, arrays["start"], names)
    simple: dict[str, Any] = {
        field.name: value.item() if (value := arrays[field.name]).ndim == 0 else value
        for field in fields(LearnResult)
        if field.name not in _OWN
    }
    ideal = below("ideal/", arrays)
    return LearnResult(
        problem=answered,
        twin=twin,
        parameters=twin.parameters.select(names),
        stderr=dict(zip(names, arrays["stderr"].tolist(), strict=True)),
        predictions=tuple(arrays[f"predictions/{k}"] for k in range(len(problem.experiments))),
        status=Status[str(arrays["status"])],
        history=unpack_steps(below("history/", arrays)),
        ideal=unpack_result(problem, ideal) if ideal else None,
        coordinates=arrays.get("coordinates"),
        **simple,
    )


def _answered(problem: LearnProblem, start: np.ndarray, moving: Sequence[str]) -> LearnProblem:
    """Give the question that begins at `start` and moves some parameters; the other free ones are held."""
    if set(moving) == set(problem.table.paths):
        return with_values(problem, start)
    return with_values(problem, start, hold=[path for path in problem.candidates.paths if path not in moving])


def digest(result: LearnResult) -> str:
    """Give a hash of every bit of a result but its times: equal for the same answer."""
    packed = pack_result(result)
    found = hashlib.sha256()
    for name in sorted(packed):
        if name not in _TIMES:
            array = np.ascontiguousarray(packed[name])
            found.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    return found.hexdigest()
