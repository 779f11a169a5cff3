"""Noise of the twin: white (Markovian) noise as Lindblad rates, slow noise as sources over which predictions are averaged.

White noise belongs to the transmons (`markovian`). Slow noise is a group of its own on the twin, empty by default: each
source tells what it moves (`sources`) and how it goes in time (`processes`). What noise does to coherence in closed form,
for checks and quick estimates, is in `filters` and `closed_forms`.
"""

from qrexplore.twin.noise.closed_forms import (
    echo_exponent,
    echo_time,
    ramsey_exponent,
    sweet_spot_coherence,
    telegraph_coherence,
)
from qrexplore.twin.noise.filters import (
    coherence,
    cpmg_switches,
    decay_exponent,
    filter_function,
    lorentzian,
    one_over_f,
    phase_noise,
    ramsey_switches,
    white_frequency,
)
from qrexplore.twin.noise.markovian import dephasing_time, dissipators, jumps, rates
from qrexplore.twin.noise.processes import AbstractProcess, OneOverF, QuasiStatic, Telegraph
from qrexplore.twin.noise.sources import (
    AbstractSource,
    DriveNoise,
    FluxNoise,
    FrequencyNoise,
    Offsets,
    Share,
    SlowNoise,
)

__all__ = [
    "AbstractProcess",
    "AbstractSource",
    "DriveNoise",
    "FluxNoise",
    "FrequencyNoise",
    "Offsets",
    "OneOverF",
    "QuasiStatic",
    "Share",
    "SlowNoise",
    "Telegraph",
    "coherence",
    "cpmg_switches",
    "decay_exponent",
    "dephasing_time",
    "dissipators",
    "echo_exponent",
    "echo_time",
    "filter_function",
    "jumps",
    "lorentzian",
    "one_over_f",
    "phase_noise",
    "ramsey_exponent",
    "ramsey_switches",
    "rates",
    "sweet_spot_coherence",
    "telegraph_coherence",
    "white_frequency",
]
