"""One question from several starts: what a fit from one start cannot know is whether another ends elsewhere."""

from collections.abc import Callable
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from qrexplore.core import require_counts
from qrexplore.learn.fit import LearnResult, learn
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.optimize import Coordinates, starts

# half the edge of the box of starts: standard deviations of priors; for a logit, the middle three quarters between the bounds
_AROUND = 2.0


def several(
    problem: LearnProblem,
    count: int = 16,
    *,
    seed: int = 0,
    kernel: Kernel | None = None,
    on_end: Callable[[LearnResult], None] | None = None,
) -> tuple[LearnResult, ...]:
    """Learn from several starts, and keep every end.

    Hand the best one to `qrexplore.learn.examine`, with the others as its `optima`: it lists the distinct answers, and says which
    of them the data do not rule out.

    Parameters
    ----------
    problem
        The question; the first start is its own.
    count
        Number of starts, at least 2. The others fill the box of two standard deviations about the centers of the priors, and
        the middle between the bounds where there is none (Sobol's sequence).
    seed
        Of the sequence.
    kernel
        See `qrexplore.learn.task`.
    on_end
        Called with each result, in the order of the starts.

    Returns
    -------
    tuple of LearnResult
        The best first; those without a finite loss last.

    Raises
    ------
    ValueError
        If there are fewer than two starts.
    """
    require_counts(count, "count", smallest=2)
    kernel = kernel or Kernel(problem)
    coordinates = Coordinates(problem.table)
    others = starts(np.zeros(len(problem.table)), _AROUND, count, seed=seed)[1:]
    ends = []
    for values in (problem.table.values, *np.asarray(coordinates.values(jnp.asarray(others)))):
        there = dict(zip(problem.table.paths, values.tolist(), strict=True))
        ends.append(learn(replace(problem, twin=problem.moved(there)), kernel=kernel))
        if on_end is not None:
            on_end(ends[-1])

    def loss(one: LearnResult) -> float:
        prior = one.point[coordinates.whitened]
        found = float(np.sum(kernel.value(kernel.point(problem, one.point), problem.twin)) + prior @ prior) / 2
        return found if np.isfinite(found) else np.inf

    return tuple(sorted(ends, key=loss))
