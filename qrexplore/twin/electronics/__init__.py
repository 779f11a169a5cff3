"""Control electronics and cables: chains of differentiable stages between a generator's samples and the chip.

A wave is piecewise linear on cells shorter than a sample (`wave`). A stage takes one and gives one (`stage`), and tells
whether it is linear and whether it minds the clock; where physics allows, it also gives the wave before it for the one
behind it. Stages follow one another in a `SignalChain` in the order in which the signal meets them. What a generator has to
play for a wave at the chip: `SignalChain.inverse` where all can be undone, `predistorted` where not.
"""

from qrexplore.twin.electronics.amplifier import Compression
from qrexplore.twin.electronics.bias import FluxBias
from qrexplore.twin.electronics.cable import (
    Attenuation,
    BiasTee,
    Reflection,
    SkinEffect,
    noise_photons,
    thermal_photons,
)
from qrexplore.twin.electronics.chain import SignalChain
from qrexplore.twin.electronics.converter import DAC, Digitizer, integrated, matched_weights
from qrexplore.twin.electronics.delay import Delay
from qrexplore.twin.electronics.exponential import ExponentialResponse, ExponentialSum
from qrexplore.twin.electronics.filters import FIR, Butterworth, GaussianFilter, LowPass, truncated
from qrexplore.twin.electronics.gain import DriveGain, Gain
from qrexplore.twin.electronics.mixer import IQMixer, LocalOscillator
from qrexplore.twin.electronics.predistortion import correction, predistorted, settling, unsettled
from qrexplore.twin.electronics.stage import AbstractStage, NotInvertibleError, step_response
from qrexplore.twin.electronics.wave import Wave, hold

__all__ = [
    "DAC",
    "FIR",
    "AbstractStage",
    "Attenuation",
    "BiasTee",
    "Butterworth",
    "Compression",
    "Delay",
    "Digitizer",
    "DriveGain",
    "ExponentialResponse",
    "ExponentialSum",
    "FluxBias",
    "Gain",
    "GaussianFilter",
    "IQMixer",
    "LocalOscillator",
    "LowPass",
    "NotInvertibleError",
    "Reflection",
    "SignalChain",
    "SkinEffect",
    "Wave",
    "correction",
    "hold",
    "integrated",
    "matched_weights",
    "noise_photons",
    "predistorted",
    "settling",
    "step_response",
    "thermal_photons",
    "truncated",
    "unsettled",
]
