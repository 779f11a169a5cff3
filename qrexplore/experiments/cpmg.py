"""CPMG: n half turns refocus slow detuning n times. Sensitive to pure dephasing and, through n, to its spectrum.

Half turns are a quarter period ahead of the first quarter turn (Meiboom and Gill), and the last quarter turn has the
opposite sign, so that without decay every n ends in level 0; one half turn gives the populations of an echo.

References
----------
Meiboom and Gill, Rev. Sci. Instrum. 29, 688 (1958). Bylander et al., Nat. Phys. 7, 565 (2011).
"""

from typing import Any

import jax.numpy as jnp

from qrexplore.core import require_counts
from qrexplore.experiments.blocks import Block, Idle, Repeat, Rotation
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    half = Idle(point["delay"] / (2 * point["half_turns"]), framed=qubit)
    period = (half, Rotation(qubit, jnp.pi, jnp.pi / 2), half)
    return (
        Rotation(qubit, jnp.pi / 2),
        Repeat(period, point["half_turns"], most=round(experiment.largest("half_turns"))),
        Rotation(qubit, jnp.pi / 2, jnp.pi),
    )


PROTOCOL = Protocol(
    name="cpmg",
    dims=("half_turns", "delay"),
    coordinates={
        "half_turns": ("1", "number of refocusing half turns"),
        "delay": ("s", "total free evolution time"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"drive_frequency": NOMINAL_FREQUENCY},
)


def cpmg(
    half_turns: Any,
    delay: Any,
    *,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe dynamical decoupling by n evenly spaced half turns.

    Parameters
    ----------
    half_turns
        Swept whole numbers n from 1, such as 1, 2, 4, 8.
    delay
        Swept total free evolution time, s; the half turns stand at ``(k - 1/2)/n`` of it. Usual: 51, 1000 shots each.
    qubit
        Driven and measured qubit.
    drive_frequency
        Carrier of the pulses, Hz.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If a number of half turns is not a whole number from 1.
    """
    require_counts(half_turns, "half_turns", smallest=1)
    settings = {"drive_frequency": float(drive_frequency)}
    sweeps = {"half_turns": half_turns, "delay": delay}
    return build(PROTOCOL, qubit, sweeps, settings, signal=signal, shots=shots)
