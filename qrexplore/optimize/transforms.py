"""Bounded parameters as free coordinates.

A parameter x between bounds is written ``x = lo + (hi - lo) sigmoid(u)``, on a logarithmic scale where the bounds are
positive and more than two decades apart, so that a method without bounds can never leave them.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import expit

from qrexplore.core import ParameterTable

# a start on a bound is moved inside by this share of the range: on the bound the coordinate would be infinite
_INSIDE = 1e-3
_DECADES = 2.0


class Coordinates:
    """The change between parameter values and free coordinates.

    Parameters
    ----------
    table
        Parameters with bounds; their values are not used.
    """

    def __init__(self, table: ParameterTable) -> None:
        bounds = np.array([row.bounds for row in table], dtype=np.float64).reshape(-1, 2)
        self.logarithmic = np.array([low > 0 and math.log10(high / low) > _DECADES for low, high in bounds], dtype=bool)
        safe = np.where(self.logarithmic[:, None], bounds, 1.0)
        scaled = np.where(self.logarithmic[:, None], np.log(safe), bounds)
        self.low, self.span = scaled[:, 0], scaled[:, 1] - scaled[:, 0]

    def free(
        self, values: Float[np.ndarray, " parameters"], *, inside: float = _INSIDE
    ) -> Float[np.ndarray, " parameters"]:
        """Give the free coordinates of parameter values (each in its unit), kept `inside` their range by that share of it."""
        values = np.asarray(values, dtype=np.float64)
        scaled = np.where(self.logarithmic, np.log(np.where(self.logarithmic, values, 1.0)), values)
        share = np.clip((scaled - self.low) / self.span, inside, 1 - inside)
        return np.log(share) - np.log1p(-share)

    def values(self, coordinates: Float[Array, " parameters"]) -> Float[Array, " parameters"]:
        """Give the parameter values at free coordinates; differentiable."""
        scaled = self.low + self.span * jax.nn.sigmoid(coordinates)
        return jnp.where(self.logarithmic, jnp.exp(jnp.where(self.logarithmic, scaled, 0.0)), scaled)

    def slopes(self, coordinates: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " parameters"]:
        """Give the derivative of each value with respect to its coordinate."""
        share = expit(np.asarray(coordinates))
        slope = self.span * share * (1 - share)
        return slope * np.where(self.logarithmic, np.asarray(self.values(jnp.asarray(coordinates))), 1.0)
