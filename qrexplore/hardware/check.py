"""The check of waveforms against limits. It lists everything, repairs nothing and clips nothing.

It runs on samples, after every transform: once on the 64-bit samples that were asked for, once on what the converter
will play.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from qrexplore.hardware.channel import Capabilities, Channel
from qrexplore.hardware.limits import LimitsInForce
from qrexplore.hardware.violation import Rule, Violation

# numbers that differ in their last digits are the same limit
_ROUNDING = 1e-9


def violations(
    waves: Mapping[str, Any],
    capabilities: Capabilities,
    limits: Mapping[str, LimitsInForce],
    *,
    played: bool = False,
) -> tuple[Violation, ...]:
    """Give everything in some waveforms that breaks a limit.

    Parameters
    ----------
    waves
        Samples in V on the clock of each channel, of shape (samples,) or (waveforms, samples).
    capabilities, limits
        Of the backend.
    played
        Whether these are the samples as the converter puts them out, padded to its grid. Length, granularity and memory
        are then checked too, and a sample may exceed a limit by the half step to which the converter rounds; otherwise
        the duration and the last sample are checked.

    Returns
    -------
    tuple of Violation
        One for each stretch of neighboring samples and rule; empty if all is well.
    """
    found: list[Violation] = []
    for name, samples in waves.items():
        if name not in capabilities.channels:
            found.append(unknown_channel(name, capabilities))
            continue
        wave, channel = np.atleast_2d(np.asarray(samples)), capabilities.channels[name]
        # what overflows becomes infinite and is found as such
        with np.errstate(over="ignore"):
            found += _sample_violations(wave, channel, limits[name], played=played)
        found += _grid_violations(wave, channel) if played else _shape_violations(wave, channel, limits[name])
    return tuple(found)


def unknown_channel(name: str, capabilities: Capabilities) -> Violation:
    """Give the violation for a line that the backend does not have."""
    note = f"is no line of the backend, which has {', '.join(capabilities.channels) or 'none'}"
    return Violation(name, "channel", 0.0, 0.0, "", note=note)


def level_violations(
    levels: Mapping[str, Any], capabilities: Capabilities, limits: Mapping[str, LimitsInForce]
) -> tuple[Violation, ...]:
    """Give everything that breaks a limit among voltages held for whole points, of shape (points,)."""
    found: list[Violation] = []
    for name, values in levels.items():
        if name not in capabilities.channels:
            found.append(unknown_channel(name, capabilities))
            continue
        for point, value in enumerate(np.abs(np.asarray(values))):
            if not np.isfinite(value):
                found.append(Violation(name, "finite", float(value), 0.0, "V", segment=point))
            elif value > limits[name].amplitude * (1 + _ROUNDING):
                found.append(Violation(name, "amplitude", float(value), limits[name].amplitude, "V", segment=point))
    return tuple(found)


def _sample_violations(
    wave: np.ndarray, channel: Channel, limits: LimitsInForce, *, played: bool
) -> Iterator[Violation]:
    # the two quadratures of a complex sample are rounded apart
    half_step = channel.step / 2 * (np.sqrt(2) if np.iscomplexobj(wave) else 1.0) if played else 0.0
    finite = np.isfinite(wave)
    yield from _stretches(channel, "finite", ~finite, np.abs(wave), limit=0.0, unit="V")
    if channel.kind != "iq" and np.iscomplexobj(wave):
        yield from _stretches(
            channel, "real", finite & (np.imag(wave) != 0), np.abs(np.imag(wave)), limit=0.0, unit="V"
        )

    height = np.where(finite, np.abs(wave), 0.0)
    above = limits.amplitude * (1 + _ROUNDING) + half_step
    yield from _stretches(channel, "amplitude", height > above, height, limit=limits.amplitude, unit="V")

    rest = np.zeros((len(wave), 1))
    edges = np.abs(np.diff(np.where(finite, wave, 0.0), axis=1, prepend=rest, append=rest)) * channel.sample_rate
    known = np.concatenate([rest == 0, finite], axis=1) & np.concatenate([finite, rest == 0], axis=1)
    above = limits.slew * (1 + _ROUNDING) + 2 * half_step * channel.sample_rate
    yield from _stretches(channel, "slew", known & (edges > above), edges, limit=limits.slew, unit="V/s")


def _shape_violations(wave: np.ndarray, channel: Channel, limits: LimitsInForce) -> Iterator[Violation]:
    duration = wave.shape[1] * channel.period
    if duration > limits.duration * (1 + _ROUNDING):
        yield Violation(channel.name, "duration", duration, limits.duration, "s")
    if limits.ends_at_zero and wave.shape[1]:
        last = np.zeros(wave.shape, dtype=bool)
        last[:, -1] = np.abs(wave[:, -1]) > channel.step / 2
        yield from _stretches(channel, "end", last, np.abs(wave), limit=0.0, unit="V")


def _grid_violations(wave: np.ndarray, channel: Channel) -> Iterator[Violation]:
    waveforms, samples = wave.shape
    if samples > channel.max_samples or samples < channel.min_samples:
        limit = channel.max_samples if samples > channel.max_samples else channel.min_samples
        yield Violation(channel.name, "length", samples, limit, "samples")
    if samples % channel.granularity:
        yield Violation(channel.name, "grid", samples, channel.granularity, "samples")
    if channel.memory is not None and waveforms * samples > channel.memory:
        yield Violation(channel.name, "memory", waveforms * samples, channel.memory, "samples")


def _stretches(
    channel: Channel, rule: Rule, broken: np.ndarray, values: np.ndarray, *, limit: float, unit: str
) -> Iterator[Violation]:
    """Give one violation for each stretch of neighboring samples that break a rule, with its worst value."""
    for segment in np.flatnonzero(broken.any(axis=1)):
        changes = np.flatnonzero(np.diff(broken[segment].astype(np.int8), prepend=0, append=0))
        for first, behind in zip(changes[::2], changes[1::2], strict=True):
            yield Violation(
                channel=channel.name,
                rule=rule,
                value=float(np.max(values[segment, first:behind])),
                limit=limit,
                unit=unit,
                index=int(first),
                count=int(behind - first),
                segment=int(segment) if len(broken) > 1 else None,
            )
