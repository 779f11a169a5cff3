"""Envelopes: the shape of a pulse against time, at amplitude 1, before any electronics.

An envelope gives its *mean over each clock cell*, so that an edge which falls inside a cell counts with its exact share
of the area; a duration then stays differentiable although the clock is discrete.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float


def _scalar(value: float | Array) -> Float[Array, ""]:
    return jnp.asarray(value, dtype=jnp.float64)


class AbstractEnvelope(eqx.Module):
    """Shape of a pulse; complex where it has two quadratures."""

    @abc.abstractmethod
    def cells(self, edges: Float[Array, " cells+1"]) -> Complex[Array, " cells"] | Float[Array, " cells"]:
        """Give the mean over each cell between consecutive edges (s, from the start of the pulse)."""

    @abc.abstractmethod
    def length(self) -> Float[Array, ""]:
        """Give how long the pulse lasts, s."""


class Square(AbstractEnvelope):
    """Rectangle of height 1 and length `duration` (s)."""

    duration: Float[Array, ""] = eqx.field(converter=_scalar)

    def cells(self, edges: Float[Array, " cells+1"]) -> Float[Array, " cells"]:
        """Give the share of each cell that the rectangle covers."""
        covered = jnp.clip(edges, 0.0, self.duration)
        return jnp.diff(covered) / jnp.diff(edges)

    def length(self) -> Float[Array, ""]:
        """Give how long the pulse lasts, s."""
        return self.duration


class Gaussian(AbstractEnvelope):
    """Gaussian of standard deviation `sigma`, lowered to zero at both ends and scaled to height 1, with DRAG.

    ``x(t) = (g(t) - g(0)) / (1 - g(0))`` and ``y(t) = drag * dx/dt`` in the second quadrature, sampled at the middle of
    each cell; `duration`, `sigma` and `drag` in s (`drag` is ``-1/(2 pi alpha)`` for the leakage-optimal pulse).

    References
    ----------
    Motzoi et al., PRL 103, 110501 (2009).
    """

    duration: Float[Array, ""] = eqx.field(converter=_scalar)
    sigma: Float[Array, ""] = eqx.field(converter=_scalar)
    drag: Float[Array, ""] = eqx.field(converter=_scalar, default=0.0)

    def cells(self, edges: Float[Array, " cells+1"]) -> Complex[Array, " cells"]:
        """Give the value at the middle of each cell, zero outside the pulse."""
        middle = (edges[1:] + edges[:-1]) / 2
        argument = (middle - self.duration / 2) / self.sigma
        bell, foot = jnp.exp(-(argument**2) / 2), jnp.exp(-((self.duration / self.sigma) ** 2) / 8)
        inside = (middle >= 0) & (middle <= self.duration)
        slope = -argument / self.sigma * bell
        value = (bell - foot) / (1 - foot) + 1j * self.drag * slope / (1 - foot)
        return jnp.where(inside, value, 0.0)

    def length(self) -> Float[Array, ""]:
        """Give how long the pulse lasts, s."""
        return self.duration


class Train(AbstractEnvelope):
    """An envelope played `count` times, one every `period` (s), with the same sign or with signs that alternate.

    Attributes
    ----------
    envelope
        What is repeated.
    period
        From start to start, s; a whole number of clock periods makes all pulses alike.
    count
        How many play; may be traced.
    most
        Largest count there is; static.
    alternating
        Whether every second pulse has the opposite sign. Static.
    """

    envelope: AbstractEnvelope
    period: Float[Array, ""] = eqx.field(converter=_scalar)
    count: Float[Array, ""] = eqx.field(converter=_scalar)
    most: int = eqx.field(static=True)
    alternating: bool = eqx.field(static=True, default=False)

    def cells(self, edges: Float[Array, " cells+1"]) -> Complex[Array, " cells"] | Float[Array, " cells"]:
        """Give the sum of the pulses' values."""
        places = jnp.arange(self.most)
        signs = jnp.where(places < self.count, jnp.where(self.alternating, 1.0 - 2.0 * (places % 2), 1.0), 0.0)
        pulses = jax.vmap(lambda place: self.envelope.cells(edges - place * self.period))(places)
        return jnp.tensordot(signs, pulses, axes=1)

    def length(self) -> Float[Array, ""]:
        """Give how long the train lasts, s."""
        last = (self.count - 1) * self.period + self.envelope.length()
        return jnp.where(self.count > 0, last, 0.0)


class Succession(AbstractEnvelope):
    """An envelope played again and again, one every `period` (s), each time with a height of its own.

    Attributes
    ----------
    envelope
        What is repeated.
    period
        From start to start, s; a whole number of clock periods makes all pulses alike.
    heights
        Of the pulses, as shares; complex ones turn the phase of a drive. 0 plays nothing.
    """

    envelope: AbstractEnvelope
    period: Float[Array, ""] = eqx.field(converter=_scalar)
    heights: Complex[Array, " pulses"] | Float[Array, " pulses"]

    def cells(self, edges: Float[Array, " cells+1"]) -> Complex[Array, " cells"] | Float[Array, " cells"]:
        """Give the sum of the pulses' values."""
        places = jnp.arange(self.heights.shape[0])
        pulses = jax.vmap(lambda place: self.envelope.cells(edges - place * self.period))(places)
        return jnp.tensordot(self.heights, pulses, axes=1)

    def length(self) -> Float[Array, ""]:
        """Give how long all of it lasts, silence at its end included, s."""
        return (self.heights.shape[0] - 1) * self.period + self.envelope.length()


class Samples(AbstractEnvelope):
    """Given values, each held for `period` (s): what an arbitrary waveform generator plays."""

    values: Complex[Array, " samples"] | Float[Array, " samples"]
    period: float = eqx.field(static=True)

    def cells(self, edges: Float[Array, " cells+1"]) -> Complex[Array, " cells"] | Float[Array, " cells"]:
        """Give the value of the sample that holds the middle of each cell, zero outside."""
        middle = (edges[1:] + edges[:-1]) / 2
        index = jnp.floor(middle / self.period).astype(int)
        inside = (index >= 0) & (index < self.values.shape[0])
        return jnp.where(inside, self.values[jnp.clip(index, 0, self.values.shape[0] - 1)], 0.0)

    def length(self) -> Float[Array, ""]:
        """Give how long the pulse lasts, s."""
        return jnp.asarray(self.values.shape[-1] * self.period)
