"""qibocal folders, on miniatures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import qrexplore.data as qd

Folder = Callable[..., Path]
Records = Callable[..., np.ndarray]


def platform(folder: Path, flux_qubit: str = "D1") -> None:
    """Write a platform file beside the data."""
    pulse = {"duration": 44, "amplitude": 0.2, "shape": "Rectangular()", "qubit": flux_qubit, "type": "qf"}
    qubits: dict[str, Any] = {
        "drive_frequency": 4958291213,
        "anharmonicity": -200000000,
        "sweetspot": 0.18,
        "asymmetry": 0.34,
        "crosstalk_matrix": {"D1": 0.74, "D2": 0.0},
        "T1": 23000,
        "T2": 0,
    }
    turn = {"duration": 40, "amplitude": 0.055, "shape": "Gaussian(5)"}
    filters = {"o4": {"filter": {"feedforward": [1.09, -1.02], "feedback": [0.94]}}, "o5": {"gain": 0}}
    content = {
        "native_gates": {"single_qubit": {"D1": {"RX": turn}}, "two_qubit": {"D1-D2": {"CZ": [pulse]}}},
        "characterization": {"single_qubit": {"D1": qubits}},
        "instruments": {"con9": filters},
    }
    (folder / "platform_parameters.json").write_text(json.dumps(content))


def rows(amplitudes: np.ndarray, durations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the flat columns of a grid, the amplitude fastest."""
    length, amp = np.meshgrid(durations, amplitudes, indexing="ij")
    return amp.ravel(), length.ravel()


def test_a_decay_has_a_population_with_its_errors(qibocal_t1: Folder) -> None:
    data = qd.open_data(qibocal_t1())
    assert data.attrs["experiment"] == "t1"
    assert data["population"].dims == data["population_stderr"].dims == ("qubit", "delay")
    np.testing.assert_allclose(data["delay"][:2], [10e-9, 2010e-9])
    assert qd.settings(data) == {"shots": 1024}
    assert data["qubit"].values.tolist() == ["D1"]


def test_the_archive_itself_opens_like_its_folder(qibocal_t1: Folder) -> None:
    folder = qibocal_t1()
    xr.testing.assert_identical(qd.open_data(folder), qd.open_data(folder / "data.npz"))


def test_a_ramsey_fringe_knows_its_detuning(qibocal_folder: Folder, records: Records) -> None:
    array = records(wait=[10, 20, 30], prob=[0.1, 0.5, 0.9], errors=[0.01, 0.01, 0.01])
    scalars = {"detuning": 250000, "qubit_freqs": {'"D3"': 5652307573}}
    data = qd.open_data(qibocal_folder({"D3": array}, "ramsey", scalars=scalars))
    expected = {"shots": 1024, "artificial_detuning": 250000.0, "drive_frequency": 5652307573.0}
    assert qd.settings(data) == expected


def test_qubits_on_one_axis_share_a_dataset_and_others_get_their_own(qibocal_folder: Folder, records: Records) -> None:
    first = records(wait=[10, 20, 30], prob=[0.1, 0.5, 0.9])
    second = records(wait=[10, 20, 40], prob=[0.1, 0.5, 0.9])
    together = qd.open_data(qibocal_folder({"D1": first, 2: first}, "t1", name="a"))
    assert together["qubit"].values.tolist() == ["D1", "2"]
    apart = qd.open_data(qibocal_folder({"D1": first, "D2": second}, "t1", name="b"))
    assert list(apart.children) == ["D1", "D2"]


def test_the_rows_of_a_chevron_become_a_grid(qibocal_folder: Folder, records: Records) -> None:
    amp, length = rows(np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0]))
    array = records(amp=amp, length=length, signal_high=10 * amp + length, signal_low=length)
    folder = qibocal_folder({("D1", "D2"): array}, "chevron_signal", scalars={"native": "CZ"})
    data = qd.open_data(folder)
    assert data["signal"].dims == ("qubit", "flux_amplitude", "duration")
    assert data["qubit"].values.tolist() == ["D1", "D2"]
    np.testing.assert_allclose(data["signal"].sel(qubit="D2"), [[2, 3], [3, 4], [4, 5]])
    np.testing.assert_allclose(data["duration"], [1e-9, 2e-9])
    assert qd.settings(data)["flux_qubit"] == "D2"


def test_the_platform_file_says_which_qubit_is_pulsed(qibocal_folder: Folder, records: Records) -> None:
    amp, length = rows(np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0]))
    array = records(amp=amp, length=length, signal_high=amp, signal_low=length)
    folder = qibocal_folder({("D1", "D2"): array}, "chevron_signal")
    platform(folder, flux_qubit="D1")
    assert qd.settings(qd.open_data(folder))["flux_qubit"] == "D1"


def test_a_chevron_with_a_row_missing_is_refused(qibocal_folder: Folder, records: Records) -> None:
    amp, length = rows(np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0]))
    array = records(amp=amp, length=length, signal_high=amp, signal_low=length)[:-1]
    with pytest.raises(qd.DatasetError, match=r"run-0/data.npz.*5 rows do not fill the grid"):
        qd.open_data(qibocal_folder({("D1", "D2"): array}, "chevron_signal"))


