"""Many cheap steps along a smoothed gradient, by optax: Adam (the recipe of the white paper) and its relatives."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from qrexplore.core import Status, jit, require_choice
from qrexplore.optimize.objective import LeastSquares, Progress

_MAKERS: dict[str, Callable[..., optax.GradientTransformation]] = {
    "adam": optax.adam,
    "nadam": optax.nadam,
    "rmsprop": optax.rmsprop,
    "sgd": lambda learning_rate: optax.sgd(learning_rate, momentum=0.9),
}
OPTAX_METHODS = tuple(_MAKERS)


def _rule(name: str, rate: float) -> optax.GradientTransformationExtraArgs:
    # the rate is an array of the state: another one compiles nothing
    return optax.inject_hyperparams(_MAKERS[name])(learning_rate=rate)


@jit
def _update(name: str, gradient: Array, state: Any, point: Array) -> tuple[Any, Any]:
    return _rule(name, 0.0).update(gradient, state, point)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Memory:
    state: Any
    gradient: Float[np.ndarray, " parameters"]
    point: Float[np.ndarray, " parameters"]
    best_at: int
    slope: float  # norm of the gradient at the start
    scale: Float[np.ndarray, " parameters"]  # gradient and point are in units of it


@dataclass(frozen=True)
class Optax:
    """A gradient method of optax in free coordinates, in units of their scales.

    Attributes
    ----------
    learning_rate
        Length of a step in these units to begin with; `with_rate` gives a running search another.
    tolerance, patience
        Converged when the loss has not fallen by this share within so many steps; stalled if it never has, though the
        gradient at the start promised it.
    name
        ``adam``, ``nadam``, ``rmsprop`` or ``sgd`` (with momentum 0.9; its step is `learning_rate` times the
        gradient, not of that length).

    Raises
    ------
    ValueError
        If the name is none of these.
    """

    learning_rate: float = 0.02
    tolerance: float = 1e-5
    patience: int = 60
    name: str = field(default="adam", kw_only=True)

    def __post_init__(self) -> None:
        """Check the name."""
        require_choice(self.name, "name", OPTAX_METHODS)

    def init(self, problem: LeastSquares) -> Progress:
        """Evaluate the start."""
        start = np.asarray(problem.start, dtype=np.float64)
        scale = problem.lengths
        loss, slope = problem.gradient(start)
        gradient, point = slope * scale, start / scale
        state = _rule(self.name, self.learning_rate).init(jnp.asarray(point))
        norm = float(np.linalg.norm(gradient))
        return Progress(start, float(loss), norm, 0, 1, _Memory(state, gradient, point, 0, norm, scale))

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Take one step."""
        memory: _Memory = progress.memory
        update, state = _update(self.name, jnp.asarray(memory.gradient), memory.state, jnp.asarray(memory.point))
        point = memory.point + np.asarray(update)
        loss, slope = problem.gradient(point * memory.scale)
        gradient = slope * memory.scale
        iteration = progress.iteration + 1
        better = loss < progress.loss
        best_at = iteration if loss < (1 - self.tolerance) * progress.loss else memory.best_at
        return Progress(
            point * memory.scale if better else progress.coordinates,
            # a loss that is not finite is told, and ends the search
            float(loss) if better or not np.isfinite(loss) else progress.loss,
            float(np.linalg.norm(gradient)),
            iteration,
            progress.evaluations + 1,
            replace(memory, state=state, gradient=gradient, point=point, best_at=best_at),
        )

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory
        if not np.isfinite(progress.loss):
            return Status.NONFINITE
        if progress.iteration - memory.best_at < self.patience:
            return None
        promised = memory.slope * self.learning_rate > self.tolerance * progress.loss
        return Status.STALLED if memory.best_at == 0 and promised else Status.CONVERGED


def with_rate(progress: Progress, rate: float) -> Progress:
    """Give a running search of `Optax` another learning rate; nothing is compiled anew.

    Parameters
    ----------
    progress
        Where the search stands.
    rate
        Learning rate of the next steps, above 0.

    Raises
    ------
    ValueError
        If the rate is not positive and finite, or the method has none.
    """
    if not isinstance(progress.memory, _Memory):
        msg = (
            "`progress` must be of a method with a learning rate, got one that finds the length of its steps itself. "
            f"Use one of {', '.join(OPTAX_METHODS)}, or leave the rate alone."
        )
        raise ValueError(msg)  # noqa: TRY004 (it is the choice of method that is wrong)
    if not (np.isfinite(rate) and rate > 0):
        msg = f"`rate` must be positive and finite, got {rate!r}. Give for example 0.02."
        raise ValueError(msg)
    state = progress.memory.state
    known = state.hyperparams["learning_rate"]
    state = state._replace(hyperparams={**state.hyperparams, "learning_rate": jnp.asarray(rate, dtype=known.dtype)})
    return replace(progress, memory=replace(progress.memory, state=state))


def rate_of(progress: Progress) -> float | None:
    """Give the learning rate of a running search; None where its method has none."""
    if not isinstance(progress.memory, _Memory):
        return None
    return float(progress.memory.state.hyperparams["learning_rate"])


def counted_from(progress: Progress, iteration: int) -> Progress:
    """Give a search that has just begun, its steps counted from `iteration` on."""
    memory = progress.memory
    if isinstance(memory, _Memory):
        # its patience runs from here
        memory = replace(memory, best_at=iteration)
    return replace(progress, iteration=iteration, memory=memory)
