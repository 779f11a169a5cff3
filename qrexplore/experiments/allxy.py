"""AllXY: 21 pairs of half and quarter turns about x and y, a staircase at 0, 1/2 and 1 if the pulses are right.

Each kind of error (amplitude, detuning, DRAG coefficient, imbalance of the quadratures) bends the staircase in its own way.

References
----------
Reed, Entanglement and quantum error correction with superconducting qubits, thesis, Yale (2013).
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qrexplore.core import require_choice, require_counts
from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.experiments.gates import GATE_SETTINGS, gate_envelope, gate_settings
from qrexplore.pulses import Pulse, Schedule

# X and Y are half turns, x and y quarter turns, I is silence
ALLXY_PAIRS = (
    "II", "XX", "YY", "XY", "YX",
    "xI", "yI", "xy", "yx", "xY", "yX", "Xy", "Yx", "xX", "Xx", "yY", "Yy",
    "XI", "YI", "xx", "yy",
)  # fmt: skip
# share of the amplitude of a half turn, and phase (rad)
_TURNS = {"I": (0.0, 0.0), "X": (1.0, 0.0), "Y": (1.0, np.pi / 2), "x": (0.5, 0.0), "y": (0.5, np.pi / 2)}
_TABLE = np.array([[_TURNS[turn] for turn in pair] for pair in ALLXY_PAIRS])


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    duration, height = experiment.setting("pulse_duration"), experiment.setting("drive_amplitude")
    turns = jnp.asarray(_TABLE)[point["pair"].astype(int)]
    pulses = tuple(
        Pulse(f"drive_{qubit}", gate_envelope(experiment), share * height, start=place * duration, phase=phase)
        for place, (share, phase) in enumerate(turns)
    )
    return (Play(Schedule(pulses, window=2 * duration + experiment.setting("settling_time"))),)


PROTOCOL = Protocol(
    name="allxy",
    dims=("pair",),
    coordinates={"pair": ("1", "number of the pair of pulses, in the order of ALLXY_PAIRS")},
    preparation=0,
    sequence=_sequence,
    settings=GATE_SETTINGS,
)


def allxy(
    pair: Any = None,
    *,
    drive_amplitude: float,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    pulse_duration: float = 20e-9,
    pulse_sigmas: float = 4.0,
    drag: float = 0.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe AllXY.

    Parameters
    ----------
    pair
        Numbers of the pairs in `ALLXY_PAIRS`; all of them where left out. Usual: 4000 shots each.
    drive_amplitude
        Height of a half turn, V; a quarter turn has half of it.
    qubit
        Driven and measured qubit.
    drive_frequency
        Carrier, Hz.
    pulse_duration, pulse_sigmas, drag
        Length of a pulse in s and in its standard deviations; its DRAG coefficient, s.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If there is no pair of some number, or a length is not positive.
    """
    numbers = np.arange(len(ALLXY_PAIRS)) if pair is None else np.asarray(pair, dtype=np.float64)
    require_counts(numbers, "pair")
    for number in numbers.flat:
        require_choice(int(number), "pair", range(len(ALLXY_PAIRS)))
    settings = gate_settings(
        drive_amplitude=drive_amplitude,
        drive_frequency=drive_frequency,
        pulse_duration=pulse_duration,
        pulse_sigmas=pulse_sigmas,
        drag=drag,
    )
    return build(PROTOCOL, qubit, {"pair": numbers}, settings, signal=signal, shots=shots)
