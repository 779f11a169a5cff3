"""What is known after a fit: a Gaussian about it (Laplace) in coordinates that know bounds and priors.

A parameter with a Gaussian prior is counted in prior widths, on a logarithmic scale where the prior is; any other by its place
between its bounds, from 0 to 1, on a logarithmic scale where they are more than two decades apart. There the bounds themselves
are what was known before, with the width ``1/sqrt(12)``, and the Gaussian is cut off at them. So every direction has an end,
also one that the data do not tell.
"""

from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.special import expit, logit, ndtr, ndtri

from qrexplore.core import ParameterTable
from qrexplore.learn.uncertainty import in_units, laplace
from qrexplore.optimize import Coordinates

# standard deviation of a place between bounds of which nothing is known
FLAT = 12**-0.5
# a place is kept this far from the bounds, where the coordinate would be infinite
_EDGE = 1e-12
# batches of draws that are looked through for ones between the bounds
_BATCHES = 50


@dataclass(frozen=True, eq=False)
class Posterior:
    """A Gaussian about a fit.

    Attributes
    ----------
    parameters
        The learned parameters, with their priors.
    center
        The fit: in prior widths, or as the place between the bounds.
    covariance
        Of that, priors and bounds included.
    jacobian
        Derivative of the whitened residuals of the data with respect to it, divided by the root of the inflation.
    """

    parameters: ParameterTable
    center: Float[np.ndarray, " parameters"]
    covariance: Float[np.ndarray, "parameters parameters"]
    jacobian: Float[np.ndarray, "residuals parameters"]

    @cached_property
    def coordinates(self) -> Coordinates:
        """Between the parameters and their free coordinates."""
        return Coordinates(self.parameters)

    @property
    def prior_sigma(self) -> Float[np.ndarray, " parameters"]:
        """Widths before the data, in the coordinates of `center`."""
        return np.where(self.coordinates.whitened, 1.0, FLAT)

    @property
    def sigma(self) -> Float[np.ndarray, " parameters"]:
        """Widths after the data, in the coordinates of `center`."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def ratios(self) -> Float[np.ndarray, " parameters"]:
        """Widths after over widths before the data."""
        return self.sigma / self.prior_sigma

    @property
    def slopes(self) -> Float[np.ndarray, " parameters"]:
        """Derivative of each parameter, in its unit, with respect to the coordinate of `center`."""
        told, free = self.coordinates.whitened, self.free(self.center)
        return self.coordinates.slopes(free) / np.where(told, 1.0, _flatness(free))

    def values(self, points: Float[np.ndarray, "*draws parameters"]) -> Float[np.ndarray, "*draws parameters"]:
        """Give parameters in their units at points in the coordinates of `center`."""
        return np.asarray(self.coordinates.values(jnp.asarray(self.free(points))))

    def intervals(self, level: float, *, prior: bool = False) -> Float[np.ndarray, "parameters 2"]:
        """Give the central interval of each parameter in its unit, within its bounds; or that before the data."""
        told = self.coordinates.whitened
        center, sigma = self.center, self.sigma
        if prior:
            center, sigma = np.where(told, 0.0, 0.5), np.where(told, 1.0, np.inf)
        tails = np.array([(1 - level) / 2, (1 + level) / 2])[:, None]
        # a place between the bounds is cut off at them; of infinite width, it is evenly spread
        low, high = (np.where(told, 0.0, ndtr((end - center) / sigma)) for end in (0.0, 1.0))
        shares = np.where(told, tails, low + tails * (high - low))
        ends = center + np.where(np.isfinite(sigma), sigma, 1.0) * ndtri(shares)
        return self.values(np.where(told | np.isfinite(sigma), ends, tails)).T

    def placed(self, point: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " parameters"]:
        """Give free coordinates as coordinates of `center`."""
        return np.where(self.coordinates.whitened, point, expit(point))

    def columns(self, jacobian: Float[np.ndarray, "rows parameters"]) -> Float[np.ndarray, "rows parameters"]:
        """Give derivatives with respect to the coordinates of `center` from those with respect to free coordinates."""
        told, free = self.coordinates.whitened, self.free(self.center)
        return in_units(jacobian, np.where(told, 1.0, _flatness(free)), np.ones(len(free)))

    def draws(self, count: int, *, seed: int) -> Float[np.ndarray, "draws parameters"]:
        """Give draws of the parameters in their units, all of them within their bounds."""
        return self.values(self.points(count, seed=seed))

    def points(self, count: int, *, seed: int) -> Float[np.ndarray, "draws parameters"]:
        """Give draws in the coordinates of `center`, all of them within the bounds."""
        random = np.random.default_rng(seed)
        free = ~self.coordinates.whitened
        kept = np.zeros((0, len(self.center)))
        steps = np.zeros_like(kept)
        for _ in range(_BATCHES):
            steps = random.multivariate_normal(np.zeros(len(self.center)), self.covariance, size=count, method="eigh")
            places = (self.center + steps)[:, free]
            inside = np.all((places >= 0) & (places <= 1), axis=1)
            kept = np.vstack([kept, self.center + steps[inside]])
            if len(kept) >= count:
                return kept[:count]
        # where hardly any draw is inside, the others are shortened, each along its own direction, which keeps what is known
        room = np.where(steps > 0, 1 - self.center, self.center) / np.maximum(np.abs(steps), np.finfo(float).tiny)
        reach = np.minimum(1.0, np.min(np.where(free, room, np.inf), axis=1))
        spread = random.random(len(steps)) ** (reach < 1)
        return np.vstack([kept, self.center + steps * (reach * spread)[:, None]])[:count]

    def free(self, points: Float[np.ndarray, "*draws parameters"]) -> Float[np.ndarray, "*draws parameters"]:
        """Give points in the coordinates of `center` as free coordinates; a place on a bound is moved inside by a hair."""
        told = self.coordinates.whitened
        return np.where(told, points, logit(np.clip(np.where(told, 0.5, points), _EDGE, 1 - _EDGE)))


def posterior(
    parameters: ParameterTable,
    point: Float[np.ndarray, " parameters"],
    jacobian: Float[np.ndarray, "residuals parameters"],
    *,
    inflation: float = 1.0,
) -> Posterior:
    """Give the posterior of parameters by Laplace's method.

    Parameters
    ----------
    parameters
        Table with bounds and priors.
    point
        Free coordinates of the fit.
    jacobian
        Derivative of the whitened residuals of the data with respect to free coordinates, without rows of priors.
    inflation
        Factor on the variance of the data; priors are not inflated.
    """
    told = Coordinates(parameters).whitened
    ones = np.ones(len(point))
    columns = in_units(jacobian, np.where(told, 1.0, _flatness(point)), ones) / np.sqrt(inflation)
    spread = laplace(columns, ones, prior=np.where(told, 1.0, FLAT))
    return Posterior(parameters, np.where(told, point, expit(point)), spread.covariance, columns)


def _flatness(point: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " parameters"]:
    """Give the derivative of the place between the bounds with respect to the free coordinate; 0 on a bound."""
    return expit(point) * expit(-point)
