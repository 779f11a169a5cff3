"""CZ train: many flux pulses, one after the other, between two quarter turns of the target.

Each pulse sees what is left of those before it, so that slow distortion shows as phases and leakage that grow faster or slower
than their number. The quarter turns stand at both ends of a window of fixed length and the train ends with it, so that what
idles is the same for every number of pulses.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.chevron import pulsed_qubit
from qrexplore.experiments.conditional import (
    BOTH_LEVELS,
    CONTROL,
    ends,
    prepared_control,
    quarter_turn,
    with_carriers,
)
from qrexplore.experiments.cryoscope import QUADRATURES
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.pulses import Pulse, Schedule, Square


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    _, target = ends(experiment)
    duration, height = experiment.setting("flux_duration"), experiment.setting("flux_amplitude")
    most = round(experiment.largest("pulses"))
    longest = most * (duration + experiment.largest("spacing"))
    pulses = tuple(
        Pulse(
            f"flux_{pulsed_qubit(experiment)}",
            Square(duration),
            # silent slots come first
            height * (most - place <= point["pulses"]),
            start=longest - (most - place) * (duration + point["spacing"]),
        )
        for place in range(most)
    )
    schedule = Schedule(pulses, window=longest + experiment.setting("settling_time"))
    play = Play(schedule, shared=("quadrature",))
    return (
        prepared_control(experiment, point),
        quarter_turn(target),
        play,
        quarter_turn(target, point["quadrature"]),
    )


PROTOCOL = Protocol(
    name="cz_train",
    dims=("control", "spacing", "quadrature", "pulses"),
    coordinates={
        "control": CONTROL,
        "spacing": ("s", "pause after each flux pulse"),
        "quadrature": ("1", "measured quadrature of the target"),
        "pulses": ("1", "number of flux pulses"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"settling_time": 10e-9},
    codes={"quadrature": QUADRATURES},
)


def cz_train(
    pulses: Any,
    spacing: Any,
    *,
    flux_amplitude: float,
    flux_duration: float,
    control: str = "q0",
    target: str = "q1",
    flux_qubit: str | None = None,
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a train of flux pulses; usual: 1 to 20 pulses, 4 spacings, 2000 shots.

    Parameters
    ----------
    pulses
        Swept number of pulses, whole numbers from 0.
    spacing
        Swept pause after each pulse, s.
    flux_amplitude, flux_duration
        Height (V, at the generator) and length (s) of each pulse.
    control, target
        The two qubits, both measured.
    flux_qubit
        Which of them is pulsed; the target if not given.
    drive_frequencies
        Carriers of control and target, Hz; they follow the qubits of the twin if not given.
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If a number of pulses is not a whole number from 0, or all of them are 0.
    """
    numbers = np.asarray(pulses, dtype=np.float64)
    if np.any((numbers != np.round(numbers)) | (numbers < 0)) or not np.any(numbers > 0):
        msg = f"`pulses` must hold whole numbers from 0, one of them above it, got {pulses!r}. Use numpy.arange(1, 21)."
        raise ValueError(msg)
    settings = {
        "flux_qubit": flux_qubit or target,
        "flux_amplitude": float(flux_amplitude),
        "flux_duration": float(flux_duration),
    }
    sweeps = {
        "control": BOTH_LEVELS,
        "spacing": spacing,
        "quadrature": np.array(list(QUADRATURES)),
        "pulses": numbers,
    }
    settings = with_carriers(settings, drive_frequencies)
    return build(PROTOCOL, (control, target), sweeps, settings, signal=signal, shots=shots)
