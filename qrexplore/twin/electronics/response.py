"""Linear responses of a piecewise linear wave, exact at the nodes of its cells, and their inverses.

Two forms serve all filters. One with few states (exponentials, Butterworth) is a recursion from cell to cell. One with a
known step response but no states (skin effect, Gaussian) is a sum over all earlier cells, done by FFT.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.quantum import GAUSS_NODES
from qrexplore.twin.electronics.wave import Wave, line_of_cell

# value at the left edge and rise over a cell, from the values at its nodes
LINE_OF_NODES = np.linalg.inv(np.stack([np.ones(2), np.asarray(GAUSS_NODES)], axis=1))


def first_order(wave: Wave, time_constant: Float[Array, ""], cell: float) -> Wave:
    """Low-pass a wave: ``tau w' = x - w``, exact for a piecewise linear x."""
    left, rise = line_of_cell(wave)
    # at the nodes and at the end of a cell: what is left of the state, and what its line has come to
    share = jnp.asarray([*GAUSS_NODES, 1.0]) * (cell / time_constant)
    kept, gone = jnp.exp(-share), -jnp.expm1(-share)
    come = left[..., None] * gone + rise[..., None] * ((share - gone) * (time_constant / cell))

    def advance(state: Array, entering: Array) -> tuple[Array, Array]:
        return kept[2] * state + entering, state

    states = jax.lax.scan(advance, jnp.zeros_like(left[..., 0]), jnp.moveaxis(come[..., 2], -1, 0))[1]
    return kept[:2] * jnp.moveaxis(states, 0, -1)[..., None] + come[..., :2]


class Recursion(NamedTuple):
    """A filter from cell to cell: ``state' = keep state + take x`` and ``y = show state + pass_on x``, x and y at nodes."""

    keep: Float[Array, "states states"]
    take: Float[Array, "states 2"]
    show: Float[Array, "2 states"]
    pass_on: Float[Array, "2 2"]

    @property
    def radius(self) -> Float[Array, ""]:
        """Largest factor by which a state lives on from one cell to the next; below 1, what happened is forgotten."""
        return jnp.max(jnp.abs(jnp.linalg.eigvals(jax.lax.stop_gradient(self.keep))))

    def filtered(self, wave: Wave) -> Wave:
        """Give the filtered wave; states begin at zero."""
        taken = jnp.moveaxis(wave @ self.take.T, -2, 0)

        def advance(state: Array, entering: Array) -> tuple[Array, Array]:
            return state @ self.keep.T + entering, state

        states = jnp.moveaxis(jax.lax.scan(advance, jnp.zeros_like(taken[0]), taken)[1], 0, -2)
        return states @ self.show.T + wave @ self.pass_on.T

    def inverse(self) -> "Recursion":
        """Give the recursion that undoes this one; it is of use if its `radius` is below 1."""
        back = jnp.linalg.inv(self.pass_on)
        return Recursion(
            keep=self.keep - self.take @ back @ self.show, take=self.take @ back, show=-back @ self.show, pass_on=back
        )


def recursion(
    evolution: Float[Array, "states states"],
    input_to_state: Float[Array, " states"],
    state_to_output: Float[Array, " states"],
    direct: Float[Array, ""] | float,
    cell: float,
) -> Recursion:
    """Give the recursion of ``z' = evolution z + input_to_state x``, ``y = state_to_output z + direct x``.

    Parameters
    ----------
    evolution, input_to_state
        In 1/s.
    state_to_output, direct
        Without unit.
    cell
        Length of a cell in s.
    """
    states = len(evolution)
    # the line x = left + rise u is made by two more states, so that one exponential does all integrals
    enlarged = jnp.zeros((states + 2, states + 2))
    enlarged = enlarged.at[:states, :states].set(evolution * cell).at[:states, states].set(input_to_state * cell)
    enlarged = enlarged.at[states, states + 1].set(1.0)
    parts = np.array([*GAUSS_NODES, 1.0])
    # one after the other, as eigenvectors are (see `qrexplore.quantum.dressing`)
    early, late, end = jax.lax.map(lambda part: jax.scipy.linalg.expm(enlarged * part), jnp.asarray(parts))[:, :states]
    shown = jnp.stack([state_to_output @ early, state_to_output @ late])
    return Recursion(
        keep=end[:, :states],
        take=end[:, states:] @ LINE_OF_NODES,
        show=shown[:, :states],
        pass_on=shown[:, states:] @ LINE_OF_NODES + direct * jnp.eye(2),
    )


