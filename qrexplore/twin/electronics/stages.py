"""Stages of a signal chain: wave in, wave out, differentiable in every parameter.

A line is at rest before its first sample. Step responses ``s(t)`` are for a unit step at t = 0; formulas and discrete
forms follow Rol et al., Appl. Phys. Lett. 116, 054001 (2020).
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter
from qrexplore.quantum import GAUSS_NODES
from qrexplore.twin.electronics.wave import Wave, line_of_cell


class AbstractStage(eqx.Module):
    """One element of a signal chain."""

    @abc.abstractmethod
    def forward(self, wave: Wave, cell: float) -> Wave:
        """Give the wave behind the stage; `cell` is the length of a cell in s."""


class Gain(AbstractStage):
    """Conversion from volts at the generator to what the chip feels: flux, in Φ0 per V."""

    gain: Scalar = parameter(unit="Phi0/V", bounds=(0.01, 5.0), label="flux per volt")

    def forward(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Multiply by the gain."""
        return self.gain * wave


class DriveGain(AbstractStage):
    """Conversion from volts at the generator to the Rabi frequency of the 0-1 transition, in Hz per V.

    Gates that are simulated as instantaneous rotations are pulses of finite length in truth: `lag` is the free evolution
    that two of them add to the time between them (negative where the instrument counts from the pulses' outer edges).
    """

    gain: Scalar = parameter(unit="Hz/V", bounds=(1e3, 1e10), label="Rabi frequency per volt")
    lag: Scalar = parameter(0.0, unit="s", bounds=(-3e-6, 3e-6), label="evolution during the gate pulses")

    def forward(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Multiply by the gain."""
        return self.gain * wave


class Delay(AbstractStage):
    """Pure delay, ``s(t) = 1`` for ``t >= time``; conserves the area of the wave exactly.

    Notes
    -----
    A cell that a delayed edge crosses gets its mean. Place the stage next to the generator, where waves are staircases.
    """

    time: Scalar = parameter(0.0, unit="s", bounds=(0.0, 50e-9), label="delay")

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Shift the wave to later times."""
        left, rise = line_of_cell(wave)
        area = jnp.cumsum(jnp.mean(wave, axis=-1), axis=-1)
        area = jnp.concatenate([jnp.zeros_like(area[..., :1]), area], axis=-1)
        edges = jnp.arange(area.shape[-1]) - self.time / cell
        position = jnp.clip(edges, 0.0, area.shape[-1] - 1.0)
        index = jnp.clip(jnp.floor(position).astype(int), 0, wave.shape[-2] - 1)
        inside = position - index
        shifted = area[..., index] + left[..., index] * inside + rise[..., index] * inside**2 / 2
        mean = jnp.diff(shifted, axis=-1)
        return jnp.stack([mean, mean], axis=-1)


def _first_order(wave: Wave, time_constant: Float[Array, ""], cell: float) -> Wave:
    """Low-pass a wave: ``tau w' = x - w``, exact for a piecewise linear x."""
    left, rise = line_of_cell(wave)
    slope = rise / cell

    def response(time: float, state: Array | float) -> Array:
        kept, gone = jnp.exp(-time / time_constant), -jnp.expm1(-time / time_constant)
        return kept * state + left * gone + slope * (time - time_constant * gone)

    kept, gain = jnp.exp(-cell / time_constant), response(cell, 0.0)

    def advance(state: Array, entering: Array) -> tuple[Array, Array]:
        return kept * state + entering, state

    states = jax.lax.scan(advance, jnp.zeros_like(gain[..., 0]), jnp.moveaxis(gain, -1, 0))[1]
    states = jnp.moveaxis(states, 0, -1)
    return jnp.stack([response(node * cell, states) for node in GAUSS_NODES], axis=-1)


class ExponentialResponse(AbstractStage):
    """Over- or undershoot ``s(t) = 1 + A exp(-t/tau)``: A < 0 rises late, A > 0 overshoots."""

    amplitude: Scalar = parameter(0.0, unit="1", bounds=(-0.6, 0.6), label="over- (+) or undershoot (-)")
    time_constant: Scalar = parameter(10e-9, unit="s", bounds=(0.1e-9, 100e-6), label="time constant of the settling")

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Add the decaying part of every past step."""
        return (1 + self.amplitude) * wave - self.amplitude * _first_order(wave, self.time_constant, cell)


class LowPass(AbstractStage):
    """First-order low-pass, ``s(t) = 1 - exp(-2 pi cutoff t)``."""

    cutoff: Scalar = parameter(400e6, unit="Hz", bounds=(10e6, 20e9), label="3 dB bandwidth")

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Filter the wave."""
        return _first_order(wave, 1 / (2 * jnp.pi * self.cutoff), cell)


def step_response(stage: AbstractStage, times: Float[Array, " times"], cell: float) -> Float[Array, " times"]:
    """Give the response of a stage to a unit step at t = 0, at times (s) within the first cells.

    The response is linear between the nodes of cells of length `cell` (s).
    """
    cells = int(jnp.ceil(jnp.max(times) / cell)) + 1
    left, rise = line_of_cell(stage.forward(jnp.ones((cells, 2)), cell))
    index = jnp.clip(jnp.floor(times / cell).astype(int), 0, cells - 1)
    return left[index] + rise[index] * (times / cell - index)
