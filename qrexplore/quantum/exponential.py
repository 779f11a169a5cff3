"""The action of exponentials of small sparse matrices, one matrix for each point of a batch, on vectors.

Taylor series by Horner's rule ``t_k = x + Omega t_(k-1)/m_k``. Matrices are laid out by rows of equal length (ELLPACK) with
the batch last, which suits small matrices best.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

# which derivatives can be taken: both ways, or only the one that is made fast
Derivatives = Literal["any", "forward", "backward"]

# Omega, x and the number of terms to exp(Omega) x
Action = Callable[[Array, Array, Array | int], Array]


class RowPattern(NamedTuple):
    """Where a family of matrices may be non-zero: for each row the same number of columns, padded with a zero."""

    columns: Int[np.ndarray, "n width"]
    present: Float[np.ndarray, "n width"]


def row_pattern(matrices: list[np.ndarray]) -> RowPattern:
    """Give where some matrices may be non-zero."""
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


def _product(matrix: Array, columns: np.ndarray, vector: Array) -> Array:
    """Give the product of a matrix in ELLPACK layout with a vector, for every point of the batch."""
    product = matrix[:, 0] * vector[columns[:, 0]]
    for slot in range(1, columns.shape[1]):
        product = product + matrix[:, slot] * vector[columns[:, slot]]
    return product


def exponential_action(pattern: RowPattern, longest: int, derivatives: Derivatives = "any") -> Action:
    """Give the function that lets ``exp(Omega)`` act on x.

    Parameters
    ----------
    pattern
        Where Omega may be non-zero; it is handed in as its entries there, ``(n, width, batch)``.
    longest
        Largest order of the series.
    derivatives
        ``forward`` or ``backward``: the series stops at the order that the function is given (at most `longest`), and
        derivatives can be taken in that mode only; ``any``: always `longest`.
    """
    kinds = {"any": _at_full_length, "forward": _as_long_as_needed, "backward": _with_own_adjoint}
    return kinds[derivatives](pattern, longest)


def _at_full_length(pattern: RowPattern, longest: int) -> Action:
    """Give the action with all terms, whatever its third argument says."""
    inverses = jnp.asarray(1.0 / np.arange(longest, 0, -1))

    def action(omega: Array, state: Array, _: Array | int) -> Array:
        def stage(total: Array, inverse: Array) -> tuple[Array, None]:
            return state + _product(omega, pattern.columns, total) * inverse, None

        return jax.lax.scan(stage, state, inverses)[0]

    return action


def _as_long_as_needed(pattern: RowPattern, longest: int) -> Action:
    """Give the action with as many terms as its third argument says, at most `longest`."""

    def action(omega: Array, state: Array, order: Array | int) -> Array:
        terms = jnp.minimum(order, longest)

        def stage(k: Array, total: Array) -> Array:
            return state + _product(omega, pattern.columns, total) * (1.0 / (terms - k))

        return jax.lax.fori_loop(0, terms, stage, state)

    return action


def _with_own_adjoint(pattern: RowPattern, longest: int) -> Action:
    """Give the same action with its derivative written out: Horner's rule backwards with the transpose of Omega.

    Notes
    -----
    Nothing but Omega and x is kept for the way back, where the stages are computed again. A transpose made by JAX would keep
    them all, and would turn the reading of scattered rows into adding to them, which a CPU does one number at a time.
    """
    columns = pattern.columns
    rows, slots, there = _transposed(pattern)

    @jax.custom_vjp
    def action(omega: Array, state: Array, order: Array | int) -> Array:
        return _as_long_as_needed(pattern, longest)(omega, state, order)

    def forward(omega: Array, state: Array, order: Array | int) -> tuple[Array, tuple[Array, Array, Array | int]]:
        return action(omega, state, order), (omega, state, order)

    def backward(kept: tuple[Array, Array, Array | int], change: Array) -> tuple[Array, Array, None]:
        omega, state, order = kept
        terms = jnp.minimum(order, longest)

        def stage(k: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            total, totals = carry
            return state + _product(omega, columns, total) * (1.0 / (terms - k)), totals.at[k].set(total)

        totals = jax.lax.fori_loop(0, terms, stage, (state, jnp.zeros((longest, *state.shape), state.dtype)))[1]
        transpose = omega[rows, slots] * there[:, :, None]

        def back(k: Array, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            change, to_state, to_omega = carry
            # the stages in reverse: the last one divided by 1, the first by their number
            scaled = change * (1.0 / (k + 1))
            to_omega = to_omega + scaled[:, None] * totals[terms - 1 - k][columns]
            return _product(transpose, rows, scaled), to_state + change, to_omega

        start = (change, jnp.zeros_like(state), jnp.zeros_like(omega))
        first, to_state, to_omega = jax.lax.fori_loop(0, terms, back, start)
        return to_omega, to_state + first, None

    action.defvjp(forward, backward)
    return action


def taylor_order(norm: float, tolerance: float = 1e-10) -> int:
    """Give the order at which the Taylor series of an exponential of that norm is exact to `tolerance`."""
    order, remainder = 1, norm**2 / 2 * math.exp(norm)
    while remainder > tolerance:
        order += 1
        remainder *= norm / (order + 1)
    return order


@lru_cache
def norms_of_orders(largest_norm: float, tolerance: float = 1e-10) -> Float[np.ndarray, " orders"]:
    """Give the norms up to which the orders 1, 2, ... are enough, below a largest norm."""
    norms = np.linspace(0.0, largest_norm, 2001)[1:]
    enough = np.array([taylor_order(norm, tolerance) for norm in norms])
    reached = [norms[enough <= order] for order in range(1, int(enough[-1]))]
    return np.array([within[-1] if len(within) else 0.0 for within in reached])
