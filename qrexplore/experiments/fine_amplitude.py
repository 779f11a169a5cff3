"""Fine amplitude: a train of quarter turns, ``(X/2)^N``, in which an error of their angle adds up.

For odd N the population is one half plus or minus ``sin(N error)/2``, steepest in the error (rad) of one quarter turn.
Sensitive to the drive gain, to a part in ten thousand.
"""

from typing import Any

from qrexplore.core import require_counts
from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.experiments.gates import GATE_SETTINGS, gate_envelope, gate_settings
from qrexplore.pulses import Pulse, Schedule, Train


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    duration, most = experiment.setting("pulse_duration"), round(experiment.largest("repetitions"))
    train = Train(gate_envelope(experiment), duration, point["repetitions"], most=most)
    pulse = Pulse(f"drive_{qubit}", train, experiment.setting("drive_amplitude") / 2)
    window = most * duration + experiment.setting("settling_time")
    return (Play(Schedule((pulse,), window=window), stop="repetitions", stop_unit=duration),)


PROTOCOL = Protocol(
    name="fine_amplitude",
    dims=("repetitions",),
    coordinates={"repetitions": ("1", "number of quarter turns")},
    preparation=0,
    sequence=_sequence,
    settings=GATE_SETTINGS,
)


def fine_amplitude(
    repetitions: Any,
    *,
    drive_amplitude: float,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    pulse_duration: float = 20e-9,
    pulse_sigmas: float = 4.0,
    drag: float = 0.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a fine calibration of the amplitude.

    Parameters
    ----------
    repetitions
        Swept numbers N of quarter turns; odd ones are steep. Usual: 20 from 1 to 39, 4000 shots each.
    drive_amplitude
        Height of a half turn, V; a quarter turn has half of it.
    qubit
        Driven and measured qubit.
    drive_frequency
        Carrier, Hz.
    pulse_duration, pulse_sigmas, drag
        Length of a pulse in s and in its standard deviations; its DRAG coefficient, s.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If a number of turns is not a whole number from 0, or a length is not positive.
    """
    require_counts(repetitions, "repetitions")
    settings = gate_settings(
        drive_amplitude=drive_amplitude,
        drive_frequency=drive_frequency,
        pulse_duration=pulse_duration,
        pulse_sigmas=pulse_sigmas,
        drag=drag,
    )
    return build(PROTOCOL, qubit, {"repetitions": repetitions}, settings, signal=signal, shots=shots)
