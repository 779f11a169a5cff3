"""What is known where amplitudes may be zero: a mixture of Gaussians, one for each place of what they scale.

Where an amplitude is zero nothing tells of what it scales, of the time constant of a settling, say. Near zero the likelihood has
a valley wherever noise, or what is left of something else, looks a little like it; a fit ends in one of them, and its curvature
knows of no other. So the fit is made once more without such amplitudes. About that, to first order in the amplitudes and in all
that does not belong to them, every place is a problem of linear least squares: these tell how likely each place is, or for
several amplitudes each choice of places, and from where to fit all else there, by residuals alone.

References
----------
Davies, Biometrika 74, 33 (1987), on testing for what has a parameter of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit, ndtr, softmax

from qrexplore.core import ParameterTable
from qrexplore.learn.fit import LearnResult
from qrexplore.learn.places import Faint, Places, faint_amplitudes, others, rows_with_priors
from qrexplore.learn.posterior import Posterior, posterior
from qrexplore.learn.residuals import Kernel
from qrexplore.optimize import LevenbergMarquardt, Stop, search, secant

# of the fits at a place; a tenth of what the likelihood can tell is not waited for
_NEAR = Stop(evaluations=20, patience=6, share=2e-5)
# of the fit without the amplitudes, each with a Jacobian of its own
_ROUNDS = 5
# choices that are drawn, and that are fitted; all, if they are not more than those
_KEPT, _DRAWS = 1000, 24
# of log likelihood: a fit to which no place comes as near stands beside them, and one better by more is told
_UNLIKE = 1.0
_BISECTIONS = 50
# share of a Gaussian between the bounds below which it lies outside
_NOTHING = 1e-12


@dataclass(frozen=True, eq=False)
class Mixture:
    """What is known after a fit, each amplitude that may be zero with all that it may scale.

    Attributes
    ----------
    posterior
        The Gaussian about the fit, in whose coordinates this is.
    weights
        Of the Gaussians; they sum to 1.
    centers, sigmas
        Center of each, and the standard deviation of each parameter.
    better
        Parameters, in their units, that explain the data better than the fit by more than 1 in log likelihood; None if none do.
    """

    posterior: Posterior
    weights: Float[np.ndarray, " gaussians"]
    centers: Float[np.ndarray, "gaussians parameters"]
    sigmas: Float[np.ndarray, "gaussians parameters"]
    better: Float[np.ndarray, " parameters"] | None

    @property
    def sigma(self) -> Float[np.ndarray, " parameters"]:
        """Root of the mean squared distance from the fit."""
        apart = self.centers - self.posterior.center
        return np.sqrt(self.weights @ (self.sigmas**2 + apart**2))

    @property
    def ratios(self) -> Float[np.ndarray, " parameters"]:
        """Widths after over widths before the data, at most 1."""
        return np.minimum(self.sigma / self.posterior.prior_sigma, 1.0)

    def intervals(self, level: float) -> Float[np.ndarray, "parameters 2"]:
        """Give the central interval of each parameter in its unit, within its bounds."""
        told = self.posterior.coordinates.whitened
        first, last = np.where(told, -np.inf, 0.0), np.where(told, np.inf, 1.0)
        below, inside = self._below(first), self._below(last) - self._below(first)
        # a Gaussian that lies wholly outside has all that it says at the bound that is nearer
        there, outside = inside > _NOTHING, self.centers < first
        inside = np.where(there, inside, 1.0)
        ends = []
        for tail in ((1 - level) / 2, (1 + level) / 2):
            low = np.clip(np.min(self.centers - 8 * self.sigmas, axis=0), first, last)
            high = np.clip(np.max(self.centers + 8 * self.sigmas, axis=0), first, last)
            for _ in range(_BISECTIONS):
                middle = (low + high) / 2
                shares = np.where(there, (self._below(middle) - below) / inside, outside)
                under = self.weights @ shares < tail
                low, high = np.where(under, middle, low), np.where(under, high, middle)
            ends.append((low + high) / 2)
        return self.posterior.values(np.array(ends)).T

    def _below(self, place: np.ndarray) -> np.ndarray:
        """Give the share of each Gaussian that is below a place, parameter by parameter."""
        return ndtr((place - self.centers) / self.sigmas)


def about(result: LearnResult, kernel: Kernel) -> tuple[Posterior, Mixture | None]:
    """Give the Gaussian about a fit, and with amplitudes that may be zero looked at everywhere; None if there is none.

    Parameters
    ----------
    result
        The fit.
    kernel
        That of the fit. It is asked for one evaluation, and, if there are such amplitudes, for one without them and some
        hundred times for the residuals.
    """
    values = np.array([result.parameters[path].value for path in result.problem.table.paths])
    known = _gaussian(result, kernel, result.point, values)
    faint = faint_amplitudes(known)
    if not faint:
        return known, None
    problem, scale = result.problem, np.sqrt(result.inflation)

    def residuals(center: np.ndarray) -> np.ndarray:
        point = kernel.point(problem, known.free(center))
        return np.concatenate(kernel.residual(point, problem.twin)) / scale

    def gaussian(center: np.ndarray) -> Posterior:
        return _gaussian(result, kernel, known.free(center), known.values(center))

    return known, mixture(known, _without(known, faint, residuals, gaussian), faint, residuals)


def mixture(
    known: Posterior, without: Posterior, faint: Sequence[Faint], residuals: Callable[[np.ndarray], np.ndarray]
) -> Mixture:
    """Give what is known with faint amplitudes looked at everywhere.

    Parameters
    ----------
    known, without
        The Gaussians about the fit, and about that with the amplitudes at zero.
    faint
        The amplitudes.
    residuals
        Gives the whitened residuals of the data, divided by the root of the inflation, in the coordinates of ``known.center``.
    """
    whole = _with_priors(known, residuals)
    linear = Places(without, faint, residuals)
    choices, weights = linear.likely(known.center)
    every = len(choices) <= _DRAWS
    if not every:
        # draws, each of which counts as much as any other
        random = np.random.default_rng(0)
        drawn = random.choice(len(weights), size=_KEPT, p=weights)
        family = float(np.mean(linear.log_evidence(choices[drawn]) - np.log(weights[drawn])))
        choices, weights = choices[drawn], np.full(_KEPT, 1 / _KEPT)
    else:
        family = float(np.logaddexp.reduce(linear.log_evidence(choices)))
    centers, sigmas = linear.gaussians(choices)

    def fitted(choice: np.ndarray) -> tuple[np.ndarray, float]:
        (center,), (sigma,) = linear.gaussians(choice[None])
        return _fitted(whole, center, linear.jacobian(choice), linear.moving, sigma)

    some = choices[:_DRAWS]
    ends, losses = map(np.array, zip(*map(fitted, some), strict=True))
    dearer = losses - linear.losses(some)
    here, best = float(np.sum(whole(known.center) ** 2)) / 2, int(np.argmin(losses))
    better = known.values(ends[best]) if here - losses[best] > _UNLIKE else None
    if every or np.any(np.abs(dearer) > _UNLIKE):
        # only what was fitted counts, and a place that costs more than was promised is less likely
        centers, sigmas = ends, sigmas[:_DRAWS]
        logs = np.log(weights[:_DRAWS] / np.sum(weights[:_DRAWS])) - dearer
        weights, family = softmax(logs), family + float(np.logaddexp.reduce(logs))
    same = np.all(some == linear.near(known.center), axis=1)
    nearest = losses[same][0] if np.any(same) else fitted(linear.near(known.center))[1]
    if nearest > here + _UNLIKE:
        own = np.linalg.slogdet(known.covariance)[1] / 2 - here + len(linear.shapes) * np.log(2 * np.pi) / 2
        share = float(expit(own - family))
        weights = np.append(weights * (1 - share), share)
        centers, sigmas = np.vstack([centers, known.center]), np.vstack([sigmas, known.sigma])
    return Mixture(known, weights, centers, sigmas, better)


def _with_priors(known: Posterior, residuals: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Give residuals with a row for each prior: one that is Gaussian draws to its center, bounds to nowhere."""
    told = known.coordinates.whitened
    return lambda center: np.concatenate([residuals(center), np.where(told, center, 0.0) / known.prior_sigma])


