import numpy as np
import pytest
import xarray as xr

import qrexplore as qx
from qrexplore.views import comparison

RNG = np.random.default_rng(3)


def measured(experiment, values, stderr=None):
    """Give a dataset of an experiment with made-up numbers."""
    found = experiment.dataset(values)
    if stderr is None:
        return found
    return found.assign(
        population_stderr=(experiment.dims, np.full(values.shape, stderr), {"units": "1", "long_name": "e"})
    )


@pytest.fixture(scope="module")
def chevron():
    experiment = qx.experiments.chevron(np.linspace(0.45, 0.5, 3), np.linspace(0, 30e-9, 4))
    return experiment, measured(experiment, RNG.uniform(size=(2, 3, 4)))


def test_one_sweep_is_a_curve_with_a_series_for_each_qubit():
    experiment = qx.experiments.ramsey(np.linspace(0, 4e-6, 9))
    values = RNG.uniform(size=(1, 9))
    found = comparison(experiment, measured(experiment, values, stderr=0.02))
    assert (found.kind, found.series, found.z) == ("curve", ("q0",), None)
    assert np.allclose(found.data, values)
    assert np.allclose(found.errors, 0.02)
    assert found.data.dtype == found.errors.dtype == np.float32
    assert (found.x.unit, found.x.factor) == ("µs", 1e-6)
    assert found.frame["x_values"] == pytest.approx(np.linspace(0, 4e-6, 9))
    assert "z" not in found.frame


def test_each_quadrature_of_a_qubit_is_a_series():
    experiment = qx.experiments.cryoscope(np.linspace(0, 20e-9, 5), flux_amplitude=0.1)
    values = RNG.uniform(size=(1, 2, 5))
    found = comparison(experiment, measured(experiment, values))
    assert (found.kind, found.series) == ("curve", ("q0 x", "q0 y"))
    assert np.allclose(found.data, values[0])


def test_a_chevron_has_durations_along_x_and_amplitudes_along_y(chevron):
    experiment, data = chevron
    found = comparison(experiment, data)
    assert (found.kind, found.series) == ("heatmap", ("q0", "q1"))
    assert (found.x.unit, found.y.unit) == ("ns", "mV")
    assert found.x_values.tolist() == data.duration.values.tolist()
    assert found.y_values.tolist() == data.flux_amplitude.values.tolist()
    flat = found.data.reshape(-1)
    for series, y, x in [(0, 0, 1), (1, 2, 3), (1, 0, 2)]:
        place = (series * 3 + y) * 4 + x
        point = {"duration": data.duration[x], "flux_amplitude": data.flux_amplitude[y]}
        assert flat[place] == pytest.approx(float(data.population.sel(qubit=f"q{series}", **point)))
    assert set(found.frame) == {"kind", "title", "series", "x", "y", "z", "x_values", "y_values"}


def test_a_prediction_is_arranged_like_the_data(chevron):
    experiment, data = chevron
    found = comparison(experiment, data)
    prediction = RNG.uniform(size=data["population"].shape)
    assert found.arranged(prediction).shape == found.data.shape
    assert np.allclose(found.arranged(prediction)[1, 2], prediction[1, 2])


def test_a_flux_arc_has_the_frequencies_that_its_rows_share_along_x_and_the_bias_along_y():
    experiment = qx.experiments.flux_arc(np.linspace(-0.1, 0.1, 3), np.linspace(4.9e9, 5.1e9, 5))
    found = comparison(experiment, measured(experiment, RNG.uniform(size=(1, 3, 5))))
    assert found.kind == "heatmap"
    assert found.x.unit == "GHz"
    assert found.x_values == pytest.approx(np.linspace(4.9e9, 5.1e9, 5))
    assert found.y_values == pytest.approx([-0.1, 0, 0.1])
    assert found.data.shape == (1, 3, 5)


