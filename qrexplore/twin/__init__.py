"""The digital twin: chip, electronics, noise and readout, and what it predicts.

A twin is an immutable pytree of components; every number of it is a parameter that can be moved, differentiated and
learned. It has no verbs: `predict` and `simulate` take a twin and an experiment, and learning, control and budgets are
built on them one floor up.
"""

from qrexplore.twin import library
from qrexplore.twin.chip import Chip, CoupledResonator, ExchangeCoupling, Resonator, Transmon
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
from qrexplore.twin.play import play
from qrexplore.twin.prediction import joint_populations, level_populations, populations, predict, read, simulate
from qrexplore.twin.readout import (
    AbstractReadout,
    AssignmentReadout,
    ConfusionReadout,
    IQReadout,
    RescaledReadout,
    SignalReadout,
)
from qrexplore.twin.recheck import Recheck, second_opinion
from qrexplore.twin.resonance import resonator_of, resonator_response

__all__ = [
    "AbstractReadout",
    "AssignmentReadout",
    "Chip",
    "ConfusionReadout",
    "CoupledResonator",
    "Delay",
    "DriveGain",
    "ExchangeCoupling",
    "ExponentialResponse",
    "FluxBias",
    "Gain",
    "IQReadout",
    "LowPass",
    "Recheck",
    "RescaledReadout",
    "Resonator",
    "SignalChain",
    "SignalReadout",
    "Transmon",
    "Twin",
    "joint_populations",
    "level_populations",
    "library",
    "play",
    "populations",
    "predict",
    "read",
    "resonator_of",
    "resonator_response",
    "second_opinion",
    "simulate",
    "step_response",
]
