"""Likelihoods as residuals: half the sum of their squares is minus the logarithm of the likelihood, up to a constant.

* ``gaussian``: ``(model - data)/sigma`` with sigma from the file, or estimated from the data's own scatter.
* ``binomial``: signed root of the deviance of N shots, ``2N [f ln(f/p) + (1-f) ln((1-f)/(1-p))]``, f the measured share.
* ``mse``: ``(model - data)/rms(data)``, no statement about noise; its chi2 means nothing.

References
----------
McCullagh and Nelder, Generalized Linear Models (1989), section 2.4 (deviance residuals).
"""

import json
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from qrexplore.core import require_choice
from qrexplore.data import estimate_noise, observable

LIKELIHOODS = ("gaussian", "binomial", "mse")
# probabilities are kept this far from 0 and 1, where one unexpected shot would be impossible
_FLOOR = 1e-6
# scatter between neighbors above this share of the spread of all points is the signal itself, sampled too coarsely
_TOLD = 0.5


@dataclass(frozen=True, eq=False)
class Measured:
    """The numbers a prediction is compared with.

    Attributes
    ----------
    values
        Measured numbers, in the dimensions of the experiment; missing ones are NaN.
    sigma
        Standard deviation of each number (Gaussian), or the scale (mse).
    shots
        Repetitions of each number (binomial), else 0.
    noise
        Where sigma comes from: ``file``, ``scatter`` of neighboring points, or ``unknown``; then sigma is the rms of the data
        and only the ratio of residuals means something.
    """

    values: Float[np.ndarray, "qubit *sweep"]
    sigma: Float[np.ndarray, "qubit *sweep"]
    shots: int
    noise: str
    likelihood: str

    @property
    def present(self) -> np.ndarray:
        """Where there is a number."""
        return np.isfinite(self.values)

    def residuals(self, predicted: Float[Array, "qubit *sweep"]) -> Float[Array, " points"]:
        """Give the residuals at the points that were measured."""
        where = np.flatnonzero(self.present.reshape(-1))
        model = predicted.reshape(-1)[where]
        data = jnp.asarray(self.values.reshape(-1)[where])
        if self.likelihood == "binomial":
            return _deviance_root(model, data, self.shots)
        return (model - data) / jnp.asarray(self.sigma.reshape(-1)[where])


def _deviance_root(model: Array, share: Array, shots: int) -> Array:
    p = _FLOOR + (1 - 2 * _FLOOR) * jnp.clip(model, 0.0, 1.0)
    f = jnp.clip(share, 0.0, 1.0)
    entropy = jnp.where(f > 0, f * jnp.log(jnp.where(f > 0, f, 1.0)), 0.0)
    entropy += jnp.where(f < 1, (1 - f) * jnp.log(jnp.where(f < 1, 1 - f, 1.0)), 0.0)
    divergence = entropy - f * jnp.log(p) - (1 - f) * jnp.log1p(-p)
    gap = p - f
    # near p = f the root is taken of the ratio to the parabola, which is smooth; the ratio itself needs its own limit
    spread = jnp.where((f > 0) & (f < 1), f * (1 - f), p * (1 - p))
    near = jnp.abs(gap) < 1e-5 * spread
    third = (2 * f - 1) / (3 * spread)
    ratio = jnp.where(near, (1 + third * gap) / (2 * spread), divergence / jnp.where(near, 1.0, gap) ** 2)
    return gap * jnp.sqrt(2 * shots * ratio)


def measured(data: xr.Dataset, likelihood: str) -> Measured:
    """Prepare a dataset for comparison.

    Parameters
    ----------
    data
        Dataset in the schema of `qrexplore.data`.
    likelihood
        One of `LIKELIHOODS`.

    Raises
    ------
    ValueError
        If the likelihood is unknown, or the binomial one is asked of data that are no shares of a known number of shots.
    """
    require_choice(likelihood, "likelihood", LIKELIHOODS)
    array = observable(data)
    values = np.asarray(array.values, dtype=np.float64)
    stderr = data.get(f"{array.name}_stderr")
    if likelihood == "mse":
        scale = np.nanstd(values, axis=tuple(range(1, values.ndim)), keepdims=True)
        return Measured(values, np.broadcast_to(scale, values.shape), 0, noise="unknown", likelihood=likelihood)
    if likelihood == "binomial":
        return Measured(values, np.ones_like(values), _shots(data), noise="file", likelihood=likelihood)
    if stderr is not None and np.all(stderr.values[np.isfinite(values)] > 0):
        return Measured(values, np.asarray(stderr.values), 0, noise="file", likelihood=likelihood)
    spread = np.nanstd(values, axis=tuple(range(1, values.ndim)), keepdims=True)
    sigma = _scatter(array)
    if sigma is None or np.any(sigma > _TOLD * spread):
        return Measured(values, np.broadcast_to(spread, values.shape), 0, noise="unknown", likelihood=likelihood)
    return Measured(values, np.broadcast_to(sigma, values.shape), 0, noise="scatter", likelihood=likelihood)


def _scatter(array: xr.DataArray) -> Float[np.ndarray, "qubit *ones"] | None:
    """Give the noise of each qubit, from whichever sweep shows least of it (the smoothest direction of the signal)."""
    estimates = []
    for dim in array.dims[1:]:
        if array.sizes[dim] >= 8 and np.issubdtype(array[dim].dtype, np.number):
            noise = estimate_noise(array, str(dim)) ** 2
            estimates.append(np.sqrt(noise.mean([d for d in noise.dims if d != "qubit"]).values))
    return np.min(estimates, axis=0).reshape(-1, *[1] * (array.ndim - 1)) if estimates else None


def _shots(data: xr.Dataset) -> int:
    shots = json.loads(data.attrs.get("settings", "{}")).get("shots", data.attrs.get("shots", 0))
    if observable(data).name != "population" or not shots or int(shots) < 1:
        msg = (
            "`likelihood` 'binomial' needs a population from a known number of shots, got "
            f"{observable(data).name!r} with shots {shots!r}. Use 'gaussian', or set 'shots' in the settings of the dataset."
        )
        raise ValueError(msg)
    return int(shots)
