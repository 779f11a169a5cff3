"""Random sequences of Clifford elements on one qubit, played pulse by pulse: randomized benchmarking as a device meets it.

Each sequence does nothing if its pulses are right, so that the qubit is found where it began; what is lost grows with the length.
Unlike a `qrexplore.experiments.Benchmark`, which composes one channel a gate, pulses here follow each other through the drive
line, so that its memory and the higher levels between two of them count.

References
----------
Magesan, Gambetta, Emerson, PRL 106, 180504 (2011); Barends et al., Nature 508, 500 (2014), supplement (words of the elements).
"""

from functools import lru_cache
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex

from qrexplore.core import require_axis, require_counts
from qrexplore.experiments.benchmarking import randomized_benchmarking
from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.experiments.gates import GATE_SETTINGS, gate_envelope, gate_settings
from qrexplore.pulses import Pulse, Schedule, Succession

# height of each turn as a share of that of a half turn; about y a quarter of a period later
_HEIGHTS = {"x": 1.0, "y": 1j, "x/2": 0.5, "-x/2": -0.5, "y/2": 0.5j, "-y/2": -0.5j}


@lru_cache(maxsize=1024)
def _heights(length: int, sequence: int, seed: int) -> Complex[np.ndarray, " pulses"]:
    """Give the heights of the pulses of one sequence; it is the same, whichever others are played."""
    (own,) = np.random.SeedSequence([seed, length, sequence]).generate_state(1)
    benchmark = randomized_benchmarking([length], 1, seed=int(own))
    return np.array(
        [_HEIGHTS[benchmark.gates[place][0]] for place in benchmark.played[0, 0] if place >= 0], dtype=complex
    )


@lru_cache(maxsize=64)
def _table(
    lengths: tuple[int, ...], sequences: tuple[int, ...], seed: int
) -> Complex[np.ndarray, "length sequence pulses"]:
    """Give the heights of all pulses, 0 where a sequence is over."""
    drawn = [[_heights(length, sequence, seed) for sequence in sequences] for length in lengths]
    most = max(len(one) for row in drawn for one in row)
    return np.array([[np.pad(one, (0, most - len(one))) for one in row] for row in drawn])


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    axes = [experiment.coordinates[name].values for name in ("length", "sequence")]
    table = _table(*(tuple(axis.astype(int).tolist()) for axis in axes), int(experiment.setting("seed")))
    places = [jnp.argmin(jnp.abs(axis - point[name])) for name, axis in zip(("length", "sequence"), axes, strict=True)]
    duration = experiment.setting("pulse_duration")
    pulses = Succession(gate_envelope(experiment), duration, jnp.asarray(table)[tuple(places)])
    window = table.shape[-1] * duration + experiment.setting("settling_time")
    return (Play(Schedule((Pulse(f"drive_{qubit}", pulses, experiment.setting("drive_amplitude")),), window=window)),)


PROTOCOL = Protocol(
    name="clifford_sequences",
    dims=("length", "sequence"),
    coordinates={
        "length": ("1", "number of random Clifford elements"),
        "sequence": ("1", "number of the random sequence"),
    },
    preparation=0,
    sequence=_sequence,
    settings={**GATE_SETTINGS, "seed": 0},
)


def clifford_sequences(
    length: Any,
    sequence: Any,
    *,
    drive_amplitude: float,
    qubit: str = "q0",
    seed: int = 0,
    drive_frequency: float = NOMINAL_FREQUENCY,
    pulse_duration: float = 20e-9,
    pulse_sigmas: float = 4.0,
    drag: float = 0.0,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe randomized benchmarking of one qubit, pulse by pulse.

    Parameters
    ----------
    length
        Numbers of random Clifford elements, whole from 0; the one that undoes them comes on top. An element takes 1.875 pulses on
        average.
    sequence
        Numbers of the random sequences of each length, whole from 0. Usual: 15 lengths, 30 sequences, 1000 shots each.
    drive_amplitude
        Height of a half turn, V; a quarter turn has half of it.
    qubit
        Driven and measured qubit.
    seed
        Of the sequences, a whole number from 0. A sequence goes by it, its length and its number alone, so that some of them make
        a sweep of their own.
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
        If a number is not whole, or a length of a pulse is not positive.
    """
    for name, numbers in (("length", length), ("sequence", sequence), ("seed", seed)):
        require_counts(require_axis(np.atleast_1d(numbers), name, "1"), name)
    settings = gate_settings(
        drive_amplitude=drive_amplitude,
        drive_frequency=drive_frequency,
        pulse_duration=pulse_duration,
        pulse_sigmas=pulse_sigmas,
        drag=drag,
    )
    sweeps = {"length": length, "sequence": sequence}
    return build(PROTOCOL, qubit, sweeps, {**settings, "seed": int(seed)}, signal=signal, shots=shots)
