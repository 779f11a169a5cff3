"""The score test on decays that may hold an oscillation, against chi2 and against fits of the term itself."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.stats import kstest

from qrexplore.learn import score_test

TIMES = np.linspace(0, 5, 60)
SIGMA = 0.02
TRUTH = np.array([0.9, 1.3, 0.05])
TERM = np.cos(3 * TIMES)[:, None] / SIGMA


def model(values):
    amplitude, t1, offset = values
    return (amplitude * np.exp(-TIMES / t1) + offset) / SIGMA


def derivative(values):
    amplitude, t1, _ = values
    decay = np.exp(-TIMES / t1)
    return np.stack([decay, amplitude * decay * TIMES / t1**2, np.ones_like(TIMES)], axis=1) / SIGMA


def fitted(data):
    fit = least_squares(lambda v: model(v) - data, TRUTH, jac=derivative)
    return model(fit.x) - data, derivative(fit.x)


def noisy(seed, strength=0.0):
    return model(TRUTH) + strength * TERM[:, 0] + np.random.default_rng(seed).normal(size=len(TIMES))


def stderr():
    residual, jacobian = fitted(model(TRUTH))
    return score_test(residual, jacobian, TERM, ["cosine"])[0].stderr


def test_without_the_term_the_statistic_is_chi2():
    found = [score_test(*fitted(noisy(seed)), TERM, ["cosine"])[0] for seed in range(200)]
    assert kstest([one.statistic for one in found], "chi2", args=(1,)).pvalue > 0.01
    assert kstest([one.p_value for one in found], "uniform").pvalue > 0.01


def test_for_a_rate_half_of_the_chance_lies_at_zero():
    found = [score_test(*fitted(noisy(seed)), TERM, ["rate"], rates=np.array([True]))[0] for seed in range(200)]
    positive = [one for one in found if one.statistic > 0]
    assert 80 < len(positive) < 120
    assert kstest([one.statistic for one in positive], "chi2", args=(1,)).pvalue > 0.01
    assert kstest([2 * one.p_value for one in positive], "uniform").pvalue > 0.01
    assert {one.p_value for one in found if one.coefficient < 0} == {1.0}


def test_a_term_of_three_sigma_is_found():
    strength = 3 * stderr()
    # without noise its score is 9
    exact = score_test(*fitted(model(TRUTH) + strength * TERM[:, 0]), TERM, ["cosine"])[0]
    assert exact.statistic == pytest.approx(9, rel=0.02)
    assert exact.found
    found = [score_test(*fitted(noisy(seed, strength)), TERM, ["cosine"])[0] for seed in range(100)]
    assert np.mean([one.coefficient for one in found]) == pytest.approx(strength, rel=0.1)
    # with noise it is above the 2.58 sigma of 1 % in 66 % of cases
    assert 0.52 < np.mean([one.found for one in found]) < 0.8


def test_the_score_is_what_a_fit_of_the_term_would_gain():
    data = noisy(5, 4 * stderr())
    residual, jacobian = fitted(data)
    found = score_test(residual, jacobian, TERM, ["cosine"])[0]
    full = least_squares(lambda v: model(v[:3]) + v[3] * TERM[:, 0] - data, [*TRUTH, 0.0])
    assert found.statistic == pytest.approx(residual @ residual - 2 * full.cost, rel=0.03)
    assert found.coefficient == pytest.approx(full.x[3], rel=0.05)


def test_a_list_of_terms_is_corrected_for_its_length_and_sorted():
    random = np.random.default_rng(0)
    columns = np.column_stack([random.normal(size=(len(TIMES), 30)) / SIGMA, TERM])
    names = [f"noise {k}" for k in range(30)] + ["cosine"]
    found = score_test(*fitted(noisy(1, 6 * stderr())), columns, names)
    assert found[0].name == "cosine"
    assert [one.name for one in found if one.found] == ["cosine"]
    assert found[0].corrected == pytest.approx(31 * found[0].p_value)
    scanned = score_test(*fitted(noisy(1, 6 * stderr())), TERM, ["cosine"], trials=1000)
    assert scanned[0].corrected == pytest.approx(1000 * scanned[0].p_value)


def test_terms_that_look_alike_name_each_other():
    columns = np.column_stack([TERM, np.cos(3.05 * TIMES) / SIGMA])
    found = score_test(*fitted(noisy(1, 6 * stderr())), columns, ["f = 3", "f = 3.05"])
    assert {one.name: one.mimics for one in found} == {"f = 3": ("f = 3.05",), "f = 3.05": ("f = 3",)}
    assert "f = 3.05 would look alike" in " ".join(map(str, found))


def test_a_term_that_free_parameters_imitate_is_not_tested():
    residual, jacobian = fitted(noisy(1))
    found = score_test(residual, jacobian, jacobian @ np.array([[1.0], [2.0], [-0.5]]), ["copy"])[0]
    assert (found.p_value, found.statistic, found.stderr) == (1.0, 0.0, np.inf)
    assert str(found) == "copy: cannot be told from the free parameters"


def test_columns_that_do_not_fit_are_refused():
    residual, jacobian = fitted(noisy(1))
    with pytest.raises(
        ValueError, match=r"`columns` must have the shape \(60, 2\) of residuals and names, got \(60, 1\)"
    ):
        score_test(residual, jacobian, TERM, ["a", "b"])
    with pytest.raises(ValueError, match=r"the column of 'cosine' is not finite\. Leave this candidate out"):
        score_test(residual, jacobian, TERM * np.nan, ["cosine"])
