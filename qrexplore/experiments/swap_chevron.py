"""Swap chevron: one of two qubits excited, a flux pulse of varied height and length on one of them, both read.

On resonance |10> and |01> exchange at ``2 g``. Sensitive to the coupling, to the frequency of the qubit at rest, and to the
distortion of the flux line at deeper pulses than those of the exchange between |11> and |02>.
"""

from typing import Any

from qrexplore.core import require_choice
from qrexplore.experiments.blocks import Block, Play, Prepare
from qrexplore.experiments.chevron import pulsed_qubit
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.pulses import Pulse, Schedule, Square


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    pulsed = pulsed_qubit(experiment)
    excited = str(experiment.settings.get("excited_qubit", pulsed))
    pulse = Pulse(f"flux_{pulsed}", Square(point["duration"]), point["flux_amplitude"])
    window = experiment.largest("duration") + experiment.setting("settling_time")
    return (Prepare(excited, 1.0, among=(1,)), Play(Schedule((pulse,), window=window), stop="duration"))


PROTOCOL = Protocol(
    name="swap_chevron",
    dims=("flux_amplitude", "duration"),
    coordinates={
        "flux_amplitude": ("V", "amplitude of the flux pulse"),
        "duration": ("s", "duration of the flux pulse"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"settling_time": 6e-9},
)


def swap_chevron(
    flux_amplitude: Any,
    duration: Any,
    *,
    qubits: tuple[str, str] = ("q0", "q1"),
    flux_qubit: str | None = None,
    excited_qubit: str | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a chevron of the exchange between |10> and |01>; usual: 800 points, 1000 shots each.

    Parameters
    ----------
    flux_amplitude
        Swept height of the flux pulse at the generator, V.
    duration
        Swept length of the flux pulse, s.
    qubits
        The two qubits, both measured.
    flux_qubit
        Which of them is pulsed; the second one if not given.
    excited_qubit
        Which of them is excited before the pulse; the pulsed one if not given.
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If the pulsed or the excited qubit is none of the two.
    """
    settings = {"flux_qubit": flux_qubit or qubits[1]}
    settings["excited_qubit"] = excited_qubit or settings["flux_qubit"]
    for name, qubit in settings.items():
        require_choice(qubit, name, tuple(qubits))
    sweeps = {"flux_amplitude": flux_amplitude, "duration": duration}
    return build(PROTOCOL, qubits, sweeps, settings, signal=signal, shots=shots)
