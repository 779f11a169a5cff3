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
from itertools import product

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import solve_triangular
from scipy.special import expit, ndtr, softmax

from qrexplore.core import ParameterTable
from qrexplore.learn.fit import LearnResult
from qrexplore.learn.posterior import Posterior, posterior
from qrexplore.learn.residuals import Kernel
from qrexplore.optimize import LevenbergMarquardt, Stop, search, secant

# an amplitude within so many standard errors of zero has other valleys that count: beyond, they are e^-8 as likely at most
_FAINT = 4.0
# places of what an amplitude scales: as many over its bounds, or so many prior widths to either side
_PLACES, _REACH = 13, 2.4
# of its prior width: over how much of an amplitude the slope of the residuals is taken
_SMALL = 1e-3
# of the fits at a place; a tenth of what the likelihood can tell is not waited for
_NEAR = Stop(evaluations=20, patience=3, share=2e-5)
# choices of places that are looked at one by one; rounds of draws where there are more
_MOST, _SWEEPS = 30_000, 1000
# choices that are kept, and that are fitted, where there are several amplitudes
_KEPT, _DRAWS = 1000, 24
# of log likelihood: a fit to which no place comes as near stands beside them, and one better by more is told
_UNLIKE = 1.0
_BISECTIONS = 50


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
        Parameters, in their units, that fit better than the fit; None where none was met.
    gain
        How far the loss there is below that of the fit (half a sum of squares, priors included); at most 0 where there is none.
    """

    posterior: Posterior
    weights: Float[np.ndarray, " gaussians"]
    centers: Float[np.ndarray, "gaussians parameters"]
    sigmas: Float[np.ndarray, "gaussians parameters"]
    better: Float[np.ndarray, " parameters"] | None
    gain: float

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
        ends = []
        for tail in ((1 - level) / 2, (1 + level) / 2):
            low = np.maximum(np.min(self.centers - 8 * self.sigmas, axis=0), first)
            high = np.minimum(np.max(self.centers + 8 * self.sigmas, axis=0), last)
            for _ in range(_BISECTIONS):
                middle = (low + high) / 2
                under = np.sum(self.weights[:, None] * (self._below(middle) - below) / inside, axis=0) < tail
                low, high = np.where(under, middle, low), np.where(under, high, middle)
            ends.append((low + high) / 2)
        return self.posterior.values(np.array(ends)).T

    def _below(self, place: np.ndarray) -> np.ndarray:
        """Give the share of each Gaussian that is below a place, parameter by parameter."""
        return ndtr((place - self.centers) / self.sigmas)


@dataclass(frozen=True)
class Faint:
    """An amplitude that may be zero: its position, where its zero is, and the positions of what it scales."""

    position: int
    zero: float
    shapes: tuple[int, ...]


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

    point = known.free(_without(known, faint, residuals))
    values = np.asarray(known.coordinates.values(jnp.asarray(point)))
    return known, mixture(known, _gaussian(result, kernel, point, values), faint, residuals)


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

    def loss(center: np.ndarray) -> float:
        left, prior = residuals(center), center[known.coordinates.whitened]
        return float(left @ left + prior @ prior) / 2

    whole = _with_priors(known, residuals)
    linear = _Linear(without, faint, residuals)
    choices, weights = linear.likely(known.center)
    if len(faint) > 1:
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
    if len(faint) == 1 or np.any(np.abs(dearer) > _UNLIKE):
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
    return Mixture(known, weights, centers, sigmas, better, here - float(losses[best]))


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


def faint_amplitudes(known: Posterior) -> list[Faint]:
    """Give the amplitudes that may be zero and scale something that was learned, too."""
    values, found = known.parameters.values, []
    for position, row in enumerate(known.parameters):
        shapes = tuple(k for k, other in enumerate(known.parameters) if other.scaled_by == row.path)
        if not shapes or not row.bounds[0] < 0 < row.bounds[1]:
            continue
        nothing = values.copy()
        nothing[position] = 0.0
        zero = float(known.placed(known.coordinates.free(nothing))[position])
        if np.isfinite(zero) and abs(known.center[position] - zero) < _FAINT * known.sigma[position]:
            found.append(Faint(position, zero, shapes))
    return found


def _others(faint: Sequence[Faint], count: int) -> Int[np.ndarray, " others"]:
    """Give the positions, of so many, of what does not belong to the amplitudes."""
    apart = {k for one in faint for k in (one.position, *one.shapes)}
    return np.array([k for k in range(count) if k not in apart], dtype=int)


def _without(
    known: Posterior, faint: Sequence[Faint], residuals: Callable[[np.ndarray], np.ndarray]
) -> Float[np.ndarray, " parameters"]:
    """Fit all else with the amplitudes at zero."""
    common, center = _others(faint, len(known.center)), known.center.copy()
    for one in faint:
        center[one.position] = one.zero
    if not len(common):
        return center
    jacobian = np.vstack([known.jacobian, np.diag(1 / known.prior_sigma)])[:, common]
    return _fitted(_with_priors(known, residuals), center, jacobian, common, known.sigma)[0]


class _Linear:
    """The residuals to first order about a fit without some amplitudes, for all places of what they scale.

    Parameters that belong to no amplitude are taken out by a projection, so that each choice of places is a problem of as
    many unknowns as there are amplitudes. Choices are rows of numbers, one for each amplitude: the places in their order.
    """

    def __init__(self, known: Posterior, faint: Sequence[Faint], residuals: Callable[[np.ndarray], np.ndarray]) -> None:
        told, width = known.coordinates.whitened, known.prior_sigma
        self.known, self.faint = known, faint
        self.shapes = [k for one in faint for k in one.shapes]
        self.amplitudes = [one.position for one in faint]
        self.common = _others(faint, len(width))
        self.places = [_places(told[list(one.shapes)]) for one in faint]
        self.first = np.cumsum([0, *map(len, self.places)])[:-1]
        begin, slopes, self.prior = residuals(known.center), [], []
        for one, places in zip(faint, self.places, strict=True):
            shapes, step = list(one.shapes), _SMALL * width[one.position]
            self.prior += list(np.sum(np.where(told[shapes], places**2, 0.0), axis=1) / 2)
            for place in places:
                point = known.center.copy()
                point[shapes] = place
                point[one.position] += step
                slopes.append((residuals(point) - begin) / step)
        self.prior = np.array(self.prior)
        # priors are rows, too; they draw to their centers, and between bounds nothing does
        drawn = np.where(told, known.center, 0.0) / width
        basis, triangle = np.linalg.qr(np.vstack([known.jacobian[:, self.common], np.diag(1 / width[self.common])]))
        whole = np.concatenate([begin, drawn[self.common]])
        self.slopes = np.array(slopes).T
        columns = np.vstack([self.slopes, np.zeros((len(self.common), len(slopes)))])
        along, left = basis.T @ columns, whole - basis @ (basis.T @ whole)
        columns -= basis @ along
        self.gram, self.pull = columns.T @ columns, columns.T @ left
        self.precision, self.drawn = width[self.amplitudes] ** -2.0, (drawn / width)[self.amplitudes]
        self.rest = float(left @ left + np.sum(drawn[self.amplitudes] ** 2)) / 2
        inverse = solve_triangular(triangle, np.eye(len(triangle)))
        self.moved, self.follows = -inverse @ (basis.T @ whole), -(inverse @ along).T
        self.variances = np.sum(inverse**2, axis=1)
        self.volume = float(np.sum(np.log(np.abs(np.diag(inverse)))))

    @property
    def moving(self) -> Int[np.ndarray, " moving"]:
        """Positions of what is not a place."""
        return np.array([*self.common, *self.amplitudes])

    def jacobian(self, choice: Int[np.ndarray, " amplitudes"]) -> Float[np.ndarray, "residuals moving"]:
        """Give the derivative of the residuals, and of the rows of all priors, by what is not a place."""
        columns = np.hstack([self.known.jacobian[:, self.common], self.slopes[:, choice + self.first]])
        return np.vstack([columns, np.diag(1 / self.known.prior_sigma)[:, self.moving]])

    def near(self, center: Float[np.ndarray, " parameters"]) -> Int[np.ndarray, " amplitudes"]:
        """Give the choice of places next to a point."""
        pairs = zip(self.faint, self.places, strict=True)
        return np.array([np.argmin(np.sum((grid - center[list(one.shapes)]) ** 2, axis=1)) for one, grid in pairs])

    def _solved(self, choices: Int[np.ndarray, "choices amplitudes"]) -> tuple[np.ndarray, ...]:
        """Give columns, covariance and values of the amplitudes, and the loss."""
        at = choices + self.first
        inverse = np.linalg.inv(self.gram[at[:, :, None], at[:, None, :]] + np.diag(self.precision))
        pull = self.pull[at] + self.drawn
        value = -np.einsum("cij,cj->ci", inverse, pull)
        return at, inverse, value, self.rest + np.sum(pull * value, axis=1) / 2 + np.sum(self.prior[at], axis=1)

    def losses(self, choices: Int[np.ndarray, "choices amplitudes"]) -> Float[np.ndarray, " choices"]:
        """Give the smallest loss, priors included."""
        return self._solved(choices)[3]

    def log_evidence(self, choices: Int[np.ndarray, "choices amplitudes"]) -> Float[np.ndarray, " choices"]:
        """Give the logarithm of the integral over all but the places, less that of the powers of 2 pi; each has its room."""
        _, inverse, _, loss = self._solved(choices)
        room = sum(float(np.sum(np.log(_spacing(grid)))) for grid in self.places)
        return np.linalg.slogdet(inverse)[1] / 2 + self.volume + room - loss

    def likely(
        self, center: Float[np.ndarray, " parameters"]
    ) -> tuple[Int[np.ndarray, "choices amplitudes"], Float[np.ndarray, " choices"]]:
        """Give choices with their probabilities: all of them, or, where they are too many, those met on a walk from a point."""
        sizes = [len(places) for places in self.places]
        if np.prod(sizes, dtype=float) <= _MOST:
            choices = np.array(list(product(*map(range, sizes))))
            return choices, softmax(self.log_evidence(choices))
        # Gibbs sampling; each choice is counted with its probability, not only the one that is drawn
        random, here = np.random.default_rng(0), self.near(center)
        shares: dict[tuple[int, ...], float] = {}
        for _ in range(_SWEEPS):
            for k, size in enumerate(sizes):
                choices = np.repeat(here[None], size, axis=0)
                choices[:, k] = np.arange(size)
                weights = softmax(self.log_evidence(choices))
                for one, weight in zip(map(tuple, choices.tolist()), weights.tolist(), strict=True):
                    shares[one] = shares.get(one, 0.0) + weight
                here[k] = random.choice(size, p=weights)
        total = sum(shares.values())
        return np.array(list(shares)), np.array(list(shares.values())) / total

    def gaussians(self, choices: Int[np.ndarray, "choices amplitudes"]) -> tuple[np.ndarray, np.ndarray]:
        """Give centers and standard deviations of all parameters."""
        at, inverse, value, _ = self._solved(choices)
        centers = np.repeat(self.known.center[None], len(choices), axis=0)
        variances = np.zeros_like(centers)
        follows = self.follows[at]
        centers[:, self.common] += self.moved + np.einsum("cfk,cf->ck", follows, value)
        variances[:, self.common] = self.variances + np.einsum("cfk,cfg,cgk->ck", follows, inverse, follows)
        centers[:, self.amplitudes] += value
        variances[:, self.amplitudes] = np.diagonal(inverse, axis1=1, axis2=2)
        for k, (one, grid) in enumerate(zip(self.faint, self.places, strict=True)):
            centers[:, list(one.shapes)] = grid[choices[:, k]]
            variances[:, list(one.shapes)] = _spacing(grid) ** 2 / 12
        return centers, np.sqrt(variances)


def _places(told: np.ndarray) -> Float[np.ndarray, "places shapes"]:
    """Give places of what is scaled, in the coordinates of a posterior: within some prior widths, or between the bounds."""
    inside = (np.arange(_PLACES) + 0.5) / _PLACES
    return np.array(list(product(*(np.linspace(-_REACH, _REACH, _PLACES) if one else inside for one in told))))


def _spacing(places: Float[np.ndarray, "places shapes"]) -> Float[np.ndarray, " shapes"]:
    """Give how far places are apart: each stands for all up to half the way to the next."""
    return np.array([np.diff(np.unique(axis))[0] for axis in places.T])
