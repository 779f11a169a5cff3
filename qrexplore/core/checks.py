"""Checks at the borders: one wording for all errors.

Each message is a sentence of fact (the argument, what was expected, what came) and a sentence of advice.
"""

import math
from collections.abc import Collection
from typing import Any

import numpy as np


def require_finite(value: Any, name: str) -> None:
    """Raise ValueError unless every number is finite."""
    array = np.asarray(value)
    if not np.all(np.isfinite(array)):
        bad = int(np.size(array) - np.count_nonzero(np.isfinite(array)))
        msg = f"`{name}` must be finite, got {bad} value(s) that are NaN or infinite. Remove or mask them first."
        raise ValueError(msg)


def require_positive(value: float, name: str, unit: str) -> None:
    """Raise ValueError unless a number is finite and above zero."""
    if not (math.isfinite(value) and value > 0):
        msg = f"`{name}` must be a positive number in {unit}, got {value!r}. Give it in {unit}, for example 1e-6."
        raise ValueError(msg)


def require_axis(values: Any, name: str, unit: str) -> np.ndarray:
    """Give a sweep axis as a 64-bit array, or raise ValueError unless it is 1-D, not empty and finite."""
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if array.ndim != 1 or array.size == 0:
        msg = (
            f"`{name}` must be a 1-D array in {unit} with at least one point, got shape {array.shape}. "
            "Use for example numpy.linspace."
        )
        raise ValueError(msg)
    require_finite(array, name)
    return array


def require_counts(values: Any, name: str, *, smallest: int = 0) -> None:
    """Raise ValueError unless all numbers are whole and not below the smallest."""
    array = np.asarray(values, dtype=np.float64)
    wrong = array[(array != np.round(array)) | (array < smallest)]
    if wrong.size:
        msg = f"`{name}` must hold whole numbers from {smallest}, got {wrong.flat[0]:g}. Use for example numpy.arange."
        raise ValueError(msg)


def require_shots(shots: Any) -> None:
    """Raise ValueError unless the number of shots is a whole one from 1, or None where it is not known."""
    if shots is not None and not (isinstance(shots, int | np.integer) and shots >= 1):
        msg = f"`shots` must be a whole number from 1, got {shots!r}. Give for example shots=1000, or leave it out."
        raise ValueError(msg)


def require_choice(value: Any, name: str, choices: Collection[Any]) -> None:
    """Raise ValueError unless a value is one of a few."""
    if value not in choices:
        options = ", ".join(repr(choice) for choice in choices)
        msg = f"`{name}` must be one of {options}, got {value!r}. Choose one of them."
        raise ValueError(msg)
