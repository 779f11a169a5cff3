"""Ready-made twins, with the values of a typical device (sources in the docstrings)."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from qrexplore.core import Named
from qrexplore.data import Platform, QubitPlatform, observable
from qrexplore.experiments import NOMINAL_FREQUENCY, from_dataset
from qrexplore.twin.chip import Chip, ExchangeCoupling, Transmon
from qrexplore.twin.electronics import Delay, DriveGain, ExponentialResponse, FluxBias, Gain, LowPass, SignalChain
from qrexplore.twin.model import Twin
from qrexplore.twin.readout import AbstractReadout, ConfusionReadout, RescaledReadout, SignalReadout

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
    dissipative: bool = True,
    thermal_start: bool = False,
) -> Twin:
    """Put a twin together from transmons, with a drive, a flux, a bias line and a readout each.

    Parameters
    ----------
    transmons
        Qubits by name.
    couplings
        Exchange coupling (Hz) of pairs of names, where |11> meets two excitations in the higher qubit.
    readout
        Readout by qubit name; thresholded single shots where left out.
    flux_gain
        Flux per volt (Φ0/V) of the fast and the static path by qubit name; 0.4 where left out.
    bandwidth
        Of the flux lines, Hz; None for no low-pass.
    dissipative
        Whether relaxation and dephasing act.
    thermal_start
        Whether qubits begin in the mixture that their baths leave.
    """
    gains = {name: (flux_gain or {}).get(name, 0.4) for name in transmons}
    lines = {f"drive_{name}": drive_line() for name in transmons}
    lines |= {f"flux_{name}": flux_line(gain, bandwidth=bandwidth) for name, gain in gains.items()}
    pairs = {
        f"{first}_{second}": ExchangeCoupling(
            coupling=strength, between=(first, second), reference=_meeting(transmons[first], transmons[second])
        )
        for (first, second), strength in (couplings or {}).items()
    }
    return Twin(
        chip=Chip(Named(transmons), Named(pairs)),
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
        by calibration points. A chevron gets
        ideal flux lines of unlimited bandwidth and no relaxation, since its pulses are far shorter than T1.

    Raises
    ------
    DatasetError
        If no twin can predict the experiment.
    """
    experiment = from_dataset(data)
    stored = {
        name: platform.qubits.get(name, QubitPlatform()) if platform else QubitPlatform() for name in experiment.qubits
    }
    pair = experiment.name == "chevron"
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
        dissipative=not pair,
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
