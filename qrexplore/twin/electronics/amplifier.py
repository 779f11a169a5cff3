"""Amplifiers that compress."""

from typing import ClassVar

import jax.numpy as jnp

from qrexplore.core import Scalar, parameter
from qrexplore.twin.electronics.stage import AbstractStage, refuse
from qrexplore.twin.electronics.wave import Wave


class Compression(AbstractStage):
    """Amplifier of gain 1 that saturates: ``y = V_c tanh(x/V_c)``, for a complex envelope in its height."""

    linear: ClassVar[bool] = False
    time_invariant: ClassVar[bool] = True

    ceiling: Scalar = parameter(2.0, unit="V", bounds=(0.01, 1000.0), label="voltage of saturation")

    def forward(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Compress the wave."""
        square = jnp.real(wave * jnp.conj(wave)) / self.ceiling**2
        # at zero the root has no derivative, but the series has
        small = square < 1e-6
        height = jnp.sqrt(jnp.where(small, 1.0, square))
        return wave * jnp.where(small, 1 - square / 3 + 2 * square**2 / 15, jnp.tanh(height) / height)

    def inverse(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002
        """Undo the compression, below saturation."""
        square = jnp.real(wave * jnp.conj(wave)) / self.ceiling**2
        reason = (
            "a compressed wave must stay below `ceiling` for an inverse, but this one reaches it: no input gives that much. "
            "Ask for a lower wave."
        )
        wave = refuse(wave, ~(square < 1), reason)
        small = square < 1e-6
        height = jnp.sqrt(jnp.where(small, 0.25, square))
        return wave * jnp.where(small, 1 + square / 3 + square**2 / 5, jnp.arctanh(height) / height)
