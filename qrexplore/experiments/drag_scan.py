"""DRAG scan: trains of half turns forth and back, ``(X -X)^N``, against the DRAG coefficient.

A phase error of the pulses adds up in the train while an error of their angle does not; the coefficient at which all trains
stay in level 0 is the right one. Sensitive to the anharmonicity, to the bandwidth of the drive line and to a detuning.

References
----------
Lucero et al., Phys. Rev. A 82, 042339 (2010).
"""

from typing import Any

from qrexplore.core import require_counts
from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.experiments.gates import GATE_SETTINGS, gate_envelope, gate_settings
from qrexplore.pulses import Pulse, Schedule, Train


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    duration, most = experiment.setting("pulse_duration"), 2 * round(experiment.largest("repetitions"))
    shape = gate_envelope(experiment, point["drag"])
    train = Train(shape, duration, 2 * point["repetitions"], most=most, alternating=True)
    pulse = Pulse(f"drive_{qubit}", train, experiment.setting("drive_amplitude"))
    window = most * duration + experiment.setting("settling_time")
    return (Play(Schedule((pulse,), window=window), stop="repetitions", stop_unit=2 * duration),)


PROTOCOL = Protocol(
    name="drag_scan",
    dims=("drag", "repetitions"),
    coordinates={
        "drag": ("s", "DRAG coefficient of the pulses"),
        "repetitions": ("1", "pairs of half turns forth and back"),
    },
    preparation=0,
    sequence=_sequence,
    settings=GATE_SETTINGS,
)


def drag_scan(
    drag: Any,
    repetitions: Any,
    *,
    drive_amplitude: float,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    pulse_duration: float = 20e-9,
    pulse_sigmas: float = 4.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a DRAG scan.

    Parameters
    ----------
    drag
        Swept DRAG coefficient, s; ``-1/(4 pi alpha)`` keeps the phase, twice that the leakage, with alpha in Hz. Usual: 31
        from 0 to that.
    repetitions
        Swept numbers N of pairs. Usual: 4, 8, 12, 16, 1000 shots each.
    drive_amplitude
        Height of a half turn, V.
    qubit
        Driven and measured qubit.
    drive_frequency
        Carrier, Hz.
    pulse_duration, pulse_sigmas
        Length of a pulse in s and in its standard deviations.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If a number of pairs is not a whole number from 0, or a length is not positive.
    """
    require_counts(repetitions, "repetitions")
    settings = gate_settings(
        drive_amplitude=drive_amplitude,
        drive_frequency=drive_frequency,
        pulse_duration=pulse_duration,
        pulse_sigmas=pulse_sigmas,
    )
    del settings["drag"]
    sweeps = {"drag": drag, "repetitions": repetitions}
    return build(PROTOCOL, qubit, sweeps, settings, signal=signal, shots=shots)
