"""Experiments: one protocol a module, each with the builder that a person calls.

An experiment holds what is swept and what is fixed; a twin predicts it, a backend runs it, and both give a dataset with
the same dimensions, coordinates and units.
"""

import xarray as xr

from qrexplore.data import DatasetError
from qrexplore.experiments.allxy import ALLXY_PAIRS, allxy
from qrexplore.experiments.allxy import PROTOCOL as ALLXY
from qrexplore.experiments.benchmarking import Benchmark, randomized_benchmarking
from qrexplore.experiments.blocks import (
    Block,
    Idle,
    Play,
    PlayOnStep,
    Prepare,
    Probe,
    Repeat,
    Rotation,
    SteadyDrive,
    VirtualZ,
    lines_of,
    prepared_levels,
    rotated_qubits,
)
from qrexplore.experiments.chevron import PROTOCOL as CHEVRON
from qrexplore.experiments.chevron import chevron, pulsed_qubit
from qrexplore.experiments.clifford_sequences import PROTOCOL as CLIFFORD_SEQUENCES
from qrexplore.experiments.clifford_sequences import clifford_sequences
from qrexplore.experiments.conditional_oscillation import (
    CONDITIONAL_OSCILLATION_DURATION,
    conditional_oscillation,
    conditional_oscillation_duration,
    conditional_phase,
)
from qrexplore.experiments.conditional_oscillation import PROTOCOL as CONDITIONAL_OSCILLATION
from qrexplore.experiments.cpmg import PROTOCOL as CPMG
from qrexplore.experiments.cpmg import cpmg
from qrexplore.experiments.cross_entropy import (
    conditional_phase_of,
    cross_entropy_benchmarking,
    cross_entropy_fidelity,
    perfect_gates,
    perfect_outcomes,
    speckle_purity,
)
from qrexplore.experiments.cross_resonance import PROTOCOL as CROSS_RESONANCE
from qrexplore.experiments.cross_resonance import cross_resonance
from qrexplore.experiments.cryoscope import CRYOSCOPE_AMPLITUDES, cryoscope, cryoscope_amplitudes
from qrexplore.experiments.cryoscope import PROTOCOL as CRYOSCOPE
from qrexplore.experiments.cz_train import PROTOCOL as CZ_TRAIN
from qrexplore.experiments.cz_train import cz_train
from qrexplore.experiments.decay import Decay, error_per_clifford, fit_decay, interleaved_error, leakage_and_seepage
from qrexplore.experiments.drag_scan import PROTOCOL as DRAG_SCAN
from qrexplore.experiments.drag_scan import drag_scan
from qrexplore.experiments.drive_crosstalk import (
    DRIVE_CANCELLATION,
    DRIVE_CROSSTALK,
    drive_cancellation,
    drive_crosstalk,
)
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
from qrexplore.experiments.flux_crosstalk import PROTOCOL as FLUX_CROSSTALK
from qrexplore.experiments.flux_crosstalk import flux_crosstalk
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
from qrexplore.experiments.simulation import with_levels, with_noise_nodes, with_spectators
from qrexplore.experiments.swap_chevron import PROTOCOL as SWAP_CHEVRON
from qrexplore.experiments.swap_chevron import swap_chevron
from qrexplore.experiments.t1 import PROTOCOL as T1
from qrexplore.experiments.t1 import t1
from qrexplore.experiments.thermal_population import PROTOCOL as THERMAL_POPULATION
from qrexplore.experiments.thermal_population import thermal_population
from qrexplore.experiments.zz_ramsey import JAZZ, ZZ_RAMSEY, jazz, zz_ramsey

_ALL = (
    *(RABI, T1, RAMSEY, ECHO, FLUX_ARC, CRYOSCOPE, CHEVRON),
    *(RABI_CHEVRON, RAMSEY_PHASES, RAMSEY_FLUX, ECHO_FLUX, CPMG, EF_SPECTROSCOPY, TWO_PHOTON_SPECTROSCOPY),
    *(DRAG_SCAN, ALLXY, FINE_AMPLITUDE, DRIVE_FLUX_DELAY, CRYOSCOPE_AMPLITUDES, FLUX_STEP, RESONATOR_SPECTROSCOPY),
    *(SWAP_CHEVRON, CONDITIONAL_OSCILLATION, CONDITIONAL_OSCILLATION_DURATION, CZ_TRAIN, ZZ_RAMSEY, JAZZ),
    *(DRIVE_CROSSTALK, DRIVE_CANCELLATION, FLUX_CROSSTALK, CROSS_RESONANCE),
    *(READOUT_SHOTS, THERMAL_POPULATION, CLIFFORD_SEQUENCES),
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
            f"`data` must be the result of a known experiment, got {name!r}. Set data.attrs['experiment'] if the file "
            f"did not say it, to one of {', '.join(PROTOCOLS)}."
        )
        raise DatasetError(msg)
    return of_dataset(PROTOCOLS[name], data)


__all__ = [
    "ALLXY_PAIRS",
    "NOMINAL_FREQUENCY",
    "PART_NAMES",
    "PROTOCOLS",
    "REPORTS",
    "Benchmark",
    "Block",
    "Coordinate",
    "Decay",
    "Experiment",
    "Idle",
    "Play",
    "PlayOnStep",
    "Prepare",
    "Probe",
    "Protocol",
    "Repeat",
    "Rotation",
    "SteadyDrive",
    "VirtualZ",
    "allxy",
    "chevron",
    "clifford_sequences",
    "conditional_oscillation",
    "conditional_oscillation_duration",
    "conditional_phase",
    "conditional_phase_of",
    "cpmg",
    "cross_entropy_benchmarking",
    "cross_entropy_fidelity",
    "cross_resonance",
    "cryoscope",
    "cryoscope_amplitudes",
    "cz_train",
    "drag_scan",
    "drive_cancellation",
    "drive_crosstalk",
    "drive_flux_delay",
    "echo",
    "echo_flux",
    "ef_spectroscopy",
    "error_per_clifford",
    "fine_amplitude",
    "fit_decay",
    "flux_arc",
    "flux_crosstalk",
    "flux_step",
    "from_dataset",
    "gate_envelope",
    "interleaved_error",
    "jazz",
    "leakage_and_seepage",
    "lines_of",
    "perfect_gates",
    "perfect_outcomes",
    "prepared_levels",
    "pulsed_qubit",
    "rabi",
    "rabi_chevron",
    "ramsey",
    "ramsey_flux",
    "ramsey_phases",
    "randomized_benchmarking",
    "readout_shots",
    "resonator_spectroscopy",
    "rotated_qubits",
    "speckle_purity",
    "swap_chevron",
    "t1",
    "thermal_population",
    "two_photon_spectroscopy",
    "with_levels",
    "with_noise_nodes",
    "with_spectators",
    "zz_ramsey",
]
