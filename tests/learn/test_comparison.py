"""Evidence, ratios and leave-one-out against what is exact for straight models."""

import numpy as np
import pytest
from scipy.stats import kstest, multivariate_normal, sem

from qrexplore.learn import bic, held_out, leave_one_out, likelihood_ratio, log_evidence, predictive_density, preference


def straight(seed, points=40, parameters=3):
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(points, parameters))
    return random, matrix


def fit(matrix, data, prior=None):
    rows = np.zeros((0, matrix.shape[1])) if prior is None else np.diag(1 / prior)
    values = np.linalg.lstsq(np.vstack([matrix, rows]), np.append(data, np.zeros(len(rows))))[0]
    return values, float(np.sum((matrix @ values - data) ** 2)) / 2


def test_evidence_of_a_straight_model_is_exact():
    random, matrix = straight(0)
    prior = np.array([0.5, 2.0, 10.0])
    data = matrix @ (prior * random.normal(size=3)) + random.normal(size=40)
    values, loss = fit(matrix, data, prior)
    slopes = np.array([1.0, 3.0, 0.2])
    found = log_evidence(loss, matrix * slopes, slopes, shifts=values, prior=prior)
    exact = multivariate_normal(np.zeros(40), np.eye(40) + (matrix * prior**2) @ matrix.T).logpdf(data)
    assert found - 20 * np.log(2 * np.pi) == pytest.approx(exact, rel=1e-9)


def test_bic_is_the_evidence_of_a_prior_as_wide_as_one_point_tells():
    # Kass and Wasserman: with the unit information prior about the fit, -2 log Z -> BIC
    random, matrix = straight(1, points=2000)
    data = matrix @ np.ones(3) + random.normal(size=2000)
    _, loss = fit(matrix, data)
    found = log_evidence(loss, matrix, np.ones(3), shifts=np.zeros(3), prior=np.ones(3))
    assert bic(loss, parameters=3, points=2000) == pytest.approx(-2 * found, abs=0.3)


def test_likelihood_ratio_without_a_further_effect_is_chi2():
    statistics, chances = [], []
    for seed in range(200):
        random, matrix = straight(seed, parameters=5)
        data = matrix[:, :3] @ np.ones(3) + random.normal(size=40)
        found = likelihood_ratio(fit(matrix[:, :3], data)[1], fit(matrix, data)[1], further=2)
        statistics.append(found.statistic)
        chances.append(found.p_value)
    assert kstest(statistics, "chi2", args=(2,)).pvalue > 0.01
    assert kstest(chances, "uniform").pvalue > 0.01


def test_likelihood_ratio_says_whether_parameters_are_needed():
    assert str(likelihood_ratio(30.0, 20.0, further=2)).startswith(
        "the further parameters are needed: deviance falls by 20.0"
    )
    assert str(likelihood_ratio(30.0, 29.5, further=2)).startswith("the further parameters are not needed")
    with pytest.raises(
        ValueError, match=r"the richer model fits worse .* Fit it again, from where the simpler one ended"
    ):
        likelihood_ratio(20.0, 21.0, further=1)
    with pytest.raises(ValueError, match=r"`further` must be at least 1, got 0"):
        likelihood_ratio(20.0, 19.0, further=0)


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (1.9, "no preference between A and B"),
        (-1.9, "no preference between A and B"),
        (2.1, "A is weakly preferred"),
        (-4.9, "B is weakly preferred"),
        (5.1, "A is strongly preferred"),
    ],
)
def test_differences_of_evidence_have_the_words_of_their_size(difference, words):
    assert preference(difference, "A", "B").startswith(words)


def test_a_difference_that_is_no_number_has_no_words():
    with pytest.raises(ValueError, match=r"`difference` must be a number, got nan"):
        preference(np.nan)


def left_out(matrix, data, block):
    """Exact log predictive density of a block, the others known, relative to a perfect prediction."""
    kept = np.setdiff1d(np.arange(len(data)), block)
    precision = np.eye(matrix.shape[1]) / 100 + matrix[kept].T @ matrix[kept]
    center = np.linalg.solve(precision, matrix[kept].T @ data[kept])
    spread = np.eye(len(block)) + matrix[block] @ np.linalg.solve(precision, matrix[block].T)
    density = multivariate_normal(matrix[block] @ center, spread).logpdf(data[block])
    return density + len(block) / 2 * np.log(2 * np.pi)


