"""Adam, by optax: many cheap steps along a smoothed gradient; the recipe of the white paper."""

from dataclasses import dataclass, replace
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
    slope: float  # norm of the gradient at the start


@dataclass(frozen=True)
class Adam:
    """Adam in free coordinates.

    Attributes
    ----------
    learning_rate
        Length of a step in free coordinates.
    tolerance, patience
        Converged when the loss has not fallen by this share within so many steps; stalled if it never has, though the
        gradient at the start promised it.
    """

    learning_rate: float = 0.02
    tolerance: float = 1e-5
    patience: int = 60

    def init(self, problem: LeastSquares) -> Progress:
        """Evaluate the start."""
        start = np.asarray(problem.start, dtype=np.float64)
        loss, gradient = problem.gradient(start)
        state = optax.adam(self.learning_rate).init(jnp.asarray(start))
        norm = float(np.linalg.norm(gradient))
        return Progress(start, loss, norm, 0, _Memory((state, gradient), start, 0, norm))

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
                progress.coordinates, loss, norm, iteration, replace(memory, state=(state, gradient), point=point)
            )
        better = loss < progress.loss
        best_at = iteration if loss < (1 - self.tolerance) * progress.loss else memory.best_at
        return Progress(
            point if better else progress.coordinates,
            min(loss, progress.loss),
            norm,
            iteration,
            replace(memory, state=(state, gradient), point=point, best_at=best_at),
        )

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory  # type: ignore[assignment]
        if not np.isfinite(progress.loss):
            return Status.NONFINITE
        if progress.iteration - memory.best_at < self.patience:
            return None
        promised = memory.slope * self.learning_rate > self.tolerance * progress.loss
        return Status.STALLED if memory.best_at == 0 and promised else Status.CONVERGED
