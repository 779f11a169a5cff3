"""Ready-made twins, with the values of a typical device (sources in the docstrings)."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from qrexplore.core import Named, require_choice
from qrexplore.data import Platform, QubitPlatform, observable
from qrexplore.experiments import NOMINAL_FREQUENCY, from_dataset
from qrexplore.twin.case_study import CaseStudy, case_study
from qrexplore.twin.chip import AbstractResonator, Chip, ExchangeCoupling, MediatedCoupling, Resonator, Transmon
from qrexplore.twin.electronics import Delay, DriveGain, ExponentialResponse, FluxBias, Gain, LowPass, SignalChain
from qrexplore.twin.model import Twin
from qrexplore.twin.readout import AbstractReadout, ConfusionReadout, RescaledReadout, SignalReadout
from qrexplore.twin.wiring import wired_drive_line, wired_flux_line

__all__ = [
    "SAMPLE_RATE",
    "UNLIMITED",
    "CaseStudy",
    "assemble",
    "case_study",
    "drive_line",
    "flux_line",
    "for_data",
    "three_transmons",
    "transmon",
    "two_transmons",
    "two_transmons_with_coupler",
    "wired_transmons",
]

SAMPLE_RATE = 1e9
# bandwidth (Hz) of a line that does not smooth anything a pulse could show
UNLIMITED = 20e9


def drive_line(gain: float = 100e6) -> SignalChain:
    """Give a drive line: conversion to a Rabi frequency (`gain`, Hz/V), nothing else."""
    return SignalChain(SAMPLE_RATE, Named({"transfer": DriveGain(gain)}))


def flux_line(gain: float = 0.4, *, bandwidth: float | None = 400e6) -> SignalChain:
    """Give a flux line: gain (Φ0/V), delay, one exponential response (of amplitude 0) and a low-pass.

    Parameters
    ----------
    gain
        Flux per volt at the generator, Φ0/V.
    bandwidth
        Of the low-pass in Hz; None leaves it out.
    """
    stages = {"transfer": Gain(gain), "delay": Delay(), "distortion": ExponentialResponse()}
    if bandwidth is not None:
        stages["low_pass"] = LowPass(bandwidth)
    return SignalChain(SAMPLE_RATE, Named(stages))


def assemble(
    transmons: Mapping[str, Transmon],
    couplings: Mapping[tuple[str, str], float] | None = None,
    *,
    readout: Mapping[str, AbstractReadout] | None = None,
    flux_gain: Mapping[str, float] | None = None,
    bandwidth: float | None = 400e6,
    couplers: Mapping[str, Transmon] | None = None,
    resonators: Mapping[str, AbstractResonator] | None = None,
    dissipative: bool = True,
    thermal_start: bool = False,
) -> Twin:
    """Put a twin together from transmons, with a drive, a flux, a bias line and a readout each.

    Parameters
    ----------
    transmons
        Qubits by name.
    couplings
        Exchange coupling (Hz) of pairs of names: of two qubits where |11> meets two excitations in the higher one, of a
        qubit and a coupler at zero volts.
    readout
        Readout by qubit name; thresholded single shots where left out.
    flux_gain
        Flux per volt (Φ0/V) of the fast and the static path by qubit name; 0.4 where left out.
    bandwidth
        Of the flux lines, Hz; None for no low-pass.
    couplers
        Tunable couplers by name; each gets a flux and a bias line.
    resonators
        Readout resonators by qubit name.
    dissipative
        Whether relaxation and dephasing act.
    thermal_start
        Whether qubits begin in the mixture that their baths leave.
    """
    couplers = couplers or {}
    gains = {name: (flux_gain or {}).get(name, 0.4) for name in (*transmons, *couplers)}
    every = {**transmons, **couplers}
    lines = {f"drive_{name}": drive_line() for name in transmons}
    lines |= {f"flux_{name}": flux_line(gain, bandwidth=bandwidth) for name, gain in gains.items()}
    pairs = {
        f"{first}_{second}": ExchangeCoupling(
            coupling=strength,
            between=(first, second),
            reference=(_at_rest if {first, second} & set(couplers) else _meeting)(every[first], every[second]),
        )
        for (first, second), strength in (couplings or {}).items()
    }
    return Twin(
        chip=Chip(
            Named(transmons),
            Named(pairs),
            Named(couplers),
            Named({f"resonator_{name}": resonator for name, resonator in (resonators or {}).items()}),
        ),
        lines=Named(lines),
        readout=Named({f"readout_{name}": (readout or {}).get(name, ConfusionReadout()) for name in transmons}),
        biases=Named({f"bias_{name}": FluxBias(gain) for name, gain in gains.items()}),
        dissipative=dissipative,
        thermal_start=thermal_start,
    )


def _meeting(first: Transmon, second: Transmon) -> tuple[float, float]:
    """Give the frequencies (Hz) at which |11> meets the state with two excitations in the higher qubit."""
    low, high = sorted((first, second), key=lambda qubit: float(qubit.frequency))
    meeting = float(low.frequency) - float(high.anharmonicity)
    return (meeting, float(second.frequency)) if first is high else (float(first.frequency), meeting)


def _at_rest(first: Transmon, second: Transmon) -> tuple[float, float]:
    """Give the frequencies (Hz) at the sweet spots."""
    return float(first.frequency), float(second.frequency)


def transmon(*, name: str = "q0", dissipative: bool = True) -> Twin:
    """Give one flux-tunable transmon with its lines and readout.

    Parameters
    ----------
    name
        Name of the qubit.
    dissipative
        Whether relaxation and dephasing act.
    """
    return assemble({name: Transmon(frequency=5e9)}, dissipative=dissipative)


def two_transmons(*, dissipative: bool = True) -> Twin:
    """Give two flux-tunable transmons with exchange coupling, ready for a CZ by a flux pulse on ``q1``.

    Parameters
    ----------
    dissipative
        Whether relaxation and dephasing act.

    Notes
    -----
    |11> and |02> meet where q1 is pulsed down to 5.02 GHz, at about 0.2 Φ0 or 0.49 V.
    """
    qubits = {
        "q0": Transmon(frequency=4.8e9, anharmonicity=-0.23e9, t1=40e-6, t_phi=50e-6),
        "q1": Transmon(frequency=5.6e9, anharmonicity=-0.22e9, t1=30e-6, t_phi=40e-6, flux_offset=0.0),
    }
    return assemble(qubits, {("q0", "q1"): 9e6}, dissipative=dissipative)


def three_transmons(*, dissipative: bool = True) -> Twin:
    """Give a chain of three flux-tunable transmons: ``q1`` is coupled to ``q0`` and to ``q2``, which are not coupled.

    Parameters
    ----------
    dissipative
        Whether relaxation and dephasing act.
    """
    qubits = {
        "q0": Transmon(frequency=4.8e9, anharmonicity=-0.23e9, t1=40e-6, t_phi=50e-6),
        "q1": Transmon(frequency=5.6e9, anharmonicity=-0.22e9, t1=30e-6, t_phi=40e-6),
        "q2": Transmon(frequency=5.0e9, anharmonicity=-0.225e9, t1=35e-6, t_phi=45e-6),
    }
    resonators = {name: Resonator(frequency=f) for name, f in zip(qubits, (7.2e9, 7.4e9, 7.6e9), strict=True)}
    pairs = {("q0", "q1"): 9e6, ("q1", "q2"): 9e6}
    return assemble(qubits, pairs, resonators=resonators, dissipative=dissipative)


def wired_transmons(*, count: int = 2, bits: int | None = 14, dissipative: bool = True) -> Twin:
    """Give a chain of coupled transmons behind lines as they come, with all of `qrexplore.twin.wiring`.

    Parameters
    ----------
    count
        Number of transmons, 2 or 3; 3 have more than 100 parameters.
    bits
        Of the converters; None for no rounding.
    dissipative
        Whether relaxation and dephasing act.

    Raises
    ------
    ValueError
        If `count` is neither 2 nor 3.
    """
    require_choice(count, "count", (2, 3))
    twin = two_transmons(dissipative=dissipative) if count == 2 else three_transmons(dissipative=dissipative)
    lines = {f"drive_{name}": wired_drive_line(bits=bits) for name in twin.chip.qubits}
    lines |= {f"flux_{name}": wired_flux_line(bits=bits) for name in twin.chip.qubits}
    return replace(twin, lines=Named(lines))


def two_transmons_with_coupler(*, mediated: bool = False, dissipative: bool = True) -> Twin:
    """Give two transmons with a tunable coupler ``c0`` above both, whose flux line switches their coupling.

    Parameters
    ----------
    mediated
        Whether the coupler acts as the coupling that it amounts to (`MediatedCoupling`), which is faster; else it is a mode
        of its own.
    dissipative
        Whether relaxation and dephasing act.

    References
    ----------
    Sung et al., PRX 11, 021058 (2021), for the frequencies and couplings.
    """
    qubits = {
        "q0": Transmon(frequency=4.16e9, anharmonicity=-0.22e9, t1=40e-6, t_phi=50e-6),
        "q1": Transmon(frequency=4.00e9, anharmonicity=-0.21e9, t1=30e-6, t_phi=40e-6),
    }
    couplers = {"c0": Transmon(frequency=5.45e9, anharmonicity=-0.09e9, t1=20e-6, t_phi=20e-6)}
    resonators = {name: Resonator(frequency=f) for name, f in zip(qubits, (7.1e9, 7.2e9), strict=True)}
    direct, first, second = 5e6, 72.5e6, 71.5e6
    pairs = {("q0", "c0"): first, ("q1", "c0"): second, ("q0", "q1"): direct}
    twin = assemble(qubits, pairs, couplers=couplers, resonators=resonators, dissipative=dissipative)
    if mediated:
        coupling = MediatedCoupling(
            between=("q0", "q1"),
            through="c0",
            direct=direct,
            first=first,
            second=second,
            reference=(4.16e9, 4.00e9, 5.45e9),
        )
        chip = replace(twin.chip, couplings=Named({"q0_q1": coupling}))
        return replace(twin, chip=chip)
    # the direct coupling is quoted at zero volts, too
    known = ExchangeCoupling(between=("q0", "q1"), reference=(4.16e9, 4.00e9), coupling=direct)
    return replace(twin, chip=replace(twin.chip, couplings=twin.chip.couplings.replace({"q0_q1": known})))


def for_data(data: xr.Dataset, platform: Platform | None = None) -> Twin:
    """Give the twin that fits the experiment of a dataset, with the names of its qubits.

    Parameters
    ----------
    data
        Dataset in the schema of `qrexplore.data`.
    platform
        Stored calibration of the device, see `qrexplore.data.platform_of`; typical values stand where it has none.

    Returns
    -------
    Twin
        Thresholded readout for shares of shots, a free offset and scale for signals and for populations that were rescaled
        by calibration points. Two qubits get flux lines of unlimited bandwidth; a chevron gets no relaxation, since its pulses
        are far shorter than T1.

    Raises
    ------
    DatasetError
        If no twin can predict the experiment.
    """
    experiment = from_dataset(data)
    stored = {
        name: platform.qubits.get(name, QubitPlatform()) if platform else QubitPlatform() for name in experiment.qubits
    }
    pair = len(experiment.qubits) == 2
    defaults = (4.8e9, 5.6e9) if pair else (experiment.settings.get("drive_frequency", NOMINAL_FREQUENCY),) * 2
    transmons = {
        name: Transmon(
            frequency=values.drive_frequency or default,
            anharmonicity=values.anharmonicity or -0.22e9,
            asymmetry=values.asymmetry or 0.1,
        )
        for (name, values), default in zip(stored.items(), defaults, strict=False)
    }
    readouts = _readouts(data, experiment.qubits)
    return assemble(
        transmons,
        {(experiment.qubits[0], experiment.qubits[1]): 8e6} if pair else None,
        readout=readouts,
        flux_gain={name: values.flux_matrix_element for name, values in stored.items() if values.flux_matrix_element},
        bandwidth=UNLIMITED if pair else None,
        dissipative=experiment.name not in {"chevron", "swap_chevron"},
    )


def _readouts(data: xr.Dataset, qubits: tuple[str, ...]) -> dict[str, AbstractReadout]:
    """Give the readout that each qubit's numbers need; signals run over the range that was measured."""
    array = observable(data)
    if array.name != "signal":
        rescaled = any(str(name).endswith("_calibration") for name in data.variables)
        return {qubit: RescaledReadout() if rescaled else ConfusionReadout() for qubit in qubits}
    readouts = {}
    for qubit, values in zip(qubits, np.asarray(array.values, dtype=np.float64), strict=True):
        measured = values[np.isfinite(values)]
        low, high = np.percentile(measured, [5, 95]) if measured.size else (0.0, 1.0)
        readouts[qubit] = SignalReadout(offset=float(low), scale=float(high - low) or 1.0)
    return readouts
