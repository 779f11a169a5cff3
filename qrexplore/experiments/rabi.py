"""Rabi: the amplitude of a resonant pulse is swept. Sensitive to the drive gain and, at large amplitude, to level 2."""

from typing import Any

from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.pulses import Gaussian, Pulse, Schedule


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    duration = experiment.setting("pulse_duration")
    envelope = Gaussian(duration, duration / experiment.setting("pulse_sigmas"))
    pulse = Pulse(f"drive_{qubit}", envelope, point["drive_amplitude"], phase=experiment.setting("drive_phase"))
    return (Play(Schedule((pulse,), window=duration)),)


PROTOCOL = Protocol(
    name="rabi",
    dims=("drive_amplitude",),
    coordinates={"drive_amplitude": ("V", "amplitude of the drive pulse")},
    preparation=0,
    sequence=_sequence,
    # a file that does not give the length gets one so long that level 2 plays no part
    settings={"pulse_duration": 200e-9, "pulse_sigmas": 5.0, "drive_frequency": NOMINAL_FREQUENCY, "drive_phase": 0.0},
)


def rabi(
    drive_amplitude: Any,
    *,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    pulse_duration: float = 40e-9,
    drive_phase: float = 0.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a Rabi experiment with a Gaussian pulse of varied amplitude.

    Parameters
    ----------
    drive_amplitude
        Swept amplitude at the generator, V.
    qubit
        Driven and measured qubit.
    drive_frequency
        Carrier, Hz.
    pulse_duration
        Length of the pulse, s; its standard deviation is a fifth of it.
    drive_phase
        Of the pulse, rad. At a right angle the turn is about y: it goes by the Q arm of a mixer, whose gain and offset a turn
        about x tells to second order only, and not their signs.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.
    """
    settings = {
        "drive_frequency": drive_frequency,
        "pulse_duration": pulse_duration,
        "drive_phase": float(drive_phase),
    }
    return build(PROTOCOL, qubit, {"drive_amplitude": drive_amplitude}, settings, signal=signal, shots=shots)
