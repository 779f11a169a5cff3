"""A search by residuals alone, with a Jacobian from somewhere near, against scipy with the exact one."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from qrexplore.optimize import LevenbergMarquardt, Stop, search, secant
from qrexplore.optimize.secant import corrected

TIMES = np.linspace(0, 5, 40)
DATA = 1.3 * np.exp(-TIMES / 1.7) + 0.2 + 0.01 * np.sin(37 * TIMES)


def residual(point):
    height, rate, rest = point
    return (height * np.exp(-rate * TIMES) + rest - DATA) / 0.01


def jacobian(point):
    height, rate, _ = point
    decay = np.exp(-rate * TIMES)
    return np.stack([decay, -height * TIMES * decay, np.ones_like(TIMES)], axis=1) / 0.01


@pytest.mark.parametrize(("offset", "above"), [(0.0, 0.01), (0.1, 0.05), (0.3, 0.5)])
def test_it_ends_near_the_optimum_though_its_jacobian_is_from_elsewhere(offset, above):
    begin, calls = np.array([1.0, 0.8, 0.1]), []

    def counted(point):
        calls.append(point)
        return residual(point)

    posed = secant(counted, begin, jacobian(begin * (1 + offset)), np.array([1e-2, 1e-2, 1e-2]))
    end = search(posed, LevenbergMarquardt())
    exact = least_squares(residual, begin, jac=jacobian, xtol=1e-14, ftol=1e-14)
    # losses are log likelihoods; the start is 600 above the optimum
    assert end.loss - exact.cost < above
    assert len(calls) < 40


def test_a_jacobian_that_is_wrong_is_corrected_by_what_steps_show():
    random = np.random.default_rng(1)
    slopes, exact = random.standard_normal((6, 3)), random.standard_normal(3)
    wrong = slopes + 0.2 * random.standard_normal((6, 3))
    posed = secant(lambda point: slopes @ (point - exact), np.zeros(3), wrong, np.ones(3))
    end = search(posed, LevenbergMarquardt(), stop=Stop(evaluations=60))
    np.testing.assert_allclose(end.coordinates, exact, atol=1e-6)


def test_lengths_of_coordinates_do_not_matter_once_they_are_told():
    unit, begin, ends = np.array([1.0, 1e-3, 4.0]), np.array([1.0, 0.8, 0.1]), []
    for scale in (np.ones(3), unit):

        def scaled(point, scale=scale):
            return residual(point / scale)

        posed = secant(scaled, begin * scale, jacobian(begin) / scale, 1e-2 * scale)
        ends.append(search(posed, LevenbergMarquardt(), stop=Stop(steps=5)).coordinates / scale)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-6)


def test_a_point_that_is_asked_for_again_costs_nothing():
    begin, calls = np.array([1.0, 0.8, 0.1]), []

    def counted(point):
        calls.append(point)
        return residual(point)

    posed = secant(counted, begin, jacobian(begin), np.ones(3))
    first, _ = posed.linearize(begin)
    posed.linearize(begin + 0.1)
    again, _ = posed.linearize(begin)
    np.testing.assert_array_equal(first, again)
    assert len(calls) == 2


def test_gradient_and_residuals_are_of_the_same_point():
    begin = np.array([1.0, 0.8, 0.1])
    posed = secant(residual, begin, jacobian(begin), np.ones(3))
    loss, slope = posed.gradient(begin)
    np.testing.assert_allclose(loss, residual(begin) @ residual(begin) / 2)
    np.testing.assert_allclose(slope, jacobian(begin).T @ residual(begin))


def test_a_correction_is_the_least_that_says_what_the_step_showed():
    random = np.random.default_rng(2)
    known, step, change = random.standard_normal((5, 3)), random.standard_normal(3), random.standard_normal(5)
    scale = np.array([1.0, 0.1, 10.0])
    found = corrected(known, step, change, scale)
    np.testing.assert_allclose(found @ step, change)
    # least squares of the elements, each column in its scale, under that condition: any other matrix with it is farther off
    away = random.standard_normal((200, 5, 3))
    away -= np.einsum("nij,j,k->nik", away, step, step) / (step @ step)
    np.testing.assert_allclose(away @ step, 0.0, atol=1e-12)
    distance = np.linalg.norm((found - known) * scale)
    others = np.linalg.norm((found + 0.01 * away - known) * scale, axis=(1, 2))
    assert np.all(others > distance)
    np.testing.assert_array_equal(corrected(known, np.zeros(3), change, scale), known)