def blocks_of(matrix, data, blocks, seed=0):
    precision = np.eye(matrix.shape[1]) / 100 + matrix.T @ matrix
    center = np.linalg.solve(precision, matrix.T @ data)
    draws = np.random.default_rng(seed).multivariate_normal(center, np.linalg.inv(precision), size=(4, 2000))
    residuals = draws @ matrix.T - data
    return np.stack([-np.sum(residuals[..., block] ** 2, axis=-1) / 2 for block in blocks], axis=-1)


def test_leaving_out_by_weights_is_leaving_out():
    pytest.importorskip("arviz_stats")
    random, matrix = straight(2, points=120)
    data = matrix @ np.ones(3) + random.normal(size=120)
    blocks = np.split(np.arange(120), 12)
    names = [f"experiment {k}" for k in range(12)]
    found = leave_one_out(blocks_of(matrix, data, blocks), names)
    exact = [left_out(matrix, data, block) for block in blocks]
    assert found.densities == pytest.approx(exact, abs=0.1)
    assert found.doubtful == ()
    assert found.total == pytest.approx(sum(exact), abs=0.4)
    poorer = leave_one_out(blocks_of(matrix[:, :2], data, blocks), names)
    gap, error = found.against(poorer)
    assert gap > 2 * error
    # the error of a sum of 12 is that of their mean, times 12
    assert error == pytest.approx(12 * sem(found.densities - poorer.densities))
    with pytest.raises(ValueError, match=r"both models must predict the same blocks"):
        found.against(leave_one_out(blocks_of(matrix, data, blocks[:6]), names[:6]))


def test_a_block_that_alone_tells_a_parameter_is_doubtful():
    pytest.importorskip("arviz_stats")
    random, matrix = straight(3, points=60)
    matrix[:, 2] = 0.0
    matrix[:10, 2] = 5.0
    data = matrix @ np.array([1.0, 1.0, 3.0]) + random.normal(size=60)
    found = leave_one_out(blocks_of(matrix, data, np.split(np.arange(60), 6)), list("abcdef"))
    assert found.doubtful == ("a",)
    assert "leave it out and fit again" in repr(found)


def polynomial(points, degree):
    return np.vander(points, degree + 1) / 0.1


def test_scores_of_the_true_model_are_calibrated():
    chances = []
    for seed in range(200):
        # few fitted points, so that what their errors add to the held-out ones counts
        random, matrix = straight(seed, points=30)
        data = matrix @ np.ones(3) + random.normal(size=30)
        values, _ = fit(matrix[:10], data[:10])
        residual = matrix @ values - data
        covariance = np.linalg.inv(matrix[:10].T @ matrix[:10])
        found = held_out(
            residual[:10], residual[10:], parameters=3, outside_jacobian=matrix[10:], covariance=covariance
        )
        chances.append(found.p_value)
    assert kstest(chances, "uniform").pvalue > 0.01


def test_too_many_parameters_are_called_over_fitting():
    random = np.random.default_rng(4)
    inside, outside = np.linspace(0, 1, 16), np.linspace(1.02, 1.3, 8)
    truth = lambda x: (1 + 2 * x) / 0.1  # noqa: E731 (a formula)
    data, further = truth(inside) + random.normal(size=16), truth(outside) + random.normal(size=8)
    verdicts = {}
    for degree in (1, 9):
        matrix = polynomial(inside, degree)
        values, _ = fit(matrix, data)
        found = held_out(matrix @ values - data, polynomial(outside, degree) @ values - further, parameters=degree + 1)
        verdicts[degree] = found
    assert not verdicts[1].overfitted
    assert verdicts[1].verdict().startswith("No over-fitting seen")
    assert verdicts[9].overfitted
    assert verdicts[9].outside < verdicts[9].inside
    assert "out of sample" in str(verdicts[9])


def test_a_model_that_explains_neither_is_not_called_over_fitted():
    random = np.random.default_rng(0)
    found = held_out(2 * random.normal(size=50), 2 * random.normal(size=50), parameters=2)
    assert found.verdict().startswith("No over-fitting, but the model explains neither")


def test_held_out_points_are_needed():
    with pytest.raises(ValueError, match=r"got 0 held out, 5 fitted, 2 parameters\. Hold out whole experiments"):
        held_out(np.ones(5), np.zeros(0), parameters=2)


def test_predictive_density_of_gaussian_draws_is_the_closed_form():
    shift, width = 0.7, 0.5
    draws = np.random.default_rng(0).normal(size=(20_000, 1)) * width + shift
    exact = -0.5 * np.log(1 + width**2) - shift**2 / 2 / (1 + width**2)
    assert predictive_density(draws)[0] == pytest.approx(exact, abs=0.01)
