"""Denoised data: nearer to the truth, and no longer data of a known noise."""

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.data import DatasetError, denoised, estimate_noise
from qrexplore.learn import measured
from qrexplore.twin import library, simulate

CHEVRON = experiments.chevron(np.linspace(0.45, 0.54, 31), np.arange(1, 41) * 1e-9)
DELAYS = np.linspace(0, 8e-6, 101)
RAMSEY = experiments.ramsey(DELAYS, artificial_detuning=0.5e6)


def noisy(twin, experiment, noise, seed=1):
    exact = simulate(twin, experiment)
    data = exact.copy(deep=True)
    data["population"].values[...] += noise * np.random.default_rng(seed).normal(size=exact["population"].shape)
    return exact["population"].values, data


@pytest.mark.parametrize("noise", [0.02, 0.08])
def test_a_map_comes_nearer_to_the_truth_by_the_share_of_its_rank(noise):
    exact, data = noisy(library.two_transmons(dissipative=False), CHEVRON, noise)
    found = denoised(data)
    error = np.sqrt(np.mean((found["population"].values - exact) ** 2))
    assert error < 0.6 * noise
    # rank r keeps about r (m + n)/(m n) of the variance, which is what an oracle that knows the subspaces would keep
    assert error > 0.15 * noise


def test_a_curve_comes_nearer_to_the_truth():
    exact, data = noisy(library.transmon(), RAMSEY, 0.05)
    error = np.sqrt(np.mean((denoised(data)["population"].values - exact) ** 2))
    assert error < 0.6 * 0.05


def test_data_without_noise_stay_what_they_are_as_far_as_their_bends_can_be_told_from_noise():
    exact, data = noisy(library.transmon(), RAMSEY, 1e-9)
    # third differences of the curve itself are taken for noise of this size
    seen = float(estimate_noise(data["population"], "delay").max())
    assert np.max(np.abs(denoised(data)["population"].values - exact)) < seen < 5e-3


def test_qubits_are_denoised_apart():
    exact, data = noisy(library.two_transmons(dissipative=False), CHEVRON, 0.03)
    alone = denoised(data.isel(qubit=[1]))["population"].values[0]
    np.testing.assert_allclose(denoised(data)["population"].values[1], alone, atol=0.01)
    assert np.sqrt(np.mean((alone - exact[1]) ** 2)) < 0.02


def test_nothing_but_mean_squares_is_made_of_denoised_data():
    _, data = noisy(library.transmon(), RAMSEY, 0.05)
    data["population_stderr"] = data["population"].copy(data=np.full((1, 101), 0.05))
    found = denoised(data)
    assert "population_stderr" not in found
    assert measured(found, "mse").noise == "unknown"
    for likelihood in ("gaussian", "counts"):
        with pytest.raises(
            ValueError, match=r"denoised data have no noise that is known.*Use 'mse', or the data as they"
        ):
            measured(found, likelihood)


def test_what_cannot_be_denoised_is_refused():
    _, data = noisy(library.transmon(), RAMSEY, 0.05)
    with pytest.raises(DatasetError, match="must have a sweep of at least 8 points"):
        denoised(data.isel(delay=slice(0, 6)))
    data["population"].values[0, 3] = np.nan
    with pytest.raises(DatasetError, match="must have all its points to be denoised, got 1 that are missing"):
        denoised(data)
