"""Cables and what is screwed into them: skin effect, reflections, bias tees and attenuators."""

from collections.abc import Sequence
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter
from qrexplore.twin.electronics.delay import at_nodes, shifted
from qrexplore.twin.electronics.response import Copies, StepResponse, first_order, recursion
from qrexplore.twin.electronics.stage import AbstractStage, refuse
from qrexplore.twin.electronics.wave import Wave

# Planck's constant over Boltzmann's, K per Hz (exact in SI)
KELVIN_PER_HERTZ = 6.62607015e-34 / 1.380649e-23
# echoes of echoes that are subtracted when a reflection is undone, and the ratio of their heights up to which these suffice
ECHOES, LARGEST_RATIO = 64, 0.6


class SkinEffect(AbstractStage):
    """Loss of a coaxial cable that grows with the root of the frequency.

    ``H(f) = exp(-(1 + i) loss/8.686 sqrt(f/GHz))``, so ``s(t) = erfc(loss/(30.79 sqrt(t/ns)))``: a quick rise and a tail
    that is never quite over.

    Notes
    -----
    30.79 is ``2 sqrt(pi) 20/ln(10)``. Published codes with 21 in its place quote losses that are 1.47 times off.

    References
    ----------
    Wigington, Nahman, Proc. IRE 45, 166 (1957).
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    loss: Scalar = parameter(0.0, unit="dB", bounds=(0.0, 6.0), label="cable loss at 1 GHz")

    @property
    def _root(self) -> Float[Array, ""]:
        return self.loss * np.log(10) / 40 / np.sqrt(np.pi * 1e9)

    def _step(self, time: Float[Array, "*times"]) -> Float[Array, "*times"]:
        return jax.scipy.special.erfc(self._root / jnp.sqrt(time))

    def _ramp(self, time: Float[Array, "*times"]) -> Float[Array, "*times"]:
        root = self._root
        parted = 2 * root * jnp.sqrt(time / np.pi) * jnp.exp(-(root**2) / time)
        return (time + 2 * root**2) * jax.scipy.special.erfc(root / jnp.sqrt(time)) - parted

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Filter the wave."""
        return StepResponse(self._step, self._ramp).filtered(wave, cell)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Undo the loss, cell after cell."""
        reason = (
            "the skin effect can be undone only where most of a step passes within one cell, but this cable passes less than "
            "half: the inverse would enlarge noise without limit. Use longer cells (fewer `substeps`), or find the input by "
            "regularized least squares."
        )
        wave = refuse(wave, self._step(jnp.asarray(cell / 2)) < 0.5, reason)
        return StepResponse(self._step, self._ramp).unfiltered(wave, cell)


class Reflection(AbstractStage):
    """An echo between two bad connections, ``s(t) = (1 - r) + r 1(t >= time)``: a share r comes late."""

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    amplitude: Scalar = parameter(0.0, unit="1", bounds=(-0.3, 0.3), label="share that comes as an echo")
    time: Scalar = parameter(6e-9, unit="s", bounds=(0.1e-9, 100e-9), label="delay of the echo", scaled_by="amplitude")

    def copies(self) -> Copies:
        """Give what comes at once and the echo."""
        return ((1 - self.amplitude, 0.0), (self.amplitude, self.time))

    def _echo(self, wave: Wave, cell: float) -> Wave:
        return at_nodes(*shifted(wave, self.time, cell))

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Add the echo to what comes at once."""
        return (1 - self.amplitude) * wave + self.amplitude * self._echo(wave, cell)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Take away the echo, the echo of what takes it away, and so on."""
        ratio = self.amplitude / (1 - self.amplitude)
        reason = (
            "`amplitude` of a reflection must be between -1.5 and 0.375 for an inverse: what takes away a larger echo makes "
            "echoes that do not die out. Use a smaller one."
        )
        direct = refuse(wave, ~(jnp.abs(ratio) <= LARGEST_RATIO), reason) / (1 - self.amplitude)

        def take_away(found: Array, _: None) -> tuple[Array, None]:
            return direct - ratio * self._echo(found, cell), None

        return jax.lax.scan(take_away, direct, length=ECHOES)[0]


class BiasTee(AbstractStage):
    """High-pass of a bias tee or a transformer, ``s(t) = exp(-t/tau)``: a held value sinks to zero."""

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    time_constant: Scalar = parameter(40e-6, unit="s", bounds=(1e-6, 10e-3), label="time constant of the bias tee")

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Take away the running mean."""
        return wave - first_order(wave, self.time_constant, cell)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Ramp against the sinking; the ramp must have come back when the window ends, so the wave must be net zero."""
        rate = 1 / self.time_constant
        back = recursion(-rate[None, None], rate[None], -jnp.ones(1), 1.0, cell).inverse()
        found = back.filtered(wave)
        left_over = jnp.max(jnp.abs(found[..., -1, :]), axis=-1)
        reason = (
            "a bias tee passes no mean, but the mean of this wave over time is not zero: its input would ramp and never come "
            "back. Ask for a net-zero wave, at rest at the end of its window."
        )
        return refuse(found, left_over > 1e-6 * jnp.max(jnp.abs(found), axis=(-2, -1)), reason)


class Attenuation(AbstractStage):
    """Attenuator at some temperature: makes signal and incoming noise smaller, and adds noise of its own temperature."""

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    loss: Scalar = parameter(0.0, unit="dB", bounds=(0.0, 100.0), label="attenuation")
    temperature: Scalar = parameter(4.0, unit="K", bounds=(1e-3, 400.0), label="temperature of the attenuator")

    def forward(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Make the wave smaller."""
        return wave * 10 ** (-self.loss / 20)

    def inverse(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002
        """Make the wave larger."""
        return wave * 10 ** (self.loss / 20)

    def photons(self, incoming: Float[Array, ""] | float, frequency: float) -> Float[Array, ""]:
        """Give the noise photons behind the attenuator, ``n/A + (1 - 1/A) n_BE(T)``, for those that come in."""
        passed = 10 ** (-self.loss / 10)
        return incoming * passed + (1 - passed) * thermal_photons(self.temperature, frequency)


def thermal_photons(temperature: Float[Array, ""] | float, frequency: float) -> Float[Array, ""]:
    """Give the mean number of photons of a mode at a frequency (Hz) and temperature (K), after Bose and Einstein."""
    return 1 / jnp.expm1(KELVIN_PER_HERTZ * frequency / jnp.asarray(temperature))


def noise_photons(attenuators: Sequence[Attenuation], frequency: float, *, source: float = 300.0) -> Float[Array, ""]:
    """Give the noise photons at the cold end of a line.

    Parameters
    ----------
    attenuators
        From the warm end on.
    frequency
        Of the mode in Hz.
    source
        Temperature at the warm end in K.

    References
    ----------
    Krinner et al., EPJ Quantum Technology 6, 2 (2019).
    """
    photons = thermal_photons(source, frequency)
    for attenuator in attenuators:
        photons = attenuator.photons(photons, frequency)
    return photons
