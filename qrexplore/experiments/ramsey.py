"""Ramsey: two quarter turns with a delay between. Sensitive to the frequency and T2*."""

from typing import Any

import jax.numpy as jnp

from qrexplore.experiments.blocks import Block, Idle, Rotation
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    advance = 2 * jnp.pi * experiment.setting("artificial_detuning") * point["delay"]
    return (Rotation(qubit, jnp.pi / 2), Idle(point["delay"], framed=qubit), Rotation(qubit, jnp.pi / 2, advance))


PROTOCOL = Protocol(
    name="ramsey",
    dims=("delay",),
    coordinates={"delay": ("s", "delay between the two quarter turns")},
    preparation=0,
    sequence=_sequence,
    settings={"artificial_detuning": 0.0, "drive_frequency": NOMINAL_FREQUENCY},
)


def ramsey(
    delay: Any,
    *,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    artificial_detuning: float = 0.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a Ramsey experiment.

    The population of level 1 oscillates at ``frequency - drive_frequency + artificial_detuning``.

    Parameters
    ----------
    delay
        Swept free evolution time, s.
    qubit
        Driven and measured qubit.
    drive_frequency
        Carrier of the pulses, Hz.
    artificial_detuning
        Rate at which the phase of the second pulse advances with the delay, Hz.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.
    """
    settings = {"drive_frequency": drive_frequency, "artificial_detuning": artificial_detuning}
    return build(PROTOCOL, qubit, {"delay": delay}, settings, signal=signal, shots=shots)
