"""Parameters as free coordinates.

A parameter x with a prior is counted in standard deviations of it, ``x = mean + deviation u`` or
``x = median exp(deviation u)``, so that all steps are of order 1 and the prior itself is ``u^2/2``. Else it is written
between its bounds as ``x = lo + (hi - lo) sigmoid(u)``, on a logarithmic scale where the bounds are positive and more than
two decades apart, so that a method without bounds can never leave them.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.special import expit

from qrexplore.core import LogNormal, Normal, Parameter, ParameterTable, Uniform

# a start on a bound is moved inside by this share of the range: on the bound the coordinate would be infinite
_INSIDE = 1e-3
_DECADES = 2.0


def _range(row: Parameter) -> tuple[float, float]:
    return (row.prior.low, row.prior.high) if isinstance(row.prior, Uniform) else row.bounds


class Coordinates:
    """The change between parameter values and free coordinates.

    Parameters
    ----------
    table
        Parameters with bounds and priors; their values are not used.

    Attributes
    ----------
    whitened
        Which coordinates are standard deviations of a prior.
    """

    def __init__(self, table: ParameterTable) -> None:
        def each(kind: type | tuple[type, ...]) -> Bool[np.ndarray, " parameters"]:
            return np.array([isinstance(row.prior, kind) for row in table], dtype=bool)

        bounds = np.array([_range(row) for row in table], dtype=np.float64).reshape(-1, 2)
        wide = np.array([low > 0 and math.log10(high / low) > _DECADES for low, high in bounds], dtype=bool)
        self.whitened = each((Normal, LogNormal))
        self.logarithmic = np.where(self.whitened, each(LogNormal), wide)
        safe = np.where(self.logarithmic[:, None], np.maximum(bounds, np.finfo(float).tiny), 1.0)
        scaled = np.where(self.logarithmic[:, None], np.log(safe), bounds)
        self.low, self.span = scaled[:, 0], scaled[:, 1] - scaled[:, 0]
        for place, row in enumerate(table):
            if isinstance(row.prior, Normal):
                self.low[place], self.span[place] = row.prior.mean, row.prior.deviation
            elif isinstance(row.prior, LogNormal):
                self.low[place], self.span[place] = math.log(row.prior.median), row.prior.deviation

    def free(
        self, values: Float[np.ndarray, " parameters"], *, inside: float = _INSIDE
    ) -> Float[np.ndarray, " parameters"]:
        """Give the free coordinates of parameter values (each in its unit), kept `inside` their range by that share of it."""
        values = np.asarray(values, dtype=np.float64)
        scaled = np.where(self.logarithmic, np.log(np.where(self.logarithmic, values, 1.0)), values)
        share = np.where(self.whitened, 0.5, np.clip((scaled - self.low) / self.span, inside, 1 - inside))
        return np.where(self.whitened, (scaled - self.low) / self.span, np.log(share) - np.log1p(-share))

    def values(self, coordinates: Float[Array, " parameters"]) -> Float[Array, " parameters"]:
        """Give the parameter values at free coordinates; differentiable."""
        share = jnp.where(self.whitened, coordinates, jax.nn.sigmoid(coordinates))
        scaled = self.low + self.span * share
        return jnp.where(self.logarithmic, jnp.exp(jnp.where(self.logarithmic, scaled, 0.0)), scaled)

    def slopes(self, coordinates: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " parameters"]:
        """Give the derivative of each value with respect to its coordinate."""
        share = expit(np.asarray(coordinates))
        slope = self.span * np.where(self.whitened, 1.0, share * (1 - share))
        return slope * np.where(self.logarithmic, np.asarray(self.values(jnp.asarray(coordinates))), 1.0)
