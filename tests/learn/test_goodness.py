"""Stripes at random places are found, noise raises no more alarms than stated."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore.learn import Axis, goodness, laplace, parameters_spent, worst_region

AMPLITUDES = Axis("flux_amplitude", np.linspace(0.40, 0.59, 20), "V")
DURATIONS = Axis("duration", np.linspace(10e-9, 40e-9, 31), "s")
GRID = (AMPLITUDES, DURATIONS)


def noise(seed, shape=(20, 31)):
    return np.random.default_rng(seed).normal(size=shape)


def binomial(seed, share=0.02, shots=100, shape=(20, 31)):
    counts = np.random.default_rng(seed).binomial(shots, share, shape)
    return (counts - shots * share) / np.sqrt(shots * share * (1 - share))


@pytest.fixture(scope="module")
def judged_noise():
    return [goodness(noise(seed), GRID, seed=seed) for seed in range(60)]


@pytest.mark.slow
def test_noise_raises_alarms_as_rarely_as_stated(judged_noise):
    for stated in (0.01, 0.1):
        alarms = [not replace(one, false_alarm=stated).explained for one in judged_noise]
        assert np.mean(alarms) < stated + 3 * np.sqrt(stated * (1 - stated) / 60)


def test_noise_of_few_counts_raises_no_alarm_along_axes_or_in_regions():
    # two counts a point: ties, and a sign that is more frequent; chi2 itself is not that of Gaussians there
    for seed in range(10):
        found = goodness(binomial(seed), GRID, seed=seed)
        assert [flag for flag in found.flags if not flag.startswith("chi2")] == []


def outcomes(seed, shares=(0.6, 0.398, 0.002), shots=300, shape=(4, 13)):
    """Residuals of three outcomes, of which two come: what the one has too much, the other lacks."""
    counts = np.random.default_rng(seed).multinomial(shots, shares, shape)
    spread = np.sqrt(shots * np.array(shares) * (1 - np.array(shares)))
    return ((counts - shots * np.array(shares)) / spread)[..., :2]


def test_outcomes_of_one_point_are_no_evidence_twice():
    grid = (Axis("flux", np.arange(4.0)), Axis("delay", np.arange(13.0)), Axis("outcome", ["0", "1"]))
    judged = [goodness(outcomes(seed), grid, seed=seed) for seed in range(200)]
    values = {
        "runs": [test.runs_p for one in judged for test in one.axes[1:]],
        "correlation": [test.correlation_p for one in judged for test in one.axes[1:]],
        "region": [one.worst.p_value for one in judged],
    }
    for name, p in values.items():
        assert np.mean(np.array(p) < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p)), name


def test_a_stripe_in_one_outcome_is_found():
    grid = (Axis("flux", np.arange(4.0)), Axis("delay", np.arange(13.0)), Axis("outcome", ["0", "1"]))
    residuals = outcomes(3)
    residuals[2, 4:9, 0] += 4
    residuals[2, 4:9, 1] -= 4
    found = worst_region(residuals, grid)
    assert found.p_value < 1e-3
    assert found.slices[:2] == ((2, 3), (4, 9))


@pytest.mark.slow
def test_each_test_is_calibrated_on_noise(judged_noise):
    values = {
        "chi2": [one.p_value for one in judged_noise],
        "runs": [test.runs_p for one in judged_noise for test in one.axes],
        "correlation": [test.correlation_p for one in judged_noise for test in one.axes],
        "region": [one.worst.p_value for one in judged_noise],
    }
    for name, p in values.items():
        error = np.sqrt(0.25 * 0.75 / len(p))
        assert np.mean(np.array(p) < 0.25) == pytest.approx(0.25, abs=3 * error), name


def test_a_stripe_at_a_random_place_is_found_though_chi2_is_1():
    random = np.random.default_rng(7)
    for seed in range(12):
        residuals = noise(seed)
        width, begin = int(random.integers(2, 5)), int(random.integers(0, 16))
        sign = random.choice([-1, 1])
        residuals[begin : begin + width] += sign * 1.2
        residuals *= np.sqrt(residuals.size / np.sum(residuals**2))
        found = goodness(residuals, GRID, name="chevron", seed=seed)
        assert found.chi2 / found.dof == pytest.approx(1.0)
        assert not found.explained
        (low, high), columns = found.worst.slices
        overlap = min(high, begin + width) - max(low, begin)
        assert overlap >= 0.5 * max(width, high - low), (seed, begin, width, found.worst)
        assert columns[1] - columns[0] > 10
        assert np.sign(found.worst.mean) == sign
        assert found.worst.p_value < 1e-3


def test_the_worst_region_is_written_in_coordinates_and_units():
    residuals = noise(3)
    residuals[8:11, 10:22] *= 4.0
    found = goodness(residuals, GRID, name="chevron")
    assert not found.explained
    assert found.worst.slices == ((8, 11), (10, 22))
    inside = residuals[8:11, 10:22]
    assert found.worst.rms == pytest.approx(np.sqrt(np.mean(inside**2)))
    assert str(found.worst).startswith("flux_amplitude 480 mV to 500 mV, duration 20 ns to 31 ns: residuals ")
    assert "sigma rms" in str(found.worst)
    assert str(found.worst) in repr(found)
    assert "not explained" in repr(found)


def test_a_fringe_is_seen_by_neighbors():
    residuals = noise(4) + 1.2 * np.sin(np.linspace(0, 8 * np.pi, 31))
    residuals *= np.sqrt(residuals.size / np.sum(residuals**2))
    found = goodness(residuals, GRID)
    along = {test.axis: test for test in found.axes}
    assert along["duration"].correlation > 0.1
    assert along["duration"].runs_p < 1e-3
    assert "neighbors along duration correlated by" in repr(found)
    assert "long runs along duration" in repr(found)


def test_a_wrong_scale_of_the_noise_is_chi2_and_no_region():
    found = goodness(1.3 * noise(5), GRID)
    assert [flag.split(" per")[0] for flag in found.flags] == ["chi2"]
    assert found.worst.p_value > 0.01


def test_a_region_is_found_though_the_noise_is_smaller_than_stated():
    residuals = 0.3 * noise(5)
    residuals[8:11, 10:22] *= 4.0
    (rows, columns) = goodness(residuals, GRID).worst.slices
    assert rows == (8, 11)
    assert columns == pytest.approx((10, 22), abs=2)


def test_runs_are_calibrated_where_one_sign_is_rare():
    axis = Axis("delay", np.arange(300.0), "s")
    signs = np.random.default_rng(0).choice([-(3**-0.5), 3**0.5], p=[0.75, 0.25], size=(300, 300))
    chances = [goodness(one, (axis,)).axes[0].runs_p for one in signs]
    for level in (0.05, 0.25):
        assert np.mean(np.array(chances) < level) == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 300))


def test_missing_points_are_counted_and_tell_nothing():
    residuals = noise(6)
    residuals[3:6, 4:20] = np.nan
    found = goodness(residuals, GRID)
    assert found.missing == 48
    assert found.points == found.dof == 572
    assert found.chi2 == pytest.approx(np.nansum(residuals**2))
    assert found.explained
    assert "48 missing" in repr(found)


def test_an_axis_of_names_has_no_neighbors():
    residuals = np.stack([noise(1, (40,)), noise(2, (40,)) + 1.5])
    found = goodness(residuals, (Axis("qubit", ["q0", "q1"]), Axis("delay", np.linspace(0, 1e-5, 40), "s")))
    assert [test.axis for test in found.axes] == ["delay"]
    assert found.worst.text.startswith("qubit q1")


def test_too_few_points_have_no_region():
    assert worst_region(noise(1, (5,)), (Axis("delay", np.arange(5.0), "s"),)) is None


def test_a_joint_fit_spends_its_parameters_on_its_experiments():
    random = np.random.default_rng(0)
    jacobian = random.normal(size=(50, 4))
    jacobian[:20, 3] = 0.0
    covariance = laplace(jacobian, np.ones(4)).covariance
    spent = parameters_spent(jacobian, covariance, [20, 30])
    assert spent.sum() == pytest.approx(4)
    hat = jacobian @ np.linalg.inv(jacobian.T @ jacobian) @ jacobian.T
    assert spent[0] == pytest.approx(np.trace(hat[:20, :20]))
    with_priors = parameters_spent(jacobian, laplace(jacobian, np.ones(4), prior=np.full(4, 0.1)).covariance, [20, 30])
    assert with_priors.sum() < 4


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match=r"`residuals` must have the shape \(20, 31\) of the axes, got \(31, 20\)"):
        goodness(noise(0).T, GRID)
    with pytest.raises(ValueError, match=r"620 points of 'chevron' leave no degree of freedom beside 620 parameters"):
        goodness(noise(0), GRID, name="chevron", parameters=620)
