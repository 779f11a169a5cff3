"""Parameters as free coordinates.

A parameter x with a prior is counted in standard deviations of it, ``x = mean + deviation u`` or
``x = median exp(deviation u)``, so that all steps are of order 1 and the prior itself is ``u^2/2``; only next to a bound is it
bent, so as not to pass it. Else it is written between its bounds as ``x = lo + (hi - lo) sigmoid(u)``, on a logarithmic scale
where the bounds are positive and more than two decades apart, so that a method without bounds can never leave them.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.special import expit

from qrexplore.core import LogNormal, Normal, ParameterTable

# a start on a bound is moved inside by this share of the range: on the bound the coordinate would be infinite
_INSIDE = 1e-3
_DECADES = 2.0
# share of the range next to a bound where a coordinate with a prior is bent, at most a standard deviation
_BENT = 0.05


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

        bounds = np.array([row.range for row in table], dtype=np.float64).reshape(-1, 2)
        wide = np.array([low > 0 and math.log10(high / low) > _DECADES for low, high in bounds], dtype=bool)
        self.whitened = each((Normal, LogNormal))
        self.logarithmic = np.where(self.whitened, each(LogNormal), wide)
        safe = np.where(self.logarithmic[:, None], np.maximum(bounds, np.finfo(float).tiny), 1.0)
        scaled = np.where(self.logarithmic[:, None], np.log(safe), bounds)
        self.low, self.span = scaled[:, 0], scaled[:, 1] - scaled[:, 0]
        self._ends, self._margin = scaled.T.copy(), _BENT * (scaled[:, 1] - scaled[:, 0])
        for place, row in enumerate(table):
            if isinstance(row.prior, Normal):
                self.low[place], self.span[place] = row.prior.mean, row.prior.deviation
            elif isinstance(row.prior, LogNormal):
                self.low[place], self.span[place] = math.log(row.prior.median), row.prior.deviation
        self._margin = np.where(self.whitened, np.minimum(self._margin, self.span), self._margin)

    def free(
        self, values: Float[np.ndarray, " parameters"], *, inside: float = _INSIDE
    ) -> Float[np.ndarray, " parameters"]:
        """Give the free coordinates of parameter values (each in its unit), kept `inside` their range by that share of it."""
        values = np.asarray(values, dtype=np.float64)
        scaled = np.where(self.logarithmic, np.log(np.where(self.logarithmic, values, 1.0)), values)
        share = np.where(self.whitened, 0.5, np.clip((scaled - self.low) / self.span, inside, 1 - inside))
        return np.where(self.whitened, (self._unbent(scaled) - self.low) / self.span, np.log(share) - np.log1p(-share))

    def values(self, coordinates: Float[Array, " parameters"]) -> Float[Array, " parameters"]:
        """Give the parameter values at free coordinates; differentiable."""
        share = jnp.where(self.whitened, coordinates, jax.nn.sigmoid(coordinates))
        scaled = self.low + self.span * share
        scaled = jnp.where(self.whitened, self._bent(scaled), scaled)
        return jnp.where(self.logarithmic, jnp.exp(jnp.where(self.logarithmic, scaled, 0.0)), scaled)

    def slopes(self, coordinates: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " parameters"]:
        """Give the derivative of each value with respect to its coordinate."""
        share = expit(np.asarray(coordinates))
        past = np.maximum(*self._past(self.low + self.span * np.asarray(coordinates)))
        slope = self.span * np.where(self.whitened, np.exp(-np.maximum(past, 0.0)), share * (1 - share))
        return slope * np.where(self.logarithmic, np.asarray(self.values(jnp.asarray(coordinates))), 1.0)

    def _past(self, scaled: Any) -> tuple[Any, Any]:
        """Give how far values are past where they begin to bend, at the lower and the upper end, in margins."""
        low, high = self._ends
        return (low - scaled) / self._margin + 1, (scaled - high) / self._margin + 1

    def _bent(self, scaled: Any) -> Float[Array, " parameters"]:
        """Keep values within their bounds: the distance to one falls exponentially from where a value begins to bend."""
        (low, high), (below, above) = self._ends, self._past(scaled)
        scaled = jnp.where(below > 0, low + self._margin * jnp.exp(-jnp.maximum(below, 0.0)), scaled)
        return jnp.where(above > 0, high - self._margin * jnp.exp(-jnp.maximum(above, 0.0)), scaled)

    def _unbent(self, scaled: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " parameters"]:
        """Undo `_bent`; what stands on a bound or past it is taken to be just inside."""
        low, high = self._ends
        near = [np.clip((gap / self._margin), _INSIDE, 1.0) for gap in (scaled - low, high - scaled)]
        return scaled.clip(low + self._margin, high - self._margin) + self._margin * (np.log(near[0]) - np.log(near[1]))
