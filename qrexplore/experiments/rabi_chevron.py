"""Rabi chevron: a square pulse of varied length, its carrier off by a varied detuning.

On two levels ``P1 = Omega^2/W^2 sin^2(pi W t)`` with ``W^2 = Omega^2 + detuning^2`` (Hz). Sensitive to the drive gain, the
frequency, the bandwidth of the drive line and whatever else turns its pulses.
"""

from typing import Any

from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.pulses import Pulse, Schedule, Square


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    pulse = Pulse(f"drive_{qubit}", Square(point["duration"]), experiment.setting("drive_amplitude"))
    window = experiment.largest("duration") + experiment.setting("settling_time")
    carrier = experiment.setting("drive_frequency") + point["detuning"]
    return (Play(Schedule((pulse,), window=window), stop="duration", carrier=carrier),)


PROTOCOL = Protocol(
    name="rabi_chevron",
    dims=("detuning", "duration"),
    coordinates={
        "detuning": ("Hz", "carrier less nominal frequency"),
        "duration": ("s", "duration of the drive pulse"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"drive_frequency": NOMINAL_FREQUENCY, "drive_amplitude": 0.1, "settling_time": 6e-9},
)


def rabi_chevron(
    detuning: Any,
    duration: Any,
    *,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    drive_amplitude: float = 0.1,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a Rabi chevron.

    Parameters
    ----------
    detuning
        Swept offset of the carrier from `drive_frequency`, Hz. Usual: 41 from -40 MHz to 40 MHz.
    duration
        Swept length of the pulse, s. Usual: 51 from 0 to five periods, 500 shots each.
    qubit
        Driven and measured qubit.
    drive_frequency
        Nominal carrier, Hz.
    drive_amplitude
        Height of the pulse at the generator, V.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.
    """
    settings = {"drive_frequency": float(drive_frequency), "drive_amplitude": float(drive_amplitude)}
    return build(PROTOCOL, qubit, {"detuning": detuning, "duration": duration}, settings, signal=signal, shots=shots)
