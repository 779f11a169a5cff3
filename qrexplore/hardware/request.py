"""What is asked of a backend, before it is sampled: pulses that sampling would cut, shift or lose without a word."""

from collections.abc import Iterator

import jax
import numpy as np

from qrexplore.hardware.channel import Capabilities, Channel
from qrexplore.hardware.check import unknown_channel
from qrexplore.hardware.violation import Violation
from qrexplore.pulses import Pulse, Samples, Schedule

# share of a sample by which a time may miss the clock: decimal nanoseconds are not exact
_ROUNDING = 1e-6


def request_violations(
    schedule: Schedule, capabilities: Capabilities, *, whole_window: bool = True
) -> tuple[Violation, ...]:
    """Give what in a schedule cannot be played as written.

    Parameters
    ----------
    schedule
        What to play; its numbers may have a leading dimension, one entry a point of a sweep.
    capabilities
        Of the backend.
    whole_window
        Whether the window must be a whole number of samples.
    """
    found: list[Violation] = []
    for line in schedule.lines:
        if line not in capabilities.channels:
            found.append(unknown_channel(line, capabilities))
            continue
        channel = capabilities.channels[line]
        if whole_window and not _on_clock(schedule.window, channel):
            note = f"has a window of {schedule.window * channel.sample_rate:.6g} samples, which is no whole number"
            found.append(Violation(line, "grid", schedule.window, channel.period, "s", note=note))
        for pulse in schedule.pulses:
            if pulse.line == line:
                found += _pulse_violations(pulse, schedule.window, channel)
    return tuple(dict.fromkeys(found))


def _pulse_violations(pulse: Pulse, window: float, channel: Channel) -> Iterator[Violation]:
    numbers = [pulse.start, pulse.amplitude, pulse.phase]
    # NaN among given samples shows up in the sampled wave, with its place
    numbers += [] if isinstance(pulse.envelope, Samples) else jax.tree.leaves(pulse.envelope)
    bad = [value for value in np.concatenate([np.ravel(number) for number in numbers]) if not np.isfinite(value)]
    if bad:
        # a pulse that starts at NaN would be sampled as zeros
        yield Violation(pulse.line, "finite", float(bad[0]), 0.0, "", note=f"has a pulse with the number {bad[0]}")
        return
    start = np.asarray(pulse.start)
    before, behind = float(-np.min(start)), float(np.max(start + np.asarray(pulse.envelope.length()))) - window
    outside = max(before, behind)
    if outside > _ROUNDING * channel.period:
        yield Violation(pulse.line, "window", outside, 0.0, "s")
    if isinstance(pulse.envelope, Samples):
        period = pulse.envelope.period
        if not (_on_clock(period, channel) and all(_on_clock(value, channel) for value in np.ravel(start))):
            times = f"samples of {period:.6g} s from {float(np.max(start)):.6g} s"
            note = f"plays {times}, off its clock of {channel.period:.6g} s"
            yield Violation(pulse.line, "grid", period, channel.period, "s", note=note)


def _on_clock(time: float, channel: Channel) -> bool:
    samples = float(time) * channel.sample_rate
    return abs(samples - round(samples)) <= _ROUNDING * max(1.0, abs(samples) * 1e-3)
