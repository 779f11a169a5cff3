"""Amplitudes that may be zero, and the places of what they scale: linear least squares at each, to first order.

Parameters that belong to no such amplitude are taken out by a projection, so that each choice of places is a problem of as many
unknowns as there are amplitudes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import solve_triangular
from scipy.special import chdtri, softmax

from qrexplore.learn.posterior import Posterior

# chance of chi2 above which amplitudes may be zero, four standard errors of a single one: beyond, other valleys are e^-8 as
# likely at most
_CHANCE = 6.3e-5
# places of what an amplitude scales: as many over its bounds, or so many prior widths to either side
_PLACES, _REACH = 13, 2.4
# of its prior width: over how much of an amplitude the slope of the residuals is taken
_SMALL = 1e-3
# choices of places that are looked at one by one; rounds of draws where there are more
_MOST, _SWEEPS = 30_000, 1000


@dataclass(frozen=True)
class Faint:
    """An amplitude that may be zero: its position, where its zero is, and the positions of what it scales."""

    position: int
    zero: float
    shapes: tuple[int, ...]


def faint_amplitudes(known: Posterior) -> list[Faint]:
    """Give the amplitudes that may all be zero at once and scale something that was learned, too.

    Of amplitudes of which each may be zero, but not all of them, since one does what the other would, the fainter ones.
    """
    values, found = known.parameters.values, []
    for position, row in enumerate(known.parameters):
        shapes = tuple(k for k, other in enumerate(known.parameters) if other.scaled_by == row.path)
        if not shapes or not row.bounds[0] < 0 < row.bounds[1]:
            continue
        nothing = values.copy()
        nothing[position] = 0.0
        zero = float(known.placed(known.coordinates.free(nothing))[position])
        if np.isfinite(zero):
            found.append(Faint(position, zero, shapes))

    def apart(some: Sequence[Faint]) -> float:
        """Give how unlikely it is that all are zero, as chi2."""
        at = [one.position for one in some]
        gap = known.center[at] - np.array([one.zero for one in some])
        return float(gap @ np.linalg.solve(known.covariance[np.ix_(at, at)], gap))

    kept: list[Faint] = []
    for one in sorted(found, key=lambda one: apart([one])):
        if apart([*kept, one]) < chdtri(len(kept) + 1, _CHANCE):
            kept.append(one)
    return sorted(kept, key=lambda one: one.position)


def others(faint: Sequence[Faint], count: int) -> Int[np.ndarray, " others"]:
    """Give the positions, of so many, of what does not belong to the amplitudes."""
    apart = {k for one in faint for k in (one.position, *one.shapes)}
    return np.array([k for k in range(count) if k not in apart], dtype=int)


def rows_with_priors(known: Posterior) -> Float[np.ndarray, "rows parameters"]:
    """Give the derivatives of residuals with a row for each prior."""
    return np.vstack([known.jacobian, np.diag(1 / known.prior_sigma)])


class Places:
    """The residuals to first order about a fit without some amplitudes, for all places of what they scale.

    Choices are rows of numbers, one for each amplitude: the places in their order.

    Parameters
    ----------
    known
        The Gaussian about that fit.
    faint
        The amplitudes.
    residuals
        Gives the whitened residuals of the data, divided by the root of the inflation, in the coordinates of ``known.center``;
        called once for each place of each amplitude.
    """

    def __init__(self, known: Posterior, faint: Sequence[Faint], residuals: Callable[[np.ndarray], np.ndarray]) -> None:
        told, width = known.coordinates.whitened, known.prior_sigma
        self.known, self.faint = known, faint
        self.shapes = [k for one in faint for k in one.shapes]
        self.amplitudes = [one.position for one in faint]
        self.common = others(faint, len(width))
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
        found = rows_with_priors(self.known)[:, self.moving]
        found[: len(self.slopes), len(self.common) :] = self.slopes[:, choice + self.first]
        return found

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
