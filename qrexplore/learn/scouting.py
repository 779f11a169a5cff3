"""The valleys along one parameter, and the deepest of them.

A parameter may fit in a wrong place, with all others bent to make up for it; from there no descent comes away. So it is led
along its range and the others follow, a step at each place: a profile, from which the bottoms are followed to their ends.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from jaxtyping import Float

from qrexplore.core import Uniform
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.optimize import LeastSquares, LevenbergMarquardt, Stop, search

# places along the range, and what the other parameters are given to follow to each
_PLACES, _STEP = 10, Stop(steps=1)
# valleys that are followed to their ends, and how far
_FOLLOWED, _FOLLOW = 2, Stop(steps=10, patience=3, share=1e-4)
# share of the information on the parameter that what is computed must hold
_TELLING = 0.9


def scouted(
    kernel: Kernel, problem: LearnProblem, path: str, bounds: Uniform
) -> tuple[Float[np.ndarray, " moving"], float]:
    """Look for the best valley along one parameter, and give a point in it with half the sum of squares there.

    Parameters
    ----------
    kernel, problem
        All that was measured, and where to begin.
    path
        The parameter.
    bounds
        Its range.
    """
    column = problem.table.paths.index(path)
    posed = _about(kernel, problem, column)
    profile = _led(posed, column, _places(kernel, problem, column, bounds))
    # where nothing can be computed there is no bottom
    losses = np.nan_to_num([np.inf, *(loss for loss, _ in profile), np.inf], nan=np.inf)
    bottoms = [one for k, one in enumerate(profile, 1) if losses[k] <= min(losses[k - 1], losses[k + 1])]
    tried = sorted(bottoms, key=lambda one: one[0] if np.isfinite(one[0]) else np.inf)[:_FOLLOWED]
    found = [search(posed, LevenbergMarquardt(), stop=_FOLLOW, start=place) for _, place in tried]
    best = min(found, key=lambda end: end.loss if np.isfinite(end.loss) else np.inf)
    return best.coordinates, best.loss


def _about(kernel: Kernel, problem: LearnProblem, column: int) -> LeastSquares:
    """Give the problem in which only the experiments that tell most of one parameter are computed.

    Of all others the linear model about the start says what they allow.
    """
    whole = kernel.least_squares(problem)
    start = whole.start
    residual, jacobian = whole.linearize(start)
    ends = np.cumsum(list(kernel.sizes.values()))
    told = [float(np.sum(rows**2)) for rows in np.split(jacobian[: ends[-1], column], ends[:-1])]
    telling = _most(dict(zip(kernel.sizes, told, strict=True)))
    others = np.concatenate([
        np.arange(end - size, end) for end, (name, size) in zip(ends, kernel.sizes.items(), strict=True) if name not in telling
    ]).astype(int)  # fmt: skip
    # along the range of the parameter itself their linear model would lead astray
    slopes = jacobian[others]
    slopes[:, column] = 0.0
    part = kernel.only(telling).least_squares(problem)

    def linearize(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found, rows = part.linearize(point)
        return np.append(found, residual[others] + slopes @ (point - start)), np.vstack([rows, slopes])

    return _of_rows(linearize, start)


def _of_rows(linearize: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], start: np.ndarray) -> LeastSquares:
    def gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
        found, rows = linearize(point)
        return float(found @ found) / 2, rows.T @ found

    return LeastSquares(linearize, gradient, start)


def _places(kernel: Kernel, problem: LearnProblem, column: int, bounds: Uniform) -> Float[np.ndarray, " places"]:
    """Give the free coordinate of a parameter at places along its range, in their order."""
    found = []
    for share in (np.arange(_PLACES) + 0.5) / _PLACES:
        values = problem.candidates.values.copy()
        values[problem.moving[column]] = bounds.low + share * (bounds.high - bounds.low)
        found.append(kernel.coordinates.free(values)[problem.moving][column])
    return np.sort(found)


def _led(
    posed: LeastSquares, column: int, places: Float[np.ndarray, " places"]
) -> list[tuple[float, Float[np.ndarray, " moving"]]]:
    """Lead one coordinate from where it is over all places, and give the loss and the point that the others come to at each."""

    def settled(point: np.ndarray) -> tuple[float, np.ndarray]:
        """Let the others follow from a point, for a step."""

        def linearize(others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            found, rows = posed.linearize(np.insert(others, column, point[column]))
            return found, np.delete(rows, column, axis=1)

        end = search(_of_rows(linearize, np.delete(point, column)), LevenbergMarquardt(), stop=_STEP)
        return end.loss, np.insert(end.coordinates, column, point[column])

    def along(way: np.ndarray, point: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
        for place in way:
            point = point.copy()
            point[column] = place
            loss, point = settled(point)
            yield loss, point

    here = settled(posed.start)
    below, above = np.split(places, [np.searchsorted(places, posed.start[column])])
    return [*reversed([*along(below[::-1], here[1])]), here, *along(above, here[1])]


def _most(told: Mapping[str, float]) -> tuple[str, ...]:
    """Give the names that hold most of some sum, the largest first."""
    order = sorted(told, key=lambda name: -told[name])
    shares = np.cumsum([told[name] for name in order]) / max(sum(told.values()), np.finfo(float).tiny)
    return tuple(order[: int(np.searchsorted(shares, _TELLING)) + 1])
