"""Levenberg-Marquardt and Gauss-Newton for least squares, by optimistix.

The residuals and their Jacobian J are computed outside; optimistix is handed the equivalent small problem with the
triangular factor of J (``J = Q R``, residual ``Q^T r`` and the norm of the rest), which has the same normal equations and
the same losses. Its step is then compiled once for each number of parameters, whatever the problem.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import optimistix as optx
from jaxtyping import Array, Float

from qrexplore.core import Status, jit
from qrexplore.optimize.objective import LeastSquares, Progress
from qrexplore.optimize.secant import corrected

# A step counts as good when it brings half of what the linear model promised; the default (99 %) hardly ever lengthens
# steps along the curved valleys of correlated parameters. Each refusal costs a Jacobian: lengths change gently.
_SOLVER = eqx.tree_at(
    lambda solver: solver.search,
    optx.LevenbergMarquardt(rtol=1e-8, atol=1e-8),
    optx.ClassicalTrustRegion(high_cutoff=0.5, low_cutoff=1e-3, high_constant=3.0, low_constant=0.3),
)
# Gauss-Newton takes the whole step of the linear model (the shortest one, where it leaves a direction open), and half of it
# as often as the loss does not fall.
_UNDAMPED = eqx.tree_at(
    lambda solver: (solver.search, solver.descent.linear_solver),
    optx.GaussNewton(rtol=1e-8, atol=1e-8),
    (optx.BacktrackingArmijo(slope=1e-3), lx.SVD()),
)
# keeps the Jacobian in the state as an array and not as a function, so that the state can be stored
_PLAIN = {"jac": "bwd"}
# inverse of the first damping, for columns of unit length: nearly a Gauss-Newton step
_FIRST_LENGTH = 1e3
# a column that has grown by this much is scaled anew: the start of a parameter may be where it says next to nothing
_GROWN = 2.0
# A step moves no coordinate by more than this. Coordinates are logits: where one says next to nothing, the linear model
# would fling it to its other bound, where it says nothing at all.
_LONGEST = 2.0
# a loss this small beside that of the start is rounding: data without noise, matched
_ROUNDING = 1e-22
# A refused step tells how the residuals curve along it, and is tried again with that taken into account, unless the correction
# would be longer than this share of it (after Transtrum and Sethna, arXiv:1201.5885, section 3).
_LONGEST_BEND = 0.75
# a corrected step that is refused, too, is corrected once more if its loss is at most this share of the one before
_CLOSER = 0.3
# Where a Jacobian is dear, the residuals are asked for at most so many times with the one at hand, fewer where so many steps in a
# row are refused; a step that keeps less than this share of its promise is followed by a shorter one.
_FOLLOWED, _REFUSED, _HARDLY = 40, 4, 0.1
# coordinates are nudged by at most this to see how strong a column is that vanishes at the start
_NUDGE = 0.05


def _local_model(point: Array, model: tuple[Array, Array, Array]) -> tuple[Array, None]:
    residual, jacobian, center = model
    return residual + jacobian @ (point - center), None


@jit
def _begin(model: tuple[Array, Array, Array], damped: bool) -> Any:  # noqa: FBT001 (static arguments go by position)
    shape = jax.eval_shape(lambda: model[0])
    return (_SOLVER if damped else _UNDAMPED).init(_local_model, model[2], model, _PLAIN, shape, None, frozenset())


@jit
def _step(point: Array, model: tuple[Array, Array, Array], state: Any, damped: bool) -> tuple[Array, Any]:  # noqa: FBT001
    accepted, state, _ = (_SOLVER if damped else _UNDAMPED).step(_local_model, point, model, _PLAIN, state, frozenset())
    return accepted, state


def _limited(state: Any, point: Array, scale: np.ndarray, *, damped: bool) -> Any:
    """Shorten those components of the proposed step that are longer than `_LONGEST`; all by as much, if not damped."""
    step, longest = state.y_eval - point, _LONGEST / scale
    if damped:
        return eqx.tree_at(lambda s: s.y_eval, state, point + jnp.clip(step, -longest, longest))
    # the search along the undamped step asks for its direction, and halves what was tried
    share = 1 / jnp.maximum(1, jnp.max(jnp.abs(step) / longest))
    tried = (point + share * step, share * state.search_state.step_size)
    return eqx.tree_at(lambda s: (s.y_eval, s.search_state.step_size), state, tried)


def _relative_offset(small: np.ndarray, residuals: int) -> float:
    """Give how far the linear optimum is away, in units of the confidence region of the parameters."""
    along, rest = small[:-1], abs(small[-1])
    freedom = max(1, residuals - len(along))
    return float(np.linalg.norm(along) / np.sqrt(len(along)) / max(rest / np.sqrt(freedom), 1e-300))


def _compressed(residual: np.ndarray, jacobian: np.ndarray) -> tuple[Array, Array]:
    # the factor of both side by side: its last column holds the residual along J and the norm of the rest; Q is not needed
    columns = jacobian.shape[1]
    factor = np.linalg.qr(np.column_stack([jacobian, residual]), mode="r")
    factor = np.vstack([factor, np.zeros((columns + 1 - len(factor), columns + 1))])
    return jnp.asarray(factor[:, -1]), jnp.asarray(factor[:, :-1])


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Memory:
    """What the method remembers; `point` and `trial` (best and proposed) are in units of `scale`.

    `bent` is the reduction of the loss that was promised for the step that the trial corrects, 0 where it corrects none;
    `missed` is the loss where that step, or its last correction, came to.
    """

    offset: float
    scale: Float[np.ndarray, " parameters"]
    point: Array
    trial: Array
    state: Any
    first: float = math.inf  # loss of the start
    quiet: int = 0
    rejected: int = 0
    bent: float = 0.0
    missed: float = math.inf


def _proposed(
    point: np.ndarray, residual: np.ndarray, jacobian: np.ndarray, scale: np.ndarray, length: float, *, damped: bool
) -> _Memory:
    """Begin at a point whose residual and Jacobian are known: give the first proposal."""
    residual_of_model, jacobian_of_model = _compressed(residual, jacobian * scale)
    small = (residual_of_model, jacobian_of_model, jnp.asarray(point / scale))
    state = eqx.tree_at(lambda s: s.search_state.step_size, _begin(small, damped), jnp.asarray(length))
    here, state = _step(small[2], small, state, damped)
    state = _limited(state, here, scale, damped=damped)
    offset = _relative_offset(np.asarray(residual_of_model), len(residual))
    return _Memory(offset, scale, here, state.y_eval, state)


def _normal(jacobian: np.ndarray, length: float) -> np.ndarray:
    return jacobian.T @ jacobian + np.eye(jacobian.shape[1]) / length


def _damped(jacobian: np.ndarray, residual: np.ndarray, length: float) -> np.ndarray:
    """Give the damped step of the linear model."""
    return -np.linalg.solve(_normal(jacobian, length), jacobian.T @ residual)


def _bent(
    problem: LeastSquares, progress: Progress, refused: _Memory, residual: np.ndarray, *, length: float
) -> _Memory:
    """Correct a step that was refused for how the residuals curve along it, which those at its end tell.

    Where the Jacobian J keeps, the damped step from the residuals that the curvature adds, ``r(x + d) - J d`` in place of
    ``r(x)``, ends on the floor of the valley.
    """
    memory: _Memory = progress.memory
    step = np.asarray(memory.trial - memory.point)
    # a call, if not one of much work: a problem that is dear remembers its last points
    here, jacobian = problem.linearize(progress.coordinates)
    jacobian = jacobian * memory.scale
    along = jacobian @ step
    corrected = _damped(jacobian, residual - along, length)
    promised = memory.bent or float(here @ here - np.sum((here + along) ** 2)) / 2
    bend = np.linalg.norm(corrected - step) / max(np.linalg.norm(step), 1e-300)
    if not bend < _LONGEST_BEND or promised <= 0:
        return refused
    longest = _LONGEST / memory.scale
    return replace(
        refused,
        trial=memory.point + jnp.asarray(np.clip(corrected, -longest, longest)),
        bent=promised,
        missed=float(residual @ residual) / 2,
    )


def _linearized(problem: LeastSquares, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give residuals and Jacobian; no step leads on from where slopes are infinite: that counts as a point without a value."""
    residual, jacobian = problem.linearize(point)
    if np.all(np.isfinite(jacobian)):
        return residual, jacobian
    return np.full_like(residual, np.nan), np.zeros_like(jacobian)


