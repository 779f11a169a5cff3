"""Flux that stands still, or nearly so: a static bias, and a step that began long ago."""

from dataclasses import replace

import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.pulses import sample_count
from qrexplore.twin.electronics import SignalChain
from qrexplore.twin.electronics.wave import line_of_cell
from qrexplore.twin.model import Twin

# samples of the generator after a step that are followed one by one, and how many make a cell later on
_EARLY, _COARSE = 1000, 50


def static_flux(
    twin: Twin, name: str, bias: Float[Array, "*batch"], *, source: str | None = None
) -> Float[Array, "*batch"]:
    """Give the flux (Φ0) of a transmon under a static voltage (V) on a bias line, on top of its offset.

    Parameters
    ----------
    twin, name
        Whose flux.
    bias
        Voltage on the bias line of `source`, which is the transmon itself where left out.

    Raises
    ------
    ValueError
        If the twin does not have that bias line.
    """
    source = source or name
    line = f"bias_{source}"
    if line not in twin.biases:
        msg = (
            f"an experiment against flux needs the bias line {line!r}, but the twin has "
            f"{', '.join(twin.biases) or 'none'}. Add it to `biases` of the twin."
        )
        raise ValueError(msg)
    return twin.crosstalk.static_flux.onto(name, {source: twin.biases[line].gain * bias})


@jit
def late_step(
    line: SignalChain, height: float | Float[Array, ""], times: Float[Array, "*shape"], window: float
) -> Float[Array, "*shape"]:
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
    The line is followed from the step on, once for all points; the qubits are not, so that a wait costs a few operations a
    cell. For the first `_EARLY` samples there is one cell a sample of the generator, then one for every `_COARSE` of them, so
    that even tens of microseconds are some thousand cells. Between its nodes the wave of a cell is a straight line. One
    exponential is exact at the nodes; what remains is the curvature of what one stage hands to the next. Against 64 cells a
    sample, a line with a low-pass of 300 MHz and settlings of 8 ns to 40 us differs by a share of 3e-5 of the step 5 ns after
    it, 7e-8 from 100 ns on; within the first samples a low-pass is coarser, by up to 2 %.
    """
    fine = _followed(line, height, times, min(window, _EARLY / line.sample_rate))
    if window * line.sample_rate <= _EARLY:
        return fine
    coarse = replace(line, sample_rate=line.sample_rate / _COARSE)
    return jnp.where(times * line.sample_rate < _EARLY - 1, fine, _followed(coarse, height, times, window))


def _followed(
    line: SignalChain, height: float | Float[Array, ""], times: Float[Array, "*shape"], window: float
) -> Float[Array, "*shape"]:
    rate = line.sample_rate
    left, rise = line_of_cell(line.forward(jnp.full(sample_count(window, rate), height), 1))
    position = times * rate
    cell = jnp.clip(jnp.floor(position).astype(int), 0, len(left) - 1)
    return left[cell] + rise[cell] * (position - cell)
