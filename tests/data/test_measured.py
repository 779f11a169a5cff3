"""Measured files: simple fits on what was opened agree with the reference values within one standard error."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import curve_fit

import qrexplore.data as qd


def line(data: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Give sweep and observable of a dataset with one qubit and one sweep."""
    array = qd.observable(data)
    return array[array.dims[1]].values, array[0].values


def decay(t: np.ndarray, amplitude: float, time: float, offset: float) -> np.ndarray:
    return amplitude * np.exp(-t / time) + offset


def fringe(t: np.ndarray, amplitude: float, time: float, frequency: float, phase: float, offset: float) -> np.ndarray:
    return amplitude * np.exp(-t / time) * np.cos(2 * np.pi * frequency * t + phase) + offset


def cosine(x: np.ndarray, amplitude: float, period: float, phase: float, offset: float) -> np.ndarray:
    return amplitude * np.cos(2 * np.pi * x / period + phase) + offset


def fitted(model: Callable[..., np.ndarray], data: xr.Dataset, *guess: float) -> np.ndarray:
    """Fit with both axes brought to order one, the first guess in those units."""
    x, y = line(data)
    scale_x, scale_y = np.abs(x).max(), np.ptp(y)
    name = f"{qd.observable(data).name}_stderr"
    sigma = data[name][0].values / scale_y if name in data else None
    best, _ = curve_fit(model, x / scale_x, y / scale_y, guess, sigma=sigma, maxfev=20_000)
    return best * np.array({3: [1, scale_x, 1], 4: [1, scale_x, 1, 1], 5: [1, scale_x, 1 / scale_x, 1, 1]}[best.size])


DECAYS = (
    ("quantify-2021-2023", "t1_20210322.hdf5", "T1", 1),
    ("quantify-2021-2023", "echo_20210420.hdf5", "T2echo", -1),
    ("delft-2017-qr-suite", "210448_T1_QR.hdf5", "T1", 1),
    ("delft-2017-qr-suite", "211611_echo_QR.hdf5", "T2echo", -1),
    ("tii-d3-coherence-readout-before", "t1", "T1", 1),
)
FRINGES = (
    ("quantify-2021-2023", "ramsey_20210422.hdf5", "T2star", "f_ramsey", 2.6),
    ("delft-2017-qr-suite", "211144_Ramsey_QR.hdf5", "ramsey_T2star", "ramsey_f", 4.9),
    ("tii-d3-coherence-readout-before", "ramsey", "T2star", "f_ramsey", 25.5),
)
RABIS = (
    ("quantify-2021-2023", "rabi_20210419.hdf5", "pi_amplitude", 2, 1.0),
    ("delft-2017-qr-suite", "211203_Rabi-n1_QR.hdf5", "rabi", 1, 0.77),
    ("delft-2017-qr-suite", "160504_Rabi-n1_QR.hdf5", "rabi_160504", 1, 0.77),
)


CHALMERS = "chalmers-2024-q16-q25"
TRANSMONS = tuple(f"q{number}" for number in range(16, 26))


def reference(shared_data: Path, folder: str, name: str) -> tuple[float, float]:
    """Give a reference value and its standard error in SI units."""
    content: dict[str, Any] = json.loads((shared_data / folder / "reference.json").read_text())
    entry = next(entry for entry in content["entries"] if entry["id"] == name)
    factor = {"us": 1e-6, "kHz": 1e3, "MHz": 1e6}.get(entry["unit"], 1.0)
    return entry["value"] * factor, (entry["stderr"] or 0.0) * factor


@pytest.mark.parametrize(("folder", "file", "name", "sign"), DECAYS)
def test_decays_have_the_reference_times(shared_data: Path, folder: str, file: str, name: str, sign: int) -> None:
    data = qd.open_data(shared_data / folder / file)
    assert data.attrs["experiment"] == ("echo" if "echo" in name else "t1")
    value, stderr = reference(shared_data, folder, name)
    assert fitted(decay, data, sign, 0.3, 0.0)[1] == pytest.approx(value, abs=0.05 * stderr)


