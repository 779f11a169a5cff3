"""Experiments: one protocol a module, each with the builder that a person calls.

An experiment holds what is swept and what is fixed; a twin predicts it, a backend runs it, and both give a dataset with
the same dimensions, coordinates and units.
"""

import xarray as xr

from qrexplore.data import DatasetError
from qrexplore.experiments.benchmarking import Benchmark, randomized_benchmarking
from qrexplore.experiments.blocks import (
    Block,
    Idle,
    Play,
    Prepare,
    Rotation,
    SteadyDrive,
    VirtualZ,
    prepared_levels,
)
from qrexplore.experiments.chevron import PROTOCOL as CHEVRON
from qrexplore.experiments.chevron import chevron, pulsed_qubit
from qrexplore.experiments.conditional_oscillation import (
    CONDITIONAL_OSCILLATION_DURATION,
    conditional_oscillation,
    conditional_oscillation_duration,
    conditional_phase,
)
from qrexplore.experiments.conditional_oscillation import PROTOCOL as CONDITIONAL_OSCILLATION
from qrexplore.experiments.cross_resonance import PROTOCOL as CROSS_RESONANCE
from qrexplore.experiments.cross_resonance import cross_resonance
from qrexplore.experiments.cryoscope import PROTOCOL as CRYOSCOPE
from qrexplore.experiments.cryoscope import cryoscope
from qrexplore.experiments.cz_train import PROTOCOL as CZ_TRAIN
from qrexplore.experiments.cz_train import cz_train
from qrexplore.experiments.decay import Decay, error_per_clifford, fit_decay, interleaved_error, leakage_and_seepage
from qrexplore.experiments.drive_crosstalk import (
    DRIVE_CANCELLATION,
    DRIVE_CROSSTALK,
    drive_cancellation,
    drive_crosstalk,
)
from qrexplore.experiments.echo import PROTOCOL as ECHO
from qrexplore.experiments.echo import echo
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Coordinate, Experiment, Protocol, of_dataset
from qrexplore.experiments.flux_arc import PROTOCOL as FLUX_ARC
from qrexplore.experiments.flux_arc import flux_arc
from qrexplore.experiments.flux_crosstalk import PROTOCOL as FLUX_CROSSTALK
from qrexplore.experiments.flux_crosstalk import flux_crosstalk
from qrexplore.experiments.rabi import PROTOCOL as RABI
from qrexplore.experiments.rabi import rabi
from qrexplore.experiments.ramsey import PROTOCOL as RAMSEY
from qrexplore.experiments.ramsey import ramsey
from qrexplore.experiments.spectators import with_spectators
from qrexplore.experiments.swap_chevron import PROTOCOL as SWAP_CHEVRON
from qrexplore.experiments.swap_chevron import swap_chevron
from qrexplore.experiments.t1 import PROTOCOL as T1
from qrexplore.experiments.t1 import t1
from qrexplore.experiments.zz_ramsey import JAZZ, ZZ_RAMSEY, jazz, zz_ramsey

_ONE_QUBIT = (RABI, T1, RAMSEY, ECHO, FLUX_ARC, CRYOSCOPE)
_TWO_QUBITS = (
    *(CHEVRON, SWAP_CHEVRON, CONDITIONAL_OSCILLATION, CONDITIONAL_OSCILLATION_DURATION, CZ_TRAIN, ZZ_RAMSEY, JAZZ),
    *(DRIVE_CROSSTALK, DRIVE_CANCELLATION, FLUX_CROSSTALK, CROSS_RESONANCE),
)
PROTOCOLS = {protocol.name: protocol for protocol in (*_ONE_QUBIT, *_TWO_QUBITS)}


def from_dataset(data: xr.Dataset) -> Experiment:
    """Give the experiment that a dataset is the result of.

    Raises
    ------
    DatasetError
        If the dataset does not say what it is, or its experiment is none that a twin can predict.
    """
    name = data.attrs.get("experiment")
    if name not in PROTOCOLS:
        msg = (
            f"`data` must be the result of one of {', '.join(PROTOCOLS)}, got experiment {name!r}. "
            "Set data.attrs['experiment'] if the file did not say it."
        )
        raise DatasetError(msg)
    return of_dataset(PROTOCOLS[name], data)


__all__ = [
    "NOMINAL_FREQUENCY",
    "PROTOCOLS",
    "Benchmark",
    "Block",
    "Coordinate",
    "Decay",
    "Experiment",
    "Idle",
    "Play",
    "Prepare",
    "Protocol",
    "Rotation",
    "SteadyDrive",
    "VirtualZ",
    "chevron",
    "conditional_oscillation",
    "conditional_oscillation_duration",
    "conditional_phase",
    "cross_resonance",
    "cryoscope",
    "cz_train",
    "drive_cancellation",
    "drive_crosstalk",
    "echo",
    "error_per_clifford",
    "fit_decay",
    "flux_arc",
    "flux_crosstalk",
    "from_dataset",
    "interleaved_error",
    "jazz",
    "leakage_and_seepage",
    "prepared_levels",
    "pulsed_qubit",
    "rabi",
    "ramsey",
    "randomized_benchmarking",
    "swap_chevron",
    "t1",
    "with_spectators",
    "zz_ramsey",
]