def _alone(problem: LeastSquares, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give residuals, with zeros for a Jacobian: what is made of a refused step does not depend on it."""
    assert problem.residual is not None  # noqa: S101 (asked by those who have seen it)
    residual = problem.residual(point)
    return residual, np.zeros((len(residual), len(point)))


def _halved(memory: _Memory) -> _Memory:
    """Refuse a trial and propose one half as far."""
    trial = (memory.point + memory.trial) / 2
    state = eqx.tree_at(lambda s: s.y_eval, memory.state, trial)
    return replace(memory, trial=trial, state=state, bent=0.0, rejected=memory.rejected + 1)


def _followed(
    problem: LeastSquares, progress: Progress, trial: np.ndarray, residual: np.ndarray, *, length: float, offset: float
) -> tuple[np.ndarray, int, float]:
    """Go on from a step that was good without a new Jacobian, as long as what is known of it leads on.

    Gives the best point, the calls of the model, and how long its last step might be. The Jacobian of where the step began takes
    on what each step shows of it, and a step that keeps less than half of its promise is corrected for how the residuals curve
    along it (see `_bent`), so that a valley is followed around its bends; it ends where no more is promised.
    """
    memory, search = progress.memory, _SOLVER.search
    before, jacobian = problem.linearize(progress.coordinates)
    jacobian, longest = jacobian * memory.scale, _LONGEST / memory.scale
    # steps are compared in the lengths that are still open: a valley is long in some coordinates only
    spread = np.diag(np.linalg.pinv(_normal(jacobian, length), hermitian=True))
    open_lengths = np.sqrt(np.maximum(spread, np.finfo(float).tiny))
    jacobian = corrected(jacobian, (trial - progress.coordinates) / memory.scale, residual - before, open_lengths)
    calls, refused, kept = 1, 0, length
    while calls < _FOLLOWED and refused < _REFUSED:
        if _relative_offset(np.asarray(_compressed(residual, jacobian)[0]), len(residual)) < offset:
            break
        step = np.clip(_damped(jacobian, residual, length), -longest, longest)
        promised = residual @ residual - np.sum((residual + jacobian @ step) ** 2)
        found, _ = _alone(problem, trial + step * memory.scale)
        calls += 1
        straight = residual @ residual - found @ found > search.high_cutoff * promised
        if not straight and np.all(np.isfinite(found)):
            bent = np.clip(_damped(jacobian, found - jacobian @ step, length), -longest, longest)
            if np.linalg.norm(bent - step) < _LONGEST_BEND * np.linalg.norm(step):
                around, _ = _alone(problem, trial + bent * memory.scale)
                calls += 1
                if around @ around < found @ found:
                    step, found = bent, around
        fell = residual @ residual - found @ found
        # what is not finite has not fallen
        if np.isfinite(fell):
            jacobian = corrected(jacobian, step, found - residual, open_lengths)
        if fell > 0:
            trial, residual, refused, kept = trial + step * memory.scale, found, 0, length
        else:
            refused += 1
        if straight:
            length *= float(search.high_constant)
        elif not fell > _HARDLY * promised:
            length *= float(search.low_constant)
    return trial, calls, kept


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Levenberg-Marquardt with columns scaled to the strength of each parameter.

    Where the problem gives its residuals alone, their Jacobian is asked for at points that were found to be better only, and
    kept for further steps as long as it keeps what it promises; a step then ends with a better point, however many were tried,
    or after `patience` refusals.

    Attributes
    ----------
    offset
        Converged when the full linear step would move the fit by less than this share of its standard error (the relative
        offset of Bates and Watts, Technometrics 23, 179 (1981)).
    tolerance
        Ended, too, when two accepted steps in a row each lower the loss by less than this share of it, and by less than they
        promised: converged if the full linear step is short of a standard error, else stalled.
    patience
        Stalled after so many rejected steps in a row.
    damped
        False for Gauss-Newton: the whole step of the linear model, halved while the loss does not fall. The better the start
        and the better all parameters are determined, the less is lost by it.
    """

    offset: float = 0.03
    tolerance: float = 1e-6
    patience: int = 15
    damped: bool = True

    def init(self, problem: LeastSquares) -> Progress:
        """Evaluate the start and find the scales."""
        start = np.asarray(problem.start, dtype=np.float64)
        residual, jacobian = problem.linearize(start)
        strength = np.linalg.norm(jacobian, axis=0)
        evaluations = 1
        if np.any(strength == 0):
            # the time constant of a distortion of amplitude 0, say: look at it where the others have moved by a noise level
            away = np.minimum(_NUDGE, np.sqrt(len(residual)) / np.maximum(strength, 1e-12))
            _, nudged = problem.linearize(start + away)
            strength = np.where(strength > 0, strength, np.linalg.norm(nudged, axis=0))
            evaluations = 2
        scale = 1 / np.where(strength > 0, strength, 1.0)
        memory = _proposed(start, residual, jacobian, scale, _FIRST_LENGTH, damped=self.damped)
        gradient = float(np.linalg.norm((jacobian * scale).T @ residual))
        loss = float(residual @ residual) / 2
        memory = replace(memory, first=loss)
        return Progress(start, loss, gradient, 0, evaluations, memory)

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Try the proposed point; take it if the loss falls, else propose one along the bent valley, or a shorter step."""
        tried = self._tried(problem, progress)
        # a refused trial costs residuals only: it does not count towards a limit on steps that gain nothing
        while self._sparing(problem) and tried.memory.rejected and self.done(tried) is None:
            tried = self._tried(problem, tried)
        return replace(tried, iteration=progress.iteration + 1)

    def _sparing(self, problem: LeastSquares) -> bool:
        return self.damped and problem.residual is not None

    def _tried(self, problem: LeastSquares, progress: Progress) -> Progress:
        memory: _Memory = progress.memory
        trial = np.asarray(memory.trial) * memory.scale
        sparing = self._sparing(problem)
        residual, jacobian = _alone(problem, trial) if sparing else _linearized(problem, trial)
        loss = float(residual @ residual) / 2
        evaluations = progress.evaluations + 1
        tried = replace(progress, evaluations=evaluations)
        if memory.bent:
            goes_on, length = None, float(memory.state.search_state.step_size) / float(_SOLVER.search.low_constant)
            if not loss < progress.loss:
                shorter = replace(memory, trial=memory.state.y_eval, bent=0.0, rejected=memory.rejected + 1)
                if not loss < _CLOSER * memory.missed:
                    return replace(tried, memory=shorter)
                bent = _bent(problem, progress, shorter, residual, length=length)
                return replace(tried, memory=bent, evaluations=evaluations + 1)
            lengthened = progress.loss - loss > _SOLVER.search.high_cutoff * memory.bent
            length *= float(_SOLVER.search.high_constant) if lengthened else 1.0
        else:
            small = (*_compressed(residual, jacobian * memory.scale), memory.trial)
            point, state = _step(memory.point, small, memory.state, self.damped)
            state = _limited(state, point, memory.scale, damped=self.damped)
            length = float(state.search_state.step_size)
            if not np.array_equal(np.asarray(point), np.asarray(memory.trial)):
                refused = replace(memory, trial=state.y_eval, state=state, rejected=memory.rejected + 1)
                if not (self.damped and np.isfinite(loss)):
                    return replace(tried, memory=refused)
                before = float(memory.state.search_state.step_size)
                bent = _bent(problem, progress, refused, residual, length=before)
                return replace(tried, memory=bent, evaluations=evaluations + 1)
            lengthened = self.damped and state.search_state.step_size > memory.state.search_state.step_size
            offset = _relative_offset(np.asarray(small[0]), len(residual))
            goes_on = _Memory(offset, memory.scale, point, state.y_eval, state)
        if sparing:
            ahead, calls, length = _followed(problem, progress, trial, residual, length=length, offset=self.offset)
            residual, jacobian = _linearized(problem, ahead)
            if np.all(np.isfinite(residual)):
                trial = ahead
            else:
                # the step itself may have ended where slopes are finite
                residual, jacobian = _linearized(problem, trial)
                calls += 1
            evaluations += calls + 1
            tried = replace(tried, evaluations=evaluations)
            loss = float(residual @ residual) / 2
            if not np.isfinite(loss):
                return replace(tried, memory=_halved(memory))
        strength = np.linalg.norm(jacobian, axis=0)
        if goes_on is None or sparing or np.any(strength * memory.scale > _GROWN):
            scale = 1 / np.maximum(1 / memory.scale, strength)
            remembered = _proposed(trial, residual, jacobian, scale, length, damped=self.damped)
        else:
            remembered = goes_on
        # a little step that did all it promised, and is followed by a longer one, is no sign of the end
        quiet = memory.quiet + 1 if progress.loss - loss <= self.tolerance * progress.loss and not lengthened else 0
        gradient = float(np.linalg.norm((jacobian * remembered.scale).T @ residual))
        remembered = replace(remembered, quiet=quiet, first=memory.first)
        return replace(
            tried, coordinates=trial, loss=loss, gradient_norm=gradient, evaluations=evaluations, memory=remembered
        )

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory
        if not np.isfinite(progress.loss):
            return Status.NONFINITE
        if memory.offset < self.offset or progress.loss <= _ROUNDING * memory.first:
            return Status.CONVERGED
        if memory.quiet >= 2:
            return Status.CONVERGED if memory.offset < 1 else Status.STALLED
        return Status.STALLED if memory.rejected >= self.patience else None
