"""A start where the landmarks of the data say: what a search over all points needs, to begin in the right valley."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import influential, jit, side_by_side
from qrexplore.learn.landmarks import Landmarks, landmarks
from qrexplore.learn.problem import LearnProblem
from qrexplore.optimize import Coordinates, LeastSquares, LevenbergMarquardt, Stop, multi_start, search, starts
from qrexplore.twin import Twin
from qrexplore.twin.neutral import neutral

# starts lie within so many standard deviations of the priors; landmarks that are off by more than so many errors pull less
_AROUND, _ROBUST = 2.0, 3.0
# standard deviation, in its coordinate, of a value of which only bounds are known
_LEVEL = np.pi / np.sqrt(3)
_STOP = Stop(steps=40, patience=5, share=1e-3)


def placed(problem: LearnProblem, *, count: int = 4, seed: int = 0) -> Twin:
    """Give the start of a problem moved to where the landmarks of its data say.

    Parameters
    ----------
    problem
        The question; its priors hold what landmarks do not tell, and a value of which only bounds are known stays near its
        start.
    count
        Searches from the start and from places around it, within two standard deviations of the priors.
    seed
        Of these places.
    """
    found = [mark for data in problem.datasets.values() if (mark := landmarks(data)) is not None]
    if not found:
        return problem.twin
    posed = _Posed(problem, found)
    # numbers known up to a period mislead until the others have come near
    first = posed.least_squares(periodic=0.0)
    points = starts(first.start, _AROUND, count, seed=seed)
    best = multi_start(first, LevenbergMarquardt(), points, stop=_STOP, apart=np.inf).best
    end = search(posed.least_squares(periodic=1.0), LevenbergMarquardt(), start=best.coordinates, stop=_STOP)
    values = np.asarray(posed.coordinates.values(jnp.asarray(end.coordinates)))
    return problem.moved({path: float(value) for path, value in zip(problem.table.paths, values, strict=True)})


def _weighed(twin: Twin, mark: Landmarks, periodic: Array) -> Float[Array, " numbers"]:
    """Give residuals with less weight for those far off, and some weight for those known up to a period."""
    found = mark.residuals(twin) * (periodic if np.isfinite(mark.period) else 1.0)
    return found * jnp.sqrt(2 / (1 + jnp.sqrt(1 + (found / _ROBUST) ** 2)))


@lru_cache(maxsize=256)
def _linearized(paths: tuple[str, ...]) -> Callable:
    """Give the function for residuals of landmarks and their derivatives; marks of one kind share what is compiled."""

    @jit
    def both(values: Array, mark: Landmarks, twin: Twin, periodic: Array) -> tuple[Array, Array]:
        def residuals(values: Array) -> tuple[Array, Array]:
            found = _weighed(twin.replace(dict(zip(paths, values, strict=True))), mark, periodic)
            return found, found

        columns, found = jax.jacfwd(residuals, has_aux=True)(values)
        return found, columns

    return both


class _Mark:
    """One landmark in neutral names, and the parameters that reach it."""

    def __init__(self, mark: Landmarks, twin: Twin, paths: Sequence[str]) -> None:
        alike = neutral(twin, mark.experiment)
        self.mark, self.twin = replace(mark, experiment=alike.experiment), alike.twin(twin)
        reached = influential(_weighed, self.twin, self.mark, jnp.asarray(1.0))
        used = alike.placed(twin, paths, reached)
        self.used = np.array([*used.values()], dtype=int)
        self._both = _linearized(tuple(used))

    def linearized(self, values: np.ndarray, periodic: Array) -> tuple[Array, Array]:
        """Give its residuals and their derivatives with respect to what reaches it."""
        return self._both(jnp.asarray(values[self.used]), self.mark, self.twin, periodic)


class _Posed:
    """The fit of some landmarks, with the priors of a problem."""

    def __init__(self, problem: LearnProblem, marks: Sequence[Landmarks]) -> None:
        self.problem, self.coordinates = problem, Coordinates(problem.table)
        paths = problem.table.paths
        self.marks = [_Mark(mark, problem.twin, paths) for mark in marks]

    def least_squares(self, *, periodic: float) -> LeastSquares:
        """Pose it to an optimiser, with some weight of the landmarks that have a period."""
        coordinates, count = self.coordinates, len(self.problem.table)
        weight, start = jnp.asarray(periodic), coordinates.free(self.problem.table.values)
        # what landmarks hardly tell does not run into a bound, from where no slope leads back
        held = np.where(coordinates.whitened, 1.0, 1 / _LEVEL)
        center = np.where(coordinates.whitened, 0.0, start)

        def linearize(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            values, slopes = np.asarray(coordinates.values(jnp.asarray(point))), coordinates.slopes(point)

            def one(mark: _Mark) -> tuple[np.ndarray, np.ndarray]:
                residual, columns = mark.linearized(values, weight)
                jacobian = np.zeros((len(residual), count))
                jacobian[:, mark.used] = np.asarray(columns) * slopes[mark.used]
                return np.asarray(residual), jacobian

            residuals, jacobians = zip(*side_by_side(one, self.marks), strict=True)
            return np.concatenate([*residuals, held * (point - center)]), np.vstack([*jacobians, np.diag(held)])

        def gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
            residual, jacobian = linearize(point)
            return float(residual @ residual) / 2, jacobian.T @ residual

        return LeastSquares(linearize, gradient, start)