Response = Callable[[Float[Array, "cells 2"]], Float[Array, "cells 2"]]


# weights and delays (s) of what arrives: a reflection sends the wave twice
Copies = Sequence[tuple[Float[Array, ""] | float, Float[Array, ""] | float]]


class StepResponse(NamedTuple):
    """Response to a unit step at t = 0 and its integral from there, as functions of t > 0 in s."""

    step: Response
    ramp: Response

    def of_copies(self, copies: Copies) -> "StepResponse":
        """Give the response of the same filter to copies of a wave, each with its weight and delayed by its own time.

        As smooth in the delays as the filter is, where copies made cell by cell before the filter are not: an edge inside
        a cell is a straight line there, which a filter as short as a cell can tell from an edge.
        """

        def late(response: Response) -> Response:
            def summed(time: Float[Array, "cells 2"]) -> Float[Array, "cells 2"]:
                total = jnp.zeros_like(time)
                for weight, delay in copies:
                    since = time - delay
                    begun = since > 0
                    total += weight * jnp.where(begun, response(jnp.where(begun, since, 1.0)), 0.0)
                return total

            return summed

        return StepResponse(late(self.step), late(self.ramp))

    def _of_lines(self, cells: int, cell: float) -> tuple[Array, Array]:
        """Give the answers at the nodes to a cell that is 1, and to one that rises from 0 to 1."""
        times = (np.arange(cells)[:, None] + np.asarray(GAUSS_NODES)) * cell
        step, ramp = self.step(jnp.asarray(times)), self.ramp(jnp.asarray(times))
        # the end of the cell is a step and a ramp back, one cell later
        step_end, ramp_end = (jnp.concatenate([jnp.zeros((1, 2)), known[:-1]]) for known in (step, ramp))
        return step - step_end, (ramp - ramp_end) / cell - step_end

    def filtered(self, wave: Wave, cell: float) -> Wave:
        """Give the wave behind the filter, exactly at the nodes."""
        cells = wave.shape[-2]
        held, rising = self._of_lines(cells, cell)
        left, rise = line_of_cell(wave)
        spectrum, back = (jnp.fft.fft, jnp.fft.ifft) if jnp.iscomplexobj(wave) else (jnp.fft.rfft, jnp.fft.irfft)
        # twice the length, so that the end does not run into the beginning
        length = 2 * cells
        product = spectrum(left, length)[..., None] * spectrum(held, length, axis=0)
        product += spectrum(rise, length)[..., None] * spectrum(rising, length, axis=0)
        return back(product, length, axis=-2)[..., :cells, :]

    def unfiltered(self, wave: Wave, cell: float) -> Wave:
        """Give the wave before the filter by solving cell after cell; takes time as the square of their number."""
        held, rising = self._of_lines(wave.shape[-2], cell)
        kernel = jnp.stack([held, rising], axis=-1) @ LINE_OF_NODES
        back = jnp.linalg.inv(kernel[0])
        later = kernel[1:]

        def advance(solved: Array, now: Array) -> tuple[Array, Array]:
            found = (now - jnp.einsum("dij,d...j->...i", later, solved)) @ back.T
            return jnp.concatenate([found[None], solved[:-1]]), found

        begin = jnp.zeros((len(later), *wave.shape[:-2], 2), dtype=wave.dtype)
        return jnp.moveaxis(jax.lax.scan(advance, begin, jnp.moveaxis(wave, -2, 0))[1], 0, -2)
