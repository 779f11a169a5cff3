"""Searches from several starts, one after the other, as one method: the best of all is what it comes to."""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from qrexplore.core import Status
from qrexplore.optimize.levenberg_marquardt import LevenbergMarquardt
from qrexplore.optimize.multistart import starts
from qrexplore.optimize.objective import LeastSquares, Progress


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Memory:
    inner: Progress
    points: Float[np.ndarray, "starts parameters"]
    position: int = 0
    settled: bool = False  # whether the search that found the best point has converged


@dataclass(frozen=True)
class SeveralStarts:
    """A method tried from the start and from points around it.

    Its loss is the lowest met so far; limits of steps, and of steps without a gain, count over all starts.
    `qrexplore.optimize.multi_start` does the same at a stretch and keeps every end.

    Attributes
    ----------
    method
        What searches from each, with ``init``, ``advance`` and ``done``.
    count
        Number of starts, at least 1.
    width
        The others fill a box that reaches so many scales to either side of the start (Sobol's sequence).
    steps
        Of each search, at most.
    seed
        Of the sequence.
    """

    method: Any = field(default_factory=LevenbergMarquardt)
    count: int = 8
    width: float = 2.0
    steps: int = 100
    seed: int = 0

    def init(self, problem: LeastSquares) -> Progress:
        """Begin at the start of the problem."""
        points = starts(problem.start, self.width * problem.lengths, self.count, seed=self.seed)
        inner = self.method.init(problem)
        return replace(inner, memory=_Memory(inner, points, settled=self._converged(inner)))

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Take one step of the present search, or begin the next if it has ended."""
        memory: _Memory = progress.memory
        if self._ended(memory.inner) is None or self._last(memory):
            inner, known = self.method.advance(problem, memory.inner), memory.inner.evaluations
        else:
            memory = replace(memory, position=memory.position + 1)
            inner, known = self.method.init(replace(problem, start=memory.points[memory.position])), 0
        memory = replace(memory, inner=inner)
        calls = progress.evaluations + inner.evaluations - known
        progress = replace(progress, iteration=progress.iteration + 1, evaluations=calls)
        # a loss that is not finite is higher than any
        if np.isfinite(inner.loss) and not progress.loss < inner.loss:
            memory = replace(memory, settled=self._converged(inner))
            progress = replace(
                progress, coordinates=inner.coordinates, loss=inner.loss, gradient_norm=inner.gradient_norm
            )
        return replace(progress, memory=memory)

    def done(self, progress: Progress) -> Status | None:
        """Say whether the last search has ended, and how the best one did."""
        memory: _Memory = progress.memory
        if not self._last(memory) or self._ended(memory.inner) is None:
            return None
        if not np.isfinite(progress.loss):
            return Status.NONFINITE
        return Status.CONVERGED if memory.settled else Status.STALLED

    def _converged(self, inner: Progress) -> bool:
        return self.method.done(inner) is Status.CONVERGED

    def _last(self, memory: _Memory) -> bool:
        return memory.position + 1 == len(memory.points)

    def _ended(self, inner: Progress) -> Status | None:
        return self.method.done(inner) or (Status.MAX_STEPS if inner.iteration >= self.steps else None)
