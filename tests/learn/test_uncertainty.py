"""Covariances with priors and without, against matrix inverses and the spread of refits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

from qrexplore.learn import fisher, laplace

TIMES = np.linspace(0.2e-6, 20e-6, 40)
TRUTH = np.array([2 * np.pi * 0.3e6, 12e-6, 0.0])
WIDTHS = np.array([2 * np.pi * 0.05e6, 5e-6, 0.2])
SHOTS = 400


def population(values, times=TIMES):
    omega, t2, phase = values
    return 0.5 + 0.5 * jnp.exp(-times / t2) * jnp.cos(omega * times + phase)


def random_problem(seed=0, residuals=30, parameters=5):
    random = np.random.default_rng(seed)
    return random.normal(size=(residuals, parameters)), random.uniform(0.1, 10, parameters)


def test_covariance_with_priors_is_the_inverse_of_the_information_of_data_and_priors():
    jacobian, slopes = random_problem()
    prior = np.array([0.3, 2.0, 50.0, 1e-3, 1.0])
    found = laplace(jacobian, slopes, 1.7, prior=prior)
    scaled = jacobian / slopes
    expected = np.linalg.inv(scaled.T @ scaled / 1.7 + np.diag(prior**-2.0))
    assert found.covariance == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert found.stderr == pytest.approx(np.sqrt(np.diag(expected)), rel=1e-9)


def test_a_parameter_that_the_data_do_not_see_keeps_its_prior():
    jacobian, slopes = random_problem()
    jacobian[:, 2] = 0.0
    prior = np.array([np.inf, np.inf, 4.0, np.inf, 1.0])
    assert laplace(jacobian, slopes, prior=prior).stderr[2] == pytest.approx(4.0)
    assert np.isfinite(laplace(jacobian, slopes, prior=prior).stderr).all()
    prior[2] = np.inf
    assert np.isinf(laplace(jacobian, slopes, prior=prior).stderr[2])


def test_endless_priors_are_no_priors():
    jacobian, slopes = random_problem()
    jacobian[:, 4] = jacobian[:, 3]
    plain, endless = laplace(jacobian, slopes), laplace(jacobian, slopes, prior=np.full(5, np.inf))
    assert endless.stderr == pytest.approx(plain.stderr)
    assert np.isinf(plain.stderr[3:]).all()
    assert np.isfinite(plain.stderr[:3]).all()


def test_a_prior_decides_what_strong_data_leave_open():
    # only the sum of the two is measured, ten million times better than the prior
    jacobian = 1e7 * np.ones((3, 2))
    found = laplace(jacobian, np.ones(2), prior=np.array([1.0, 1.0]))
    assert found.stderr == pytest.approx([np.sqrt(0.5)] * 2, rel=1e-6)
    assert found.covariance[0, 1] == pytest.approx(-0.5, rel=1e-6)


@pytest.mark.parametrize("width", [0.0, -1.0, np.nan])
def test_a_prior_without_width_is_refused(width):
    jacobian, slopes = random_problem()
    prior = np.array([1.0, width, 1.0, 1.0, 1.0])
    with pytest.raises(
        ValueError, match=r"`prior` must hold standard deviations .* at position 1\. Give what was known"
    ):
        laplace(jacobian, slopes, prior=prior)


def test_information_of_a_ramsey_point_is_that_of_the_closed_form():
    # at mid-fringe the information on the angular frequency is N t^2 exp(-2 t/T2)
    omega, t2, _ = TRUTH
    times = (np.arange(8) + 0.5) * np.pi / omega
    sigma = np.sqrt(population(TRUTH, times) * (1 - population(TRUTH, times)) / SHOTS)
    jacobian = np.asarray(jax.jacfwd(lambda u: (population(u * WIDTHS, times)) / sigma)(TRUTH / WIDTHS))
    for k, time in enumerate(times):
        found = fisher(jacobian[k : k + 1], WIDTHS)[0, 0]
        assert found == pytest.approx(SHOTS * time**2 * np.exp(-2 * time / t2), rel=1e-6)


@pytest.mark.parametrize("prior", [None, np.array([np.inf, 1.5e-6, np.inf])], ids=["no prior", "prior"])
def test_spread_of_200_refits_is_the_covariance(prior):
    random = np.random.default_rng(3)
    expected = np.asarray(population(TRUTH))
    sigma = np.sqrt(expected * (1 - expected) / SHOTS)
    model = jax.jit(lambda u: population(u * WIDTHS) / sigma)
    derivative = jax.jit(jax.jacfwd(model))
    weight = np.zeros(3) if prior is None else WIDTHS / prior
    ends = []
    for _ in range(200):
        shares = random.binomial(SHOTS, expected) / SHOTS
        center = TRUTH / WIDTHS + (0 if prior is None else random.normal(size=3) / np.where(weight > 0, weight, 1.0))

        def residual(u, shares=shares, center=center):
            return np.append(np.asarray(model(u)) - shares / sigma, weight * (u - center))

        fit = least_squares(residual, TRUTH / WIDTHS, jac=lambda u: np.vstack([derivative(u), np.diag(weight)]))
        ends.append(fit.x * WIDTHS)
    found = laplace(np.asarray(derivative(TRUTH / WIDTHS)), WIDTHS, prior=prior)
    assert np.std(ends, axis=0, ddof=1) == pytest.approx(found.stderr, rel=0.1)
    correlation = found.covariance / np.outer(found.stderr, found.stderr)
    assert np.corrcoef(np.transpose(ends)) == pytest.approx(correlation, abs=0.2)
