"""Converters between numbers and volts: full scale, resolution, sampling, and the weights of an integration.

Real and imaginary part of a wave have a converter each.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact, Int

from qrexplore.core import Scalar, parameter
from qrexplore.twin.electronics.stage import AbstractStage, NotInvertibleError, refuse
from qrexplore.twin.electronics.wave import Wave, line_of_cell


def _quantized(values: Float[Array, "*shape"], full_scale: Array, bits: int | None) -> Float[Array, "*shape"]:
    """Clip, then round to one of ``2^bits`` levels; the derivative is that of the clip alone."""
    clipped = jnp.clip(values, -full_scale, full_scale)
    if bits is None:
        return clipped
    half = 2 ** (bits - 1)
    step = full_scale / half
    level = step * jnp.clip(jnp.round(values / step), -half, half - 1)
    return clipped + jax.lax.stop_gradient(level - clipped)


def _converted(wave: Inexact[Array, "*shape"], full_scale: Array, bits: int | None) -> Inexact[Array, "*shape"]:
    if jnp.iscomplexobj(wave):
        real, imaginary = (_quantized(part(wave), full_scale, bits) for part in (jnp.real, jnp.imag))
        return jax.lax.complex(real, imaginary)
    return _quantized(wave, full_scale, bits)


def _beyond(wave: Inexact[Array, "*shape"], full_scale: Array) -> Array:
    """Tell which values are higher than the full scale by more than rounding."""
    return jnp.maximum(jnp.abs(jnp.real(wave)), jnp.abs(jnp.imag(wave))) > full_scale * (1 + 1e-12)


def _check_bits(bits: int | None) -> None:
    if bits is not None and bits not in range(1, 33):
        msg = f"`bits` of a converter must be a whole number from 1 to 32, or None for no steps, got {bits!r}. Take 14."
        raise ValueError(msg)


class DAC(AbstractStage):
    """Digital-to-analog converter: clips at plus and minus the full scale and rounds to ``2^bits`` levels between them.

    A signal chain holds each sample until the next one; that is part of `SignalChain.forward`, which knows the clock.

    Attributes
    ----------
    bits
        Resolution; None for a converter without steps; static.

    Notes
    -----
    The derivative passes straight through the steps (their mean slope is 1) and vanishes where the wave is clipped.
    """

    linear: ClassVar[bool] = False
    time_invariant: ClassVar[bool] = True

    full_scale: Scalar = parameter(1.0, unit="V", bounds=(1e-3, 100.0), label="largest voltage of the converter")
    bits: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        """Refuse resolutions that are none."""
        _check_bits(self.bits)

    def clipped(self, wave: Wave) -> Int[Array, ""]:
        """Count the values that are higher than the full scale."""
        return jnp.sum(_beyond(wave, self.full_scale))

    def forward(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Clip and round."""
        return _converted(wave, self.full_scale, self.bits)

    def inverse(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002
        """Give the wave itself, where the converter has no steps and reaches it."""
        if self.bits is not None:
            msg = (
                f"a converter of {self.bits} bits cannot be undone: many voltages become the same number. "
                "Set `bits` to None to leave the steps out."
            )
            raise NotInvertibleError(msg)
        reason = "a wave behind a converter must stay within its `full_scale`, but this one exceeds it. Ask for a lower wave."
        return refuse(wave, _beyond(wave, self.full_scale), reason)


class Digitizer(AbstractStage):
    """Analog-to-digital converter: reads the wave where each sample begins, clips, rounds to ``2^bits`` levels.

    Attributes
    ----------
    sample_rate
        Readings per s, a whole number of cells apart; static.
    bits
        Resolution; None for a converter without steps; static.
    """

    linear: ClassVar[bool] = False
    time_invariant: ClassVar[bool] = False

    full_scale: Scalar = parameter(1.0, unit="V", bounds=(1e-3, 100.0), label="largest voltage of the digitizer")
    sample_rate: float = eqx.field(static=True, default=1e9)
    bits: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        """Refuse resolutions that are none."""
        _check_bits(self.bits)

    def _cells(self, cell: float) -> int:
        period = 1 / self.sample_rate
        cells = round(period / cell)
        if cells < 1 or abs(cells * cell - period) > 1e-6 * cell:
            msg = (
                f"`sample_rate` of a digitizer must give a whole number of cells of {cell:.6g} s a sample, got "
                f"{self.sample_rate:.6g} Hz. Take the clock of the line, or a multiple up to `substeps` times that."
            )
            raise ValueError(msg)
        return cells

    def samples(self, wave: Wave, cell: float) -> Inexact[Array, "*batch samples"]:
        """Give the readings in V."""
        left, _ = line_of_cell(wave)
        return _converted(left[..., :: self._cells(cell)], self.full_scale, self.bits)

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Hold each reading until the next."""
        held = jnp.repeat(self.samples(wave, cell), self._cells(cell), axis=-1)[..., : wave.shape[-2]]
        return jnp.stack([held, held], axis=-1)

    def inverse(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002
        """Refuse: what happens between the samples is not known."""
        msg = (
            "a digitizer cannot be undone: it does not see what happens between its samples. "
            "Compare its samples with simulated ones instead."
        )
        raise NotInvertibleError(msg)


def integrated(
    samples: Inexact[Array, "*batch samples"], weights: Inexact[Array, " samples"]
) -> Inexact[Array, "*batch"]:
    """Give the weighted sum of the samples of each record."""
    return samples @ weights


def matched_weights(zero: Inexact[Array, " samples"], one: Inexact[Array, " samples"]) -> Inexact[Array, " samples"]:
    """Give the weights that tell two mean records apart best in white noise; the sums of the two then differ by 1.

    Parameters
    ----------
    zero, one
        Mean samples for the qubit in |0> and in |1>, V.

    References
    ----------
    Gambetta et al., Phys. Rev. A 76, 012325 (2007).
    """
    apart = jnp.conj(one - zero)
    return apart / jnp.sum(jnp.abs(apart) ** 2)
