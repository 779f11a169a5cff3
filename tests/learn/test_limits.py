"""How a problem is looked for when nobody says how, and where a search ends."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Status
from qrexplore.learn import LearnProblem, learn
from qrexplore.optimize import METHODS, Stop
from qrexplore.twin import library, simulate

EXPERIMENT = experiments.t1(np.linspace(0, 118e-6, 27), shots=500)


@pytest.fixture(scope="module")
def problem():
    data = simulate(library.transmon().replace({"q0.t1": 25e-6}), EXPERIMENT, shots=500, seed=4)
    return LearnProblem(library.transmon(), data, free=["q0.t1", "readout_q0.false_*"], likelihood="counts")


def test_a_problem_with_residuals_is_solved_by_levenberg_marquardt_and_says_why(problem):
    assert problem.method == "auto"
    assert problem.choice.method == "levenberg-marquardt"
    result = learn(problem)
    assert result.status is Status.CONVERGED
    assert "levenberg-marquardt: residuals and their Jacobian (27 x 3" in repr(result)
    asked = learn(replace(problem, method="levenberg-marquardt"))
    np.testing.assert_array_equal(asked.parameters.values, result.parameters.values)
    assert "Jacobian" not in repr(asked)


@pytest.mark.parametrize(
    ("limits", "method", "status"),
    [
        ({"target": 1e6}, "auto", Status.TARGET),
        ({"seconds": 1e-9}, "auto", Status.TIME_BOX),
        ({"evaluations": 3}, "adam", Status.MAX_EVALUATIONS),
        ({"steps": 2}, "adam", Status.MAX_STEPS),
        ({"patience": 4, "share": 0.5}, "adam", Status.STAGNANT),
    ],
)
def test_a_search_ends_where_it_is_told(problem, limits, method, status):
    result = learn(replace(problem, method=method, stop=Stop(**limits)))
    assert result.status is status
    if status is Status.STAGNANT:
        # no halving of the loss within four steps; the start is none of them
        losses = [step.loss for step in result.history]
        assert losses[-1] > 0.5 * losses[-5:][0]


def test_methods_without_derivatives_find_the_same_optimum(problem):
    best = learn(problem)
    found = learn(replace(problem, method="nelder-mead", max_steps=400))
    assert set(METHODS) >= {"nelder-mead", "cma-es", "l-bfgs"}
    gap = (found.parameters.values - best.parameters.values) / np.array(list(best.stderr.values()))
    assert np.max(np.abs(gap)) < 0.1
    gradient = learn(replace(problem, method="l-bfgs"))
    gap = (gradient.parameters.values - best.parameters.values) / np.array(list(best.stderr.values()))
    assert np.max(np.abs(gap)) < 0.05


def test_missing_points_are_told_in_the_result(problem):
    data = problem.data.copy(deep=True)
    data["population"].values[0, [2, 7]] = np.nan
    assert "2 of 27 points of t1 are missing (2 not finite)" in repr(learn(replace(problem, data=data)))
    assert "missing" not in repr(learn(problem))
