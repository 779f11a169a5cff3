"""Flux crosstalk: a Ramsey experiment on one qubit while the fast flux line of another holds a voltage.

The fringes move with the voltage as the frequency of the qubit does; their slope over the qubit's own is the element of the
crosstalk matrix of the fast lines. A qubit at its sweet spot sees the square of the flux only: park it beside.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.conditional import quarter_turn, with_carriers
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.pulses import Pulse, Schedule, Square


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    source, victim = experiment.qubits
    pulse = Pulse(f"flux_{source}", Square(point["delay"]), point["flux_amplitude"])
    window = experiment.largest("delay") + experiment.setting("settling_time")
    play = Play(Schedule((pulse,), window=window), stop="delay")
    advance = 2 * jnp.pi * experiment.setting("artificial_detuning") * point["delay"]
    return (quarter_turn(victim), play, quarter_turn(victim, advance))


PROTOCOL = Protocol(
    name="flux_crosstalk",
    dims=("flux_amplitude", "delay"),
    coordinates={
        "flux_amplitude": ("V", "amplitude of the flux pulse"),
        "delay": ("s", "duration of the flux pulse between the quarter turns"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"settling_time": 10e-9, "artificial_detuning": 0.0},
)


def flux_crosstalk(
    flux_amplitude: Any,
    delay: Any,
    *,
    source: str = "q0",
    victim: str = "q1",
    artificial_detuning: float = 0.0,
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a Ramsey experiment against the voltage on another qubit's flux line; usual: 11 by 51 points, 500 shots.

    Parameters
    ----------
    flux_amplitude
        Swept voltage at the generator of the source's flux line, V.
    delay
        Swept length of the flux pulse, s.
    source, victim
        The qubit whose line plays, and the one of the Ramsey sequence; both are measured.
    artificial_detuning
        Rate at which the phase of the second quarter turn advances with the delay, Hz.
    drive_frequencies
        Carriers of source and victim, Hz; they follow the qubits of the twin if not given.
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.
    """
    settings = with_carriers({"artificial_detuning": float(artificial_detuning)}, drive_frequencies)
    sweeps = {"flux_amplitude": flux_amplitude, "delay": delay}
    return build(PROTOCOL, (source, victim), sweeps, settings, signal=signal, shots=shots)
