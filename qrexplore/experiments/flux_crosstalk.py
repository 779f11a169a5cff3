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
    # the setting names the source where only the victim is measured
    alone = len(experiment.qubits) == 1
    source, victim = (str(experiment.settings["source"]), *experiment.qubits) if alone else experiment.qubits
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
    alone: bool = False,
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
        The qubit whose line plays, and the one of the Ramsey sequence; both are measured unless it is `alone`.
    artificial_detuning
        Rate at which the phase of the second quarter turn advances with the delay, Hz.
    drive_frequencies
        Carriers of source and victim, Hz; they follow the qubits of the twin if not given.
    alone
        Measure the victim only, whose carrier is then the only one and has to be given. A model may take the source to rest
        (`with_spectators`).
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If an axis is empty or not finite, or the victim alone has not one carrier.
    """
    settings = {"artificial_detuning": float(artificial_detuning)}
    sweeps = {"flux_amplitude": flux_amplitude, "delay": delay}
    if not alone:
        settings = with_carriers(settings, drive_frequencies)
        return build(PROTOCOL, (source, victim), sweeps, settings, signal=signal, shots=shots)
    if drive_frequencies is None or len(drive_frequencies) != 1:
        msg = (
            f"`drive_frequencies` of a flux_crosstalk experiment on {victim} alone must be one number in Hz, got "
            f"{drive_frequencies!r}. Give the carrier of {victim}."
        )
        raise ValueError(msg)
    known = {**settings, "source": source, "drive_frequency": float(drive_frequencies[0])}
    return build(PROTOCOL, victim, sweeps, known, signal=signal, shots=shots)
