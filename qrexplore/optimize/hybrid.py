"""A global search on fewer points first, then a gradient method from where it led."""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np

from qrexplore.core import Status
from qrexplore.optimize.cma_es import CmaEs
from qrexplore.optimize.levenberg_marquardt import LevenbergMarquardt
from qrexplore.optimize.objective import LeastSquares, Progress


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Memory:
    rough: Progress  # of the coarse problem
    fine: Progress
    refining: bool = False


@dataclass(frozen=True)
class Hybrid:
    """A rough method on the coarse form of the problem (the problem itself if it has none), then a fine one on all of it.

    The best point of the rough search is evaluated on the whole problem, so that its loss is that of the whole problem.

    Attributes
    ----------
    rough, fine
        The methods, with ``init``, ``advance`` and ``done``.
    generations
        Steps of the rough one at most.
    """

    rough: Any = field(default_factory=CmaEs)
    fine: Any = field(default_factory=LevenbergMarquardt)
    generations: int = 40

    def init(self, problem: LeastSquares) -> Progress:
        """Begin both, so that there is room for what the second remembers."""
        rough, fine = self.rough.init(problem.coarse or problem), self.fine.init(problem)
        return replace(fine, iteration=0, evaluations=rough.evaluations + fine.evaluations, memory=_Memory(rough, fine))

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Take one step of the rough method, or of the fine one if the rough one has ended."""
        memory: _Memory = progress.memory
        progress = replace(progress, iteration=progress.iteration + 1)
        if memory.refining:
            fine = self.fine.advance(problem, memory.fine)
            return _counted(progress, fine, memory.fine.evaluations, replace(memory, fine=fine))
        if memory.rough.iteration >= self.generations or self.rough.done(memory.rough) is not None:
            # from the best seen on all points, which may be the start
            fine = self.fine.init(replace(problem, start=progress.coordinates))
            return _counted(progress, fine, 0, replace(memory, fine=fine, refining=True))
        rough = self.rough.advance(problem.coarse or problem, memory.rough)
        more = rough.evaluations - memory.rough.evaluations
        moved = not np.array_equal(rough.coordinates, memory.rough.coordinates)
        loss = rough.loss
        if moved and problem.coarse is not None:
            loss, more = problem.value(rough.coordinates), more + 1
        if moved and loss < progress.loss:
            progress = replace(progress, coordinates=rough.coordinates, loss=loss, gradient_norm=rough.gradient_norm)
        return replace(progress, evaluations=progress.evaluations + more, memory=replace(memory, rough=rough))

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory
        if memory.refining:
            return self.fine.done(memory.fine)
        return None if np.isfinite(progress.loss) else Status.NONFINITE


def _counted(progress: Progress, fine: Progress, before: int, memory: _Memory) -> Progress:
    """Give the progress after a step of the fine method."""
    progress = replace(progress, evaluations=progress.evaluations + fine.evaluations - before, memory=memory)
    # where it began, its loss may differ by rounding from that of the rough search
    if fine.loss < progress.loss:
        return replace(progress, coordinates=fine.coordinates, loss=fine.loss, gradient_norm=fine.gradient_norm)
    return progress
