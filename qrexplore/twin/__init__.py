"""The digital twin: chip, electronics, noise and readout, and what it predicts.

A twin is an immutable pytree of components; every number of it is a parameter that can be moved, differentiated and
learned. It has no verbs: `predict` and `simulate` take a twin and an experiment, and learning, control and budgets are
built on them one floor up.
"""

from qrexplore.twin import library
from qrexplore.twin.calibration import half_turn_amplitude
from qrexplore.twin.chip import (
    Chip,
    CoupledResonator,
    Defect,
    ExchangeCoupling,
    MediatedCoupling,
    Resonator,
    Transmon,
    UpperRelaxation,
)
from qrexplore.twin.crosstalk import Crosstalk, crosstalk
from qrexplore.twin.difference import Change, Difference, difference
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
from qrexplore.twin.ensemble_error import sampling_error
from qrexplore.twin.files import open_twin, save_twin
from qrexplore.twin.gates import flux_channel, flux_gate
from qrexplore.twin.laboratory import laboratory_propagator, play_in_laboratory
from qrexplore.twin.levels import joint_populations, level_populations
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
from qrexplore.twin.populations import populations
from qrexplore.twin.prediction import predict, read, read_bins, simulate
from qrexplore.twin.readout import (
    AbstractReadout,
    AssignmentReadout,
    ConfusionReadout,
    IQReadout,
    RescaledReadout,
    SignalReadout,
)
from qrexplore.twin.recheck import Recheck, second_opinion
from qrexplore.twin.resolution import Resolution, resolution, step_error
from qrexplore.twin.resonance import resonator_of, resonator_response
from qrexplore.twin.specification import components, from_specification, specification
from qrexplore.twin.spectrum import dressed_frequencies, zz_interaction

__all__ = [
    "AbstractReadout",
    "AssignmentReadout",
    "Change",
    "Chip",
    "ConfusionReadout",
    "CoupledResonator",
    "Crosstalk",
    "Defect",
    "Delay",
    "Difference",
    "DriveGain",
    "DriveNoise",
    "ExchangeCoupling",
    "ExponentialResponse",
    "FluxBias",
    "FluxNoise",
    "FrequencyNoise",
    "Gain",
    "IQReadout",
    "LowPass",
    "MediatedCoupling",
    "OneOverF",
    "QuasiStatic",
    "Recheck",
    "RescaledReadout",
    "Resolution",
    "Resonator",
    "Share",
    "SignalChain",
    "SignalReadout",
    "SlowNoise",
    "Telegraph",
    "Transmon",
    "Twin",
    "UpperRelaxation",
    "components",
    "crosstalk",
    "difference",
    "dressed_frequencies",
    "flux_channel",
    "flux_gate",
    "from_specification",
    "half_turn_amplitude",
    "joint_populations",
    "laboratory_propagator",
    "level_populations",
    "library",
    "open_twin",
    "play",
    "play_in_laboratory",
    "populations",
    "predict",
    "read",
    "read_bins",
    "resolution",
    "resonator_of",
    "resonator_response",
    "sampling_error",
    "save_twin",
    "second_opinion",
    "simulate",
    "specification",
    "step_error",
    "step_response",
    "zz_interaction",
]
