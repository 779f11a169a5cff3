"""Hahn echo: a half turn in the middle of a Ramsey sequence. Sensitive to T2 without slow detuning.

Against a static flux bias it tells, with Ramsey, slow noise of the flux from other dephasing.
"""

from typing import Any

import jax.numpy as jnp

from qrexplore.experiments.blocks import Block, Idle, Rotation
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, along_bias, build


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    bias, carrier = point.get("flux_bias"), point.get("drive_frequency")
    half = Idle(point["delay"] / 2, framed=qubit, bias=bias, carrier=carrier)
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


ECHO_FLUX = Protocol(
    name="echo_flux",
    dims=("flux_bias", "delay"),
    coordinates={
        "flux_bias": ("V", "static flux bias"),
        "drive_frequency": ("Hz", "drive frequency"),
        "delay": ("s", "total free evolution time"),
    },
    preparation=0,
    sequence=_sequence,
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


def echo_flux(
    flux_bias: Any,
    delay: Any,
    *,
    drive_frequency: Any,
    qubit: str = "q0",
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe Hahn echoes of a qubit that idles at a static flux bias.

    Parameters
    ----------
    flux_bias
        Swept voltage on the bias line, V. Usual: 7 on one side of the sweet spot.
    delay
        Swept total free evolution time, s. Usual: 51, 1000 shots each.
    drive_frequency
        Carrier of the pulses at each bias, Hz: one number for each, or one for all.
    qubit
        Biased, driven and measured qubit.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If there is not one carrier for each bias.
    """
    sweeps = {"flux_bias": flux_bias, "delay": delay}
    return along_bias(ECHO_FLUX, qubit, sweeps, {}, drive_frequency=drive_frequency, signal=signal, shots=shots)
