"""Experiments: one protocol a module, each with the builder that a person calls.

An experiment holds what is swept and what is fixed; a twin predicts it, a backend runs it, and both give a dataset with
the same dimensions, coordinates and units.
"""

import xarray as xr

from qrexplore.data import DatasetError
from qrexplore.experiments.blocks import Block, Idle, Play, Rotation, SteadyDrive
from qrexplore.experiments.chevron import PROTOCOL as CHEVRON
from qrexplore.experiments.chevron import chevron, pulsed_qubit
from qrexplore.experiments.cryoscope import PROTOCOL as CRYOSCOPE
from qrexplore.experiments.cryoscope import cryoscope
from qrexplore.experiments.echo import PROTOCOL as ECHO
from qrexplore.experiments.echo import echo
from qrexplore.experiments.experiment import (
    NOMINAL_FREQUENCY,
    PART_NAMES,
    REPORTS,
    Coordinate,
    Experiment,
    Protocol,
    of_dataset,
)
from qrexplore.experiments.flux_arc import PROTOCOL as FLUX_ARC
from qrexplore.experiments.flux_arc import flux_arc
from qrexplore.experiments.rabi import PROTOCOL as RABI
from qrexplore.experiments.rabi import rabi
from qrexplore.experiments.ramsey import PROTOCOL as RAMSEY
from qrexplore.experiments.ramsey import ramsey
from qrexplore.experiments.readout_shots import PROTOCOL as READOUT_SHOTS
from qrexplore.experiments.readout_shots import readout_shots
from qrexplore.experiments.t1 import PROTOCOL as T1
from qrexplore.experiments.t1 import t1
from qrexplore.experiments.thermal_population import PROTOCOL as THERMAL_POPULATION
from qrexplore.experiments.thermal_population import thermal_population

_ALL = (RABI, T1, RAMSEY, ECHO, FLUX_ARC, CRYOSCOPE, CHEVRON, READOUT_SHOTS, THERMAL_POPULATION)
PROTOCOLS = {protocol.name: protocol for protocol in _ALL}


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
    "PART_NAMES",
    "PROTOCOLS",
    "REPORTS",
    "Block",
    "Coordinate",
    "Experiment",
    "Idle",
    "Play",
    "Protocol",
    "Rotation",
    "SteadyDrive",
    "chevron",
    "cryoscope",
    "echo",
    "flux_arc",
    "from_dataset",
    "pulsed_qubit",
    "rabi",
    "ramsey",
    "readout_shots",
    "t1",
    "thermal_population",
]
