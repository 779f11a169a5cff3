"""Pulses: envelopes, pulses and schedules, and their sampling on a clock.

A schedule is symbolic: its numbers may be traced, so pulses are differentiable in their amplitudes and times. Only the
window is static. Flux waves are real; drive waves are complex, ``I + iQ`` in the frame of the carrier.
"""

from qrexplore.pulses.envelopes import AbstractEnvelope, Gaussian, Samples, Square, Succession, Train
from qrexplore.pulses.schedule import Pulse, Schedule, sample, sample_count

__all__ = [
    "AbstractEnvelope",
    "Gaussian",
    "Pulse",
    "Samples",
    "Schedule",
    "Square",
    "Succession",
    "Train",
    "sample",
    "sample_count",
]
