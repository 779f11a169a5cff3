"""The recipe of the white paper: posed as it says, near the truth, and behind the likelihood of the same data."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Status
from qrexplore.data import DENOISED
from qrexplore.learn import LearnProblem, learn, mean_squares
from qrexplore.twin import library, simulate

FREE = ("q0.frequency", "q0.t1", "q0.t_phi")
TRUTH = library.transmon().replace({"q0.frequency": 5.0003e9, "q0.t1": 22e-6, "q0.t_phi": 15e-6})
NEAR = library.transmon().replace({"q0.frequency": 5.00028e9})
RAMSEY = experiments.ramsey_phases(np.linspace(0, 12e-6, 61))
DECAY = experiments.t1(np.linspace(0, 60e-6, 41))


def posed(seed):
    data = {
        name: simulate(TRUTH, one, shots=300, seed=1000 * place + seed)
        for place, (name, one) in enumerate({"ramsey": RAMSEY, "t1": DECAY}.items())
    }
    return LearnProblem(NEAR, data, free=FREE, likelihood="counts", robust=3.0)


def test_what_is_asked_is_the_mean_square_of_denoised_data_by_adam():
    problem = posed(0)
    question = mean_squares(problem, tolerance=0.02)
    assert (question.likelihood, question.method, question.robust) == ("mse", "adam", None)
    assert question.free == problem.free
    assert all(one.attrs[DENOISED] == 1 for one in question.datasets.values())
    # a residual of the tolerance at each of the numbers, in units of their spread
    assert question.stop.target == pytest.approx(0.02**2 * (122 + 41) / 2)
    part = mean_squares(replace(problem, subsample=0.5), tolerance=0.02)
    fitted = sum(one["population"].size for one in part.datasets.values())
    assert fitted < 122 + 41
    assert part.stop.target == pytest.approx(0.02**2 * fitted / 2)
    # denoised once
    again = mean_squares(question)
    assert all(again.whole[name] is question.whole[name] for name in question.whole)


def test_data_too_short_or_incomplete_to_be_denoised_are_taken_as_they_are():
    problem = posed(0)
    holed = problem.datasets["ramsey"].copy(deep=True)
    holed["population"].values[0, 0, 3] = np.nan
    short = problem.datasets["t1"].isel(delay=slice(0, 7))
    question = mean_squares(LearnProblem(NEAR, {"ramsey": holed, "t1": short}, free=FREE))
    assert question.whole["ramsey"] is holed
    assert question.whole["t1"] is short
    assert question.missing_points == 1


@pytest.mark.parametrize("tolerance", [0.0, -1.0, np.nan])
def test_a_tolerance_that_means_nothing_is_refused(tolerance):
    with pytest.raises(ValueError, match="`tolerance` must be"):
        mean_squares(posed(0), tolerance)


@pytest.mark.slow
def test_it_comes_near_the_truth_and_ends_where_it_gains_nothing():
    result = learn(mean_squares(posed(0)))
    assert result.status.succeeded
    values = {path: result.parameters[path].value for path in FREE}
    assert abs(values["q0.frequency"] - 5.0003e9) < 1.5e3
    assert values["q0.t1"] == pytest.approx(22e-6, rel=0.1)
    assert values["q0.t_phi"] == pytest.approx(15e-6, rel=0.2)


def test_it_ends_at_its_tolerance():
    result = learn(mean_squares(posed(0), tolerance=0.2))
    assert result.status is Status.TARGET
    assert result.misfit < 0.2 * 1.1


@pytest.mark.slow
def test_the_likelihood_of_the_same_data_errs_less():
    errors = {"likelihood": [], "recipe": []}
    for seed in range(16):
        plain = posed(seed)
        for name, question in (("likelihood", plain), ("recipe", mean_squares(plain))):
            found = learn(question)
            errors[name].append([found.parameters[path].value / TRUTH.parameters[path].value - 1 for path in FREE])
    rms = {name: np.sqrt(np.mean(np.square(rows), axis=0)) for name, rows in errors.items()}
    bias = np.mean(errors["recipe"], axis=0) * np.sqrt(16) / np.std(errors["recipe"], axis=0)
    print({name: dict(zip(FREE, rows, strict=True)) for name, rows in rms.items()}, bias)  # noqa: T201
    # a dephasing that is too fast, surely so
    assert bias[2] < -3
    assert rms["recipe"][2] > 1.1 * rms["likelihood"][2]
