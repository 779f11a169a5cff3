"""Blocks: what an experiment does to the qubits, in order of time. Their numbers may be traced."""

from itertools import product

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.pulses import Schedule


def _scalar(value: float | Array) -> Float[Array, ""]:
    return jnp.asarray(value, dtype=jnp.float64)


def _scalar_or_none(value: float | Array | None) -> Float[Array, ""] | None:
    return None if value is None else _scalar(value)


class Prepare(eqx.Module):
    """A qubit begins in a level of its own, in place of the one of the protocol; only before all other blocks.

    Attributes
    ----------
    qubit
        Which one. The others begin as the protocol says, or as other blocks of this kind say.
    level
        A whole number, which may vary along the sweep.
    among
        Every level that `level` takes.
    """

    qubit: str = eqx.field(static=True)
    level: Float[Array, ""] = eqx.field(converter=_scalar)
    among: tuple[int, ...] = eqx.field(static=True, default=(0, 1))


class Rotation(eqx.Module):
    """Ideal, instantaneous rotation of one qubit by `angle` (rad) about an axis at `phase` (rad) in the xy plane.

    Of several coupled qubits it turns the dressed levels 0 and 1 of one, whatever the levels of the others. The phase refers
    to the carrier of that qubit.
    """

    qubit: str = eqx.field(static=True)
    angle: Float[Array, ""] = eqx.field(converter=_scalar)
    phase: Float[Array, ""] = eqx.field(converter=_scalar, default=0.0)


class VirtualZ(eqx.Module):
    """Rotation of one qubit about z by `angle` (rad), done by turning the axes of all its later pulses back by as much.

    References
    ----------
    McKay et al., PRA 96, 022330 (2017).
    """

    qubit: str = eqx.field(static=True)
    angle: Float[Array, ""] = eqx.field(converter=_scalar)


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
    carrier_of
        The qubit at whose carrier all drive lines play; each at that of its own qubit where left out.
    shared
        Dimensions of the sweep along which neither this block nor one before it varies: it is computed once for all of them.
    """

    schedule: Schedule
    stop: str | None = eqx.field(static=True, default=None)
    stop_unit: float = eqx.field(static=True, default=1.0)
    carrier: Float[Array, ""] | None = eqx.field(converter=_scalar_or_none, default=None)
    carrier_of: str | None = eqx.field(static=True, default=None)
    shared: tuple[str, ...] = eqx.field(static=True, default=())


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
    height: Float[Array, ""] = eqx.field(converter=_scalar)
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


Block = Prepare | Rotation | VirtualZ | Idle | Repeat | Play | PlayOnStep | SteadyDrive | Probe


def lines_of(blocks: tuple[Block, ...]) -> tuple[str, ...]:
    """Give the names of the lines that play in some blocks, in order of their first pulse."""
    found: list[str] = []
    for block in blocks:
        found += block.schedule.lines if isinstance(block, Play | PlayOnStep) else ()
        found += (block.line,) if isinstance(block, PlayOnStep) else ()
    return tuple(dict.fromkeys(found))


def rotated_qubits(blocks: tuple[Block, ...]) -> frozenset[str]:
    """Give the qubits of which ideal rotations occur among some blocks."""
    inner = [rotated_qubits(block.body) for block in blocks if isinstance(block, Repeat)]
    return frozenset(block.qubit for block in blocks if isinstance(block, Rotation)).union(*inner)


def prepared_levels(blocks: tuple[Block, ...], qubits: tuple[str, ...], level: int) -> tuple[tuple[int, ...], ...]:
    """Give every combination of levels in which some qubits may begin, `level` where no block says otherwise."""
    among = {block.qubit: block.among for block in blocks if isinstance(block, Prepare)}
    return tuple(product(*[among.get(qubit, (level,)) for qubit in qubits]))
