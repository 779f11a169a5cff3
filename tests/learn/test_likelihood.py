"""Likelihoods as residuals, against the logarithms of the distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binom, multinomial, norm

from qrexplore import experiments
from qrexplore.learn import Measured, measured, misfit
from qrexplore.twin import library, simulate

SHOTS = 50


def kept_off_the_ends(p):
    """Give the probability that is compared: one unexpected shot must not be impossible."""
    return 1e-6 + (1 - 2e-6) * p


def binomial(shares):
    shares = np.atleast_2d(np.asarray(shares, dtype=float))
    return Measured(jnp.asarray(shares), jnp.ones_like(jnp.asarray(shares)), SHOTS, noise="file", likelihood="binomial")


@pytest.mark.parametrize("count", [0, 1, 17, 49, 50])
def test_binomial_residual_is_the_root_of_the_log_likelihood_ratio(count):
    part = binomial([count / SHOTS])
    for p in (0.003, 0.2, 0.34, 0.9, 0.997):
        (residual,) = np.asarray(part.residuals(jnp.array([[p]])))
        compared = kept_off_the_ends(p)
        ratio = binom.logpmf(count, SHOTS, count / SHOTS) - binom.logpmf(count, SHOTS, compared)
        assert residual**2 / 2 == pytest.approx(ratio, rel=1e-9, abs=1e-12)
        assert np.sign(residual) == np.sign(compared - count / SHOTS)


def test_gaussian_residual_is_the_root_of_the_log_likelihood_ratio():
    part = Measured(np.array([[0.3]]), np.array([[0.02]]), 0, noise="file", likelihood="gaussian")
    (residual,) = np.asarray(part.residuals(jnp.array([[0.35]])))
    assert residual**2 / 2 == pytest.approx(norm.logpdf(0) - norm.logpdf(0.05 / 0.02))


@pytest.mark.parametrize("count", [0, 17, 50])
def test_binomial_residual_is_smooth_through_the_measured_share(count):
    share = count / SHOTS
    part = binomial([share])

    def residual(p):
        return part.residuals(jnp.array([[p]]))[0]

    slope = jax.grad(residual)
    at = [p for p in share + np.array([0.0, 1e-9, -1e-9, 1e-7, -1e-7, 1e-5, -1e-5, 3e-3]) if 0 <= p <= 1]
    assert np.all(np.isfinite([slope(p) for p in at]))
    if 0 < count < SHOTS:
        # near the share the residual is (p - k/N)/sigma
        sigma = np.sqrt(share * (1 - share) / SHOTS)
        for p in at[:-1]:
            assert float(slope(p)) == pytest.approx(1 / sigma, rel=1e-3)
            assert float(residual(p)) == pytest.approx((kept_off_the_ends(p) - share) / sigma, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("count", [0, 1, 17, 50])
def test_slope_of_the_binomial_residual_agrees_with_finite_differences(count):
    part = binomial([count / SHOTS])

    def residual(p):
        return float(part.residuals(jnp.array([[p]]))[0])

    for p in (0.02, 0.31, 0.34 + 2e-6, 0.7, 0.98):
        slope = float(jax.grad(lambda x: part.residuals(jnp.array([[x]]))[0])(p))
        step = 1e-5
        assert slope == pytest.approx((residual(p + step) - residual(p - step)) / (2 * step), rel=1e-4)


def test_model_beyond_0_and_1_has_a_large_but_finite_residual():
    found = np.asarray(binomial([0.5, 0.0, 1.0]).residuals(jnp.array([[-0.2, 1.3, -0.1]])))
    assert np.all(np.isfinite(found))
    assert np.min(np.abs(found)) > 10


def test_missing_points_leave_no_residual():
    values = np.array([[0.1, np.nan, 0.3]])
    part = Measured(values, np.full((1, 3), 0.1), 0, noise="file", likelihood="gaussian")
    np.testing.assert_allclose(part.residuals(jnp.array([[0.1, 5.0, 0.4]])), [0.0, 0.0, 1.0], atol=1e-12)
    assert part.independent == 2


def relaxation(**settings):
    return simulate(library.transmon(), experiments.t1(np.linspace(0, 1e-4, 40), **settings))


def test_standard_errors_of_the_file_are_taken():
    data = relaxation()
    data["population_stderr"] = data["population"].copy(data=np.full((1, 40), 0.013))
    part = measured(data, "gaussian")
    assert part.noise == "file"
    assert np.all(part.sigma == 0.013)


@pytest.mark.parametrize("wrong", [0.0, np.nan, -0.01, np.inf])
def test_a_point_without_a_usable_error_is_left_out_and_the_others_keep_theirs(wrong):
    data = relaxation()
    errors = np.linspace(0.01, 0.02, 40)[None]
    data["population_stderr"] = data["population"].copy(data=errors.copy())
    data["population_stderr"].values[0, 7] = wrong
    part = measured(data, "gaussian")
    assert part.noise == "file"
    assert np.flatnonzero(~part.present[0]).tolist() == [7]
    assert part.independent == 39
    expected = 0.03 / errors[0]
    expected[7] = 0.0
    np.testing.assert_allclose(part.residuals(jnp.asarray(part.values + 0.03)), expected)


def test_errors_that_are_nan_wherever_there_is_a_number_tell_nothing():
    data = relaxation()
    data["population"].values[...] += 0.01 * np.random.default_rng(0).normal(size=(1, 40))
    silent = measured(data, "gaussian")
    data["population_stderr"] = data["population"].copy(data=np.full((1, 40), np.nan))
    part = measured(data, "gaussian")
    assert part.noise == silent.noise == "scatter"
    np.testing.assert_array_equal(part.sigma, silent.sigma)


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_spoils_no_estimate_of_the_noise(wrong):
    data = relaxation()
    data["population"].values[...] += 0.01 * np.random.default_rng(0).normal(size=(1, 40))
    data["population"].values[0, 11] = wrong
    part = measured(data, "gaussian")
    assert part.noise == "scatter"
    assert part.sigma.max() == pytest.approx(0.01, rel=0.5)
    assert part.independent == 39
    assert misfit([part], [np.full((1, 40), np.nanmean(part.values))]) == pytest.approx(1.0)


def test_a_qubit_without_a_number_leaves_the_noise_of_the_others():
    twin, sweep = library.two_transmons(), np.linspace(0, 20e-6, 40)
    data = simulate(twin, experiments.zz_ramsey(sweep, artificial_detuning=0.3e6))
    data["population"].values[...] += 0.01 * np.random.default_rng(0).normal(size=data["population"].shape)
    alone = measured(data, "gaussian")
    data["population"].values[0] = np.nan
    part = measured(data, "gaussian")
    assert part.noise == alone.noise == "scatter"
    np.testing.assert_array_equal(part.sigma[1], alone.sigma[1])
    found = np.full(data["population"].shape, np.nanmean(part.values[1]))
    assert misfit([part], [found]) == pytest.approx(1.0)


def test_noise_is_estimated_from_scatter_where_the_file_is_silent():
    data = relaxation()
    data["population"].values[...] += 0.01 * np.random.default_rng(0).normal(size=(1, 40))
    part = measured(data, "gaussian")
    assert part.noise == "scatter"
    assert part.sigma.max() == pytest.approx(0.01, rel=0.5)


def test_binomial_likelihood_needs_shots():
    with pytest.raises(ValueError, match=r"'binomial' needs a population from a known number of shots.*Use 'gaussian'"):
        measured(relaxation(), "binomial")
    assert measured(relaxation(shots=300), "binomial").shots == 300


def test_noise_that_cannot_be_told_leaves_the_rms_of_the_data_as_scale():
    few = simulate(library.transmon(), experiments.t1(np.linspace(0, 1e-4, 5)))
    # a fringe with a point and a half a period looks like noise to its neighbors
    coarse = simulate(library.transmon(), experiments.ramsey(np.arange(40) * 1e-6, artificial_detuning=0.66e6))
    for data in (few, coarse):
        part = measured(data, "gaussian")
        assert part.noise == "unknown"
        assert part.sigma[0, 0] == pytest.approx(np.std(data["population"].values))
    assert measured(few, "mse").sigma[0, 0] == pytest.approx(np.std(few["population"].values))


def test_an_error_of_nothing_that_a_share_of_0_or_1_is_said_to_have_is_what_its_shots_leave_open():
    data = relaxation(shots=300)
    share = np.array([0.0, 1.0, 0.3, 0.0, *data["population"].values[0, 4:]])
    data["population"].values[0] = share
    data["population_stderr"] = data["population"].copy(data=np.sqrt(share * (1 - share) / 300)[None])
    sigma = measured(data, "gaussian").sigma[0]
    # one shot among 302 more than there were
    rare = np.sqrt(1 / 302 * 301 / 302 / 300)
    np.testing.assert_allclose(sigma[:4], [rare, rare, np.sqrt(0.21 / 300), rare])
    silent = data.assign_attrs(settings="{}")
    assert np.isnan(measured(silent, "gaussian").sigma[0, [0, 1, 3]]).all()


def test_unknown_likelihood_names_the_known_ones():
    with pytest.raises(ValueError, match="`likelihood` must be one of 'gaussian', 'binomial', 'multinomial'"):
        measured(relaxation(), "poisson")


OUTCOMES = [[[0.0, 0.02, 0.98], [0.3, 0.3, 0.4], [1.0, 0.0, 0.0]]]


def test_residuals_of_outcomes_are_roots_that_sum_to_the_log_likelihood_ratio():
    shares, model = np.array(OUTCOMES), np.array([[[0.01, 0.04, 0.95], [0.3, 0.31, 0.39], [0.9, 0.07, 0.03]]])
    part = Measured(jnp.asarray(shares), jnp.ones((1, 3, 3)), SHOTS, noise="file", likelihood="multinomial")
    found = np.asarray(part.residuals(jnp.asarray(model))).reshape(3, 3)
    for residual, share, p in zip(found, shares[0], model[0], strict=True):
        ratio = multinomial.logpmf(share * SHOTS, SHOTS, share) - multinomial.logpmf(share * SHOTS, SHOTS, p)
        assert residual @ residual / 2 == pytest.approx(ratio, rel=1e-9)
        np.testing.assert_array_equal(np.sign(residual), np.sign(p - share))
    assert part.independent == 6


def test_residuals_of_outcomes_are_smooth_where_the_model_meets_the_shares():
    part = Measured(jnp.asarray(OUTCOMES), jnp.ones((1, 3, 3)), SHOTS, noise="file", likelihood="multinomial")
    share = OUTCOMES[0][1][1]

    def residual(p):
        return part.residuals(jnp.asarray(OUTCOMES).at[0, 1, 1].set(p))[4]

    for p in share + np.array([0.0, 1e-9, -1e-7, 1e-5, -1e-5, 1e-3]):
        # near the share a residual is that of a Poisson count
        assert float(jax.grad(residual)(p)) == pytest.approx(np.sqrt(SHOTS / share), rel=3e-3)
    around = [float(residual(share * (1 + x))) for x in (0.99e-5, 1.01e-5)]
    assert around[1] / around[0] == pytest.approx(1.01 / 0.99, rel=1e-4)


@pytest.mark.parametrize("pull", [0.1, 1.0, 3.0, 30.0, -200.0])
def test_robust_residuals_are_those_of_the_pseudo_huber_loss(pull):
    values, sigma = jnp.array([[0.3]]), jnp.array([[0.01]])
    part = Measured(values, sigma, 0, noise="file", likelihood="gaussian", robust=3.0)
    (residual,) = part.residuals(values + pull * sigma)
    assert float(residual) ** 2 / 2 == pytest.approx(9 * (np.sqrt(1 + (pull / 3) ** 2) - 1))
    assert np.sign(residual) == np.sign(pull)


def test_a_weight_is_a_factor_on_the_logarithm_of_the_likelihood():
    values, sigma = jnp.array([[0.3, 0.5]]), jnp.array([[0.01, 0.01]])
    plain, heavy = (Measured(values, sigma, 0, noise="file", likelihood="gaussian", weight=w) for w in (1.0, 2.5))
    losses = [float(jnp.sum(part.residuals(values + 0.02) ** 2)) for part in (plain, heavy)]
    assert losses[1] == pytest.approx(2.5 * losses[0])


def test_counts_take_the_likelihood_that_fits_each_dataset():
    twin = library.transmon()
    shares = simulate(twin, experiments.t1(np.linspace(0, 1e-4, 40), shots=100), shots=100, seed=1)
    assert measured(shares, "counts").likelihood == "binomial"
    assert measured(relaxation(), "counts").likelihood == "gaussian"
