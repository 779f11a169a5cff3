"""Levenberg-Marquardt along a bent valley: a refused step is tried again with the curvature that it told."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.core import Status
from qrexplore.optimize import LeastSquares, LevenbergMarquardt, Stop, search

SHARP = 1e4


def valley(start):
    """Residuals whose valley is a parabola, far sharper across than along."""
    asked = []

    def linearize(x):
        asked.append(x)
        residual = np.array([SHARP * (x[1] - x[0] ** 2), x[0] - 1.0, 0.1 * (x[1] - 1.0)])
        return residual, np.array([[-2 * SHARP * x[0], SHARP], [1.0, 0.0], [0.0, 0.1]])

    def gradient(x):
        residual, jacobian = linearize(x)
        return float(residual @ residual) / 2, jacobian.T @ residual

    return LeastSquares(linearize, gradient, np.array(start)), asked


def test_a_bent_valley_is_followed_in_long_steps():
    problem, _ = valley((-1.2, 1.44))
    end = search(problem, LevenbergMarquardt())
    assert end.status is Status.CONVERGED
    np.testing.assert_allclose(end.coordinates, 1.0, atol=1e-6)
    # straight steps alone are still on their way after 3000
    assert end.evaluations < 80


@pytest.mark.parametrize("start", [(-1.2, 1.0), (3.0, 9.0), (-3.0, 2.0)])
def test_a_bent_valley_is_followed_from_anywhere(start):
    problem, _ = valley(start)
    end = search(problem, LevenbergMarquardt())
    assert end.status is Status.CONVERGED
    np.testing.assert_allclose(end.coordinates, 1.0, atol=1e-6)
    assert end.evaluations < 80


def test_small_steps_that_grow_are_no_end():
    # far steeper across than along: the first steps are of a millionth, and lower the loss by as little
    problem, _ = valley((3.0, 9.0))
    method = LevenbergMarquardt(tolerance=2e-6)
    progress = method.init(problem)
    for _step in range(2):
        before, progress = progress.loss, method.advance(problem, progress)
        assert 0 < before - progress.loss < method.tolerance * before
    assert method.done(progress) is None


def test_the_loss_never_rises_and_a_correction_is_counted_as_a_step():
    problem, _ = valley((-1.2, 1.44))
    method, losses = LevenbergMarquardt(), []
    progress = method.init(problem)
    while method.done(progress) is None:
        progress = method.advance(problem, progress)
        losses.append(progress.loss)
    assert np.all(np.diff(losses) <= 0)
    assert progress.iteration == len(losses)


@pytest.mark.parametrize("start", [(0.5, 0.25), (2.0, 4.0)])
def test_other_starts_come_to_the_same_end(start):
    end = search(valley(start)[0], LevenbergMarquardt())
    np.testing.assert_allclose(end.coordinates, 1.0, atol=1e-6)


@pytest.mark.parametrize("start", [(-1.2, 1.44), (3.0, 9.0)])
def test_where_residuals_are_cheap_a_step_ends_with_a_better_point(start):
    problem, _ = valley(start)
    method, refused = LevenbergMarquardt(), []

    def residual(x):
        found, _ = problem.linearize(x)
        if found @ found / 2 >= losses[-1]:
            refused.append(x)
        return found

    cheap = replace(problem, residual=residual)
    losses = [(progress := method.init(cheap)).loss]
    while method.done(progress) is None:
        progress = method.advance(cheap, progress)
        losses.append(progress.loss)
    assert np.all(np.diff(losses) < 0)
    assert progress.iteration == len(losses) - 1
    # a limit on steps in a row without a gain does not count those that were refused
    assert len(refused) > 5
    np.testing.assert_allclose(progress.coordinates, 1.0, atol=1e-6)


def settling(start):
    """Residuals of a response that settles in three exponentials of unlike lengths, which data hardly tell apart."""
    times, asked = jnp.linspace(0.5, 80.0, 400), []

    def response(x):
        return sum(x[k] * jnp.exp(-times / jnp.exp(x[k + 3])) for k in range(3)) + x[6]

    hidden = jnp.array([0.10, -0.13, -0.22, *np.log([5.7, 23.0, 60.0]), 1.0])
    data = response(hidden) + 2e-3 * np.random.default_rng(3).normal(size=400)
    residual = jax.jit(lambda x: (response(x) - data) / 2e-3)
    jacobian = jax.jit(jax.jacfwd(residual))

    def linearize(x):
        asked.append(x.tobytes())
        return np.asarray(residual(x)), np.asarray(jacobian(x))

    return LeastSquares(linearize, None, np.array(start), residual=lambda x: np.asarray(residual(x))), asked


def test_where_residuals_are_cheap_a_valley_is_followed_without_asking_where_it_leads():
    problem, asked = settling([0.05, -0.05, -0.2, *np.log([12.0, 20.0, 70.0]), 1.0])
    plain = search(replace(problem, residual=None), LevenbergMarquardt(), stop=Stop(steps=400))
    often = len(set(asked))
    asked.clear()
    end = search(problem, LevenbergMarquardt(), stop=Stop(steps=400))
    assert end.loss == pytest.approx(plain.loss, abs=0.01)
    assert len(set(asked)) < often / 3
