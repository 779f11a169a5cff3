import numpy as np
import pytest

from qrexplore.twin.shots import averaged, counted

# quantiles of chi squared with 2000 degrees of freedom at 0.0005 and 0.9995
CHI2_2000 = (1796.0, 2214.0)


@pytest.mark.parametrize("probability", [0.02, 0.3, 0.5, 0.9])
def test_counted_shots_have_the_binomial_variance(probability):
    shots = 400
    share, _ = counted(np.full(2000, probability), shots, np.random.default_rng(5))
    chi2 = np.sum((share - probability) ** 2) * shots / (probability * (1 - probability))
    assert CHI2_2000[0] < chi2 < CHI2_2000[1]


def test_the_stated_error_of_counted_shots_is_the_scatter():
    share, stderr = counted(np.full(2000, 0.3), 400, np.random.default_rng(6))
    assert np.std(share) == pytest.approx(np.sqrt(np.mean(stderr**2)), rel=0.06)


@pytest.mark.parametrize("probability", [0.0, 1.0, -1e-12, 1 + 1e-12])
def test_the_stated_error_is_never_zero(probability):
    share, stderr = counted(np.array([probability]), 100, np.random.default_rng(0))
    assert share == round(probability)
    # posterior under the prior of Jeffreys: Beta(1/2, 100 + 1/2)
    a, b = 0.5, 100.5
    assert stderr == pytest.approx(np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1))))


def test_averaged_shots_scatter_by_the_noise_over_the_root_of_the_shots():
    average, stderr = averaged(np.full(2000, 0.2), np.asarray(0.5), 100, np.random.default_rng(7))
    assert stderr == pytest.approx(0.05)
    chi2 = np.sum((average - 0.2) ** 2) / 0.05**2
    assert CHI2_2000[0] < chi2 < CHI2_2000[1]
