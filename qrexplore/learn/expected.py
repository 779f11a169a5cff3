"""How large squared residuals are if a model is true: 1 where there are many counts, and what few counts make of it."""

import numpy as np
from jaxtyping import Float
from scipy.special import gammaln, xlogy

from qrexplore.learn.likelihood import FLOOR, Measured

# expected counts from which on the square of a signed root has the mean of a Gaussian's
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
    p = np.clip(np.asarray(predicted), FLOOR, 1 - FLOOR)
    if part.likelihood == "multinomial":
        found = _counted(part, p, 1 - p, alone=True)
    elif part.likelihood == "binomial":
        found = _counted(part, np.minimum(p, 1 - p), np.ones_like(p), alone=False)
    else:
        found = np.ones_like(p)
    return np.where(part.present, _robust(part) * found, np.nan)


def _counted(part: Measured, p: np.ndarray, many: np.ndarray, *, alone: bool) -> np.ndarray:
    mean = part.shots * p
    table = _of_few_counts(part.shots, alone=alone)
    return np.where(mean < _MANY, np.interp(np.log(mean), np.log(_GRID), table), many)


def _robust(part: Measured) -> float:
    """Give what a weight and robust residuals make of the mean square of a Gaussian residual."""
    if not np.isfinite(part.robust):
        return part.weight
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    squares = 2 * part.robust**2 * (np.sqrt(1 + part.weight * nodes**2 / part.robust**2) - 1)
    return float(weights @ squares / weights.sum())


def _of_few_counts(shots: int, *, alone: bool) -> Float[np.ndarray, " grid"]:
    """Give the mean deviance at a grid of expected counts; of one outcome `alone`, or of both of two."""
    mean = np.minimum(_GRID, shots * (1 - FLOOR))[:, None]
    k = _COUNTS[shots >= _COUNTS][None]
    p = mean / shots
    log_chance = gammaln(shots + 1) - gammaln(k + 1) - gammaln(shots - k + 1) + xlogy(k, p) + (shots - k) * np.log1p(-p)
    deviance = xlogy(k, k / mean)
    deviance += mean - k if alone else xlogy(shots - k, (1 - k / shots) / (1 - p))
    return np.sum(np.exp(log_chance) * 2 * deviance, axis=1)
