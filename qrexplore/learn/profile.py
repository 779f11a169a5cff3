"""Profile likelihood: walk one coordinate away from the fit, fit the others anew, until the deviance has risen too far.

Unlike the curvature at the fit it sees bends, ambiguous signs and parameters that the data bound from one side only: such
an interval is open, and says so.

References
----------
Raue et al., Bioinformatics 25, 1923 (2009).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import chdtri

from qrexplore.learn.uncertainty import laplace
from qrexplore.optimize import LeastSquares, LevenbergMarquardt

# the walk ends when a coordinate has gone this far: a logit this far out is within 1e-5 of the bound
FARTHEST = 12.0
# where the data do not give a length, the first step
_BLIND = 0.5
# steps double at most, so that the fits of the others can follow
_GROWTH = 2.0
_MOST_STEPS = 60
# the end of an interval is found to this share of the threshold
_PRECISION = 1e-3
# deviance below the fit's that is a better fit, not rounding
_BETTER = 1e-3

_Point = tuple[np.ndarray, float]


@dataclass(frozen=True, eq=False)
class Profile:
    """The deviance along one coordinate, the others fitted anew at each point, and the interval read off it.

    Attributes
    ----------
    values
        Where it was computed, rising; coordinates, or the parameter in its unit if `values` was given.
    deviance
        Above that of the best point, at each value.
    best
        The value with the smallest deviance.
    lower, upper
        Ends of the interval; None where it is open, since the deviance never rises to the threshold.
    level
        Chance that the interval holds the truth.
    threshold
        Deviance at its ends.
    points
        All coordinates, for each value.
    improved
        Whether a point was met that fits better than the start: the start was no minimum, and the fit should be repeated
        from the best of `points`.
    """

    values: Float[np.ndarray, " steps"]
    deviance: Float[np.ndarray, " steps"]
    best: float
    lower: float | None
    upper: float | None
    level: float
    threshold: float
    points: Float[np.ndarray, "steps parameters"]
    improved: bool

    def __str__(self) -> str:
        """Write the interval, for example ``3.1, no upper limit (95 %)``."""
        if self.lower is None and self.upper is None:
            text = "no limits: the data do not tell"
        elif self.upper is None:
            text = f"above {self.lower:.6g}, no upper limit"
        elif self.lower is None:
            text = f"below {self.upper:.6g}, no lower limit"
        else:
            text = f"{self.lower:.6g} to {self.upper:.6g}"
        text = f"{text} ({100 * self.level:.3g} %)"
        return f"{text}; a better fit was met on the way" if self.improved else text


def profile(
    problem: LeastSquares,
    position: int,
    *,
    level: float = 0.95,
    farthest: float = FARTHEST,
    values: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Profile:
    """Profile the likelihood along one coordinate.

    Parameters
    ----------
    problem
        Whitened residuals, those of priors included, with the fit as its start.
    position
        Of the coordinate.
    level
        Chance that the interval holds the truth, in (0, 1); 0.95 is a rise of the deviance by 3.84.
    farthest
        The walk ends when the coordinate's size exceeds this.
    values
        Gives the parameters of coordinates, for example `Coordinates.values`. It must rise along the coordinate.

    Raises
    ------
    ValueError
        If the position or the level is out of range.
    """
    start = np.asarray(problem.start, dtype=np.float64)
    if not 0 <= position < len(start):
        msg = f"`position` must be from 0 to {len(start) - 1}, got {position}. Give the place of a free parameter."
        raise ValueError(msg)
    if not 0 < level < 1:
        msg = f"`level` must be between 0 and 1, got {level!r}. Give for example 0.95."
        raise ValueError(msg)
    residual, jacobian = problem.linearize(start)
    width = float(laplace(jacobian, np.ones(len(start))).stderr[position])
    line = _Line(problem, position, float(chdtri(1, 1 - level)), farthest)
    # a quarter of the way to the threshold, if the parabola were right
    step = min(width * np.sqrt(line.threshold) / 4, _BLIND) if np.isfinite(width) else _BLIND
    origin = (start, float(residual @ residual))
    trace = [*line.walk(origin, -step)[::-1], origin, *line.walk(origin, step)]
    # the threshold counts from the best point, which may be one met on the way
    floor = min(deviance for _, deviance in trace)
    if floor < origin[1] - _BETTER:  # the ends of the walk are high enough for a lower floor, too
        better = _fitted(problem, min(trace, key=lambda one: one[1])[0])
        trace = sorted([*trace, better], key=lambda one: one[0][position])
        floor = min(deviance for _, deviance in trace)
    points, deviance = np.array([point for point, _ in trace]), np.array([value for _, value in trace])
    where = int(np.argmin(deviance))
    grid, risen = points[:, position], deviance - floor
    ends = [line.end(trace[where::side], floor) for side in (-1, 1)]

    def shown(coordinate: float) -> float:
        if values is None:
            return coordinate
        moved = points[where].copy()
        moved[position] = coordinate
        return float(np.asarray(values(moved))[position])

    lower, upper = (None if end is None else shown(end) for end in ends)
    axis = np.array([shown(one) for one in grid])
    improved = origin[1] - floor > _BETTER
    return Profile(axis, risen, float(axis[where]), lower, upper, level, line.threshold, points, improved)


@dataclass(frozen=True)
class _Line:
    """The walk along one coordinate; a point of it is all coordinates and the deviance there."""

    problem: LeastSquares
    position: int
    threshold: float
    farthest: float

    def walk(self, origin: _Point, step: float) -> list[_Point]:
        """Step outwards until the deviance has risen above the lowest met by the threshold, or the walk has gone too far."""
        trace, met = [origin], origin[1]
        while len(trace) <= _MOST_STEPS:
            here, deviance = trace[-1]
            guess = here.copy()
            guess[self.position] = np.clip(here[self.position] + step, -self.farthest, self.farthest)
            moved = guess[self.position] - here[self.position]
            if moved == 0:
                break
            if len(trace) > 1:
                before = trace[-2][0]
                slope = (here - before) / (here[self.position] - before[self.position])
                guess += np.clip(slope * moved, -1.0, 1.0) * (np.arange(len(guess)) != self.position)
            found = self.refit(guess)
            trace.append(found)
            met = min(met, found[1])
            if found[1] - met > self.threshold:
                break
            # aim at a quarter of the threshold a step, on the scale of the root, which is nearly straight
            gained = np.sqrt(max(found[1] - met, 0.0)) - np.sqrt(max(deviance - met, 0.0))
            if found[1] >= deviance:  # downhill lies another minimum, which longer steps could pass over
                step *= float(np.clip(np.sqrt(self.threshold) / 4 / max(gained, 1e-9), 1 / _GROWTH, _GROWTH))
        return trace[1:]

    def end(self, path: list[_Point], floor: float) -> float | None:
        """Give the coordinate at which the deviance passes the threshold on a path outwards; None if it never does."""
        outer = next((k for k, (_, deviance) in enumerate(path) if deviance - floor > self.threshold), None)
        if outer is None:
            return None
        low, high = path[outer - 1], path[outer]
        found = high
        for _ in range(_MOST_STEPS):
            roots = np.sqrt([max(low[1] - floor, 0.0), high[1] - floor, self.threshold])
            share = np.clip((roots[2] - roots[0]) / (roots[1] - roots[0]), 0.02, 0.98)
            found = self.refit(low[0] + share * (high[0] - low[0]))
            if abs(found[1] - floor - self.threshold) < _PRECISION * self.threshold:
                break
            low, high = (found, high) if found[1] - floor < self.threshold else (low, found)
        return float(found[0][self.position])

    def refit(self, point: np.ndarray) -> _Point:
        """Fit all coordinates but one from a point; give where that ends and its sum of squares."""
        others = np.arange(len(point)) != self.position
        if not np.any(others):
            residual, _ = self.problem.linearize(point)
            return point, float(residual @ residual)

        def full(rest: np.ndarray) -> np.ndarray:
            whole = point.copy()
            whole[others] = rest
            return whole

        def linearize(rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            residual, jacobian = self.problem.linearize(full(rest))
            return residual, jacobian[:, others]

        def gradient(rest: np.ndarray) -> tuple[float, np.ndarray]:
            loss, slope = self.problem.gradient(full(rest))
            return loss, slope[others]

        rest, deviance = _fitted(LeastSquares(linearize, gradient, point[others]), point[others])
        return full(rest), deviance


def _fitted(problem: LeastSquares, start: np.ndarray) -> _Point:
    """Fit all coordinates from a start; give where that ends and its sum of squares."""
    method = LevenbergMarquardt()
    objective = LeastSquares(problem.linearize, problem.gradient, start)
    progress = method.init(objective)
    while method.done(progress) is None and progress.iteration < _MOST_STEPS:
        progress = method.advance(objective, progress)
    return progress.coordinates, 2 * progress.loss
