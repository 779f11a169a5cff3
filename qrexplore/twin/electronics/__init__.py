"""Control electronics and cables: chains of differentiable stages between a generator's samples and the chip."""

from qrexplore.twin.electronics.bias import FluxBias
from qrexplore.twin.electronics.chain import SignalChain
from qrexplore.twin.electronics.stages import (
    AbstractStage,
    Delay,
    DriveGain,
    ExponentialResponse,
    Gain,
    LowPass,
    step_response,
)
from qrexplore.twin.electronics.wave import Wave, hold

__all__ = [
    "AbstractStage",
    "Delay",
    "DriveGain",
    "ExponentialResponse",
    "FluxBias",
    "Gain",
    "LowPass",
    "SignalChain",
    "Wave",
    "hold",
    "step_response",
]
