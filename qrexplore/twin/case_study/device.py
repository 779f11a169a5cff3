"""The hidden device of the case study: the truth that a seed draws, and a simulation that is richer than the model.

Truths come from the priors at half their width. The device differs from the model in what a real one would: it has four
levels a transmon, its drives are rounded, and its slow noise wanders during a repetition.
One flaw is a part that the model does not have at all: a two-level defect.
Experiments on one qubit take the other as a neighbour at rest on the device, too.
"""

from collections.abc import Mapping
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import LogNormal, Named, Normal, Prior, jit
from qrexplore.twin.case_study.model import QUBITS, known, looked_at
from qrexplore.twin.chip import Defect, Transmon
from qrexplore.twin.electronics import Gain, SignalChain, unsettled
from qrexplore.twin.electronics.converter import DAC
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import SlowNoise
from qrexplore.twin.spectrum import zz_interaction

# of a prior; the truth is nearer to its center than the prior says
_WIDTH = 0.5
_BITS = 14
_FULL_SCALE = 2.0
# largest voltage of the flux generators
RANGE = 0.75
# so many that their average is far within the shots
_TRAJECTORIES = 4096

# the device of the white paper's figures, whose flux line 1 is distorted
DEMONSTRATION: Mapping[str, float] = {
    "q0.frequency": 4.8e9,
    "q0.anharmonicity": -0.23e9,
    "q1.frequency": 5.6e9,
    "q1.anharmonicity": -0.22e9,
    "q1.asymmetry": 0.1,
    "q0.asymmetry": 0.1,
    "q1.flux_offset": 0.004,
    "q0_q1.coupling": 9e6,
    "flux_q1.transfer.gain": 0.4,
    "flux_q1.fast.amplitude": -0.030,
    "flux_q1.fast.time_constant": 8e-9,
    "flux_q1.middle.amplitude": 0.018,
    "flux_q1.middle.time_constant": 60e-9,
    "flux_q1.slow.amplitude": -0.020,
    "flux_q1.slow.time_constant": 900e-9,
    "flux_q1.bias_tee.time_constant": 40e-6,
    "flux_q1.cable.loss": 0.4,
    "flux_q1.echo.amplitude": 0.008,
    "flux_q1.echo.time": 6.3e-9,
    "flux_q1.bandwidth.cutoff": 350e6,
}
# flux lines that do not settle, as good ones are
_CLEAN: Mapping[str, float] = {
    **{f"flux_q1.{name}.amplitude": 0.0 for name in ("fast", "middle", "slow", "echo")},
    **{f"flux_q0.{name}.amplitude": 0.0 for name in ("fast", "slow")},
    **{f"flux_{name}.cable.loss": 0.1 for name in QUBITS},
    # a shorter one sinks by more than a percent during some gates
    **{f"flux_{name}.bias_tee.time_constant": 40e-6 for name in QUBITS},
}
# times after a step (s) at which a flux line should have settled: from the end of an edge to the length of some gates
SETTLED = np.arange(5e-9, 200e-9, 1e-9)
# by how much the line of q1 must be off then (relative), if that is what is wrong
_DISTORTED = 0.02
# what may be wrong with a device: the numbers that say so, beside those that are drawn
FLAWS: Mapping[str, Mapping[str, float]] = {
    "distortion": {},
    "none": _CLEAN,
    "crosstalk": {**_CLEAN, "crosstalk.fast_flux.q0_q1.share": 0.03},
    "skew": {**_CLEAN, "flux_q1.delay.time": 12e-9},
    "compression": {**_CLEAN, "drive_q1.amplifier.ceiling": 0.6},
    "defect": _CLEAN,
}
# the defect of a device of which the flaw is one: coupling (Hz) to q1, where it meets q0
_DEFECT_COUPLING = 2e6
# where devices are made, and how they come out: frequency and anharmonicity (Hz) of each qubit, resonators
_MADE: Mapping[str, Normal] = {
    "q0.frequency": Normal(4.8e9, 0.06e9),
    "q1.frequency": Normal(5.6e9, 0.06e9),
    "q0.anharmonicity": Normal(-0.23e9, 6e6),
    "q1.anharmonicity": Normal(-0.22e9, 6e6),
    "resonator_q0.frequency": Normal(7.2e9, 20e6),
    "resonator_q1.frequency": Normal(7.4e9, 20e6),
}
# share of the generator's range that the interaction may take
_REACH = 0.8


