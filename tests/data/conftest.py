"""Miniature files of each lab format, built here so that the tests need no measured data."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import qrexplore.data as qd


def decay(delay: np.ndarray) -> np.ndarray:
    return np.exp(-delay / 20e-6)


@pytest.fixture
def quantify_file(tmp_path: Path) -> Callable[..., Path]:
    """Build a Quantify file from sweeps and values, each (name, long_name, units, numbers)."""

    def build(
        title: str = "T1 at 4.7GHz",
        sweeps: list[tuple[str, str, str, Any]] | None = None,
        values: list[tuple[str, str, str, Any]] | None = None,
        name: str = "dataset.hdf5",
    ) -> Path:
        delay = np.linspace(0, 60e-6, 31)
        sweeps = sweeps or [("tau", r"Delay time $\tau$", "s", delay)]
        values = values or [("magn", "Magnitude", "V", 1e-3 * decay(delay)), ("phase", "Phase", "deg", 0 * delay)]
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            file.attrs["tuid"] = "20210322-205253-758-6689ca"
            file.attrs["name"] = title
            for letter, columns in (("x", sweeps), ("y", values)):
                for index, (short, words, units, numbers) in enumerate(columns):
                    column = file.create_dataset(f"{letter}{index}", data=numbers)
                    column.attrs.update({"name": short, "long_name": words, "units": units})
        return path

    return build


@pytest.fixture
def pycqed_file(tmp_path: Path) -> Callable[..., Path]:
    """Build a PycQED file from a table; by default a decay with calibration rows and unused rows behind."""

    def build(
        label: str = "T1_QR",
        table: np.ndarray | None = None,
        sweeps: tuple[tuple[str, str], ...] = (("Time", "s"),),
        values: tuple[tuple[str, str], ...] = (("lin_trans w1", ""),),
        name: str | None = None,
    ) -> Path:
        if table is None:
            delay = np.linspace(0, 80e-6, 41)
            delay = np.concatenate([delay, delay[-1] + delay[:4]])
            read = np.concatenate([3 + 2 * decay(delay[:41]), [2.99, 3.01, 5.01, 4.99]])
            table = np.stack([delay, read], axis=1)
            table = np.concatenate([table, np.full((3, 2), np.nan)])
        path = tmp_path / (name or f"101112_{label}.hdf5")
        with h5py.File(path, "w") as file:
            group = file.create_group("Experimental Data")
            group.create_dataset("Data", data=table.astype(np.float32))
            group.attrs["datasaving_format"] = "Version 2"
            for kind, columns in (("sweep_parameter", sweeps), ("value", values)):
                for place, part in enumerate(("names", "units")):
                    texts = [column[place].encode() for column in columns]
                    group.attrs[f"{kind}_{part}"] = np.array(texts, dtype=f"S{max(1, *map(len, texts))}")
            instrument = file.create_group("Instrument settings").create_group("QR")
            instrument.attrs.update({"f_qubit": "5956624238.57", "RO_acq_averages": "1024.0", "T1": "None"})
            settings = file.create_group("MC settings")
            settings.attrs["measurement_name"] = label
            begin = np.array([[2017, 6, 6, 21, 4, 48, 1, 157, 1]], dtype=np.float32).T
            settings.create_dataset("begintime", data=begin)
        return path

    return build


@pytest.fixture
def qibocal_folder(tmp_path: Path) -> Callable[..., Path]:
    """Build a qibocal folder from arrays by key."""

    def build(
        arrays: dict[Any, np.ndarray],
        operation: str | None = None,
        parameters: dict[str, Any] | None = None,
        scalars: dict[str, Any] | None = None,
        name: str = "run-0",
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        named = {json.dumps(list(key) if isinstance(key, tuple) else key): array for key, array in arrays.items()}
        np.savez(folder / "data.npz", **named)
        if operation:
            lines = [f"id: {operation}", f"operation: {operation}", "parameters:"]
            lines += [f"  {key}: {value}" for key, value in (parameters or {"nshots": 1024}).items()]
            (folder / "action.yml").write_text("\n".join([*lines, "targets:", "- D1", ""]))
        if scalars is not None:
            (folder / "data.json").write_text(json.dumps({json.dumps(key): value for key, value in scalars.items()}))
        return folder

    return build


def records(**fields: Any) -> np.ndarray:
    """Give a structured array of float fields."""
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in fields.items()}
    array = np.empty(next(iter(columns.values())).size, dtype=[(name, "<f8") for name in columns])
    for name, values in columns.items():
        array[name] = values
    return array


@pytest.fixture
def qibocal_t1(qibocal_folder: Callable[..., Path]) -> Callable[..., Path]:
    """Build the qibocal folder of a decay."""

    def build(name: str = "t1-0", operation: str | None = "t1") -> Path:
        wait = np.arange(10.0, 60010, 2000)
        array = records(wait=wait, prob=decay(wait * 1e-9), error=np.full(wait.size, 0.01))
        return qibocal_folder({"D1": array}, operation, name=name)

    return build


@pytest.fixture
def tergite_file(tmp_path: Path) -> Callable[..., Path]:
    """Build a tergite file: for each qubit a decay from level 1 on an axis of its own, or other readouts by dimensions."""

    def build(
        title: str = "T1",
        qubits: tuple[str, ...] = ("q16", "q17"),
        sweeps: dict[str, Any] | None = None,
        signal: Any = None,
        angle: float = 0.3,
        engine: str = "scipy",
        name: str = "dataset.hdf5",
    ) -> Path:
        sweeps = {"delays": np.linspace(8e-9, 60e-6, 31), "repeat": np.zeros(1, "i4")} if sweeps is None else sweeps
        if signal is None:
            shape = [len(values) for values in sweeps.values()]
            signal = decay(np.resize(np.asarray(next(iter(sweeps.values())), float), (*shape[1:], shape[0])).T)
        variables, coordinates = {}, {}
        for place, qubit in enumerate(qubits):
            marks = {"qubit": qubit, "units": "NA"}
            for sweep, values in sweeps.items():
                dim = f"{sweep}{qubit}"
                coordinates[dim] = (dim, np.asarray(values), marks | {"long_name": dim})
            turned = np.exp(1j * (angle + place)) * (0.01 * signal + 0.002) + (0.003 - 0.001j)
            dims = (*(f"{sweep}{qubit}" for sweep in sweeps), "ReIm")
            variables[f"y{qubit}"] = (dims, np.stack([turned.real, turned.imag], axis=-1), marks)
        data = xr.Dataset(variables, coordinates, {"name": title, "tuid": "20240826-164721-601"})
        options: Any = {"engine": "scipy", "format": "NETCDF3_64BIT"} if engine == "scipy" else {"engine": engine}
        path = tmp_path / name
        data.to_netcdf(path, **options)
        return path

    return build


@pytest.fixture
def native_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a chevron as our own netCDF file."""

    def build(name: str = "own.nc") -> Path:
        path = tmp_path / name
        qd.save(chevron(), path)
        return path

    return build


