"""Scales of coordinates, and the loss where only its gradient was given."""

import numpy as np
import pytest

from qrexplore.optimize import LeastSquares, curvature_scale, misfit_scale

COLUMNS = np.array([[3.0, 0.0, 0.1], [4.0, 0.0, 0.0]])
PROBLEM = LeastSquares(
    linearize=lambda x: (COLUMNS @ x - 1, COLUMNS),
    gradient=lambda x: (float(np.sum((COLUMNS @ x - 1) ** 2)) / 2, COLUMNS.T @ (COLUMNS @ x - 1)),
    start=np.zeros(3),
)


def test_scale_of_the_curvature_moves_the_residuals_by_one():
    scale = curvature_scale(PROBLEM)
    moved = [np.linalg.norm(COLUMNS @ (scale[i] * np.eye(3)[i])) for i in (0, 2)]
    np.testing.assert_allclose(moved, 1.0, rtol=1e-12)
    assert scale[1] == 1.0  # it does nothing


def test_scale_of_the_misfit_moves_the_residuals_as_far_as_they_are_off_but_no_further_than_one():
    residual, _ = PROBLEM.linearize(PROBLEM.start)
    scale = misfit_scale(PROBLEM)
    assert np.linalg.norm(COLUMNS[:, 0] * scale[0]) == pytest.approx(np.linalg.norm(residual), rel=1e-12)
    assert scale[1:].tolist() == [1.0, 1.0]


def test_loss_is_taken_from_the_gradient_unless_it_was_given():
    assert PROBLEM.value(np.zeros(3)) == 1.0
    given = LeastSquares(PROBLEM.linearize, PROBLEM.gradient, PROBLEM.start, loss=lambda x: x[0] + 7)
    assert given.value(np.zeros(3)) == 7.0


@pytest.mark.parametrize("scale", [np.ones(2), np.array([1.0, 0.0, 1.0]), np.array([1.0, np.nan, 1.0])])
def test_scales_that_mean_nothing_are_refused(scale):
    with pytest.raises(ValueError, match=r"`scale` must hold 3 numbers above 0.* Leave it out if nothing is known."):
        LeastSquares(PROBLEM.linearize, PROBLEM.gradient, PROBLEM.start, scale=scale)
