"""CZ chevron: both qubits excited, a flux pulse of varied height and length on one of them, both read.

On resonance |11> and |02> exchange at ``2 sqrt(2) g``; the fringes bend where the pulse at the chip is not the rectangle
that was sent. Sensitive to the coupling, the flux gain and the distortion of the flux line.
"""

from typing import Any

from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.pulses import Pulse, Schedule, Square


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    pulse = Pulse(f"flux_{pulsed_qubit(experiment)}", Square(point["duration"]), point["flux_amplitude"])
    window = experiment.largest("duration") + experiment.setting("settling_time")
    return (Play(Schedule((pulse,), window=window), stop="duration"),)


def pulsed_qubit(experiment: Experiment) -> str:
    """Give the qubit whose flux line is pulsed: the setting ``flux_qubit``, or the last one."""
    return str(experiment.settings.get("flux_qubit", experiment.qubits[-1]))


PROTOCOL = Protocol(
    name="chevron",
    dims=("flux_amplitude", "duration"),
    coordinates={
        "flux_amplitude": ("V", "amplitude of the flux pulse"),
        "duration": ("s", "duration of the flux pulse"),
    },
    preparation=1,
    sequence=_sequence,
    settings={"settling_time": 6e-9},
)


def chevron(
    flux_amplitude: Any,
    duration: Any,
    *,
    qubits: tuple[str, str] = ("q0", "q1"),
    flux_qubit: str | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a chevron of the exchange between |11> and |02>.

    Parameters
    ----------
    flux_amplitude
        Swept height of the flux pulse at the generator, V.
    duration
        Swept length of the flux pulse, s.
    qubits
        The two qubits, both excited before the pulse and both measured after it.
    flux_qubit
        Which of them is pulsed; the second one if not given.
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.
    """
    settings = {"flux_qubit": flux_qubit or qubits[1]}
    sweeps = {"flux_amplitude": flux_amplitude, "duration": duration}
    return build(PROTOCOL, qubits, sweeps, settings, signal=signal, shots=shots)
