"""Blocks: what an experiment does to the qubits, in order of time. Their numbers may be traced."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.pulses import Schedule


def _scalar(value: float | Array) -> Float[Array, ""]:
    return jnp.asarray(value, dtype=jnp.float64)


class Rotation(eqx.Module):
    """Ideal, instantaneous rotation of one qubit by `angle` (rad) about an axis at `phase` (rad) in the xy plane."""

    qubit: str = eqx.field(static=True)
    angle: Float[Array, ""] = eqx.field(converter=_scalar)
    phase: Float[Array, ""] = eqx.field(converter=_scalar, default=0.0)


class Idle(eqx.Module):
    """Nothing plays for `duration` (s).

    Attributes
    ----------
    duration
        As the instrument counts it.
    framed
        The qubit whose pulses stand at both ends, if any: they are not instantaneous, and the evolution during them is added
        as a lag of its drive line.
    """

    duration: Float[Array, ""] = eqx.field(converter=_scalar)
    framed: str | None = eqx.field(static=True, default=None)


class Play(eqx.Module):
    """Pulses play through the signal chains.

    Attributes
    ----------
    schedule
        The pulses and their window.
    stop
        Where the points of the last sweep dimension differ only in when the pulse stops: the name of that coordinate (s).
        Their common past is then computed once. None if there is none.
    """

    schedule: Schedule
    stop: str | None = eqx.field(static=True, default=None)


class SteadyDrive(eqx.Module):
    """A drive that lasts until the qubit is steady, as in spectroscopy.

    Attributes
    ----------
    qubit
        The driven qubit.
    frequency
        Of the drive, Hz.
    amplitude
        At the generator, V.
    bias
        Static voltage on a bias line, V.
    biased
        Whose bias line that is; the driven qubit's where left out.
    """

    qubit: str = eqx.field(static=True)
    frequency: Float[Array, ""] = eqx.field(converter=_scalar)
    amplitude: Float[Array, ""] = eqx.field(converter=_scalar)
    bias: Float[Array, ""] = eqx.field(converter=_scalar)
    biased: str | None = eqx.field(static=True, default=None)


Block = Rotation | Idle | Play | SteadyDrive
