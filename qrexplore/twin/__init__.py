"""The digital twin: chip, electronics, noise and readout, and what it predicts.

A twin is an immutable pytree of components; every number of it is a parameter that can be moved, differentiated and
learned. It has no verbs: `predict` and `simulate` take a twin and an experiment, and learning, control and budgets are
built on them one floor up.
"""

from qrexplore.twin import library
from qrexplore.twin.chip import Chip, ExchangeCoupling, Transmon, UpperRelaxation
from qrexplore.twin.electronics import (
    Delay,
    DriveGain,
    ExponentialResponse,
    FluxBias,
    Gain,
    LowPass,
    SignalChain,
    step_response,
)
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import (
    DriveNoise,
    FluxNoise,
    FrequencyNoise,
    OneOverF,
    QuasiStatic,
    Share,
    SlowNoise,
    Telegraph,
)
from qrexplore.twin.play import play
from qrexplore.twin.prediction import populations, predict, read, simulate
from qrexplore.twin.readout import AbstractReadout, ConfusionReadout, RescaledReadout, SignalReadout
from qrexplore.twin.recheck import Recheck, second_opinion
from qrexplore.twin.sampling import sampling_error

__all__ = [
    "AbstractReadout",
    "Chip",
    "ConfusionReadout",
    "Delay",
    "DriveGain",
    "DriveNoise",
    "ExchangeCoupling",
    "ExponentialResponse",
    "FluxBias",
    "FluxNoise",
    "FrequencyNoise",
    "Gain",
    "LowPass",
    "OneOverF",
    "QuasiStatic",
    "Recheck",
    "RescaledReadout",
    "Share",
    "SignalChain",
    "SignalReadout",
    "SlowNoise",
    "Telegraph",
    "Transmon",
    "Twin",
    "UpperRelaxation",
    "library",
    "play",
    "populations",
    "predict",
    "read",
    "sampling_error",
    "second_opinion",
    "simulate",
    "step_response",
]
