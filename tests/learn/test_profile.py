"""Profiles against the straight case, Fieller's interval of a ratio, and a binomial with its exact deviance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit

from qrexplore.learn import laplace, profile
from qrexplore.optimize import LeastSquares


def problem_of(residual, start):
    value = jax.jit(residual)
    derivative = jax.jit(jax.jacfwd(residual))
    slope = jax.jit(jax.grad(lambda u: jnp.sum(residual(u) ** 2) / 2))

    def linearize(u):
        return np.asarray(value(u)), np.asarray(derivative(u))

    def gradient(u):
        residuals = np.asarray(value(u))
        return float(residuals @ residuals) / 2, np.asarray(slope(u))

    return LeastSquares(linearize, gradient, np.asarray(start, dtype=float))


def test_in_a_linear_problem_the_interval_is_that_of_the_covariance():
    random = np.random.default_rng(0)
    matrix, data = random.normal(size=(12, 3)), random.normal(size=12)
    matrix[:, 2] += 3 * matrix[:, 1]
    fit = np.linalg.lstsq(matrix, data)[0]
    stderr = laplace(matrix, np.ones(3)).stderr
    problem = problem_of(lambda u: matrix @ u - data, fit)
    for k in range(3):
        found = profile(problem, k)
        assert found.lower == pytest.approx(fit[k] - 1.959964 * stderr[k], abs=2e-3 * stderr[k])
        assert found.upper == pytest.approx(fit[k] + 1.959964 * stderr[k], abs=2e-3 * stderr[k])
        assert not found.improved
        assert found.threshold == pytest.approx(3.841459, rel=1e-6)
        parabola = ((found.values - fit[k]) / stderr[k]) ** 2
        assert found.deviance == pytest.approx(parabola, abs=0.01)


def fieller(x, y, sigma_x, sigma_y):
    """Zeros of (x - a y)^2 = 3.84 (sx^2 + a^2 sy^2), the exact deviance of a ratio a = x/y of two Gaussians."""
    c = 3.841459
    return np.sort(np.roots([y**2 - c * sigma_y**2, -2 * x * y, x**2 - c * sigma_x**2]))


def ratio(x, y, sigma_x, sigma_y):
    return problem_of(lambda u: jnp.array([(u[0] * u[1] - x) / sigma_x, (u[1] - y) / sigma_y]), [x / y, y])


def test_interval_of_a_ratio_is_that_of_fieller():
    found = profile(ratio(3.0, 1.0, 0.5, 0.3), 0)
    lower, upper = fieller(3.0, 1.0, 0.5, 0.3)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), rel=2e-3)
    # the curvature would have it symmetric
    assert upper - 3 > 2 * (3 - lower)
    assert found.deviance == pytest.approx((3 - found.values) ** 2 / (0.25 + 0.09 * found.values**2), abs=0.01)


def test_a_ratio_to_something_that_may_be_zero_has_no_upper_limit():
    found = profile(ratio(3.0, 1.0, 0.5, 0.6), 0, farthest=1e3)
    assert found.upper is None
    # where the leading coefficient is negative, the inner zero is the lower limit
    assert found.lower == pytest.approx(fieller(3.0, 1.0, 0.5, 0.6)[1], rel=2e-3)
    assert "no upper limit (95 %)" in str(found)
    assert found.deviance[-1] < 3.84


def test_a_coordinate_that_nothing_depends_on_has_no_limits():
    found = profile(problem_of(lambda u: jnp.array([u[0] - 1.0, 0.0 * u[1]]), [1.0, 0.5]), 1)
    assert found.lower is None
    assert found.upper is None
    assert str(found) == "no limits: the data do not tell (95 %)"


def test_interval_of_a_probability_is_that_of_its_binomial_deviance():
    successes, shots = 3, 60
    share = successes / shots

    def deviance(p):
        return 2 * shots * (share * np.log(share / p) + (1 - share) * np.log((1 - share) / (1 - p)))

    def residual(u):
        p = jax.nn.sigmoid(u[0])
        gap = 2 * shots * (share * jnp.log(share / p) + (1 - share) * jnp.log((1 - share) / (1 - p)))
        return jnp.array([jnp.sign(p - share) * jnp.sqrt(jnp.maximum(gap, 1e-12))])

    found = profile(problem_of(residual, [np.log(share / (1 - share)) + 1e-3]), 0, values=expit)
    lower = brentq(lambda p: deviance(p) - 3.841459, 1e-6, share)
    upper = brentq(lambda p: deviance(p) - 3.841459, share, 0.9)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), rel=2e-3)


def test_a_better_fit_met_on_the_way_is_said():
    # two wells with a low wall between them; the walk starts in the worse one
    found = profile(problem_of(lambda u: jnp.array([1.2 * (u[0] ** 2 - 1), 0.4 * (u[0] - 1)]), [-0.95]), 0)
    assert found.improved
    assert found.best == pytest.approx(1.0, abs=0.2)
    assert found.lower < -0.9 < 1.0 < found.upper
    assert "a better fit was met on the way" in str(found)


@pytest.mark.parametrize(
    ("position", "level", "words"),
    [
        (2, 0.95, r"`position` must be from 0 to 1, got 2\. Give the place"),
        (0, 95, r"`level` must be between 0 and 1, got 95\. Give for example 0\.95"),
    ],
)
def test_what_cannot_be_profiled_is_refused(position, level, words):
    with pytest.raises(ValueError, match=words):
        profile(ratio(3.0, 1.0, 0.5, 0.3), position, level=level)
