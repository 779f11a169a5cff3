"""Readout shots: prepare each level and read at once. Sensitive to the readout alone: centers and width, or confusion."""

from typing import Any

from qrexplore.experiments.blocks import Block, Idle
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.experiments.preparation import prepared


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    return (prepared(experiment, point, qubit, "prepared_state"), Idle(experiment.setting("wait")))


PROTOCOL = Protocol(
    name="readout_shots",
    dims=("prepared_state",),
    coordinates={"prepared_state": ("1", "prepared level")},
    preparation=0,
    sequence=_sequence,
    settings={"wait": 0.0},
    single_shots=True,
)


def readout_shots(
    prepared_state: Any = (0, 1, 2),
    *,
    qubit: str = "q0",
    wait: float = 0.0,
    report: str = "iq",
    shots: int | None = None,
) -> Experiment:
    """Describe the measurement of what the readout says of prepared levels.

    Parameters
    ----------
    prepared_state
        Levels that are prepared, by ideal exchanges of neighboring levels.
    qubit
        Measured qubit.
    wait
        Time between preparation and readout, s.
    report
        ``iq``, ``probability`` of three outcomes, ``population`` or ``signal``.
    shots
        Repetitions of each level.
    """
    return build(PROTOCOL, qubit, {"prepared_state": prepared_state}, {"wait": wait}, report=report, shots=shots)
