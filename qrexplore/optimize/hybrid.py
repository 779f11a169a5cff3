"""A global search first, then a gradient method from where it led."""

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
    rough: Progress
    fine: Progress
    refining: bool = False


@dataclass(frozen=True)
class Hybrid:
    """A rough method that finds the right valley, then a fine one that finds its bottom.

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
        rough, fine = self.rough.init(problem), self.fine.init(problem)
        return replace(fine, iteration=0, evaluations=rough.evaluations + fine.evaluations, memory=_Memory(rough, fine))

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Take one step of the rough method, or of the fine one if the rough one has ended."""
        memory: _Memory = progress.memory
        progress = replace(progress, iteration=progress.iteration + 1)
        if memory.refining:
            fine = self.fine.advance(problem, memory.fine)
            return _counted(progress, fine, memory.fine.evaluations, replace(memory, fine=fine))
        if memory.rough.iteration >= self.generations or self.rough.done(memory.rough) is not None:
            # from the best point seen, which may be the start
            fine = self.fine.init(replace(problem, start=progress.coordinates))
            return _counted(progress, fine, 0, replace(memory, fine=fine, refining=True))
        rough = self.rough.advance(problem, memory.rough)
        return _counted(progress, rough, memory.rough.evaluations, replace(memory, rough=rough))

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory
        if memory.refining:
            return self.fine.done(memory.fine)
        return None if np.isfinite(progress.loss) else Status.NONFINITE


def _counted(progress: Progress, step: Progress, before: int, memory: _Memory) -> Progress:
    """Give the progress after a step of one of the methods."""
    progress = replace(progress, evaluations=progress.evaluations + step.evaluations - before, memory=memory)
    # where the fine one begins, its loss may differ by rounding from that of the rough one
    if step.loss < progress.loss:
        return replace(progress, coordinates=step.coordinates, loss=step.loss, gradient_norm=step.gradient_norm)
    return progress
