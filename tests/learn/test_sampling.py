"""Draws against posteriors that are known: a Gaussian, a banana, and a share of counts through a compiled function."""

import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from qrexplore.learn import Samples, diagnostics, sample, traceable

pytest.importorskip("blackjax")
pytest.importorskip("arviz_stats")


def test_draws_from_a_gaussian_have_its_covariance():
    width = np.array([1e-3, 1.0, 50.0])
    correlation = np.array([[1.0, 0.95, 0.0], [0.95, 1.0, 0.3], [0.0, 0.3, 1.0]])
    covariance = correlation * np.outer(width, width)
    precision = np.linalg.inv(covariance)
    center = np.array([2.0, -1.0, 7.0])
    found = sample(
        lambda u: (u - center) @ precision @ (u - center) / 2, center, covariance,
        paths=["a", "b", "c"], warmup=200, draws=500,
    )  # fmt: skip
    assert found.converged
    assert found.unsettled == ()
    assert np.cov(found.flat().T) / np.outer(width, width) == pytest.approx(correlation, abs=0.1)
    assert found.ratios == pytest.approx(np.ones(3), abs=0.06)
    low, high = found.intervals()["b"]
    assert (low, high) == pytest.approx((-1 - 1.96, -1 + 1.96), abs=0.2)
    assert repr(found).startswith("converged; 4 chains of 500 draws, 0 divergences")
    assert "not Gaussian" not in repr(found)


def test_draws_from_a_banana_have_its_moments_though_the_fit_has_not():
    # y given x is normal about x^2/2: the variance of y is 0.5^2 + 0.5, where the curvature at the fit says 0.5^2
    def loss(u):
        return u[0] ** 2 / 2 + ((u[1] - u[0] ** 2 / 2) / 0.5) ** 2 / 2

    found = sample(loss, np.zeros(2), np.diag([1.0, 0.25]), draws=2000)
    x, y = found.flat().T
    assert found.converged
    random = np.random.default_rng(0)
    exact = random.normal(size=200_000)
    exact = np.stack([exact, exact**2 / 2 + 0.5 * random.normal(size=len(exact))])
    for drawn, independent, size in zip((x, y), exact, found.ess, strict=True):
        assert stats.ks_2samp(drawn, independent).statistic < 2 / np.sqrt(size)
    assert found.ratios[1] == pytest.approx(np.sqrt(0.75) / 0.5, rel=0.2)
    assert "(not Gaussian)" in repr(found)


def test_a_compiled_loss_in_a_changed_coordinate_gives_the_posterior_of_the_parameter():
    # k of N with a flat prior on the share itself is a beta distribution
    successes, shots = 3, 20

    @jax.jit
    def compiled(u):
        def loss(u):
            p = jax.nn.sigmoid(u[0])
            return -successes * jnp.log(p) - (shots - successes) * jnp.log1p(-p)

        return jax.value_and_grad(loss)(u)

    found = sample(
        traceable(compiled), np.array([-1.7]), np.array([[0.4]]), values=jax.nn.sigmoid, warmup=100, draws=400
    )
    expected = stats.beta(successes + 1, shots - successes + 1)
    assert np.mean(found.values) == pytest.approx(expected.mean(), abs=4 * expected.std() / np.sqrt(found.ess[0]))
    assert np.std(found.values) == pytest.approx(expected.std(), rel=0.12)


def test_a_compiled_loss_has_its_gradient_when_traced():
    def gradient(u):
        return float(u @ u) / 2 + u[0], u + np.array([1.0, 0.0])

    points = jnp.array([[1.0, 2.0], [-3.0, 0.5]])
    loss, slope = jax.jit(jax.vmap(jax.value_and_grad(traceable(gradient))))(points)
    assert loss == pytest.approx([3.5, 1.625])
    assert np.asarray(slope) == pytest.approx(np.array([[2.0, 2.0], [-2.0, 0.5]]))


def samples(draws):
    rhat, ess = diagnostics(draws)
    ones = np.ones(draws.shape[-1])
    return Samples(("q0.frequency", "g"), draws, draws, rhat, ess, ones, divergences=0, acceptance=0.8, seconds=1.0)


def test_chains_in_different_places_give_no_interval_unless_asked():
    draws = np.random.default_rng(0).normal(size=(4, 500, 2))
    assert samples(draws).converged
    draws[3, :, 0] += 0.6
    found = samples(draws)
    assert found.unsettled == ("q0.frequency",)
    assert "95 %" not in repr(found)
    assert repr(found).startswith("not converged: q0.frequency has R-hat 1.0")
    with pytest.raises(
        ValueError, match=r"the chains have not converged: q0\.frequency has R-hat .* Draw more with `draws`"
    ):
        found.intervals()
    assert found.intervals(unconverged=True)["g"] == pytest.approx((-1.96, 1.96), abs=0.15)


def test_few_effective_draws_are_not_enough():
    random, draws = np.random.default_rng(1), np.zeros((4, 1000, 2))
    for k in range(1, 1000):
        draws[:, k] = 0.9 * draws[:, k - 1] + 0.44 * random.normal(size=(4, 2))
    found = samples(draws)
    # a chain with the correlation 0.9 has (1 - 0.9)/(1 + 0.9) effective draws a draw
    assert found.ess == pytest.approx([4000 * 0.1 / 1.9] * 2, rel=0.35)
    assert not found.converged


@pytest.mark.parametrize(
    ("rhat", "ess", "unsettled"),
    [
        ([1.01, 1.0], [400.0, 9999.0], ()),
        ([1.011, 1.0], [4000.0, 4000.0], ("q0.frequency",)),
        ([1.0, 1.0], [4000.0, 399.0], ("g",)),
        ([np.nan, 1.0], [4000.0, 4000.0], ("q0.frequency",)),
    ],
)
def test_limits_of_the_diagnostics(rhat, ess, unsettled):
    found = replace(samples(np.random.default_rng(0).normal(size=(4, 500, 2))), rhat=np.array(rhat), ess=np.array(ess))
    assert found.unsettled == unsettled
    assert found.converged == (not unsettled)
    assert repr(found).startswith("converged" if not unsettled else f"not converged: {unsettled[0]}")


def test_a_parameter_that_never_moves_has_not_converged():
    draws = np.random.default_rng(0).normal(size=(4, 500, 2))
    draws[:, :, 1] = 3.0
    assert samples(draws).unsettled == ("g",)


def test_a_missing_library_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "blackjax", None)
    with pytest.raises(
        ModuleNotFoundError, match=r'blackjax is not installed\. .*`pip install "qrexplore\[sampling\]"`'
    ):
        sample(lambda u: u @ u / 2, np.zeros(1), np.eye(1))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"covariance": np.ones((2, 2))}, r"`covariance` must be positive, got one with a direction of no width"),
        ({"covariance": np.diag([1.0, np.inf])}, r"`covariance` must be finite"),
        ({"acceptance": 1.0}, r"`acceptance` must be between 0 and 1, got 1\.0\. Give for example 0\.9"),
        ({"chains": 1}, r"`chains` must hold whole numbers from 2, got 1"),
        ({"draws": 2}, r"`draws` must hold whole numbers from 4, got 2"),
    ],
)
def test_what_cannot_be_sampled_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        sample(lambda u: u @ u / 2, np.zeros(2), **{"covariance": np.eye(2), **options})
