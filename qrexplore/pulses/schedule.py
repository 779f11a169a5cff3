"""Pulses and schedules: what plays when on which line, symbolic until it is sampled on a clock."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from qrexplore.pulses.envelopes import AbstractEnvelope


def _scalar(value: float | Array) -> Float[Array, ""]:
    return jnp.asarray(value, dtype=jnp.float64)


class Pulse(eqx.Module):
    """An envelope on a line.

    Attributes
    ----------
    line
        Name of the line, such as ``drive_q0`` or ``flux_q1``.
    envelope
        Its shape, of height 1.
    amplitude
        Height in V at the output of the generator.
    start
        Start in s from the beginning of the schedule.
    phase
        Phase of the carrier in rad; 0 on flux lines.
    """

    line: str = eqx.field(static=True)
    envelope: AbstractEnvelope
    amplitude: Float[Array, ""] = eqx.field(converter=_scalar)
    start: Float[Array, ""] = eqx.field(converter=_scalar, default=0.0)
    phase: Float[Array, ""] = eqx.field(converter=_scalar, default=0.0)


class Schedule(eqx.Module):
    """Pulses that play together within a window of fixed length.

    Attributes
    ----------
    pulses
        The pulses; those on one line add up.
    window
        Length in s of what is simulated or uploaded; a static number, since it fixes the number of samples.
    """

    pulses: tuple[Pulse, ...]
    window: float = eqx.field(static=True)

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that play, in order of their first pulse."""
        return tuple(dict.fromkeys(pulse.line for pulse in self.pulses))


def sample(schedule: Schedule, sample_rate: float) -> dict[str, Complex[Array, " samples"] | Float[Array, " samples"]]:
    """Sample a schedule on a clock: one value a clock period and line, in V.

    Parameters
    ----------
    schedule
        What to play.
    sample_rate
        Samples per s; the number of samples is the window times the rate, rounded up.

    Returns
    -------
    dict
        Line name to samples; real on lines named ``flux_...`` whose envelopes are real, else complex.

    Raises
    ------
    ValueError
        If the rate or the window is not positive.
    """
    count = sample_count(schedule.window, sample_rate)
    edges = jnp.arange(count + 1) / sample_rate
    waves: dict[str, Array] = {}
    for pulse in schedule.pulses:
        wave = pulse.amplitude * pulse.envelope.cells(edges - pulse.start)
        # the phase may be traced, so whether it matters is told by the line: flux has none
        if jnp.iscomplexobj(wave):
            wave = wave * jnp.exp(1j * pulse.phase)
        elif not pulse.line.startswith("flux_"):
            wave = jax.lax.complex(wave * jnp.cos(pulse.phase), wave * jnp.sin(pulse.phase))
        waves[pulse.line] = waves[pulse.line] + wave if pulse.line in waves else wave
    return waves


def sample_count(window: float, sample_rate: float) -> int:
    """Give the number of clock periods that cover a window (s)."""
    if not (sample_rate > 0 and window > 0):
        msg = (
            f"`window` and `sample_rate` must be positive, got {window!r} s and {sample_rate!r} Hz. "
            "Give the window in s and the rate in samples per s, for example 60e-9 and 1e9."
        )
        raise ValueError(msg)
    # a window of 60.0000000001 samples is 60 samples: the rest is rounding of decimal nanoseconds
    return max(1, int(-(-window * sample_rate * (1 - 1e-9) // 1)))