@pytest.mark.parametrize(("folder", "file", "time", "frequency", "turns"), FRINGES)
def test_fringes_have_the_reference_times_and_frequencies(
    shared_data: Path, folder: str, file: str, time: str, frequency: str, turns: float
) -> None:
    data = qd.open_data(shared_data / folder / file)
    assert data.attrs["experiment"] == "ramsey"
    best = fitted(fringe, data, 0.5, 0.3, turns, 0.0, float(np.mean(line(data)[1]) / np.ptp(line(data)[1])))
    for place, name in ((1, time), (2, frequency)):
        value, stderr = reference(shared_data, folder, name)
        assert best[place] == pytest.approx(value, abs=0.05 * stderr)


@pytest.mark.parametrize(("folder", "file", "name", "per_period", "guess"), RABIS)
def test_rabi_oscillations_have_the_reference_period(
    shared_data: Path, folder: str, file: str, name: str, per_period: int, guess: float
) -> None:
    data = qd.open_data(shared_data / folder / file)
    assert data.attrs["experiment"] == "rabi"
    value, stderr = reference(shared_data, folder, name)
    period = fitted(cosine, data, 0.5, guess, np.pi if per_period == 2 else 0.0, 0.5)[1]
    assert period / per_period == pytest.approx(value, abs=stderr)


@pytest.mark.parametrize("qubit", TRANSMONS)
@pytest.mark.parametrize(("file", "name"), [("T1_0", "T1"), ("T2_echo_0", "T2echo")])
def test_decays_of_ten_transmons_have_the_reference_times(shared_data: Path, file: str, name: str, qubit: str) -> None:
    data = qd.open_data(shared_data / CHALMERS / f"{file}.hdf5", qubit=qubit)
    value, stderr = reference(shared_data, CHALMERS, f"{name}_{qubit}")
    _, signal = line(data)
    best = fitted(decay, data, np.sign(signal[0] - signal[-1]), value / data["delay"].values[-1], 0.0)
    assert best[1] == pytest.approx(value, abs=0.05 * stderr)


@pytest.mark.parametrize("qubit", TRANSMONS)
def test_rabi_oscillations_of_ten_transmons_have_the_reference_period(shared_data: Path, qubit: str) -> None:
    data = qd.open_data(shared_data / CHALMERS / "rabi.hdf5", qubit=qubit)
    value, stderr = reference(shared_data, CHALMERS, f"rabi_{qubit}")
    center = float(np.mean(line(data)[1]) / np.ptp(line(data)[1]))
    best = fitted(cosine, data, 0.5, value / data["drive_amplitude"].values[-1], 0.0, center)
    assert best[1] == pytest.approx(value, abs=0.05 * stderr)


@pytest.mark.parametrize("qubit", TRANSMONS)
def test_fringes_at_six_detunings_have_the_reference_offset(shared_data: Path, qubit: str) -> None:
    data = qd.open_data(shared_data / CHALMERS / "ramsey_correction.hdf5", qubit=qubit)
    value, stderr = reference(shared_data, CHALMERS, f"ramsey_offset_{qubit}")
    parts = data["iq"][0].values
    data = data.assign(i=data["iq"].isel(component=0), q=data["iq"].isel(component=1))
    angle = qd.principal_angle(data)
    rows = parts[..., 0] * np.cos(angle) + parts[..., 1] * np.sin(angle)
    times, detunings = data["ramsey_delays"].values, data["artificial_detunings"].values

    def left(offset: float) -> float:
        total = 0.0
        for row, detuning in zip(rows.T, detunings, strict=True):
            wave = np.exp(2j * np.pi * abs(detuning + offset) * times)
            design = np.stack([np.ones_like(times), wave.real, wave.imag], axis=1)
            total += float(np.sum((row - design @ np.linalg.lstsq(design, row)[0]) ** 2))
        return total

    offsets = np.arange(-300e3, 300e3, 1e3)
    assert offsets[np.argmin([left(offset) for offset in offsets])] == pytest.approx(value, abs=2 * stderr)


def test_the_benchmarking_curve_has_the_reference_decay(shared_data: Path) -> None:
    data = qd.open_data(shared_data / "delft-2017-qr-suite" / "210655_RB_100seeds_QR.hdf5")
    assert data["population"].dims == ("qubit", "number_of_cliffords")
    x, y = line(data)
    best, _ = curve_fit(lambda m, a, p, b: a * p**m + b, x, y, (-0.5, 0.99, 0.5))
    value, stderr = reference(shared_data, "delft-2017-qr-suite", "rb")
    assert best[1] == pytest.approx(value, abs=0.05 * stderr)


