"""Experiments: one protocol a module, each with the builder that a person calls.

An experiment holds what is swept and what is fixed; a twin predicts it, a backend runs it, and both give a dataset with
the same dimensions, coordinates and units.
"""

import xarray as xr

from qrexplore.data import DatasetError
from qrexplore.experiments.allxy import ALLXY_PAIRS, allxy
from qrexplore.experiments.allxy import PROTOCOL as ALLXY
from qrexplore.experiments.blocks import (
    Block,
    Idle,
    Play,
    PlayOnStep,
    Probe,
    Repeat,
    Rotation,
    SteadyDrive,
    lines_of,
    rotates,
)
from qrexplore.experiments.chevron import PROTOCOL as CHEVRON
from qrexplore.experiments.chevron import chevron, pulsed_qubit
from qrexplore.experiments.cpmg import PROTOCOL as CPMG
from qrexplore.experiments.cpmg import cpmg
from qrexplore.experiments.cryoscope import CRYOSCOPE_AMPLITUDES, cryoscope, cryoscope_amplitudes
from qrexplore.experiments.cryoscope import PROTOCOL as CRYOSCOPE
from qrexplore.experiments.drag_scan import PROTOCOL as DRAG_SCAN
from qrexplore.experiments.drag_scan import drag_scan
from qrexplore.experiments.drive_flux_delay import PROTOCOL as DRIVE_FLUX_DELAY
from qrexplore.experiments.drive_flux_delay import drive_flux_delay
from qrexplore.experiments.echo import ECHO_FLUX, echo, echo_flux
from qrexplore.experiments.echo import PROTOCOL as ECHO
from qrexplore.experiments.experiment import (
    NOMINAL_FREQUENCY,
    PART_NAMES,
    REPORTS,
    Coordinate,
    Experiment,
    Protocol,
    of_dataset,
)
from qrexplore.experiments.fine_amplitude import PROTOCOL as FINE_AMPLITUDE
from qrexplore.experiments.fine_amplitude import fine_amplitude
from qrexplore.experiments.flux_arc import PROTOCOL as FLUX_ARC
from qrexplore.experiments.flux_arc import flux_arc
from qrexplore.experiments.flux_step import PROTOCOL as FLUX_STEP
from qrexplore.experiments.flux_step import flux_step
from qrexplore.experiments.gates import gate_envelope
from qrexplore.experiments.level_spectroscopy import (
    EF_SPECTROSCOPY,
    TWO_PHOTON_SPECTROSCOPY,
    ef_spectroscopy,
    two_photon_spectroscopy,
)
from qrexplore.experiments.rabi import PROTOCOL as RABI
from qrexplore.experiments.rabi import rabi
from qrexplore.experiments.rabi_chevron import PROTOCOL as RABI_CHEVRON
from qrexplore.experiments.rabi_chevron import rabi_chevron
from qrexplore.experiments.ramsey import PROTOCOL as RAMSEY
from qrexplore.experiments.ramsey import RAMSEY_FLUX, RAMSEY_PHASES, ramsey, ramsey_flux, ramsey_phases
from qrexplore.experiments.readout_shots import PROTOCOL as READOUT_SHOTS
from qrexplore.experiments.readout_shots import readout_shots
from qrexplore.experiments.resonator_spectroscopy import PROTOCOL as RESONATOR_SPECTROSCOPY
from qrexplore.experiments.resonator_spectroscopy import resonator_spectroscopy
from qrexplore.experiments.spectators import with_spectators
from qrexplore.experiments.t1 import PROTOCOL as T1
from qrexplore.experiments.t1 import t1
from qrexplore.experiments.thermal_population import PROTOCOL as THERMAL_POPULATION
from qrexplore.experiments.thermal_population import thermal_population

_ALL = (
    *(RABI, T1, RAMSEY, ECHO, FLUX_ARC, CRYOSCOPE, CHEVRON),
    *(RABI_CHEVRON, RAMSEY_PHASES, RAMSEY_FLUX, ECHO_FLUX, CPMG, EF_SPECTROSCOPY, TWO_PHOTON_SPECTROSCOPY),
    *(DRAG_SCAN, ALLXY, FINE_AMPLITUDE, DRIVE_FLUX_DELAY, CRYOSCOPE_AMPLITUDES, FLUX_STEP, RESONATOR_SPECTROSCOPY),
    *(READOUT_SHOTS, THERMAL_POPULATION),
)
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
    "ALLXY_PAIRS",
    "NOMINAL_FREQUENCY",
    "PART_NAMES",
    "PROTOCOLS",
    "REPORTS",
    "Block",
    "Coordinate",
    "Experiment",
    "Idle",
    "Play",
    "PlayOnStep",
    "Probe",
    "Protocol",
    "Repeat",
    "Rotation",
    "SteadyDrive",
    "allxy",
    "chevron",
    "cpmg",
    "cryoscope",
    "cryoscope_amplitudes",
    "drag_scan",
    "drive_flux_delay",
    "echo",
    "echo_flux",
    "ef_spectroscopy",
    "fine_amplitude",
    "flux_arc",
    "flux_step",
    "from_dataset",
    "gate_envelope",
    "lines_of",
    "pulsed_qubit",
    "rabi",
    "rabi_chevron",
    "ramsey",
    "ramsey_flux",
    "ramsey_phases",
    "readout_shots",
    "resonator_spectroscopy",
    "rotates",
    "t1",
    "thermal_population",
    "two_photon_spectroscopy",
    "with_spectators",
]
