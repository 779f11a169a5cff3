"""PycQED files, on miniatures."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import qrexplore.data as qd

DELAY = np.linspace(0, 80e-6, 41)
TRUTH = np.exp(-DELAY / 20e-6)


def test_calibration_rows_give_a_population_and_are_kept(pycqed_file: Callable[..., Path]) -> None:
    data = qd.open_data(pycqed_file())
    assert data.attrs["experiment"] == "t1"
    assert data["population"].dims == ("qubit", "delay")
    assert data.sizes["delay"] == 41
    np.testing.assert_allclose(data["population"][0], TRUTH, atol=1e-6)
    np.testing.assert_allclose(data["delay"], DELAY, rtol=1e-6)
    np.testing.assert_allclose(data["lin_trans_w1_calibration"][0], [2.99, 3.01, 5.01, 4.99], rtol=1e-6)
    assert data["calibration_state"].values.tolist() == [0, 0, 1, 1]


def test_qubit_time_and_settings_come_from_the_file(pycqed_file: Callable[..., Path]) -> None:
    data = qd.open_data(pycqed_file(name="renamed.dat"))
    assert data["qubit"].values.tolist() == ["QR"]
    assert qd.settings(data) == {"drive_frequency": 5956624238.57, "shots": 1024}
    assert data.attrs["created"] == "2017-06-06T21:04:48"
    assert data.attrs["source"] == "renamed.dat"


@pytest.mark.parametrize("tail", ["pairs", "repeated", "continued"])
def test_each_way_to_mark_calibration_rows_is_found(pycqed_file: Callable[..., Path], tail: str) -> None:
    delay = DELAY + (2e-6 if tail == "continued" else 0)
    marks = {"pairs": delay[-1] + np.array([1, 1, 3, 3]) * 1e-6, "repeated": delay[-1] + delay[:4]}
    sweep = np.concatenate([delay, marks.get(tail, delay[-1] + delay[:4])])
    read = np.concatenate([TRUTH, [0.01, -0.01, 1.01, 0.99]])
    data = qd.open_data(pycqed_file("Ramsey_QR", np.stack([sweep, read], axis=1)))
    assert data.attrs["experiment"] == "ramsey"
    np.testing.assert_allclose(data["population"][0], TRUTH, atol=1e-5)


def test_only_columns_with_contrast_make_the_population(pycqed_file: Callable[..., Path]) -> None:
    noise = np.random.default_rng(2).normal(0, 50, 45)
    sweep = np.concatenate([DELAY, DELAY[-1] + DELAY[:4]])
    read = np.concatenate([TRUTH, [0, 0, 1, 1]])
    noise[-4:] = [30, -40, 35, -30]
    table = np.stack([sweep, read, noise], axis=1)
    data = qd.open_data(pycqed_file(table=table, values=(("w1", "V"), ("w0", "V"))))
    np.testing.assert_allclose(data["population"][0], TRUTH, atol=1e-6)


def test_without_calibration_rows_the_clearest_column_is_the_signal(pycqed_file: Callable[..., Path]) -> None:
    amplitude = np.linspace(-0.5, 0.5, 31)
    noise = np.random.default_rng(3).normal(0, 1, 31)
    table = np.stack([amplitude, noise, np.cos(16 * amplitude)], axis=1)
    path = pycqed_file("Rabi-n1_QR", table, (("Q_amp180", "V"),), (("raw w1", "V"), ("raw w0", "V")))
    data = qd.open_data(path)
    assert data.attrs["experiment"] == "rabi"
    assert data["signal"].dims == ("qubit", "drive_amplitude")
    np.testing.assert_allclose(data["signal"][0], np.cos(16 * amplitude), atol=1e-6)
    assert "raw_w1" in data
    assert "population" not in data


def test_rows_in_pairs_are_no_calibration_rows(pycqed_file: Callable[..., Path]) -> None:
    parameter = np.repeat(np.linspace(-0.3, 0.3, 11), 2)
    table = np.stack([parameter, np.tile([0.0, 1.0], 11)], axis=1)
    data = qd.open_data(pycqed_file("Motzoi_XY_QR", table, (("Q_motzoi_parameter", ""),)))
    assert data.attrs["experiment"] == "other"
    assert data["signal"].dims == ("qubit", "point")
    assert data.sizes["point"] == 22


def test_a_plain_decay_to_the_end_loses_no_row(pycqed_file: Callable[..., Path]) -> None:
    delay = np.arange(1, 42) * 2e-6
    data = qd.open_data(pycqed_file(table=np.stack([delay, np.exp(-delay / 20e-6)], axis=1)))
    assert data.sizes["delay"] == 41
    assert qd.observable(data).name == "signal"


def test_several_columns_of_an_unknown_experiment_become_channels(pycqed_file: Callable[..., Path]) -> None:
    table = np.stack([np.arange(20.0), np.arange(20.0), -np.arange(20.0)], axis=1)
    data = qd.open_data(pycqed_file("SSRO_QR", table, (("Points", "a.u."),), (("w0", ""), ("w1", ""))))
    assert data["signal"].dims == ("qubit", "channel", "points")
    assert data["channel"].values.tolist() == ["w0", "w1"]


def test_another_saving_format_is_refused_by_name(pycqed_file: Callable[..., Path]) -> None:
    path = pycqed_file()
    with h5py.File(path, "a") as file:
        file["Experimental Data"].attrs["datasaving_format"] = "Version 9"
    with pytest.raises(qd.DatasetError, match=r"T1_QR.hdf5.*saving format is 'Version 9'"):
        qd.open_data(path)


def test_a_table_that_does_not_fit_its_names_is_refused(pycqed_file: Callable[..., Path]) -> None:
    path = pycqed_file(values=(("w0", ""), ("w1", "")))
    with pytest.raises(qd.DatasetError, match="1 sweeps and 2 values are named"):
        qd.open_data(path)
