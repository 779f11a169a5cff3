"""Long-time flux step: spectroscopy of a qubit by a short pulse, ever longer after a step of its flux.

The resonance follows the flux as the line settles, from a tenth of a microsecond to the time constant of a bias tee.
Sensitive to slow distortion, which no chevron and no cryoscope can see.

References
----------
Hellings et al., arXiv:2503.04610 (2025).
"""

from typing import Any

import numpy as np

from qrexplore.core import require_positive
from qrexplore.experiments.blocks import Block, Idle, PlayOnStep
from qrexplore.experiments.experiment import Experiment, Point, Protocol, spectra
from qrexplore.pulses import Gaussian, Pulse, Schedule


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    duration = experiment.setting("pulse_duration")
    envelope = Gaussian(duration, duration / experiment.setting("pulse_sigmas"))
    pulse = Pulse(f"drive_{qubit}", envelope, experiment.setting("drive_amplitude"))
    return (
        # no phase matters until the pulse comes, so only relaxation does
        Idle(point["delay"]),
        PlayOnStep(
            Schedule((pulse,), window=duration),
            line=f"flux_{qubit}",
            height=experiment.setting("flux_amplitude"),
            wait=point["delay"],
            longest=experiment.largest("delay"),
            carrier=point["drive_frequency"],
        ),
    )


PROTOCOL = Protocol(
    name="flux_step",
    dims=("delay", "point"),
    coordinates={
        "delay": ("s", "delay of the drive pulse after the flux step"),
        "drive_frequency": ("Hz", "drive frequency"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"pulse_duration": 100e-9, "pulse_sigmas": 4.0, "drive_amplitude": 0.1},
)


def flux_step(
    delay: Any,
    drive_frequency: Any,
    *,
    flux_amplitude: float,
    drive_amplitude: float,
    qubit: str = "q0",
    pulse_duration: float = 100e-9,
    pulse_sigmas: float = 4.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe spectroscopy at varied times after a flux step.

    Parameters
    ----------
    delay
        Swept time from the flux step to the start of the drive pulse, s. Usual: 50 from 0.1 us to 60 us, evenly in the
        logarithm.
    drive_frequency
        Swept carrier of the drive pulse, Hz: one axis for all delays, or a row for each that follows the line. Usual: 31 about
        the frequency on the step, 500 shots each.
    flux_amplitude
        Height of the step, V; it lasts until the drive pulse is over.
    drive_amplitude
        Height of the drive pulse, V; a half turn has the largest contrast.
    qubit
        Driven, pulsed and measured qubit.
    pulse_duration, pulse_sigmas
        Length of the drive pulse in s and in its standard deviations.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If a delay is negative, the pulse has no length, or there is not one row of frequencies for each delay.
    """
    require_positive(pulse_duration, "pulse_duration", "s")
    if np.any(np.asarray(delay, dtype=np.float64) < 0):
        msg = f"`delay` must not be negative, got {np.min(delay):g} s. The drive pulse begins after the flux step."
        raise ValueError(msg)
    settings = {
        "flux_amplitude": float(flux_amplitude),
        "drive_amplitude": float(drive_amplitude),
        "pulse_duration": float(pulse_duration),
        "pulse_sigmas": float(pulse_sigmas),
    }
    return spectra(PROTOCOL, qubit, {"delay": delay}, drive_frequency, settings, signal=signal, shots=shots)