def chevron(seed: int = 0) -> Any:
    """Give a small chevron dataset of noise with one missing point."""
    amplitude, duration = np.linspace(0.1, 0.2, 7), np.arange(1, 12) * 1e-9
    values = np.random.default_rng(seed).uniform(0, 1, (2, 7, 11))
    values[1, 2, 3] = np.nan
    coordinates = {
        "flux_amplitude": qd.axis("flux_amplitude", amplitude, "V"),
        "duration": qd.axis("duration", duration, "s"),
    }
    population = qd.labelled(("qubit", "flux_amplitude", "duration"), values, "1", "population of level 1")
    return qd.dataset(
        {"population": population},
        coordinates,
        qubits=["D1", "D2"],
        experiment="chevron",
        settings={"flux_qubit": "D2", "shots": 1000},
        title="a chevron",
    )


@pytest.fixture(name="chevron")
def chevron_fixture() -> Any:
    """Give a small chevron dataset."""
    return chevron()


@pytest.fixture(name="records")
def records_fixture() -> Callable[..., np.ndarray]:
    """Give the function that makes structured arrays."""
    return records


@pytest.fixture
def zip_of(tmp_path: Path) -> Callable[..., Path]:
    """Write a zip archive of raw members as the data of a qibocal folder."""

    def build(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
        folder = tmp_path / "archive"
        folder.mkdir()
        with zipfile.ZipFile(folder / "data.npz", "w", compression) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        (folder / "action.yml").write_text("operation: t1\n")
        return folder

    return build
