"""Rescaling by two calibration points, against repeated measurements of all of them."""

import numpy as np
import pytest
import xarray as xr

from qrexplore import data

TRUE = np.array([0.05, 0.4, 0.9])
LOW, HIGH = 2e-3, -3e-3
ERRORS = (0.05e-3, 0.12e-3, 0.08e-3)


def signal(values, stderr=ERRORS[0]):
    """Give a relaxation measured as a signal."""
    words = {"units": "V", "long_name": "readout signal"}
    variables = {
        "signal": xr.Variable(("qubit", "delay"), values[None], words),
        "signal_stderr": xr.Variable(("qubit", "delay"), np.full((1, len(values)), stderr), words),
    }
    return data.dataset(
        variables,
        {"delay": data.axis("delay", np.arange(len(values)) * 1e-6, "s")},
        qubits=["q0"],
        experiment="t1",
        settings={"shots": 100},
    )


def test_the_errors_of_points_and_calibration_are_those_of_repeated_measurements():
    generator = np.random.default_rng(4)
    v = LOW + TRUE * (HIGH - LOW) + ERRORS[0] * generator.standard_normal((40_000, 3))
    a = LOW + ERRORS[1] * generator.standard_normal((40_000, 1))
    b = HIGH + ERRORS[2] * generator.standard_normal((40_000, 1))
    repeated = (v - a) / (b - a)
    found = data.rescaled(signal(LOW + TRUE * (HIGH - LOW)), (LOW, ERRORS[1]), (HIGH, ERRORS[2]))
    np.testing.assert_allclose(found["population"].values[0], TRUE, atol=1e-12)
    covariance = data.population_covariance(found)
    # 0.7 % by the number of repetitions, and the square of 3 % of contrast beyond the first order
    np.testing.assert_allclose(covariance, np.cov(repeated.T), atol=0.03 * covariance.max())
    assert covariance[0, 1] > 0.3 * covariance[0, 0]
    # what all points share is an offset and a scale of the true populations
    shape = np.stack([np.ones(3), TRUE], axis=1)
    shared = np.linalg.lstsq(shape, ((LOW + TRUE * (HIGH - LOW) - a) / (b - a)).T, rcond=None)[0]
    expected = data.shared_covariance(found)
    np.testing.assert_allclose(np.cov(shared), expected, atol=0.03 * expected.max())
    assert expected[0, 1] < 0


def test_rescaled_data_are_a_dataset_that_says_how_it_was_made():
    found = data.rescaled(signal(np.array([1e-3, 0.0])), (LOW, 1e-5), (HIGH, 0.0))
    assert found["population_stderr"].values == pytest.approx(0.01)
    assert found["signal_calibration"].values.tolist() == [[LOW, HIGH]]
    assert data.settings(found)["shots"] == 100
    assert data.settings(found)["offset_stderr"] == pytest.approx(2e-3)
    data.validate(found)


@pytest.mark.parametrize("one", [(LOW + 1e-4, 5e-5), (np.nan, 1e-5), (HIGH, -1e-5)])
def test_calibration_points_that_are_not_told_apart_are_refused(one):
    with pytest.raises(data.DatasetError, match="`zero` and `one` must lie ten times their error apart"):
        data.rescaled(signal(np.zeros(2)), (LOW, 1e-5), one)


def test_data_without_a_signal_or_calibration_are_refused():
    plain = signal(np.array([1e-3, 0.0]))
    with pytest.raises(data.DatasetError, match="must have a signal of the qubit to rescale"):
        data.rescaled(plain, (LOW, 0.0), (HIGH, 0.0), qubit="q7")
    with pytest.raises(data.DatasetError, match="got none for offset_stderr, scale_stderr"):
        data.shared_covariance(plain)
