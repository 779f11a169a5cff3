"""Several starts as one method: it finds the lowest valley, and counts what all searches cost."""

import numpy as np
import pytest

from qrexplore.core import Status
from qrexplore.optimize import LeastSquares, LevenbergMarquardt, SeveralStarts, reposed, search

TIMES = np.linspace(0.0, 4.0, 60)
TRUE = 3.1


def posed(start):
    """A fringe whose frequency has many valleys."""
    calls = []
    data = np.sin(TRUE * TIMES)

    def linearize(x):
        calls.append(float(x[0]))
        return (np.sin(x[0] * TIMES) - data) / 0.1, (TIMES * np.cos(x[0] * TIMES) / 0.1)[:, None]

    def gradient(x):
        residual, jacobian = linearize(x)
        return float(residual @ residual) / 2, jacobian.T @ residual

    return LeastSquares(linearize, gradient, np.array([start])), calls


def test_the_lowest_valley_is_found_where_one_search_ends_in_another():
    alone = search(posed(0.2)[0], LevenbergMarquardt())
    assert abs(alone.coordinates[0] - TRUE) > 0.3
    problem, calls = posed(0.2)
    seen = []
    end = search(problem, SeveralStarts(count=12, width=4.0), on_progress=lambda p, _: seen.append(p))
    assert end.status is Status.CONVERGED
    assert end.coordinates[0] == pytest.approx(TRUE, abs=1e-6)
    # points around its start, and the start itself
    assert calls[0] == 0.2
    assert min(calls) < -1
    assert np.all(np.diff([one.loss for one in seen]) <= 0)
    assert seen[-1].memory.position == 11
    assert end.evaluations == len(calls)


def test_one_start_is_the_method_itself():
    alone = search(posed(2.9)[0], LevenbergMarquardt())
    end = search(posed(2.9)[0], SeveralStarts(count=1))
    assert (end.loss, end.evaluations, end.status) == (alone.loss, alone.evaluations, alone.status)


@pytest.mark.parametrize("count", [1, 4])
def test_a_start_at_the_optimum_is_told_as_converged(count):
    end = search(posed(TRUE)[0], SeveralStarts(count=count))
    assert end.status is Status.CONVERGED
    assert end.loss < 1e-12


def test_calls_count_on_where_other_coordinates_move():
    method, (problem, _) = SeveralStarts(count=3), posed(0.2)
    progress = method.init(problem)
    for _ in range(4):
        progress = method.advance(problem, progress)
    again = reposed(method, problem, progress)
    assert method.advance(problem, again).evaluations > again.evaluations > progress.evaluations


def test_a_search_that_is_not_allowed_to_converge_is_told_as_stalled():
    end = search(posed(0.2)[0], SeveralStarts(count=3, steps=1))
    assert end.status is Status.STALLED


def test_starts_where_nothing_is_finite_are_passed_by():
    problem, _ = posed(0.2)
    whole = problem.linearize

    def linearize(x):
        residual, jacobian = whole(x)
        return (residual * np.nan, jacobian) if x[0] < -1 else (residual, jacobian)

    lame = LeastSquares(linearize, problem.gradient, problem.start)
    end = search(lame, SeveralStarts(count=12, width=4.0))
    assert end.coordinates[0] == pytest.approx(TRUE, abs=1e-6)