def test_a_flux_arc_whose_frequencies_follow_the_bias_has_the_points_of_a_row_along_x():
    frequencies = np.linspace(4.9e9, 5.1e9, 5) + np.array([[0.0], [1e8], [0.0]])
    experiment = qx.experiments.flux_arc(np.linspace(-0.1, 0.1, 3), frequencies)
    found = comparison(experiment, measured(experiment, RNG.uniform(size=(1, 3, 5))))
    assert found.x_values.tolist() == [0, 1, 2, 3, 4]
    assert found.x.label == "point of the row"


def test_the_misfit_is_that_of_plain_numbers_with_each_qubit_on_its_own_scale(chevron):
    experiment, data = chevron
    prediction = RNG.uniform(size=(2, 3, 4))
    values = data.population.values
    shares = [
        np.mean((prediction[qubit] - values[qubit]) ** 2) / np.mean((values[qubit] - values[qubit].mean()) ** 2)
        for qubit in (0, 1)
    ]
    found = comparison(experiment, data)
    assert found.misfit(prediction) == pytest.approx(np.sqrt(np.mean(shares)))
    assert found.misfit(values) == 0
    means = np.broadcast_to(values.mean(axis=(1, 2), keepdims=True), values.shape)
    assert found.misfit(means) == pytest.approx(1)


def test_the_summary_tells_chi_squared_where_the_noise_is_stated():
    experiment = qx.experiments.ramsey(np.linspace(0, 4e-6, 9))
    values = RNG.uniform(size=(1, 9))
    found = comparison(experiment, measured(experiment, values, stderr=0.02))
    summary = found.summary(values + 0.04)
    assert summary.startswith(f"rms misfit / rms data {found.misfit(values + 0.04):.4f}")
    assert "chi²/N 4.00 (stated noise)" in summary


def test_the_summary_keeps_quiet_on_chi_squared_where_the_noise_is_unknown(chevron):
    experiment, data = chevron
    assert "chi" not in comparison(experiment, data).summary(data.population.values)


def test_a_missing_point_stays_missing_and_spoils_no_number():
    experiment = qx.experiments.ramsey(np.linspace(0, 4e-6, 9))
    values = RNG.uniform(size=(1, 9))
    values[0, 4] = np.nan
    found = comparison(experiment, measured(experiment, values))
    assert np.isnan(found.data[0, 4])
    assert np.isfinite(found.misfit(np.full((1, 9), 0.5)))


def test_a_point_without_a_usable_error_is_drawn_without_a_bar_and_counts_in_no_number():
    experiment = qx.experiments.ramsey(np.linspace(0, 4e-6, 9))
    values = RNG.uniform(size=(1, 9))
    data = measured(experiment, values, stderr=0.02)
    data["population_stderr"].values[0, [2, 5]] = 0.0, np.nan
    found = comparison(experiment, data)
    np.testing.assert_array_equal(found.data[0], values[0].astype(np.float32))
    assert np.flatnonzero(found.errors[0] == 0).tolist() == [2, 5]
    moved = values + 0.04
    moved[0, [2, 5]] = 100.0
    assert "chi²/N 4.00 (stated noise)" in found.summary(moved)
    data["population_stderr"].values[...] = 0.0
    assert "nan" in comparison(experiment, data).summary(moved)


def test_the_title_names_experiment_qubits_and_file(chevron):
    experiment, data = chevron
    assert isinstance(data, xr.Dataset)
    found = comparison(experiment, data.assign_attrs(source="campaign.hdf5"))
    assert found.title == "chevron of q0, q1 · campaign.hdf5"


def test_components_of_clouds_are_curves_of_their_own():
    experiment = qx.experiments.readout_shots(shots=10)
    values = np.arange(6.0).reshape(1, 3, 2)
    found = comparison(experiment, experiment.dataset(values))
    assert found.series == ("q0 i", "q0 q")
    assert found.kind == "curve"
    np.testing.assert_array_equal(found.data, [[0, 2, 4], [1, 3, 5]])
    np.testing.assert_array_equal(found.arranged(values), found.data)
