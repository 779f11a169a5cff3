"""Flux that stands still, or nearly so: a static bias, and a step that began long ago."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.pulses import sample_count
from qrexplore.twin.electronics import SignalChain
from qrexplore.twin.electronics.wave import line_of_cell
from qrexplore.twin.model import Twin


def static_flux(twin: Twin, qubit: str, bias: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Give the flux (Φ0) of a qubit under a static voltage (V) on its bias line, on top of its offset.

    Raises
    ------
    ValueError
        If the twin has no bias line for the qubit.
    """
    line = f"bias_{qubit}"
    if line not in twin.biases:
        msg = (
            f"an experiment against flux needs the bias line {line!r}, but the twin has "
            f"{', '.join(twin.biases) or 'none'}. Add it to `biases` of the twin."
        )
        raise ValueError(msg)
    return twin.biases[line].gain * bias


def late_step(line: SignalChain, height: float, times: Float[Array, "*shape"], window: float) -> Float[Array, "*shape"]:
    """Give what a line carries at some times after a step of its generator.

    Parameters
    ----------
    line
        The signal chain, at rest before the step.
    height
        Of the step, V; it lasts.
    times
        After the step, s.
    window
        How long the step is followed, s; the times lie within.

    Notes
    -----
    The line is followed from the step on, once for all points, with one cell a sample of the generator; the qubits are not,
    so that a wait costs a few operations a sample. Between its nodes the wave of a cell is a straight line. Exponentials
    are exact at the nodes for the held step itself; what remains is the curvature of the wave that one stage hands to the
    next, of relative size ``A (cell / tau)^2 / 12`` for a settling of amplitude A while that settling lasts. An answer that
    is faster than a sample is therefore coarse in its own first samples and exact after them.
    """
    rate = line.sample_rate
    left, rise = line_of_cell(line.forward(jnp.full(sample_count(window, rate), height), 1))
    position = times * rate
    cell = jnp.clip(jnp.floor(position).astype(int), 0, len(left) - 1)
    return left[cell] + rise[cell] * (position - cell)
