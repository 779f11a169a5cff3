"""Microwave crosstalk: what a tone on the line of one qubit does to another, at the frequency of that other one.

`drive_crosstalk` is a Rabi experiment through the wrong line; `drive_cancellation` adds a tone on the right line, of varied
amplitude and phase: the qubit stays in level 0 where it is minus what leaks over. Together they are sensitive to the complex
element of the crosstalk matrix.
"""

from collections.abc import Sequence
from typing import Any

from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.conditional import with_carriers
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.pulses import Gaussian, Pulse, Schedule

_SETTINGS = {"pulse_duration": 200e-9, "pulse_sigmas": 5.0}


def _bell(experiment: Experiment) -> Gaussian:
    duration = experiment.setting("pulse_duration")
    return Gaussian(duration, duration / experiment.setting("pulse_sigmas"))


def _wrong_line(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    source, victim = experiment.qubits
    pulse = Pulse(f"drive_{source}", _bell(experiment), point["drive_amplitude"])
    return (Play(Schedule((pulse,), window=experiment.setting("pulse_duration")), carrier_of=victim),)


def _both_lines(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    source, victim = experiment.qubits
    bell = _bell(experiment)
    pulses = (
        Pulse(f"drive_{source}", bell, experiment.setting("drive_amplitude")),
        Pulse(f"drive_{victim}", bell, point["cancel_amplitude"], phase=point["cancel_phase"]),
    )
    return (Play(Schedule(pulses, window=experiment.setting("pulse_duration")), carrier_of=victim),)


DRIVE_CROSSTALK = Protocol(
    name="drive_crosstalk",
    dims=("drive_amplitude",),
    coordinates={"drive_amplitude": ("V", "amplitude of the drive pulse")},
    preparation=0,
    sequence=_wrong_line,
    settings=_SETTINGS,
)

DRIVE_CANCELLATION = Protocol(
    name="drive_cancellation",
    dims=("cancel_amplitude", "cancel_phase"),
    coordinates={
        "cancel_amplitude": ("V", "amplitude of the canceling pulse"),
        "cancel_phase": ("rad", "phase of the canceling pulse"),
    },
    preparation=0,
    sequence=_both_lines,
    settings=_SETTINGS,
)


def drive_crosstalk(
    drive_amplitude: Any,
    *,
    source: str = "q0",
    victim: str = "q1",
    pulse_duration: float = 200e-9,
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a Rabi experiment on a qubit through the drive line of another; usual: 31 amplitudes, 500 shots.

    Parameters
    ----------
    drive_amplitude
        Swept amplitude at the generator of the source's line, V.
    source, victim
        The qubit whose line plays, and the one at whose carrier it plays; both are measured.
    pulse_duration
        Length of the Gaussian pulse, s; its standard deviation is a fifth of it.
    drive_frequencies
        Carriers of source and victim, Hz; they follow the qubits of the twin if not given.
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.
    """
    settings = with_carriers({"pulse_duration": float(pulse_duration)}, drive_frequencies)
    sweeps = {"drive_amplitude": drive_amplitude}
    return build(DRIVE_CROSSTALK, (source, victim), sweeps, settings, signal=signal, shots=shots)


def drive_cancellation(
    cancel_amplitude: Any,
    cancel_phase: Any,
    *,
    drive_amplitude: float,
    source: str = "q0",
    victim: str = "q1",
    pulse_duration: float = 200e-9,
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe the cancellation of microwave crosstalk; usual: 31 amplitudes by 37 phases, 500 shots.

    Parameters
    ----------
    cancel_amplitude, cancel_phase
        Swept amplitude (V) and phase (rad) of the pulse on the victim's own line.
    drive_amplitude
        Amplitude of the pulse on the source's line, V.
    source, victim, pulse_duration, drive_frequencies, signal, shots
        See `drive_crosstalk`.
    """
    settings = {"pulse_duration": float(pulse_duration), "drive_amplitude": float(drive_amplitude)}
    sweeps = {"cancel_amplitude": cancel_amplitude, "cancel_phase": cancel_phase}
    settings = with_carriers(settings, drive_frequencies)
    return build(DRIVE_CANCELLATION, (source, victim), sweeps, settings, signal=signal, shots=shots)
