"""The model of the case study: two transmons with all their lines, and the 83 numbers of it that are learned.

The numbers, their priors and the experiments that tell them follow the case study of *Differentiable Simulations for R&D:
the path to an AI Physicist* (section 4.4): two flux-tunable transmons with a fixed coupling, of which ``q1`` is pulsed down to
where |11> meets |02>.
"""

from collections.abc import Mapping

from qrexplore.core import LogNormal, Named, Normal, Prior, Uniform
from qrexplore.twin.chip import Chip, ExchangeCoupling, Resonator, Transmon, UpperRelaxation
from qrexplore.twin.crosstalk import crosstalk
from qrexplore.twin.electronics import Delay, DriveGain, ExponentialResponse, FluxBias, Gain, LowPass, SignalChain
from qrexplore.twin.electronics.amplifier import Compression
from qrexplore.twin.electronics.cable import BiasTee, Reflection, SkinEffect
from qrexplore.twin.electronics.filters import GaussianFilter
from qrexplore.twin.electronics.mixer import IQMixer
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import FluxNoise, OneOverF, SlowNoise
from qrexplore.twin.readout import AssignmentReadout

SAMPLE_RATE = 1e9
QUBITS = ("q0", "q1")
# flux and drive lines differ in length by a few ns; that of the flux is the longer one here
_LATE = 6e-9
# over which averages are taken: half an hour
_LOWEST = 5e-4
_NODES = 15


def model() -> Twin:
    """Give the twin that is learned, at the centers of its priors."""
    qubits = {
        "q0": Transmon(
            4.8e9, -0.23e9, 0.3, t1=35e-6, t_phi=50e-6, thermal_population=0.02, relaxation=UpperRelaxation()
        ),
        "q1": Transmon(
            5.6e9, -0.22e9, 0.3, t1=35e-6, t_phi=50e-6, thermal_population=0.02, relaxation=UpperRelaxation()
        ),
    }
    # the coupling is quoted where |11> meets |02>
    pair = ExchangeCoupling(coupling=8e6, between=QUBITS, reference=(4.8e9, 5.02e9))
    resonators = {"resonator_q0": Resonator(7.2e9), "resonator_q1": Resonator(7.4e9)}
    lines = {f"drive_{name}": _drive_line() for name in QUBITS}
    lines |= {"flux_q0": _flux_line("fast", "slow"), "flux_q1": _flux_line("fast", "middle", "slow", echo=True)}
    both = {("q0", "q1"): 0.0, ("q1", "q0"): 0.0}
    return Twin(
        chip=Chip(Named(qubits), Named({"q0_q1": pair}), resonators=Named(resonators)),
        lines=Named(lines),
        readout=Named({f"readout_{name}": AssignmentReadout() for name in QUBITS}),
        biases=Named({f"bias_{name}": FluxBias(0.3) for name in QUBITS}),
        crosstalk=crosstalk(static_flux=both, fast_flux=both, microwave=both),
        noise=SlowNoise(
            Named({f"flux_{name}": FluxNoise(name, 3e-6, OneOverF(_LOWEST)) for name in QUBITS}),
            form="nodes",
            nodes=_NODES,
        ),
        thermal_start=True,
    )


_TIMES = {"fast": 8e-9, "middle": 60e-9, "slow": 900e-9}


def _drive_line() -> SignalChain:
    stages = {
        "mixer": IQMixer(),
        "bandwidth": LowPass(300e6),
        "amplifier": Compression(2.0),
        "transfer": DriveGain(100e6),
    }
    return SignalChain(SAMPLE_RATE, Named(stages))


def _flux_line(*settlings: str, echo: bool = False) -> SignalChain:
    stages = {"delay": Delay(_LATE), "bias_tee": BiasTee(40e-6)}
    stages |= {name: ExponentialResponse(0.0, _TIMES[name]) for name in settlings}
    stages |= {"cable": SkinEffect(0.4)}
    stages |= {"echo": Reflection(0.0, 7e-9)} if echo else {}
    stages |= {"bandwidth": GaussianFilter(350e6), "transfer": Gain(0.4)}
    return SignalChain(SAMPLE_RATE, Named(stages))


