"""Ramsey: two quarter turns with a delay between. Sensitive to the frequency and T2*.

With a second axis of the last pulse it measures both quadratures, which also gives the sign of a detuning; against a
static flux bias it tells noise of the flux, which grows with the slope of the arc, from other dephasing.
"""

from typing import Any

import jax.numpy as jnp

from qrexplore.experiments.blocks import Block, Idle, Rotation
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, along_bias, build


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    advance = 2 * jnp.pi * experiment.setting("artificial_detuning") * point["delay"]
    idle = Idle(point["delay"], framed=qubit, bias=point.get("flux_bias"), carrier=point.get("drive_frequency"))
    return (Rotation(qubit, jnp.pi / 2), idle, Rotation(qubit, jnp.pi / 2, advance + point.get("phase", 0.0)))


_DELAY = {"delay": ("s", "delay between the two quarter turns")}
PROTOCOL = Protocol(
    name="ramsey",
    dims=("delay",),
    coordinates=_DELAY,
    preparation=0,
    sequence=_sequence,
    settings={"artificial_detuning": 0.0, "drive_frequency": NOMINAL_FREQUENCY},
)
RAMSEY_PHASES = Protocol(
    name="ramsey_phases",
    dims=("phase", "delay"),
    coordinates={"phase": ("rad", "phase of the second quarter turn"), **_DELAY},
    preparation=0,
    sequence=_sequence,
    settings={"artificial_detuning": 0.0, "drive_frequency": NOMINAL_FREQUENCY},
)
RAMSEY_FLUX = Protocol(
    name="ramsey_flux",
    dims=("flux_bias", "delay"),
    coordinates={
        "flux_bias": ("V", "static flux bias"),
        "drive_frequency": ("Hz", "drive frequency"),
        **_DELAY,
    },
    preparation=0,
    sequence=_sequence,
    settings={"artificial_detuning": 0.0},
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


def ramsey_phases(
    delay: Any,
    *,
    phase: Any = (0.0, float(jnp.pi / 2)),
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    artificial_detuning: float = 0.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a Ramsey experiment that measures more than one quadrature.

    The population of level 1 is ``1/2 + exp(-t/T2) cos(2 pi detuning t + phase)/2``.

    Parameters
    ----------
    delay
        Swept free evolution time, s. Usual: 101, 1000 shots each.
    phase
        Swept phase of the second quarter turn, rad; 0 and a quarter turn where left out.
    qubit, drive_frequency, artificial_detuning, signal, shots
        See `ramsey`.
    """
    settings = {"drive_frequency": drive_frequency, "artificial_detuning": artificial_detuning}
    return build(RAMSEY_PHASES, qubit, {"phase": phase, "delay": delay}, settings, signal=signal, shots=shots)


def ramsey_flux(
    flux_bias: Any,
    delay: Any,
    *,
    drive_frequency: Any,
    qubit: str = "q0",
    artificial_detuning: float = 0.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe Ramsey experiments of a qubit that idles at a static flux bias.

    Parameters
    ----------
    flux_bias
        Swept voltage on the bias line, V. Usual: 7 on one side of the sweet spot.
    delay
        Swept free evolution time, s. Usual: 51, 1000 shots each.
    drive_frequency
        Carrier of the pulses at each bias, Hz: one number for each, or one for all.
    qubit
        Biased, driven and measured qubit.
    artificial_detuning, signal, shots
        See `ramsey`.

    Raises
    ------
    ValueError
        If there is not one carrier for each bias.
    """
    sweeps = {"flux_bias": flux_bias, "delay": delay}
    settings = {"artificial_detuning": float(artificial_detuning)}
    return along_bias(RAMSEY_FLUX, qubit, sweeps, settings, drive_frequency=drive_frequency, signal=signal, shots=shots)
