"""Hahn echo: a half turn in the middle of a Ramsey sequence. Sensitive to T2 without slow detuning."""

from typing import Any

import jax.numpy as jnp

from qrexplore.experiments.blocks import Block, Idle, Rotation
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    half = Idle(point["delay"] / 2, framed=qubit)
    quarter_turn = Rotation(qubit, jnp.pi / 2)
    return (quarter_turn, half, Rotation(qubit, jnp.pi), half, quarter_turn)


PROTOCOL = Protocol(
    name="echo",
    dims=("delay",),
    coordinates={"delay": ("s", "total free evolution time")},
    preparation=0,
    sequence=_sequence,
    settings={"drive_frequency": NOMINAL_FREQUENCY},
)


def echo(
    delay: Any,
    *,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a Hahn echo; without decay it ends in level 0.

    Parameters
    ----------
    delay
        Swept total free evolution time, s; the half turn stands in the middle.
    qubit
        Driven and measured qubit.
    drive_frequency
        Carrier of the pulses, Hz.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.
    """
    settings = {"drive_frequency": drive_frequency}
    return build(PROTOCOL, qubit, {"delay": delay}, settings, signal=signal, shots=shots)
