"""Nelder-Mead, by SciPy, one step at a time: a simplex that reflects, stretches and shrinks; no derivatives asked.

All that the method remembers is its simplex and the losses there. SciPy is asked for a single step from them, so the path is
that of an uninterrupted ``scipy.optimize.minimize``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from qrexplore.core import Status
from qrexplore.optimize.objective import LeastSquares, Progress

# a simplex smaller than this has closed, whatever the losses
_CLOSED = 1e-8
# more parameters than this, and the steps are shortened with their number (Gao and Han, Comput Optim Appl 51, 259 (2012))
_MANY = 2


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Memory:
    simplex: Float[np.ndarray, "corners parameters"]
    losses: Float[np.ndarray, " corners"]
    scale: Float[np.ndarray, " parameters"]


@dataclass(frozen=True)
class NelderMead:
    """Nelder-Mead in free coordinates, in units of their scales. A point where the loss is not finite counts as infinitely high.

    Attributes
    ----------
    width
        Length of the edges of the first simplex.
    size, tolerance
        Converged when no corner is farther from the best than `size` in any coordinate, and none higher by more than this
        share of its loss. The method knows no gradient: that the simplex has closed is all it can tell.
    """

    width: float = 0.5
    size: float = 1e-3
    tolerance: float = 1e-6

    def init(self, problem: LeastSquares) -> Progress:
        """Evaluate the first simplex."""
        start = np.asarray(problem.start, dtype=np.float64)
        simplex = np.vstack([start, start + self.width * np.diag(problem.lengths)])
        losses = np.array([problem.value(corner) for corner in simplex])
        if not np.isfinite(losses[0]):
            return Progress(start, float(losses[0]), np.nan, 0, len(losses), _Memory(simplex, losses, problem.lengths))
        losses = np.where(np.isfinite(losses), losses, np.inf)
        order = np.argsort(losses)
        memory = _Memory(simplex[order], losses[order], problem.lengths)
        return Progress(memory.simplex[0], float(memory.losses[0]), np.nan, 0, len(losses), memory)

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Move one corner, or shrink all toward the best."""
        memory: _Memory = progress.memory
        loss = _Remembering(problem.value, memory)
        found = minimize(
            loss,
            memory.simplex[0],
            method="Nelder-Mead",
            options={
                "initial_simplex": memory.simplex,
                "maxiter": 2,  # SciPy counts the first simplex as one
                "xatol": 0.0,
                "fatol": 0.0,
                "adaptive": len(memory.simplex) - 1 > _MANY,
            },
        )
        simplex, losses = found.final_simplex
        return replace(
            progress,
            coordinates=simplex[0],
            loss=float(losses[0]),
            iteration=progress.iteration + 1,
            evaluations=progress.evaluations + loss.calls,
            memory=replace(memory, simplex=simplex, losses=losses),
        )

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory
        if not np.isfinite(progress.loss):
            return Status.NONFINITE
        size = np.max(np.abs(memory.simplex - memory.simplex[0]) / memory.scale)
        level = memory.losses[-1] - memory.losses[0] <= self.tolerance * progress.loss
        return Status.CONVERGED if size <= _CLOSED or (level and size <= self.size) else None


class _Remembering:
    """The loss, which knows the corners of the simplex already."""

    def __init__(self, loss: Callable[[np.ndarray], float], memory: _Memory) -> None:
        self._loss, self.calls = loss, 0
        self._known = {
            corner.tobytes(): float(known) for corner, known in zip(memory.simplex, memory.losses, strict=True)
        }

    def __call__(self, point: np.ndarray) -> float:
        if point.tobytes() in self._known:
            return self._known[point.tobytes()]
        self.calls += 1
        loss = self._loss(point.copy())
        return loss if np.isfinite(loss) else np.inf
