"""Adam, by optax: many cheap steps along a smoothed gradient; the recipe of the white paper."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float

from qrexplore.core import Status
from qrexplore.optimize.objective import LeastSquares, Progress


@dataclass(frozen=True)
class _Memory:
    state: Any
    point: Float[np.ndarray, " parameters"]
    best_at: int


@dataclass(frozen=True)
class Adam:
    """Adam in free coordinates.

    Attributes
    ----------
    learning_rate
        Length of a step in free coordinates.
    tolerance, patience
        Converged when the loss has not fallen by this share within so many steps.
    """

    learning_rate: float = 0.02
    tolerance: float = 1e-5
    patience: int = 60

    def init(self, problem: LeastSquares) -> Progress:
        """Evaluate the start."""
        start = np.asarray(problem.start, dtype=np.float64)
        loss, gradient = problem.gradient(start)
        state = optax.adam(self.learning_rate).init(jnp.asarray(start))
        return Progress(start, loss, float(np.linalg.norm(gradient)), 0, _Memory((state, gradient), start, 0))

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Take one step."""
        memory: _Memory = progress.memory  # type: ignore[assignment]
        state, gradient = memory.state
        update, state = optax.adam(self.learning_rate).update(jnp.asarray(gradient), state)
        point = memory.point + np.asarray(update)
        loss, gradient = problem.gradient(point)
        iteration = progress.iteration + 1
        norm = float(np.linalg.norm(gradient))
        if not np.isfinite(loss):
            return Progress(
                progress.coordinates, loss, norm, iteration, _Memory((state, gradient), point, memory.best_at)
            )
        better = loss < progress.loss
        best_at = iteration if loss < (1 - self.tolerance) * progress.loss else memory.best_at
        return Progress(
            point if better else progress.coordinates,
            min(loss, progress.loss),
            norm,
            iteration,
            _Memory((state, gradient), point, best_at),
        )

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory  # type: ignore[assignment]
        if not np.isfinite(progress.loss):
            return Status.NONFINITE
        return Status.CONVERGED if progress.iteration - memory.best_at >= self.patience else None
