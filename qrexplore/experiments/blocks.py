"""Blocks: what an experiment does to the qubits, in order of time. Their numbers may be traced."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.pulses import Schedule


def _scalar(value: float | Array) -> Float[Array, ""]:
    return jnp.asarray(value, dtype=jnp.float64)


def _scalar_or_none(value: float | Array | None) -> Float[Array, ""] | None:
    return None if value is None else _scalar(value)


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
    bias
        Static voltage (V) on the bias line of the only qubit; its working point where left out.
    carrier
        Frequency (Hz) of the pulses at both ends, which their phases refer to; that of the frame where left out.
    """

    duration: Float[Array, ""] = eqx.field(converter=_scalar)
    framed: str | None = eqx.field(static=True, default=None)
    bias: Float[Array, ""] | None = eqx.field(converter=_scalar_or_none, default=None)
    carrier: Float[Array, ""] | None = eqx.field(converter=_scalar_or_none, default=None)


class Repeat(eqx.Module):
    """A few blocks, again and again.

    Attributes
    ----------
    body
        What is repeated.
    count
        How often; 0 for not at all.
    most
        Largest count of the sweep.
    """

    body: tuple[Rotation | Idle, ...]
    count: Float[Array, ""] = eqx.field(converter=_scalar)
    most: int = eqx.field(static=True)


class Play(eqx.Module):
    """Pulses play through the signal chains.

    Attributes
    ----------
    schedule
        The pulses and their window.
    stop
        Where the points of the last sweep dimension differ only in when the pulse stops: the name of that coordinate.
        Their common past is then computed once. None if there is none.
    stop_unit
        Time (s) by which a step of 1 in that coordinate moves the stop.
    carrier
        Carrier (Hz) of the drive lines, if it is not the usual one: the setting ``drive_frequency`` of the experiment, or
        else the idle frequency of each qubit.
    """

    schedule: Schedule
    stop: str | None = eqx.field(static=True, default=None)
    stop_unit: float = eqx.field(static=True, default=1.0)
    carrier: Float[Array, ""] | None = eqx.field(converter=_scalar_or_none, default=None)


class PlayOnStep(eqx.Module):
    """Pulses play late on a step that began at rest.

    Attributes
    ----------
    schedule
        The pulses and their window, on other lines than that of the step.
    line, height
        Where a step of that many V begins, to last beyond the window; the height is the same at all points.
    wait
        How long after the step the schedule begins, s.
    longest
        Largest wait of the sweep, s.
    carrier
        See `Play`.

    Notes
    -----
    What the qubits do while they wait is not in here: an `Idle` before it says so.
    """

    schedule: Schedule
    line: str = eqx.field(static=True)
    height: float = eqx.field(static=True)
    wait: Float[Array, ""] = eqx.field(converter=_scalar)
    longest: float = eqx.field(static=True)
    carrier: Float[Array, ""] | None = eqx.field(converter=_scalar_or_none, default=None)


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


class Probe(eqx.Module):
    """A weak probe of the readout resonator of a qubit, until the answer is steady.

    Attributes
    ----------
    qubit
        Whose resonator.
    frequency
        Of the probe, Hz.
    level
        In which the qubit is meanwhile.
    port
        Where the answer comes out: ``transmission`` or ``notch``.
    """

    qubit: str = eqx.field(static=True)
    frequency: Float[Array, ""] = eqx.field(converter=_scalar)
    level: Float[Array, ""] = eqx.field(converter=_scalar)
    port: str = eqx.field(static=True, default="transmission")


Block = Rotation | Idle | Repeat | Play | PlayOnStep | SteadyDrive | Probe


def lines_of(blocks: tuple[Block, ...]) -> tuple[str, ...]:
    """Give the names of the lines that play in some blocks, in order of their first pulse."""
    found: list[str] = []
    for block in blocks:
        found += block.schedule.lines if isinstance(block, Play | PlayOnStep) else ()
        found += (block.line,) if isinstance(block, PlayOnStep) else ()
    return tuple(dict.fromkeys(found))


def rotates(blocks: tuple[Block, ...]) -> bool:
    """Say whether ideal rotations occur among some blocks."""
    return any(rotates(block.body) if isinstance(block, Repeat) else isinstance(block, Rotation) for block in blocks)
