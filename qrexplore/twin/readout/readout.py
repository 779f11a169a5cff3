"""Readout: from the populations of a qubit's levels to the averaged number that an instrument returns.

The forward model is fitted; data are never inverted.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter


class AbstractReadout(eqx.Module):
    """What a readout line reports of a qubit.

    Attributes
    ----------
    observable, units
        Name and unit of what it reports, as in `Experiment`; static.
    """

    observable: eqx.AbstractVar[str]
    units: eqx.AbstractVar[str]

    @abc.abstractmethod
    def responses(self, levels: int) -> Float[Array, "levels *parts"]:
        """Give the mean result for each level of the qubit: a number, the two components of ``iq``, or each outcome."""


def _above_one(offset: Array, scale: Array, second_level: Array, levels: int) -> Array:
    steps = [jnp.zeros(()), jnp.ones(()), *[second_level] * (levels - 2)]
    return offset + scale * jnp.stack(steps)


class SignalReadout(AbstractReadout):
    """Averaged, uncalibrated signal in V: `offset` for level 0, `offset + scale` for level 1.

    Levels above 1 give ``offset + scale * second_level``.
    """

    offset: Scalar = parameter(0.0, unit="V", bounds=(-10.0, 10.0), label="readout signal of level 0")
    scale: Scalar = parameter(1.0, unit="V", bounds=(-10.0, 10.0), label="readout signal, level 1 less 0")
    second_level: Scalar = parameter(2.0, unit="1", bounds=(-5.0, 5.0), label="level 2, in steps from 0 to 1")
    observable: str = eqx.field(static=True, default="signal")
    units: str = eqx.field(static=True, default="V")

    def responses(self, levels: int) -> Float[Array, " levels"]:
        """Give the signal (V) of each level."""
        return _above_one(self.offset, self.scale, self.second_level, levels)


class RescaledReadout(AbstractReadout):
    """Signal rescaled by two calibration points, so that it should run from 0 to 1 but need not do so exactly."""

    offset: Scalar = parameter(0.0, unit="1", bounds=(-0.5, 0.7), label="rescaled signal of level 0")
    scale: Scalar = parameter(1.0, unit="1", bounds=(-2.0, 2.0), label="rescaled contrast of level 1")
    second_level: Scalar = parameter(1.0, unit="1", bounds=(-5.0, 5.0), label="level 2, in steps from 0 to 1")
    observable: str = eqx.field(static=True, default="population")
    units: str = eqx.field(static=True, default="1")

    def responses(self, levels: int) -> Float[Array, " levels"]:
        """Give the rescaled signal of each level."""
        return _above_one(self.offset, self.scale, self.second_level, levels)


class ConfusionReadout(AbstractReadout):
    """Thresholded single shots: the probability of reading 1 for each prepared level."""

    false_one: Scalar = parameter(0.02, unit="1", bounds=(0.0, 0.5), label="probability to read 1 in level 0")
    false_zero: Scalar = parameter(0.05, unit="1", bounds=(0.0, 0.5), label="probability to read 0 in level 1")
    second_as_one: Scalar = parameter(0.95, unit="1", bounds=(0.0, 1.0), label="probability to read 1 in level 2")
    observable: str = eqx.field(static=True, default="population")
    units: str = eqx.field(static=True, default="1")

    def responses(self, levels: int) -> Float[Array, " levels"]:
        """Give the probability of reading 1 for each level; levels above 2 are read like level 2."""
        return jnp.stack([self.false_one, 1 - self.false_zero, *[self.second_as_one] * (levels - 2)])
