"""Several starts against a loss whose optima are known in closed form."""

import numpy as np
import pytest

from qrexplore.core import Status
from qrexplore.optimize import (
    LeastSquares,
    LevenbergMarquardt,
    Stop,
    distinct,
    multi_start,
    residual_distance,
    starts,
)


def linearize(x):
    """Two optima that predict the same (x and -x), and one of a higher loss near -y."""
    values = np.array([x[0] ** 2 - 1.0, 0.1 * (x[1] ** 2 - 4.0), 0.1 * (x[1] - 2.0)])
    return values, np.array([[2 * x[0], 0.0], [0.0, 0.2 * x[1]], [0.0, 0.1]])


def gradient(x):
    values, jacobian = linearize(x)
    return float(values @ values) / 2, jacobian.T @ values


PROBLEM = LeastSquares(linearize=linearize, gradient=gradient, start=np.array([0.5, 1.0]))
# where 2y(y^2 - 4) + y - 2 = 0 has its roots other than y = 2
LOWER = -1 - np.sqrt(0.5)


def test_starts_fill_the_box_and_begin_at_its_center():
    center, width = np.array([1.0, -2.0, 0.0]), np.array([0.5, 1.0, 2.0])
    points = starts(center, width, 17, seed=3)
    np.testing.assert_array_equal(points[0], center)
    share = (points[1:] - center) / width
    assert np.all(np.abs(share) < 1)
    # a point in each sixteenth of every edge, as Sobol's sequence has it and random points have not
    assert all(sorted(np.floor(8 * (column + 1)).astype(int)) == list(range(16)) for column in share.T)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 9])
def test_there_are_as_many_starts_as_were_asked_for_and_they_follow_from_the_seed(count):
    points = starts(np.zeros(2), 1.0, count, seed=3)
    assert points.shape == (count, 2)
    np.testing.assert_array_equal(points, starts(np.zeros(2), 1.0, count, seed=3))
    assert count == 1 or not np.array_equal(points, starts(np.zeros(2), 1.0, count, seed=4))


def test_no_starts_are_refused():
    with pytest.raises(ValueError, match=r"`count` must be at least 1, got 0. Give for example 8."):
        starts(np.zeros(2), 1.0, 0, seed=1)


def test_ends_that_predict_the_same_are_one_optimum_and_others_are_kept():
    told = []
    points = [[0.5, 1.0], [-0.5, 1.0], [0.5, -3.0], [1.5, 3.0]]
    found = multi_start(PROBLEM, LevenbergMarquardt(offset=1e-9), points, apart=0.01, on_end=told.append)
    assert list(found.ends) == told
    assert [end.status for end in found.ends[:2]] == [Status.CONVERGED, Status.CONVERGED]
    assert [sorted(optimum.ends) for optimum in found.optima] == [[0, 1, 3], [2]]
    np.testing.assert_allclose(np.abs(found.best.coordinates), [1.0, 2.0], atol=1e-6)
    np.testing.assert_allclose(found.optima[1].coordinates, [1.0, LOWER], atol=1e-4)


def test_the_distance_decides_what_is_one_optimum():
    points = [[0.5, 1.0], [-0.5, 1.0]]
    found = multi_start(
        PROBLEM, LevenbergMarquardt(), points, distance=lambda a, b: float(np.linalg.norm(a - b)), apart=0.1
    )
    assert len(found.optima) == 2


def test_distance_is_the_rms_of_the_difference_of_residuals():
    distance = residual_distance(PROBLEM)
    one, other = np.array([1.0, 2.0]), np.array([-2.0, 2.0])
    assert distance(one, other) == pytest.approx(3 / np.sqrt(3), rel=1e-12)


def test_an_end_without_a_finite_loss_is_kept_and_is_no_optimum():
    def broken(x):
        values, jacobian = linearize(x)
        return np.where(x[0] < 0, np.nan, 1.0) * values, jacobian

    problem = LeastSquares(broken, gradient, PROBLEM.start)
    found = multi_start(problem, LevenbergMarquardt(), [[-1.5, 1.0], [0.5, 1.0]], stop=Stop(steps=50))
    assert found.ends[0].status is Status.NONFINITE
    assert [optimum.ends for optimum in found.optima] == [(1,)]
    none = multi_start(problem, LevenbergMarquardt(), [[-1.5, 1.0]])
    with pytest.raises(ValueError, match=r"none of 1 searches ended with a finite loss. Start elsewhere"):
        _ = none.best


def test_no_ends_have_no_optima():
    assert distinct([], residual_distance(PROBLEM), 0.1) == ()