# log-odds of a wrong outcome against the right one, from the readout of similar devices
_OUTCOMES = ("one_given_zero", "two_given_zero", "zero_given_one", "two_given_one", "zero_given_two", "one_given_two")

# what is known before anything is measured; "measured" below adds what a quick look at the device tells
_KNOWN: Mapping[str, Prior] = {
    "q*.asymmetry": Uniform(0.0, 0.6),
    "q0_q1.coupling": LogNormal(8e6, 0.4),
    "resonator_*.dispersive_shift": Normal(-1e6, 0.5e6),
    "resonator_*.linewidth": LogNormal(1.5e6, 0.5),
    "q*.flux_offset": Normal(0.0, 0.05),
    "bias_*.gain": LogNormal(0.3, 0.3),
    "crosstalk.static_flux.*": Normal(0.0, 0.05),
    "flux_*.transfer.gain": LogNormal(0.4, 0.15),
    "crosstalk.fast_flux.*": Normal(0.0, 0.02),
    "flux_q*.*.amplitude": Normal(0.0, 0.03),
    "flux_q1.fast.time_constant": LogNormal(8e-9, 1.0),
    "flux_q1.middle.time_constant": LogNormal(60e-9, 1.0),
    "flux_q1.slow.time_constant": LogNormal(900e-9, 1.0),
    "flux_q0.fast.time_constant": LogNormal(15e-9, 1.0),
    "flux_q0.slow.time_constant": LogNormal(300e-9, 1.0),
    "flux_*.bias_tee.time_constant": LogNormal(40e-6, 1.0),
    # what a cable does to a step is linear in its loss
    "flux_*.cable.loss": Normal(0.4, 0.25),
    "flux_q1.echo.amplitude": Normal(0.0, 0.02),
    "flux_q1.echo.time": Uniform(2e-9, 15e-9),
    "flux_*.bandwidth.cutoff": LogNormal(350e6, 0.4),
    "flux_*.delay.time": Normal(_LATE, 2e-9),
    "drive_*.bandwidth.cutoff": LogNormal(300e6, 0.4),
    "drive_*.amplifier.ceiling": LogNormal(2.0, 0.5),
    "drive_*.mixer.imbalance": Normal(1.0, 0.03),
    "drive_*.mixer.skew": Normal(0.0, 0.05),
    "drive_*.mixer.offset_*": Normal(0.0, 3e-3),
    "crosstalk.microwave.*": Normal(0.0, 0.05),
    "q*.t1": LogNormal(35e-6, 0.4),
    "q*.relaxation.ratio": LogNormal(1.0, 0.3),
    "q*.t_phi": LogNormal(50e-6, 0.7),
    "noise.flux_*.amplitude": LogNormal(3e-6, 0.6),
    "q*.thermal_population": LogNormal(0.02, 0.8),
}
# deviation of what single experiments tell first, absolute or of the logarithm
_LOOKED_AT: Mapping[str, tuple[type[Normal | LogNormal], float]] = {
    "q*.frequency": (Normal, 5e6),
    "q*.anharmonicity": (Normal, 3e6),
    "resonator_*.frequency": (Normal, 2e6),
    "drive_*.transfer.gain": (LogNormal, 0.05),
    **{f"readout_*.{name}": (Normal, 0.5) for name in _OUTCOMES},
}


def known(twin: Twin) -> dict[str, Prior]:
    """Give the prior of every number that is learned and does not depend on a first look at the device."""
    return {path: prior for pattern, prior in _KNOWN.items() for path in twin.parameters.select(pattern).paths}


def looked_at(twin: Twin) -> dict[str, tuple[type[Normal | LogNormal], float]]:
    """Give the numbers that a first look at the device tells, with the kind and width of the prior it leaves."""
    return {path: kind for pattern, kind in _LOOKED_AT.items() for path in twin.parameters.select(pattern).paths}
