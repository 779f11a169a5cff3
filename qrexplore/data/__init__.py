"""Measured data: one schema for all, readers of lab formats, and a gate before every file.

A dataset is an `xarray.Dataset` in SI units with the dimension ``qubit`` and named sweeps (`schema`). Files come from
strangers: each passes a gate (`gate`, `gate_hdf5`, `gate_netcdf3`, `gate_npz`, `gate_text`) that looks at size, first
bytes and headers before a value is read; then the importer that knows the content reads it, and the schema is checked.
Whatever is wrong ends in one error, `DatasetError`, which names the file, what was found and what was expected. Nothing is
guessed: units are known or refused, calibration points are found by their marks, and NaN stay where they are.

A new format is a module in `importers` with one `Importer` record in the tuple `IMPORTERS`.
"""

from qrexplore.data.denoise import DENOISED, denoised
from qrexplore.data.errors import DatasetError
from qrexplore.data.gate_npz import npz, read_npz
from qrexplore.data.gate_text import read_json
from qrexplore.data.histogram import binned
from qrexplore.data.importers import IMPORTERS, Importer
from qrexplore.data.importers.native import save
from qrexplore.data.noise import estimate_noise
from qrexplore.data.open import open_data
from qrexplore.data.platform import FluxFilter, FluxPulse, Platform, QubitPlatform, platform_of
from qrexplore.data.quadratures import along, principal_angle
from qrexplore.data.rescale import population_covariance, rescaled, shared_covariance
from qrexplore.data.schema import (
    APART,
    AXES,
    COMPONENTS,
    DIMS,
    EXPERIMENTS,
    OBSERVABLES,
    PARTS,
    axis,
    dataset,
    labelled,
    observable,
    qubit_name,
    settings,
    stated_shots,
    validate,
)
from qrexplore.data.split import drawn_rows, split, subsampled, thinned

__all__ = [
    "APART",
    "AXES",
    "COMPONENTS",
    "DENOISED",
    "DIMS",
    "EXPERIMENTS",
    "IMPORTERS",
    "OBSERVABLES",
    "PARTS",
    "DatasetError",
    "FluxFilter",
    "FluxPulse",
    "Importer",
    "Platform",
    "QubitPlatform",
    "along",
    "axis",
    "binned",
    "dataset",
    "denoised",
    "drawn_rows",
    "estimate_noise",
    "labelled",
    "npz",
    "observable",
    "open_data",
    "platform_of",
    "population_covariance",
    "principal_angle",
    "qubit_name",
    "read_json",
    "read_npz",
    "rescaled",
    "save",
    "settings",
    "shared_covariance",
    "split",
    "stated_shots",
    "subsampled",
    "thinned",
    "validate",
]
