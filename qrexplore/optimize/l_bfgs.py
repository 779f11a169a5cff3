"""L-BFGS: the curvature learned from the last ten gradients (optax), with a backtracking line search (optimistix).

Loss and gradient are computed outside; what is compiled is only the next direction, once for each number of parameters.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix as optx
from jaxtyping import Array, Float

from qrexplore.core import Status, jit
from qrexplore.optimize.objective import LeastSquares, Progress

_RULE = optax.scale_by_lbfgs(memory_size=10)
_SEARCH = optx.BacktrackingArmijo(slope=1e-3)
# A step moves no coordinate by more than this. Coordinates are logits: far out they say nothing at all.
_LONGEST = 2.0
# a gradient this small beside that of the start is rounding
_FLAT = 1e-8


_begin = jit(_RULE.init)


@jit
def _propose(gradient: Array, state: Any, point: Array, scale: Array) -> tuple[Array, Array, Array, Any]:
    """Give the whole step, the share of it to try first, the gain it promises, and what is remembered."""
    update, state = _RULE.update(gradient, state, point)
    step = cast("Array", update)
    share = 1 / jnp.maximum(1.0, jnp.max(jnp.abs(step) * scale) / _LONGEST)
    return step, share, jnp.vdot(gradient, step) / 2, state


@jit
def _judge(here: tuple[Array, Array, Array], there: tuple[Array, Array], share: Array) -> tuple[Array, Array]:
    """Say whether a trial is taken; if it is not, what share of the whole step comes next."""
    (point, loss, gradient), (trial, found) = here, there
    known, new = optx.FunctionInfo.EvalGrad(loss, gradient), optx.FunctionInfo.Eval(found)
    search = eqx.tree_at(lambda state: state.step_size, _SEARCH.init(point, known), share)
    share, accept, *_ = _SEARCH.step(jnp.array(False), point, trial, known, new, search)  # noqa: FBT003 (it is a number)
    return accept, share


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Memory:
    state: Any
    gradient: Float[np.ndarray, " parameters"]
    step: Float[np.ndarray, " parameters"]  # the whole one, to be subtracted
    share: float  # of it, tried next
    gain: float  # that the whole step promises
    slope: float  # norm of the gradient at the start
    scale: Float[np.ndarray, " parameters"]  # gradient and step are in units of it
    quiet: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class LBfgs:
    """L-BFGS in free coordinates, in units of their scales, for many parameters or losses without residuals.

    Attributes
    ----------
    tolerance
        Ended when three accepted steps in a row each lower the loss by less than this share of it: converged if the whole
        step promises no more than ten times that, else stalled.
    patience
        Ended, too, after so many rejected steps in a row.
    """

    tolerance: float = 1e-8
    patience: int = 30

    def init(self, problem: LeastSquares) -> Progress:
        """Evaluate the start."""
        start = np.asarray(problem.start, dtype=np.float64)
        loss, slope = problem.gradient(start)
        gradient = slope * problem.lengths
        norm = float(np.linalg.norm(gradient))
        point = start / problem.lengths
        memory = _proposed(point, gradient, _begin(jnp.asarray(point)), norm, problem.lengths)
        return Progress(start, float(loss), norm, 0, 1, memory)

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Try the proposed point; take it if the loss falls enough, else propose half the step."""
        memory: _Memory = progress.memory
        point = progress.coordinates / memory.scale
        trial = point - memory.share * memory.step
        loss, slope = problem.gradient(trial * memory.scale)
        gradient = slope * memory.scale
        accept, share = _judge(
            (jnp.asarray(point), jnp.asarray(progress.loss), jnp.asarray(memory.gradient)),
            (jnp.asarray(trial), jnp.asarray(loss)),
            jnp.asarray(memory.share),
        )
        progress = replace(progress, iteration=progress.iteration + 1, evaluations=progress.evaluations + 1)
        if not accept:
            return replace(progress, memory=replace(memory, share=float(share), rejected=memory.rejected + 1))
        # a search that only backtracks may meet a negative curvature, from which no valley can be learned
        upward = (gradient - memory.gradient) @ (trial - point) > 0
        state = memory.state if upward else _begin(jnp.asarray(trial))
        quiet = memory.quiet + 1 if progress.loss - loss <= self.tolerance * progress.loss else 0
        return replace(
            progress,
            coordinates=trial * memory.scale,
            loss=float(loss),
            gradient_norm=float(np.linalg.norm(gradient)),
            memory=replace(_proposed(trial, gradient, state, memory.slope, memory.scale), quiet=quiet),
        )

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory
        if not np.isfinite(progress.loss) or not np.isfinite(progress.gradient_norm):
            return Status.NONFINITE
        if progress.gradient_norm <= _FLAT * memory.slope:
            return Status.CONVERGED
        if memory.quiet < 3 and memory.rejected < self.patience:
            return None
        return Status.CONVERGED if memory.gain <= 10 * self.tolerance * progress.loss else Status.STALLED


def _proposed(point: np.ndarray, gradient: np.ndarray, state: Any, slope: float, scale: np.ndarray) -> _Memory:
    step, share, gain, state = _propose(jnp.asarray(gradient), state, jnp.asarray(point), jnp.asarray(scale))
    return _Memory(state, np.asarray(gradient), np.asarray(step), float(share), float(gain), slope, scale)
