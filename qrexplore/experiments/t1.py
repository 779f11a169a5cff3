"""T1: excite, wait, read. Sensitive to the relaxation time and the thermal population."""

from typing import Any

from qrexplore.experiments.blocks import Block, Idle
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build


def _sequence(_: Experiment, point: Point) -> tuple[Block, ...]:
    return (Idle(point["delay"]),)


PROTOCOL = Protocol(
    name="t1",
    dims=("delay",),
    coordinates={"delay": ("s", "delay before readout")},
    preparation=1,
    sequence=_sequence,
)


def t1(delay: Any, *, qubit: str = "q0", signal: bool = False, shots: int | None = None) -> Experiment:
    """Describe a relaxation experiment.

    Parameters
    ----------
    delay
        Swept time between excitation and readout, s.
    qubit
        Excited and measured qubit.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.
    """
    return build(PROTOCOL, qubit, {"delay": delay}, signal=signal, shots=shots)