def test_the_readout_shots_have_the_reference_fidelity(shared_data: Path) -> None:
    folder = shared_data / "tii-d3-coherence-readout-before"
    data = qd.open_data(folder / "readout_characterization")
    shots = np.stack([data["i"].values, data["q"].values])[:, 0, :, 0]
    direction = shots[:, 1].mean(-1) - shots[:, 0].mean(-1)
    zero, one = np.einsum("c,csn->sn", direction, shots)
    thresholds = np.sort(np.concatenate([zero, one]))
    below = np.searchsorted(np.sort(zero), thresholds) / zero.size
    above = 1 - np.searchsorted(np.sort(one), thresholds) / one.size
    value, stderr = reference(shared_data, folder.name, "assignment_fidelity")
    assert np.max((below + above) / 2) == pytest.approx(value, abs=stderr)


def test_the_chevron_has_the_reference_grid_and_noise(shared_data: Path) -> None:
    folder = "tii-qw21q-d1d2-chevron"
    data = qd.open_data(shared_data / folder / "chevron")
    array = qd.observable(data)
    assert array.dims == ("qubit", "flux_amplitude", "duration")
    assert array.shape == (2, 41, 59)
    assert data["qubit"].values.tolist() == ["D1", "D2"]
    np.testing.assert_allclose(data["flux_amplitude"].values[[0, -1]], [0.18324, 0.22396])
    np.testing.assert_allclose(data["duration"].values[[0, -1]], [1e-9, 59e-9])
    assert qd.settings(data)["flux_qubit"] == "D2"
    noise = qd.estimate_noise(array, "flux_amplitude")
    relative = noise / array.std(["flux_amplitude", "duration"])
    np.testing.assert_allclose(relative, [0.066, 0.124], atol=0.0006)
    both = float(np.sqrt((relative**2).mean()))
    assert both == pytest.approx(reference(shared_data, folder, "noise_floor")[0], rel=1e-3)


def test_the_flux_arc_peaks_at_the_reference_sweet_spot(shared_data: Path) -> None:
    folder = "tii-qw21q-d1d2-chevron"
    data = qd.open_data(shared_data / folder / "d1_flux_arc")
    assert qd.observable(data).dims == ("qubit", "flux_bias", "point")
    assert data["drive_frequency"].shape == (400, 50)
    signal = data["signal"][0].values
    contrast = np.abs(signal - np.median(signal, axis=1, keepdims=True))
    peak = np.take_along_axis(data["drive_frequency"].values, contrast.argmax(1)[:, None], 1)[:, 0]
    bias = data["flux_bias"].values
    value, _ = reference(shared_data, folder, "D1_sweet_bias")
    top, _ = reference(shared_data, folder, "D1_sweet_frequency")
    near = (np.abs(bias - value) < 0.04) & (np.abs(peak - top) < 30e6)
    curvature, slope, _ = np.polyfit(bias[near] - value, peak[near] - top, 2)
    assert -slope / (2 * curvature) == pytest.approx(0, abs=2e-3)
    assert np.median(peak[np.abs(bias - value) < 3e-3]) == pytest.approx(top, abs=2e6)


@pytest.mark.parametrize(("name", "detuning"), [("b2_2025-03-24", 363.0e6), ("b4_2025-02-28", 685.8e6)])
def test_the_cryoscope_knows_its_static_detuning(shared_data: Path, name: str, detuning: float) -> None:
    data = qd.open_data(shared_data / "tii-cryoscope-b2-b4" / name)
    assert qd.observable(data).dims == ("qubit", "quadrature", "duration")
    found = qd.settings(data)
    static = np.polyval(found["static_detuning_coefficients"], found["flux_amplitude"])
    assert abs(static) == pytest.approx(detuning, rel=1e-3)
    x, y = 1 - 2 * data["population"][0].values
    turns = np.unwrap(np.angle(x + 1j * y)) / (2 * np.pi)
    speed = abs(np.polyfit(data["duration"].values[45:], turns[45:], 1)[0])
    expected, _ = reference(shared_data, "tii-cryoscope-b2-b4", f"{name[:2].upper()}_f_inf")
    folded = min(expected % 1e9, 1e9 - expected % 1e9)  # the grid of 1 ns cannot tell more
    assert speed == pytest.approx(folded, rel=0.02)


