"""Time evolution ``x' = (G_0 + sum_k c_k(t) G_k) x`` of many sweep points at once.

One core serves amplitudes (complex, ``G = -iH``) and density matrices (real coordinates, see `liouvillian`). Each step of
length h is the fourth-order Magnus exponential over the two Gauss nodes,

    Omega = h (A_1 + A_2)/2 + sqrt(3) h^2/12 [A_2, A_1],

whose action on x is a Taylor series of an order that follows from the norm met in that step. Arrays are laid out with the
batch last.

References
----------
Blanes, Casas, Oteo, Ros, Phys. Rep. 470, 151 (2009), eq. (253).
"""

import functools
import math
import operator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, Int

from qrexplore.quantum.exponential import (
    Derivatives,
    RowPattern,
    exponential_action,
    norms_of_orders,
    row_pattern,
    taylor_order,
)

GAUSS_NODES = (0.5 - math.sqrt(3) / 6, 0.5 + math.sqrt(3) / 6)

# states that derivatives taken backwards may keep (bytes); of a longer way they keep every so many and go the rest again
_KEPT = 32e6

# entries of an exponent up to which a sum written out is faster than a product of matrices, and copies do not pay
_FEW_ENTRIES = 40


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


def _commutator(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left @ right - right @ left


@dataclass(frozen=True, eq=False)
class Propagator:
    """A controlled system made ready to step: the matrices of every term that Omega can have.

    Attributes
    ----------
    system
        The matrices.
    largest_norm
        Norm of an exponent up to which the Taylor series is long enough; steps are to be shorter than that.
    tolerance
        Largest error that the end of a series makes, see `taylor_order`; those of all steps add up.
    order
        Order of all series, for those who know better than the norm tells; None to take what each step needs.
    """

    system: ControlSystem
    largest_norm: float = 2.5
    tolerance: float = 1e-11
    order: int | None = None

    def _terms(self) -> tuple[list[np.ndarray], list[tuple[int, int]], RowPattern]:
        """Give commutators of the controls, the pairs that do not commute, and where Omega may be non-zero."""
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
        return mutual, pairs, row_pattern([*occupied, *crossed, *[np.abs(m) for m in mutual]])

    def _distinct(self, mutual: list[np.ndarray], pattern: RowPattern) -> tuple[np.ndarray, np.ndarray]:
        """Give one entry of each kind that Omega has, and the kind of every entry: few differ, most by symmetry."""
        drift, controls = self.system.drift, self.system.controls
        crossed = [_commutator(part, control) for part in drift for control in controls]
        rows = np.arange(self.system.size)[:, None]
        made_of = np.stack([*drift, *controls, *crossed, *mutual])[:, rows, pattern.columns] * pattern.present
        made_of = made_of.reshape(len(made_of), -1).T
        # equal but for rounding
        made_of = np.round(made_of / np.max(np.abs(made_of), axis=0, initial=1e-300), 12) + 0.0
        _, representatives, kinds = np.unique(made_of, axis=0, return_index=True, return_inverse=True)
        return representatives, kinds.reshape(pattern.columns.shape)

    def evolve(
        self,
        weights: Inexact[Array, " drift"],
        controls: Float[Array, "steps 2 controls batch"],
        step: float | Float[Array, " steps"],
        start: Inexact[Array, "n batch"],
        *,
        save_every: int | None = None,
        derivatives: Derivatives = "any",
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
        derivatives
            Whether derivatives are to be taken forwards or backwards. Either way the series then stops where the norm of a
            step lets it, and backwards only one state a step is kept; where both must be possible it has its full length.

        Returns
        -------
        states
            Final states, or the saved ones along a first axis.
        norm
            Largest row-sum norm of an exponent that was met; the caller compares it with `largest_norm`.
        """
        mutual, pairs, pattern = self._terms()
        drift = self.system.drift_matrix(weights)
        crossed = [drift @ control - control @ drift for control in self.system.controls]
        stacked = jnp.stack([drift, *self.system.controls, *crossed, *mutual])
        rows = np.arange(self.system.size)[:, None]
        entries = stacked[:, rows, pattern.columns] * pattern.present
        flat = jnp.moveaxis(entries, 0, -1).reshape(-1, len(stacked))
        few, kinds = len(flat) <= _FEW_ENTRIES, None
        if derivatives == "forward" and not few:
            # backwards, copies of a kind would have to be added up one by one, which is slower than making them all
            representatives, kinds = self._distinct(mutual, pattern)
            flat = flat[representatives]

        longest = self.order or taylor_order(self.largest_norm, self.tolerance)
        act = exponential_action(pattern, longest, derivatives)
        reach = norms_of_orders(self.largest_norm, self.tolerance)

        def advance(
            carry: tuple[Array, Array], along: tuple[Float[Array, "2 controls batch"], Float[Array, ""]]
        ) -> tuple[tuple[Array, Array], None]:
            state, largest = carry
            (first, second), length = along
            mean = length * (first + second) / 2
            factor = math.sqrt(3) * length**2 / 12
            coefficients = [jnp.full((1, state.shape[-1]), length), mean, factor * (first - second)]
            coefficients += [factor * (second[k] * first[l] - second[l] * first[k])[None] for k, l in pairs]
            terms = jnp.concatenate(coefficients).astype(flat.dtype)
            omega = (
                functools.reduce(operator.add, map(jnp.multiply, flat.T[:, :, None], terms)) if few else flat @ terms
            )
            omega = omega.reshape(*pattern.columns.shape, -1) if kinds is None else omega[kinds]
            norm = jnp.max(jnp.sum(jnp.abs(jax.lax.stop_gradient(omega)), axis=1))
            order = self.order or jnp.searchsorted(reach, norm) + 1
            return (act(omega, state, order), jnp.maximum(largest, norm)), None

        carry = (start, jnp.zeros(()))
        lengths = jnp.broadcast_to(step, controls.shape[:1])
        sparing = derivatives == "backward" and len(controls) * start.size * start.dtype.itemsize > _KEPT
        if derivatives == "backward":
            advance = jax.checkpoint(advance, prevent_cse=False)
        if save_every is None and not sparing:
            return jax.lax.scan(advance, carry, (controls, lengths))[0]
        if save_every is None:
            # steps of no length fill the last chunk
            chunk_length = math.isqrt(len(controls))
            filled = -len(controls) % chunk_length
            controls = jnp.pad(controls, ((0, filled), *[(0, 0)] * 3))
            lengths = jnp.pad(lengths, (0, filled))
        else:
            chunk_length = save_every
        chunks = controls.reshape(-1, chunk_length, *controls.shape[1:]), lengths.reshape(-1, chunk_length)

        def advance_chunk(
            carry: tuple[Array, Array], chunk: tuple[Array, Array]
        ) -> tuple[tuple[Array, Array], Array | None]:
            carry, _ = jax.lax.scan(advance, carry, chunk)
            return carry, None if save_every is None else carry[0]

        if sparing:
            advance_chunk = jax.checkpoint(advance_chunk, prevent_cse=False)
        (state, norm), saved = jax.lax.scan(advance_chunk, carry, chunks)
        return (state if saved is None else saved), norm