def _fitted(
    whole: Callable[[np.ndarray], np.ndarray],
    center: Float[np.ndarray, " parameters"],
    jacobian: Float[np.ndarray, "residuals moving"],
    moving: Int[np.ndarray, " moving"],
    sigma: Float[np.ndarray, " parameters"],
) -> tuple[np.ndarray, float]:
    """Fit some coordinates by residuals alone, with a Jacobian from near; give where that ends, and the loss there."""

    def filled(part: np.ndarray) -> np.ndarray:
        point = center.copy()
        point[moving] = part
        return point

    posed = secant(lambda part: whole(filled(part)), center[moving], jacobian, sigma[moving])
    end = search(posed, LevenbergMarquardt(), stop=_NEAR)
    return filled(end.coordinates), float(end.loss)


def _gaussian(
    result: LearnResult,
    kernel: Kernel,
    point: Float[np.ndarray, " parameters"],
    values: Float[np.ndarray, " parameters"],
) -> Posterior:
    """Give the Gaussian about free coordinates of what was asked, and the values of the parameters there."""
    problem = result.problem
    found = kernel.evaluate(kernel.point(problem, point), problem.twin)
    rows = (replace(row, value=float(value)) for row, value in zip(problem.table, values, strict=True))
    return posterior(ParameterTable(rows), point, found.jacobian[:, problem.moving], inflation=result.inflation)


def _without(
    known: Posterior,
    faint: Sequence[Faint],
    residuals: Callable[[np.ndarray], np.ndarray],
    gaussian: Callable[[np.ndarray], Posterior],
) -> Posterior:
    """Fit all else with the amplitudes at zero; give the Gaussian there."""
    common, center, whole = others(faint, len(known.center)), known.center.copy(), _with_priors(known, residuals)
    for one in faint:
        center[one.position] = one.zero
    base = known
    for _ in range(_ROUNDS):
        if len(common):
            center, _ = _fitted(whole, center, rows_with_priors(base)[:, common], common, known.sigma)
        base = gaussian(center)
        basis, _ = np.linalg.qr(rows_with_priors(base)[:, common])
        # a search without slopes may end where they lead on
        if np.sum((basis.T @ whole(center)) ** 2) / 2 < _UNLIKE:
            break
    return base
