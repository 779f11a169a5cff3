"""Quantify files, on miniatures."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import qrexplore.data as qd


def test_a_decay_opens_as_t1_in_si_units(quantify_file: Callable[..., Path]) -> None:
    data = qd.open_data(quantify_file())
    assert data.attrs["experiment"] == "t1"
    assert data.attrs["source_format"] == "quantify"
    assert data.attrs["created"] == "2021-03-22T20:52:53.758000"
    assert qd.observable(data).name == "signal"
    assert qd.observable(data).dims == ("qubit", "delay")
    assert data["signal"].attrs["units"] == "V"
    assert data["delay"].attrs["units"] == "s"
    assert data["qubit"].values.tolist() == ["q0"]
    assert data["phase"].attrs["units"] == "rad"
    assert json.loads(data.attrs["settings"]) == {}


@pytest.mark.parametrize(
    ("title", "experiment", "axis", "unit"),
    [
        ("Echo at 4.7GHz", "echo", "delay", "s"),
        ("Ramsey oscillation q3", "ramsey", "delay", "s"),
        ("Rabi oscillation", "rabi", "drive_amplitude", "V"),
        ("T1_experiment_q3", "t1", "delay", "s"),
    ],
)
def test_the_experiment_is_told_by_title_and_unit(
    quantify_file: Callable[..., Path], title: str, experiment: str, axis: str, unit: str
) -> None:
    sweep = np.linspace(0, 1, 9)
    path = quantify_file(title, [("x", "sweep", unit, sweep)], [("magn", "Magnitude", "V", np.cos(sweep))])
    data = qd.open_data(path)
    assert data.attrs["experiment"] == experiment
    assert qd.observable(data).dims == ("qubit", axis)
    assert data["qubit"].values.tolist() == (["q3"] if "q3" in title else ["q0"])


def test_units_with_a_prefix_are_converted(quantify_file: Callable[..., Path]) -> None:
    sweep = np.arange(9.0)
    data = qd.open_data(quantify_file("T1", [("t", "t", "us", sweep)], [("m", "m", "mV", sweep + 1)]))
    np.testing.assert_allclose(data["delay"], sweep * 1e-6)
    np.testing.assert_allclose(data["signal"][0], (sweep + 1) * 1e-3)


def test_a_title_without_the_right_unit_stays_other(quantify_file: Callable[..., Path]) -> None:
    sweep = np.arange(9.0)
    data = qd.open_data(quantify_file("T1 against flux", [("f", "Flux bias", "V", sweep)], [("m", "m", "V", sweep)]))
    assert data.attrs["experiment"] == "other"
    assert data["signal"].dims == ("qubit", "flux_bias")


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_flat_grid_of_two_sweeps_is_unflattened(quantify_file: Callable[..., Path], *, shuffled: bool) -> None:
    frequency, flux = np.meshgrid(np.linspace(6e9, 7e9, 5), np.linspace(-0.1, 0.1, 3))
    order = np.random.default_rng(1).permutation(15) if shuffled else np.arange(15)
    value = (frequency * 1e-9 + 100 * flux).ravel()
    path = quantify_file(
        "Spectroscopy",
        [("freq", "Frequency", "Hz", frequency.ravel()[order]), ("offset", "Output offset", "V", flux.ravel()[order])],
        [("magn", "Magnitude", "V", value[order])],
    )
    data = qd.open_data(path)
    assert data["signal"].dims == ("qubit", "output_offset", "frequency")
    np.testing.assert_allclose(data["signal"][0], value.reshape(3, 5))
    np.testing.assert_allclose(data["frequency"], frequency[0])


def test_rows_that_are_no_grid_stay_a_list_of_points(quantify_file: Callable[..., Path]) -> None:
    sweeps = [("a", "A", "V", np.arange(5.0)), ("b", "B", "V", np.arange(5.0) ** 2)]
    data = qd.open_data(quantify_file("Scan", sweeps, [("m", "m", "V", np.arange(5.0))]))
    assert data["signal"].dims == ("qubit", "point")
    assert data["b"].dims == ("point",)


@pytest.mark.parametrize("marks", ["repeated", "off the grid", "on the grid"])
def test_calibration_points_at_the_end_become_a_population(quantify_file: Callable[..., Path], marks: str) -> None:
    delay = np.linspace(0, 60e-6, 31)
    step = delay[1]
    extra = {"repeated": [0, 0], "off the grid": [5 * step, 6 * step], "on the grid": [step, 2 * step]}[marks]
    truth = np.concatenate([np.exp(-delay / 20e-6), [0, 1]])
    point = (2 + 1j) * 1e-3 + truth * (1 - 3j) * 1e-3
    sweep = np.concatenate([delay, delay[-1] + extra])
    values = [("magn", "Magnitude", "V", np.abs(point)), ("phase", "Phase", "deg", np.degrees(np.angle(point)))]
    data = qd.open_data(quantify_file("T1", [("t", "t", "s", sweep)], values))
    assert data.sizes["delay"] == 31
    np.testing.assert_allclose(data["population"][0], truth[:-2], atol=1e-9)
    assert data["signal_calibration"].shape == (1, 2)
    assert data["calibration_state"].values.tolist() == [0.0, 1.0]


def test_a_sweep_that_only_ends_off_its_grid_keeps_all_points(quantify_file: Callable[..., Path]) -> None:
    sweep = np.concatenate([np.linspace(-1, 1, 41), [1.03]])
    value = np.cos(2 * np.pi * sweep)
    data = qd.open_data(quantify_file("Rabi", [("a", "a", "V", sweep)], [("m", "m", "V", value)]))
    assert data.sizes["drive_amplitude"] == 42
    assert "population" not in data


def test_missing_points_stay_and_are_counted(quantify_file: Callable[..., Path]) -> None:
    value = np.arange(1.0, 10)
    value[4] = np.nan
    data = qd.open_data(quantify_file("T1", [("t", "t", "s", np.arange(9.0))], [("m", "m", "V", value)]))
    assert data.attrs["missing_points"] == 1
    assert np.isnan(data["signal"].values[0, 4])


def test_columns_of_different_length_are_refused(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file("T1", [("t", "t", "s", np.arange(9.0))], [("m", "m", "V", np.arange(8.0))])
    with pytest.raises(qd.DatasetError, match="lists of one length"):
        qd.open_data(path)


def test_an_unknown_unit_is_refused(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file("T1", [("t", "t", "furlong", np.arange(9.0))], [("m", "m", "V", np.arange(9.0))])
    with pytest.raises(qd.DatasetError, match=r"dataset.hdf5.*units of .* got 'furlong'"):
        qd.open_data(path)


def test_a_magnitude_bends_a_population_and_its_quadratures_do_not(quantify_file: Callable[..., Path]) -> None:
    delay = np.linspace(0, 60e-6, 31)
    population = np.exp(-delay / 20e-6)
    plane = np.exp(0.4j) * (1e-3 * population + 0.8e-3j)  # a line that does not point at the origin
    values = [("magn", "Magnitude", "V", np.abs(plane)), ("phase", "Phase", "deg", np.angle(plane, deg=True))]
    data = qd.open_data(quantify_file(values=values))
    np.testing.assert_allclose(data["i"][0] + 1j * data["q"][0], plane, rtol=1e-12)
    turned = qd.along(data, qd.principal_angle(data))

    def bent(signal: np.ndarray) -> float:
        line = np.polynomial.Polynomial.fit(population, signal, 1)
        return float(np.ptp(signal - line(population)) / np.ptp(signal))

    assert bent(data["signal"][0].values) > 0.01
    assert bent(turned["signal"][0].values) < 1e-9
