"""Time evolution ``x' = (G_0 + sum_k c_k(t) G_k) x`` of many sweep points at once.

One core serves amplitudes (complex, ``G = -iH``) and density matrices (real coordinates, see `liouvillian`). Each step of
length h is the fourth-order Magnus exponential over the two Gauss nodes,

    Omega = h (A_1 + A_2)/2 + sqrt(3) h^2/12 [A_2, A_1],

whose action on x is a Taylor series of an order that follows from a bound on the norm. Arrays are laid out with the
batch last, and the matrices by rows of equal length (ELLPACK), which suits small matrices best.

References
----------
Blanes, Casas, Oteo, Ros, Phys. Rep. 470, 151 (2009), eq. (253).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, Int

GAUSS_NODES = (0.5 - math.sqrt(3) / 6, 0.5 + math.sqrt(3) / 6)


class RowPattern(NamedTuple):
    """Where a family of matrices may be non-zero: for each row the same number of columns, padded with a zero."""

    columns: Int[np.ndarray, "n width"]
    present: Float[np.ndarray, "n width"]


@dataclass(frozen=True, eq=False)
class ControlSystem:
    """Constant matrices of a controlled linear system and their non-vanishing commutators.

    Attributes
    ----------
    drift
        Matrices whose sum, weighted with constant coefficients, is ``G_0``.
    controls
        Matrices ``G_k`` of the time-dependent coefficients.
    """

    drift: tuple[np.ndarray, ...]
    controls: tuple[np.ndarray, ...]

    @property
    def size(self) -> int:
        """Number of coordinates of the state."""
        return len((*self.drift, *self.controls)[0])

    def restricted(self, kept: Int[np.ndarray, " kept"]) -> "ControlSystem":
        """Give the system on some of the coordinates."""
        cut = np.ix_(kept, kept)
        return ControlSystem(tuple(m[cut] for m in self.drift), tuple(m[cut] for m in self.controls))

    def without_common_phase(self) -> "ControlSystem":
        """Give the system with the mean of each diagonal taken off: amplitudes lose a common phase, steps get smaller."""

        def centered(matrix: np.ndarray) -> np.ndarray:
            return matrix - np.mean(np.diag(matrix)) * np.eye(len(matrix))

        return ControlSystem(tuple(map(centered, self.drift)), tuple(map(centered, self.controls)))

    def drift_matrix(self, weights: Inexact[Array, "*batch drift"]) -> Inexact[Array, "*batch n n"]:
        """Give ``G_0`` for given constant coefficients."""
        return jnp.tensordot(weights, jnp.asarray(np.stack(self.drift)), axes=1)


def _pattern(matrices: list[np.ndarray]) -> RowPattern:
    occupied = np.any([np.abs(matrix) > 0 for matrix in matrices], axis=0)
    width = max(1, int(occupied.sum(axis=1).max()))
    columns = np.zeros((len(occupied), width), dtype=int)
    present = np.zeros((len(occupied), width))
    for row, filled in enumerate(occupied):
        hits = np.flatnonzero(filled)
        columns[row, : len(hits)], present[row, : len(hits)] = hits, 1.0
    return RowPattern(columns, present)


def _transposed(pattern: RowPattern) -> tuple[np.ndarray, np.ndarray, Float[np.ndarray, "n width"]]:
    """Give where the transpose of a matrix in ELLPACK layout finds its entries: row and slot, and whether there is one."""
    size = len(pattern.columns)
    places = [np.argwhere((pattern.columns == column) & (pattern.present > 0)) for column in range(size)]
    width = max(1, *map(len, places))
    found = np.zeros((size, width, 2), dtype=int)
    there = np.zeros((size, width))
    for column, hits in enumerate(places):
        found[column, : len(hits)], there[column, : len(hits)] = hits, 1.0
    return found[..., 0], found[..., 1], there


def _commutator(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left @ right - right @ left


@dataclass(frozen=True, eq=False)
class Propagator:
    """A controlled system made ready to step: the matrices of every term that Omega can have.

    Attributes
    ----------
    system
        The matrices.
    order
        Order of the Taylor series of the exponential, see `taylor_order`.
    """

    system: ControlSystem
    order: int

    def _terms(self) -> tuple[list[np.ndarray], list[tuple[int, int]], RowPattern]:
        """Give pairs of controls that do not commute and where Omega may be non-zero."""
        system = self.system
        pairs = [
            (k, l)
            for k in range(len(system.controls))
            for l in range(k + 1, len(system.controls))
            if np.any(np.abs(_commutator(system.controls[k], system.controls[l])) > 1e-14)
        ]
        mutual = [_commutator(system.controls[k], system.controls[l]) for k, l in pairs]
        occupied = [np.abs(m) for m in (*system.drift, *system.controls)]
        drift = np.sum(occupied[: len(system.drift)], axis=0)
        crossed = [drift @ c + c @ drift for c in occupied[len(system.drift) :]]
        return mutual, pairs, _pattern([*occupied, *crossed, *[np.abs(m) for m in mutual]])

    def evolve(
        self,
        weights: Inexact[Array, " drift"],
        controls: Float[Array, "steps 2 controls batch"],
        step: float | Float[Array, " steps"],
        start: Inexact[Array, "n batch"],
        *,
        save_every: int | None = None,
        own_adjoint: bool = False,
    ) -> tuple[Inexact[Array, "n batch"] | Inexact[Array, "saved n batch"], Float[Array, ""]]:
        """Evolve a batch of states through consecutive steps.

        Parameters
        ----------
        weights
            Constant coefficients of the drift matrices (rad/s or 1/s).
        controls
            Coefficients ``c_k`` at the two Gauss nodes of each step (rad/s).
        step
            Length of the steps in s, one for all or one for each.
        start
            States at the beginning.
        save_every
            None for the final states only; else the states after every so many steps, which must divide the number.
        own_adjoint
            For derivatives taken backwards, which then are several times faster and keep one state a step; there is no
            forward mode then.

        Returns
        -------
        states
            Final states, or the saved ones along a first axis.
        norm
            Largest row-sum norm of an exponent that was met; the Taylor series is made for norms up to some limit, and
            the caller compares.
        """
        mutual, pairs, pattern = self._terms()
        drift = self.system.drift_matrix(weights)
        crossed = [drift @ control - control @ drift for control in self.system.controls]
        stacked = jnp.stack([drift, *self.system.controls, *crossed, *mutual])
        rows = np.arange(self.system.size)[:, None]
        entries = stacked[:, rows, pattern.columns] * pattern.present
        flat = jnp.moveaxis(entries, 0, -1).reshape(-1, len(stacked))

        act = _with_own_adjoint(pattern, self.order) if own_adjoint else _plain(pattern, self.order)

        def advance(
            carry: tuple[Array, Array], along: tuple[Float[Array, "2 controls batch"], Float[Array, ""]]
        ) -> tuple[tuple[Array, Array], None]:
            state, largest = carry
            (first, second), length = along
            mean = length * (first + second) / 2
            factor = math.sqrt(3) * length**2 / 12
            coefficients = [jnp.full((1, state.shape[-1]), length), mean, factor * (first - second)]
            coefficients += [factor * (second[k] * first[l] - second[l] * first[k])[None] for k, l in pairs]
            omega = (flat @ jnp.concatenate(coefficients).astype(flat.dtype)).reshape(*pattern.columns.shape, -1)
            norm = jnp.max(jnp.sum(jnp.abs(jax.lax.stop_gradient(omega)), axis=1))
            return (act(omega, state), jnp.maximum(largest, norm)), None

        if own_adjoint:
            advance = jax.checkpoint(advance, prevent_cse=False)
        carry = (start, jnp.zeros(()))
        lengths = jnp.broadcast_to(step, controls.shape[:1])
        if save_every is None:
            return jax.lax.scan(advance, carry, (controls, lengths))[0]
        chunks = controls.reshape(-1, save_every, *controls.shape[1:]), lengths.reshape(-1, save_every)

        def advance_chunk(carry: tuple[Array, Array], chunk: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
            carry, _ = jax.lax.scan(advance, carry, chunk)
            return carry, carry[0]

        (_, norm), saved = jax.lax.scan(advance_chunk, carry, chunks)
        return saved, norm


def _product(matrix: Array, columns: np.ndarray, vector: Array) -> Array:
    """Give the product of a matrix in ELLPACK layout with a vector, for every point of the batch."""
    product = matrix[:, 0] * vector[columns[:, 0]]
    for slot in range(1, columns.shape[1]):
        product = product + matrix[:, slot] * vector[columns[:, slot]]
    return product


def _inverses(order: int) -> Float[Array, " order"]:
    return jnp.asarray(1.0 / np.arange(order, 0, -1))


def _exponential_action(omega: Array, pattern: RowPattern, state: Array, order: int) -> Array:
    """Give ``exp(Omega) x`` by Horner's rule ``t_k = x + Omega t_(k-1)/m_k``."""

    def stage(total: Array, inverse: Array) -> tuple[Array, None]:
        return state + _product(omega, pattern.columns, total) * inverse, None

    return jax.lax.scan(stage, state, _inverses(order))[0]


