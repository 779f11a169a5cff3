"""Mixing to the carrier and back: imperfections of an IQ mixer, and the oscillator.

A wave on a drive line is the complex envelope ``I + iQ`` in the frame of its carrier.
"""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter
from qrexplore.quantum import GAUSS_NODES
from qrexplore.twin.electronics.stage import AbstractStage, refuse
from qrexplore.twin.electronics.wave import Wave


class IQMixer(AbstractStage):
    """Mixer whose arms differ: ``I' = I + o_I`` and ``Q' = G (Q cos(skew) - I sin(skew)) + o_Q``.

    A tone at an intermediate frequency gets an image on the other side of the carrier (imbalance and skew), and the carrier
    itself leaks (offsets), from the first sample on. Put a `LocalOscillator` of the intermediate frequency before and one
    of its negative behind, where the samples of the generator are those without intermediate frequency.
    """

    linear: ClassVar[bool] = False
    time_invariant: ClassVar[bool] = True

    imbalance: Scalar = parameter(1.0, unit="1", bounds=(0.5, 2.0), label="gain of Q over that of I")
    skew: Scalar = parameter(0.0, unit="rad", bounds=(-0.8, 0.8), label="angle missing between I and Q")
    offset_i: Scalar = parameter(0.0, unit="V", bounds=(-0.5, 0.5), label="carrier leakage in I")
    offset_q: Scalar = parameter(0.0, unit="V", bounds=(-0.5, 0.5), label="carrier leakage in Q")

    @property
    def image_rejection(self) -> Float[Array, ""]:
        """Power of the wanted tone over that of its image, dB; infinite for equal arms at a right angle."""
        both, twice = 1 + self.imbalance**2, 2 * self.imbalance * jnp.cos(self.skew)
        return 10 * jnp.log10((both + twice) / (both - twice))

    def forward(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Bend the plane of I and Q, and shift it."""
        along_i, along_q = jnp.real(wave), jnp.imag(wave)
        bent = self.imbalance * (along_q * jnp.cos(self.skew) - along_i * jnp.sin(self.skew))
        return jax.lax.complex(along_i + self.offset_i, bent + self.offset_q)

    def inverse(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002
        """Shift back and bend back."""
        reason = (
            "the arms of an IQ mixer must span a plane for an inverse, but at `imbalance` 0 or a `skew` of a right angle they "
            "make a line. Give an imbalance near 1 and a skew near 0."
        )
        seen = self.imbalance * jnp.cos(self.skew)
        wave = refuse(wave, ~(jnp.abs(seen) > 1e-9), reason)
        along_i = jnp.real(wave) - self.offset_i
        along_q = (jnp.imag(wave) - self.offset_q + self.imbalance * along_i * jnp.sin(self.skew)) / seen
        return jax.lax.complex(along_i, along_q)


class LocalOscillator(AbstractStage):
    """Oscillator that runs beside its nominal frequency: ``y = x exp(i (phase - 2 pi offset t))``, t from the first sample.

    The signs are those of the twin: a drive of higher frequency turns backwards in the frame of the qubit, and `phase` adds
    to that of each pulse.
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = False

    offset: Scalar = parameter(0.0, unit="Hz", bounds=(-1e9, 1e9), label="frequency above the nominal one")
    phase: Scalar = parameter(0.0, unit="rad", bounds=(-np.pi, np.pi), label="phase of the oscillator")

    def _turn(self, wave: Wave, cell: float) -> Array:
        times = (np.arange(wave.shape[-2])[:, None] + np.asarray(GAUSS_NODES)) * cell
        return jnp.exp(1j * (self.phase - 2 * np.pi * self.offset * times))

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Turn the wave."""
        return wave * self._turn(wave, cell)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Turn the wave back."""
        return wave * jnp.conj(self._turn(wave, cell))
