"""A learning problem as it is posed to a method, and how it changes when a parameter is held or freed in mid-run."""

import fnmatch
from dataclasses import dataclass, field, replace

import jax.numpy as jnp
import numpy as np

from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.optimize import (
    METHODS,
    CmaEs,
    Coordinates,
    Hybrid,
    LeastSquares,
    Method,
    Optax,
    Progress,
    SeveralStarts,
    curvature_scale,
    misfit_scale,
)

# of the parameters that could be named in an error
_NAMED = 6
# methods and the lengths that they measure coordinates in: one whose step is a length of its own, or whose first points are
# spread by one, needs to know how far off each may be, one whose step is a multiple of the gradient how it curves. Searches
# without derivatives get the lengths as well, or their race against the others would be lost by units; the first search of
# a hybrid does not, since it is to go far
_SCALES = {
    "l-bfgs": curvature_scale,
    "sgd": curvature_scale,
    "adam": misfit_scale,
    "nadam": misfit_scale,
    "rmsprop": misfit_scale,
    "cma-es": misfit_scale,
    "nelder-mead": misfit_scale,
}


@dataclass(frozen=True, eq=False)
class Posed:
    """What is looked for, and how.

    Attributes
    ----------
    problem
        The question; its twin has the values of what does not move.
    objective, coordinates, method
        The same for the optimiser: what it minimises, in which coordinates, and by what.
    heard
        Sum of squares of each dataset at the points that were evaluated in the present step, by the bytes of the point; noted
        on the side, since the methods know of one number only.
    """

    problem: LearnProblem
    objective: LeastSquares
    coordinates: Coordinates
    method: Method
    heard: dict[bytes, np.ndarray] = field(default_factory=dict)

    def values(self, progress: Progress, begin: LearnProblem | None = None) -> dict[str, float]:
        """Give the values of what moves; of what moved at the `begin` or has left its value there, too."""
        found = np.asarray(self.coordinates.values(jnp.asarray(progress.coordinates)))
        values = {path: float(value) for path, value in zip(self.problem.table.paths, found, strict=True)}
        if begin is None or begin is self.problem:
            return values
        now, then = self.problem.candidates, begin.candidates
        left = {
            row.path: row.value for row in now if row.path in begin.table or row.value != then[row.path].value
        } | values
        return {path: left[path] for path in now.paths if path in left}

    def chi2(self, progress: Progress) -> dict[str, float] | None:
        """Give the sum of squares of each dataset at the best point; None if it was not evaluated in this step."""
        found = self.heard.get(_key(progress.coordinates))
        return None if found is None else dict(zip(self.problem.datasets, found.tolist(), strict=True))


def posed(kernel: Kernel, problem: LearnProblem) -> Posed:
    """Pose a problem to the method that it asks for."""
    heard: dict[bytes, np.ndarray] = {}
    objective = kernel.least_squares(problem, lambda point, chi2: heard.__setitem__(_key(point), chi2))
    chosen = problem.choice.method
    method = _seeded(METHODS[chosen](), problem.seed)
    if chosen in _SCALES:
        objective = replace(objective, scale=_SCALES[chosen](objective))
    if isinstance(method, Optax) and problem.learning_rate is not None:
        method = replace(method, learning_rate=problem.learning_rate)
    return Posed(problem, objective, Coordinates(problem.table), method, heard)


def _seeded(method: Method, seed: int) -> Method:
    """Give a method whose random points, if it takes any, follow from a seed."""
    match method:
        case CmaEs() | SeveralStarts():
            return replace(method, seed=seed)
        case Hybrid():
            return replace(method, rough=_seeded(method.rough, seed))
    return method


def moving_otherwise(kernel: Kernel, now: Posed, progress: Progress, name: str, pattern: str) -> Posed:
    """Give what is looked for when some parameters are held, or move again, from where they stand; nothing is compiled anew.

    Parameters
    ----------
    kernel
        Of the problem; it is over all that was free at the begin.
    now, progress
        What was looked for up to here, and how far it has come.
    name
        ``hold`` or ``free``.
    pattern
        Path, or pattern of paths.

    Raises
    ------
    ValueError
        If the pattern matches nothing that the problem names as free, or nothing would move any more.
    """
    problem = now.problem
    held = with_asked(problem, name, pattern)
    if held == problem.held:
        return now
    table = problem.candidates
    values = {
        # rounding may carry a coordinate far out past its bound by a bit
        path: min(max(value, table[path].bounds[0]), table[path].bounds[1])
        for path, value in now.values(progress).items()
    }
    other = posed(kernel, replace(problem, twin=problem.moved(values), hold=held))
    # the same bits where a parameter goes on: its coordinate would come back from its value rounded
    known = dict(zip(problem.table.paths, np.asarray(progress.coordinates).tolist(), strict=True))
    start = [
        known.get(path, fresh) for path, fresh in zip(other.problem.table.paths, other.objective.start, strict=True)
    ]
    return replace(other, objective=replace(other.objective, start=np.array(start)))


def with_asked(problem: LearnProblem, name: str, pattern: str) -> tuple[str, ...]:
    """Give which candidates of a problem are held after some of them are held (``hold``) or freed (``free``).

    Raises
    ------
    ValueError
        See `moving_otherwise`.
    """
    paths = problem.candidates.paths
    hits = set(fnmatch.filter(paths, pattern))
    if not hits:
        known = ", ".join(paths[:_NAMED]) + (", ..." if len(paths) > _NAMED else "")
        msg = (
            f"{pattern!r} is none of the {len(paths)} parameters that this run was begun with as `free` ({known}), so it "
            f"cannot {'move' if name == 'free' else 'be held'} in it. Begin another run with it among them."
        )
        raise ValueError(msg)
    held = {*problem.held, *hits} if name == "hold" else {*problem.held} - hits
    if len(held) == len(paths):
        msg = f"holding {pattern!r} would leave no parameter to learn. Free another one before, or stop the run."
        raise ValueError(msg)
    return tuple(path for path in paths if path in held)


def _key(point: np.ndarray) -> bytes:
    return np.asarray(point, dtype=np.float64).tobytes()
