"""Bands against each other where both are exact, and against the truth where only draws are."""

import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.learn import drawn_band, gaussian_draws, linear_band

POINT = np.array([0.5, -1.0, 2.0])
COVARIANCE = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, -0.02], [0.0, -0.02, 0.25]])
MATRIX = np.random.default_rng(0).normal(size=(4, 2, 3))


def straight(u):
    return jnp.asarray(MATRIX) @ u + 1.0


def decays(u):
    return jnp.exp(-jnp.linspace(0.2, 3.0, 5) * jnp.exp(u[:, None]))


def test_both_bands_of_a_straight_curve_are_exact():
    variance = np.einsum("abi,ij,abj->ab", MATRIX, COVARIANCE, MATRIX)
    linear = linear_band(straight, POINT, COVARIANCE)
    assert linear.center == pytest.approx(MATRIX @ POINT + 1)
    assert linear.sigma == pytest.approx(np.sqrt(variance))
    assert linear.upper - linear.center == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-5)
    drawn = drawn_band(straight, gaussian_draws(POINT, COVARIANCE, count=20_000))
    assert drawn.sigma == pytest.approx(linear.sigma, rel=0.03)
    assert (drawn.upper - drawn.lower) / (linear.upper - linear.lower) == pytest.approx(1, abs=0.04)
    assert drawn.center - linear.center == pytest.approx(np.zeros((4, 2)), abs=0.03 * linear.sigma.max())


def test_bands_of_data_add_their_noise():
    curve = linear_band(straight, POINT, COVARIANCE)
    data = linear_band(straight, POINT, COVARIANCE, noise=0.7)
    assert data.sigma == pytest.approx(np.hypot(curve.sigma, 0.7))
    drawn = drawn_band(straight, gaussian_draws(POINT, COVARIANCE, count=20_000), noise=0.7)
    assert drawn.sigma == pytest.approx(data.sigma, rel=0.03)


def test_drawn_bands_of_a_bent_curve_cover_as_they_say():
    # 500 fits of the same decay, side by side
    truth, width = np.full(500, 0.3), 0.7
    fits = truth + width * np.random.default_rng(1).normal(size=500)
    covariance = width**2 * np.eye(500)
    curves = np.asarray(decays(truth))
    drawn = drawn_band(decays, gaussian_draws(fits, covariance, count=1000))
    assert drawn.coverage(curves) == pytest.approx(0.95, abs=0.02)
    # here the curve bends too much for the straight one
    assert linear_band(decays, fits, covariance).coverage(curves) < 0.92


def test_what_gives_no_band_is_refused():
    with pytest.raises(ValueError, match=r"`covariance` must be finite, got 1 value\(s\)"):
        linear_band(straight, POINT, np.diag([1.0, np.inf, 1.0]))
    with pytest.raises(ValueError, match=r"`covariance` must be finite"):
        gaussian_draws(POINT, np.diag([1.0, np.nan, 1.0]))
    with pytest.raises(ValueError, match=r"`level` must be between 0 and 1, got 95\. Give for example 0\.95"):
        linear_band(straight, POINT, COVARIANCE, level=95)
    with pytest.raises(ValueError, match=r"`curve` must be finite"):
        drawn_band(lambda u: jnp.log(u[:1] - 5), gaussian_draws(POINT, COVARIANCE, count=4))
