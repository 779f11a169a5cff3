"""How sure a prediction is: bands on any curve that a learned model predicts."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import ndtri

from qrexplore.core import require_finite

Curve = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Band:
    """A curve with its uncertainty.

    Attributes
    ----------
    center, sigma
        The curve and its standard deviation.
    lower, upper
        Ends of the band.
    level
        Chance that the band holds the truth, at each point by itself.
    """

    center: np.ndarray
    sigma: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    level: float

    def coverage(self, truth: np.ndarray) -> float:
        """Give the share of points at which the band holds a curve."""
        return float(np.mean((truth >= self.lower) & (truth <= self.upper)))


def linear_band(
    curve: Curve,
    point: Float[np.ndarray, " parameters"],
    covariance: Float[np.ndarray, "parameters parameters"],
    *,
    level: float = 0.95,
    noise: float | np.ndarray = 0.0,
) -> Band:
    r"""Give the band of a curve by linear propagation, :math:`J_f C J_f^T`.

    Parameters
    ----------
    curve
        Traceable function of the coordinates; its value has any shape.
    point
        Coordinates of the fit.
    covariance
        Of the coordinates.
    level
        Chance that the band holds the truth, in (0, 1).
    noise
        Standard deviation of one measured point, for a band on data still to come; 0 for one on the curve itself.

    Raises
    ------
    ValueError
        If the level is outside (0, 1), or the covariance is not finite.
    """
    require_level(level)
    require_finite(covariance, "covariance")
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    center, push = jax.linearize(curve, jnp.asarray(point))
    spread = jax.vmap(push)(jnp.asarray(root.T))
    sigma = np.sqrt(np.sum(np.asarray(spread) ** 2, axis=0) + np.asarray(noise) ** 2)
    reach = float(ndtri((1 + level) / 2)) * sigma
    middle = np.asarray(center)
    return Band(middle, sigma, middle - reach, middle + reach, level)


def drawn_band(
    curve: Curve,
    draws: Float[np.ndarray, "draws parameters"],
    *,
    level: float = 0.95,
    noise: float | np.ndarray = 0.0,
    seed: int = 0,
) -> Band:
    """Give the band of a curve by draws from the posterior; its center is their median.

    Parameters
    ----------
    curve
        Traceable function of the coordinates; its value has any shape. It is mapped over the draws one by one.
    draws
        From the posterior: `qrexplore.learn.gaussian_draws`, or a converged `qrexplore.learn.Samples`.
    level
        Chance that the band holds the truth, in (0, 1).
    noise
        Standard deviation of one measured point, for a band on data still to come; 0 for one on the curve itself.
    seed
        Of that noise.

    Raises
    ------
    ValueError
        If the level is outside (0, 1), or a curve is not finite.
    """
    require_level(level)
    curves = np.asarray(jax.lax.map(curve, jnp.asarray(draws)))
    require_finite(curves, "curve")
    if np.any(np.asarray(noise) > 0):
        curves = curves + noise * np.random.default_rng(seed).normal(size=curves.shape)
    lower, center, upper = np.quantile(curves, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    return Band(center, np.std(curves, axis=0, ddof=1), lower, upper, level)


def gaussian_draws(
    point: Float[np.ndarray, " parameters"],
    covariance: Float[np.ndarray, "parameters parameters"],
    *,
    count: int = 1000,
    seed: int = 0,
) -> Float[np.ndarray, "draws parameters"]:
    """Draw coordinates from the Laplace approximation of the posterior.

    Parameters
    ----------
    point, covariance
        Coordinates of the fit and their covariance.
    count, seed
        Number of draws, and where they begin.

    Raises
    ------
    ValueError
        If the covariance is not finite.
    """
    require_finite(covariance, "covariance")
    return np.random.default_rng(seed).multivariate_normal(point, covariance, size=count, method="eigh")


def require_level(level: float) -> None:
    """Raise ValueError unless a level is between 0 and 1."""
    if not 0 < level < 1:
        msg = f"`level` must be between 0 and 1, got {level!r}. Give for example 0.95."
        raise ValueError(msg)