@pytest.mark.parametrize(
    ("name", "dims"),
    [
        ("quantify-2021-2023/allxy_20210419.hdf5", ("qubit", "point")),
        ("quantify-2021-2023/resonator_20210305.hdf5", ("qubit", "rf_frequency")),
        ("quantify-2021-2023/resonator_flux_20230308.hdf5", ("qubit", "output_3_offset", "frequency")),
        ("quantify-2021-2023/qubit_flux_20230309.hdf5", ("qubit", "output_3_offset", "frequency")),
        ("delft-2017-qr-suite/211630_AllXY_QR.hdf5", ("qubit", "points")),
        ("delft-2017-qr-suite/210555_Motzoi_XY_QR.hdf5", ("qubit", "point")),
        ("delft-2017-qr-suite/162250_SSRO_QL_QR.hdf5", ("qubit", "channel", "points")),
        ("tii-qw21q-d1d2-chevron/d1_resonator", ("qubit", "frequency")),
        ("tii-qw21q-d1d2-chevron/d1_dispersive_shift", ("qubit", "prepared_state", "frequency")),
    ],
)
def test_other_experiments_open_with_labelled_dimensions(shared_data: Path, name: str, dims: tuple[str, ...]) -> None:
    data = qd.open_data(shared_data / name)
    assert data.attrs["experiment"] == "other"
    assert qd.observable(data).dims == dims


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("umd-fluxonium-labber/RefRabi_12.hdf5", "a Labber log"),
        ("nmr-1h-fid-400mhz/fid", "a binary file"),
        ("nmr-1h-fid-400mhz/acqus", "a text file"),
        ("tii-d3-coherence-readout-before/meta.json", "a JSON file"),
        ("tii-cryoscope-b2-b4/overview.png", "a PNG picture"),
    ],
)
def test_formats_without_a_reader_are_named(shared_data: Path, name: str, words: str) -> None:
    with pytest.raises(qd.DatasetError, match=words):
        qd.open_data(shared_data / name)


def test_the_folders_open_as_trees(shared_data: Path) -> None:
    expected = {
        "quantify-2021-2023": 8,
        "delft-2017-qr-suite": 9,
        "tii-cryoscope-b2-b4": 2,
        "tii-d3-coherence-readout-before": 3,
        "tii-qw21q-d1d2-chevron": 4,
        CHALMERS: 37,
        "chalmers-2026-q13q14-cz-chevron": 2,
    }
    for folder, count in expected.items():
        assert len(qd.open_data(shared_data / folder).children) == count


def test_a_folder_gives_all_that_was_measured_on_one_qubit(shared_data: Path) -> None:
    tree = qd.open_data(shared_data / CHALMERS, qubit="q20")
    found = {name: node.to_dataset().attrs["experiment"] for name, node in tree.children.items()}
    known = {"t1": 3, "ramsey": 3, "echo": 3, "rabi": 1}
    assert {kind: list(found.values()).count(kind) for kind in known} == known
    for node in tree.children.values():
        assert node.to_dataset()["qubit"].values.tolist() == ["q20"]


def test_every_measured_dataset_survives_the_own_format(shared_data: Path, tmp_path: Path) -> None:
    tree = qd.open_data(shared_data / "tii-qw21q-d1d2-chevron")
    qd.save(tree, tmp_path / "all.nc")
    again = qd.open_data(tmp_path / "all.nc")
    for name, node in tree.children.items():
        xr.testing.assert_identical(again[name].to_dataset(), node.to_dataset())


def test_the_platform_of_the_chevron_is_read(shared_data: Path) -> None:
    found = qd.platform_of(shared_data / "tii-qw21q-d1d2-chevron" / "chevron")
    assert found is not None
    pulsed = found.qubits["D2"]
    assert (pulsed.drive_frequency, pulsed.anharmonicity) == (5563895247.0, -211e6)
    assert pulsed.flux_matrix_element == pytest.approx(0.84787, rel=1e-4)
    assert found.cz["D1", "D2"].amplitude == pytest.approx(0.2036)
    assert found.flux_filters["con9.o4"].feedback == (pytest.approx(0.9353052573),)