def test_the_newer_chevron_has_its_axes_beside_it(qibocal_folder: Folder) -> None:
    values = np.random.default_rng(0).uniform(0, 1, (2, 3, 2))
    scalars = {"native": "CZ", "amplitude": [0.1, 0.2], "duration": [1, 2, 3]}
    data = qd.open_data(qibocal_folder({("D1", "D2"): values}, "chevron", scalars=scalars))
    np.testing.assert_allclose(data["population"].sel(qubit="D1"), values[0].T)
    np.testing.assert_allclose(data["population"].sel(qubit="D2"), 1 - values[1].T)


def test_a_cryoscope_has_two_quadratures(qibocal_folder: Folder, records: Records) -> None:
    arrays = {
        ("B2", "MX"): records(duration=[1, 2, 3], prob_1=[0.1, 0.2, 0.3]),
        ("B2", "MY"): records(duration=[1, 2, 3], prob_1=[0.4, 0.5, 0.6]),
    }
    scalars = {"flux_pulse_amplitude": 0.4, "flux_coefficients": {'"B2"': [-2.3, 0.006, -0.0002]}}
    data = qd.open_data(qibocal_folder(arrays, "cryoscope", {"flux_pulse_amplitude": 0.4}, scalars))
    assert data["population"].dims == ("qubit", "quadrature", "duration")
    assert data["quadrature"].values.tolist() == ["x", "y"]
    np.testing.assert_allclose(data["population"][0], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    assert qd.settings(data)["flux_amplitude"] == 0.4
    np.testing.assert_allclose(qd.settings(data)["static_detuning_coefficients"], [-2.3e9, 6e6, -2e5])


def test_a_flux_arc_keeps_its_moving_frequencies(qibocal_folder: Folder, records: Records) -> None:
    bias = np.repeat([0.1, 0.2, 0.3], 4)
    frequency = 5e9 + np.tile(np.arange(4) * 1e6, 3) + bias * 1e8
    array = records(freq=frequency, bias=bias, signal=np.arange(12.0), phase=np.zeros(12))
    data = qd.open_data(qibocal_folder({"D1": array}, "qubit_flux"))
    assert data.attrs["experiment"] == "flux_arc"
    assert data["signal"].dims == ("qubit", "flux_bias", "point")
    assert data["drive_frequency"].dims == ("flux_bias", "point")
    np.testing.assert_allclose(data["drive_frequency"].values.ravel(), frequency)


def test_single_shots_have_named_dimensions(qibocal_folder: Folder, records: Records) -> None:
    arrays = {("D3", s, k): records(i=np.full(5, s), q=np.full(5, k)) for s in (0, 1) for k in (0, 1)}
    data = qd.open_data(qibocal_folder(arrays, "readout_characterization"))
    assert data["i"].dims == ("qubit", "prepared_state", "repetition", "shot")
    np.testing.assert_allclose(data["i"].sel(prepared_state=1), 1)
    np.testing.assert_allclose(data["q"].sel(repetition=1), 1)


def test_errors_that_were_never_measured_are_left_out(qibocal_folder: Folder, records: Records) -> None:
    nothing = np.full(3, np.nan)
    array = records(freq=[1, 2, 3], signal=[1, 2, 1], phase=[0, 0, 0], error_signal=nothing)
    data = qd.open_data(qibocal_folder({"D1": array}))
    assert data.attrs["experiment"] == "other"
    assert "signal_stderr" not in data


def test_without_action_a_decay_could_be_anything_and_is_refused(qibocal_t1: Folder) -> None:
    with pytest.raises(qd.DatasetError, match=r"no action.yml.*more than one experiment"):
        qd.open_data(qibocal_t1(operation=None))


def test_an_operation_that_is_not_read_is_named(qibocal_t1: Folder) -> None:
    with pytest.raises(qd.DatasetError, match=r"operation 'zeno' .* none of those read: t1"):
        qd.open_data(qibocal_t1(operation="zeno"))


def test_a_folder_of_runs_opens_as_a_tree(qibocal_t1: Folder, tmp_path: Path) -> None:
    qibocal_t1("data/t1-0")
    qibocal_t1("data/t1-1")
    tree = qd.open_data(tmp_path)
    assert list(tree.children) == ["t1_0", "t1_1"]
    assert tree["t1_1"].attrs["experiment"] == "t1"


def test_the_platform_file_is_found_one_level_up(qibocal_t1: Folder, tmp_path: Path) -> None:
    folder = qibocal_t1()
    assert qd.platform_of(folder) is None
    platform(tmp_path)
    found = qd.platform_of(folder / "data.npz")
    assert found is not None
    qubit = found.qubits["D1"]
    assert (qubit.drive_frequency, qubit.anharmonicity, qubit.flux_matrix_element) == (4958291213.0, -2e8, 0.74)
    assert qubit.t1 == pytest.approx(23e-6)
    assert qubit.t2 is None
    assert (qubit.pi_duration, qubit.pi_amplitude, qubit.pi_shape) == (pytest.approx(40e-9), 0.055, "Gaussian(5)")
    assert found.flux_qubit("D2", "D1") == "D1"
    assert found.flux_filters == {"con9.o4": qd.FluxFilter((1.09, -1.02), (0.94,))}


def test_a_damaged_platform_file_is_named(qibocal_t1: Folder) -> None:
    folder = qibocal_t1()
    (folder / "platform_parameters.json").write_text('{"characterization": 7}')
    with pytest.raises(qd.DatasetError, match=r"platform_parameters\.json"):
        qd.platform_of(folder)
