"""What the decays of randomized benchmarking say about gates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import curve_fit


@dataclass(frozen=True)
class Decay:
    """``amplitude * base^m + floor``, with the standard errors of base and floor."""

    amplitude: float
    base: float
    floor: float
    base_error: float
    floor_error: float


def fit_decay(lengths: Any, values: Any, *, floor: float | None = None) -> Decay:
    """Fit an exponential decay to the means over sequences.

    Parameters
    ----------
    lengths
        Numbers of Clifford elements.
    values
        Results, shape (lengths, sequences); the scatter among sequences gives the weights.
    floor
        Value at infinite length, if it is known.

    Raises
    ------
    ValueError
        If there are fewer lengths than free numbers.
    """
    x, y = np.asarray(lengths, dtype=float), np.asarray(values, dtype=float)
    free = 2 if floor is not None else 3
    if y.ndim != 2 or y.shape[0] != len(x) or len(x) < free:
        msg = f"`values` must have shape (lengths, sequences) with {free} lengths or more, got {y.shape} and {len(x)} lengths."
        raise ValueError(msg)
    means = y.mean(axis=1)
    spread = y.std(axis=1, ddof=1) / np.sqrt(y.shape[1]) if y.shape[1] > 1 else np.zeros(len(x))
    # a length at which all sequences agree is not infinitely sure
    scale = np.maximum(spread, max(1e-3 * float(np.max(spread, initial=0.0)), 1e-9))
    last = means[np.argmax(x)] if floor is None else floor
    first = means[np.argmin(x)] - last
    begin = [first if abs(first) > 1e-6 else 0.5, 1 - 1 / max(float(np.max(x)), 2.0)]

    def curve(m: np.ndarray, amplitude: float, base: float, *rest: float) -> np.ndarray:
        return amplitude * base**m + (rest[0] if rest else floor or 0.0)

    begin += [last] if floor is None else []
    low, high = [-2.0, 0.0, -1.0][:free], [2.0, 1.0, 2.0][:free]
    found, covariance = curve_fit(
        curve,
        x,
        means,
        p0=begin,
        sigma=scale,
        absolute_sigma=True,
        bounds=(low, high),
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    )
    errors = np.sqrt(np.diag(covariance))
    at = (float(found[2]), float(errors[2])) if floor is None else (floor, 0.0)
    return Decay(float(found[0]), float(found[1]), at[0], float(errors[1]), at[1])


def error_per_clifford(base: float, qubits: int) -> float:
    """Give the average error of a Clifford element, ``(1 - p)(d - 1)/d``."""
    dimension = 2**qubits
    return (1 - base) * (dimension - 1) / dimension


def interleaved_error(reference: float, interleaved: float, qubits: int) -> tuple[float, float]:
    """Give the error of an interleaved gate and the bound of its systematic error.

    Parameters
    ----------
    reference, interleaved
        Bases of the two decays.
    qubits
        1 or 2.

    References
    ----------
    Magesan et al., PRL 109, 080505 (2012), equations (4) and (5).
    """
    d = 2**qubits
    error = (1 - interleaved / reference) * (d - 1) / d
    narrow = (d - 1) * (abs(reference - interleaved / reference) + (1 - reference)) / d
    lost = 1 - reference
    wide = 2 * (d**2 - 1) * lost / (reference * d**2) + 4 * np.sqrt(lost) * np.sqrt(d**2 - 1) / reference
    return error, float(min(narrow, wide))


def leakage_and_seepage(decay: Decay) -> tuple[float, float]:
    """Give leakage L1 and seepage L2 of a Clifford element from the population of the computational states.

    ``p(m) = A + B lambda^m`` gives ``L1 = (1 - A)(1 - lambda)`` and ``L2 = A (1 - lambda)``.

    References
    ----------
    Wood and Gambetta, PRA 97, 032306 (2018).
    """
    lost = 1 - decay.base
    return (1 - decay.floor) * lost, decay.floor * lost