def truth(
    model: Twin, generator: np.random.Generator, *, fixed: Mapping[str, float] | None = None, distorted: bool = False
) -> dict[str, float]:
    """Draw the numbers of a device on which a CZ is possible.

    Parameters
    ----------
    model
        At the centers of its priors.
    generator
        Source of randomness.
    fixed
        Numbers that are not drawn.
    distorted
        Whether the flux line of q1 must be distorted so much that it is a flaw.

    Raises
    ------
    ValueError
        If no device that was drawn can do a CZ.
    """
    table = model.parameters
    for _ in range(1000):
        drawn = {path: prior.drawn(generator, _WIDTH) for path, prior in known(model).items()}
        for path, (kind, deviation) in looked_at(model).items():
            made = _MADE.get(path) or kind(table[path].value, deviation)
            drawn[path] = made.drawn(generator, 1.0 if path in _MADE else _WIDTH)
        drawn |= fixed or {}
        twin = model.replace(drawn)
        if _usable(twin) and (not distorted or unsettled(twin.lines["flux_q1"], SETTLED) > _DISTORTED):
            return drawn
    msg = "no device that was drawn can do a CZ. Leave some numbers of `fixed` out."
    raise ValueError(msg)


def _usable(twin: Twin) -> bool:
    volts = interaction_voltage(twin)
    apart = float(twin.chip.qubits["q1"].frequency - twin.chip.qubits["q0"].frequency)
    within = volts is not None and volts < _REACH * RANGE
    return within and 0.4e9 < apart < 1.2e9 and abs(float(zz_interaction(twin, QUBITS))) < 0.4e6


@jit
def _at_flux(transmon: Transmon, flux: Array) -> tuple[Array, Array]:
    return transmon.at_flux(flux)


def at_flux(
    transmon: Transmon, flux: Float[np.ndarray, "*shape"]
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """Give frequency and anharmonicity (Hz) of a transmon at a flux (Φ0) on top of its offset, compiled as one function."""
    frequency, anharmonicity = _at_flux(transmon, jnp.asarray(flux))
    return np.asarray(frequency), np.asarray(anharmonicity)


def interaction_voltage(twin: Twin) -> float | None:
    """Give the voltage (V) of a flux pulse on q1 that brings |11> to |02>, slow settlings left out; None if there is none."""
    low, high = (twin.chip.qubits[name] for name in QUBITS)
    volts = np.linspace(0.0, RANGE, 1501)
    frequency, anharmonicity = at_flux(high, volts * np.asarray(twin.lines["flux_q1"].stage(Gain).gain))
    meeting = frequency + anharmonicity - float(at_flux(low, np.zeros(()))[0])
    below = np.flatnonzero(meeting < 0)
    if not len(below) or below[0] == 0:
        return None
    return float(np.interp(0.0, meeting[[below[0], below[0] - 1]], volts[[below[0], below[0] - 1]]))


def priors(model: Twin, truth: Mapping[str, float], generator: np.random.Generator) -> dict[str, Prior]:
    """Give the prior of every number that is learned: what is known anyway, and what a first look at the device told."""
    found: dict[str, Prior] = dict(known(model))
    for path, (kind, deviation) in looked_at(model).items():
        center = kind(truth[path], deviation).drawn(generator, _WIDTH)
        found[path] = LogNormal(center, deviation) if kind is LogNormal else Normal(center, deviation)
    return found


def device(model: Twin, truth: Mapping[str, float], *, defective: bool = False) -> Twin:
    """Give the device: the model with the true numbers, and what the model leaves out.

    Parameters
    ----------
    model
        At the centers of its priors.
    truth
        The numbers of the device.
    defective
        Whether q1 is coupled to a defect, just where |11> meets |02>.
    """
    twin = model.replace(truth)
    qubits = {name: replace(part, levels=4) for name, part in twin.chip.qubits.items()}
    lines = {name: _rounded(chain) if name.startswith("drive_") else chain for name, chain in twin.lines.items()}
    noise = SlowNoise(twin.noise.sources, trajectories=_TRAJECTORIES)
    twin = replace(twin, chip=replace(twin.chip, qubits=Named(qubits)), lines=Named(lines), noise=noise)
    if not defective:
        return twin
    meeting = float(qubits["q0"].frequency - qubits["q1"].anharmonicity)
    return twin.with_defect("q1", Defect(meeting), _DEFECT_COUPLING)


def _rounded(chain: SignalChain) -> SignalChain:
    return replace(chain, stages=Named({"converter": DAC(_FULL_SCALE, bits=_BITS), **dict(chain.stages.items())}))