def _plain(pattern: RowPattern, order: int) -> Callable[[Array, Array], Array]:
    return lambda omega, state: _exponential_action(omega, pattern, state, order)


def _with_own_adjoint(pattern: RowPattern, order: int) -> Callable[[Array, Array], Array]:
    """Give the same action with its derivative written out: Horner's rule backwards with the transpose of Omega.

    Notes
    -----
    Nothing but Omega and x is kept for the way back, where the stages are computed again. A transpose made by JAX would keep
    them all, and would turn the reading of scattered rows into adding to them, which a CPU does one number at a time.
    """
    columns = pattern.columns
    rows, slots, there = _transposed(pattern)

    @jax.custom_vjp
    def action(omega: Array, state: Array) -> Array:
        return _exponential_action(omega, pattern, state, order)

    def forward(omega: Array, state: Array) -> tuple[Array, tuple[Array, Array]]:
        return action(omega, state), (omega, state)

    def backward(kept: tuple[Array, Array], change: Array) -> tuple[Array, Array]:
        omega, state = kept
        inverses = _inverses(order)

        def stage(total: Array, inverse: Array) -> tuple[Array, Array]:
            return state + _product(omega, columns, total) * inverse, total

        totals = jax.lax.scan(stage, state, inverses)[1]
        transpose = omega[rows, slots] * there[:, :, None]

        def back(
            carry: tuple[Array, Array, Array], along: tuple[Array, Array]
        ) -> tuple[tuple[Array, Array, Array], None]:
            change, to_state, to_omega = carry
            total, inverse = along
            scaled = change * inverse
            to_omega = to_omega + scaled[:, None] * total[columns]
            return (_product(transpose, rows, scaled), to_state + change, to_omega), None

        start = (change, jnp.zeros_like(state), jnp.zeros_like(omega))
        (first, to_state, to_omega), _ = jax.lax.scan(back, start, (totals, inverses), reverse=True)
        return to_omega, to_state + first

    action.defvjp(forward, backward)
    return action


def taylor_order(norm: float, tolerance: float = 1e-10) -> int:
    """Give the order at which the Taylor series of an exponential of that norm is exact to `tolerance`."""
    order, remainder = 1, norm**2 / 2 * math.exp(norm)
    while remainder > tolerance:
        order += 1
        remainder *= norm / (order + 1)
    return order
