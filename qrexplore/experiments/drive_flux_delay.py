"""Delay between the drive and the flux line of a qubit: a half turn, and a flux pulse that begins earlier or later.

Where both overlap, the half turn meets a detuned qubit and fails; the middle of the dip says how much later one line is
than the other. Sensitive to the delays of the lines.
"""

from typing import Any

from qrexplore.core import require_positive
from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.experiments.gates import GATE_SETTINGS, gate_envelope, gate_settings
from qrexplore.pulses import Pulse, Schedule, Square


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    drive_length, flux_length = experiment.setting("pulse_duration"), experiment.setting("flux_duration")
    delays = experiment.coordinates["flux_delay"].values
    # the flux pulse must not begin before the window does
    ahead = max(0.0, -float(min(delays)))
    window = ahead + max(drive_length, float(max(delays)) + flux_length) + experiment.setting("settling_time")
    drive = Pulse(f"drive_{qubit}", gate_envelope(experiment), experiment.setting("drive_amplitude"), start=ahead)
    flux = Pulse(
        f"flux_{qubit}", Square(flux_length), experiment.setting("flux_amplitude"), start=ahead + point["flux_delay"]
    )
    return (Play(Schedule((drive, flux), window=window)),)


PROTOCOL = Protocol(
    name="drive_flux_delay",
    dims=("flux_delay",),
    coordinates={"flux_delay": ("s", "start of the flux pulse after that of the drive pulse")},
    preparation=0,
    sequence=_sequence,
    settings={**GATE_SETTINGS, "flux_duration": 20e-9},
)


def drive_flux_delay(
    flux_delay: Any,
    *,
    drive_amplitude: float,
    flux_amplitude: float,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    pulse_duration: float = 20e-9,
    pulse_sigmas: float = 4.0,
    flux_duration: float = 20e-9,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a measurement of the delay between the drive and the flux line.

    Parameters
    ----------
    flux_delay
        Swept start of the flux pulse after that of the drive pulse, s; may be negative. Usual: 81 from -40 ns to 40 ns,
        1000 shots each.
    drive_amplitude
        Height of a half turn, V.
    flux_amplitude
        Height of the flux pulse, V.
    qubit
        Driven, pulsed and measured qubit.
    drive_frequency
        Carrier, Hz.
    pulse_duration, pulse_sigmas
        Length of the drive pulse in s and in its standard deviations.
    flux_duration
        Length of the flux pulse, s.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If a length is not positive.
    """
    require_positive(flux_duration, "flux_duration", "s")
    settings = gate_settings(
        drive_amplitude=drive_amplitude,
        drive_frequency=drive_frequency,
        pulse_duration=pulse_duration,
        pulse_sigmas=pulse_sigmas,
    )
    settings |= {"flux_amplitude": float(flux_amplitude), "flux_duration": float(flux_duration)}
    return build(PROTOCOL, qubit, {"flux_delay": flux_delay}, settings, signal=signal, shots=shots)
