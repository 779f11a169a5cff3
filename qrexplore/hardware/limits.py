"""Limits: what a lab allows on each line, never more than the instrument can do.

The limits in force are conservative unless the lab declares its own: half of full scale, and no faster than that
voltage in one sample.
"""

import fnmatch
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from qrexplore.core import require_positive
from qrexplore.hardware.channel import Capabilities, Channel

# share of full scale that is allowed where the lab has declared nothing
CONSERVATIVE_SHARE = 0.5


@dataclass(frozen=True)
class Limits:
    """What is allowed on a line; what is left out is taken from `conservative`.

    Attributes
    ----------
    amplitude
        Largest voltage, V; the modulus where samples are complex.
    slew
        Largest change from sample to sample times the clock, V/s; the line is at zero before and after a waveform.
    duration
        Longest waveform, s.
    ends_at_zero
        Whether the last sample must be zero, as on flux lines; False declares that the line may drop to zero behind it.

    Raises
    ------
    ValueError
        If a limit is not a positive number.
    """

    amplitude: float | None = None
    slew: float | None = None
    duration: float | None = None
    ends_at_zero: bool | None = None

    def __post_init__(self) -> None:
        for name, unit in (("amplitude", "V"), ("slew", "V/s"), ("duration", "s")):
            value = getattr(self, name)
            if value is not None:
                require_positive(value, name, unit)


@dataclass(frozen=True)
class LimitsInForce:
    """Limits of a line with nothing left out; the fields are those of `Limits`."""

    amplitude: float
    slew: float
    duration: float
    ends_at_zero: bool


def conservative(channel: Channel) -> LimitsInForce:
    """Give the limits of a channel for which the lab has declared none."""
    amplitude = CONSERVATIVE_SHARE * channel.full_scale
    return LimitsInForce(
        amplitude=amplitude,
        slew=amplitude * channel.sample_rate,
        duration=channel.max_samples * channel.period,
        ends_at_zero=channel.kind == "baseband",
    )


def limits_in_force(
    capabilities: Capabilities, declared: Mapping[str, Limits] | None = None
) -> Mapping[str, LimitsInForce]:
    """Give the limits of every channel.

    Parameters
    ----------
    capabilities
        Of the backend.
    declared
        The lab's limits by channel name or pattern (``flux_*``); of several that match the last counts.

    Raises
    ------
    ValueError
        If a pattern matches no channel.
    """
    chosen = _by_channel(capabilities.channels, declared or {})
    return MappingProxyType({name: _completed(capabilities.channels[name], limits) for name, limits in chosen.items()})


def _by_channel(known: Collection[str], declared: Mapping[str, Limits]) -> dict[str, Limits]:
    """Give what was declared for each channel; nothing, if no pattern matches it."""
    chosen = dict.fromkeys(known, Limits())
    for pattern, limits in declared.items():
        hits = fnmatch.filter(known, pattern)
        if not hits:
            msg = (
                f"`limits` names the line {pattern!r}, but the backend has {', '.join(known) or 'none'}. "
                "Name one of them, or a pattern such as 'flux_*'."
            )
            raise ValueError(msg)
        chosen.update(dict.fromkeys(hits, limits))
    return chosen


def _completed(channel: Channel, limits: Limits) -> LimitsInForce:
    """Fill in what was left out; a lab may allow more than the conservative share but not more than the instrument."""
    usual = conservative(channel)
    amplitude = usual.amplitude if limits.amplitude is None else min(limits.amplitude, channel.full_scale)
    return LimitsInForce(
        amplitude=amplitude,
        slew=amplitude * channel.sample_rate if limits.slew is None else limits.slew,
        duration=usual.duration if limits.duration is None else min(limits.duration, usual.duration),
        ends_at_zero=usual.ends_at_zero if limits.ends_at_zero is None else limits.ends_at_zero,
    )


def tightened(
    limits: Mapping[str, LimitsInForce], declared: Mapping[str, Limits] | None = None
) -> Mapping[str, LimitsInForce]:
    """Give the stricter of the limits in force and further ones; a call can tighten limits but never loosen them.

    Raises
    ------
    ValueError
        If a pattern of `declared` matches no channel.
    """
    further = _by_channel(limits, declared or {})
    return MappingProxyType({name: _stricter(limit, further[name]) for name, limit in limits.items()})


def _stricter(limits: LimitsInForce, further: Limits) -> LimitsInForce:
    def least(value: float, other: float | None) -> float:
        return value if other is None else min(value, other)

    return LimitsInForce(
        amplitude=least(limits.amplitude, further.amplitude),
        slew=least(limits.slew, further.slew),
        duration=least(limits.duration, further.duration),
        ends_at_zero=limits.ends_at_zero or bool(further.ends_at_zero),
    )


def fingerprint(limits: Mapping[str, LimitsInForce]) -> str:
    """Give the SHA-256 of a set of limits, to which a consent refers."""
    text = json.dumps({name: asdict(limit) for name, limit in limits.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
