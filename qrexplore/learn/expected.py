"""What residuals are if a model is true: 0 on average and 1 in square where there are many counts; else what few counts bring."""

import numpy as np
from jaxtyping import Float
from scipy.special import gammaln, xlogy

from qrexplore.learn.likelihood import FLOOR, Measured

# expected counts from which on a signed root has the moments of a Gaussian
_MANY = 50.0
# counts that come when fewer than that are expected
_COUNTS = np.arange(200.0)
_GRID = np.geomspace(1e-6, _MANY, 80)


def expected_squares(part: Measured, predicted: Float[np.ndarray, "qubit *sweep"]) -> Float[np.ndarray, "qubit *sweep"]:
    """Give the mean of each squared residual over data that the prediction would bring; NaN where nothing was measured.

    Parameters
    ----------
    part
        How the data are compared; what a robust residual lacks is that of a Gaussian.
    predicted
        What a model says, in the shape of the data.

    Notes
    -----
    Of a residual of outcome j it is ``1 - p_j`` where there are many counts: those of one point sum to its degrees of freedom.
    Where few counts come it is that of the deviance itself, summed over the binomial distribution.
    """
    return np.where(part.present, _robust(part) * _moment(part, predicted, power=2), np.nan)


def expected_residuals(
    part: Measured, predicted: Float[np.ndarray, "qubit *sweep"]
) -> Float[np.ndarray, "qubit *sweep"]:
    """Give the mean of each residual over data that the prediction would bring; not 0 where few counts come.

    Parameters
    ----------
    part, predicted
        As in `expected_squares`.
    """
    mean = _moment(part, predicted, power=1) if part.shots else np.zeros_like(part.values)
    return np.where(part.present, np.sqrt(_robust(part)) * mean, np.nan)


def _moment(part: Measured, predicted: np.ndarray, *, power: int) -> np.ndarray:
    p = np.clip(np.asarray(predicted), FLOOR, 1 - FLOOR)
    if not part.shots:
        return np.ones_like(p)
    alone = part.likelihood == "multinomial"
    # the rarer of two outcomes counts, and a residual has the other sign for the other one
    rare, sign = (p, 1.0) if alone else (np.minimum(p, 1 - p), np.where(p > 0.5, -1.0, 1.0))
    mean = part.shots * rare
    few = np.interp(np.log(mean), np.log(_GRID), _of_few_counts(part.shots, alone=alone, power=power))
    if power == 1:
        return sign * np.where(mean < _MANY, few, 0.0)
    return np.where(mean < _MANY, few, 1 - p if alone else 1.0)


def _robust(part: Measured) -> float:
    """Give what a weight and robust residuals make of the mean square of a Gaussian residual."""
    if not np.isfinite(part.robust):
        return part.weight
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    squares = 2 * part.robust**2 * (np.sqrt(1 + part.weight * nodes**2 / part.robust**2) - 1)
    return float(weights @ squares / weights.sum())


def _of_few_counts(shots: int, *, alone: bool, power: int) -> Float[np.ndarray, " grid"]:
    """Give the mean of a power of the signed root at a grid of expected counts; of one outcome `alone`, or of both of two."""
    mean = np.minimum(_GRID, shots * (1 - FLOOR))[:, None]
    k = _COUNTS[shots >= _COUNTS][None]
    p = mean / shots
    log_chance = gammaln(shots + 1) - gammaln(k + 1) - gammaln(shots - k + 1) + xlogy(k, p) + (shots - k) * np.log1p(-p)
    deviance = xlogy(k, k / mean)
    deviance += mean - k if alone else xlogy(shots - k, (1 - k / shots) / (1 - p))
    root = np.sign(mean - k) * np.sqrt(2 * np.maximum(deviance, 0.0))
    return np.sum(np.exp(log_chance) * root**power, axis=1)
