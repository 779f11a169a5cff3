"""Each method against the library that it steps through, or another that does the same."""

from dataclasses import replace

import numpy as np
import pytest
from cmaes import CMA
from scipy.optimize import minimize

from qrexplore.core import Status
from qrexplore.optimize import CmaEs, Hybrid, LBfgs, LeastSquares, LevenbergMarquardt, NelderMead, Stop, search


def posed(value, gradient=None, start=(-1.2, 1.0)):
    return LeastSquares(linearize=None, gradient=gradient, start=np.array(start), loss=value)


def chain(x):
    """Rosenbrock's valley in any number of dimensions."""
    return float(np.sum(50 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2 / 2))


def chain_slope(x):
    slope = np.zeros_like(x)
    slope[:-1] += -200 * x[:-1] * (x[1:] - x[:-1] ** 2) - (1 - x[:-1])
    slope[1:] += 100 * (x[1:] - x[:-1] ** 2)
    return chain(x), slope


@pytest.mark.parametrize("dimensions", [2, 4])
def test_path_of_nelder_mead_is_that_of_an_uninterrupted_run_of_scipy(dimensions):
    problem, method = posed(chain, start=np.linspace(-1.2, 1.0, dimensions)), NelderMead()
    progress = method.init(problem)
    simplex = np.vstack([problem.start, problem.start + 0.5 * np.eye(dimensions)])
    for _ in range(60):
        progress = method.advance(problem, progress)
    options = {"initial_simplex": simplex, "maxiter": 61, "xatol": 0, "fatol": 0, "adaptive": dimensions > 2}
    known = minimize(chain, problem.start, method="Nelder-Mead", options=options)
    np.testing.assert_array_equal(progress.memory.simplex, known.final_simplex[0])
    np.testing.assert_array_equal(progress.memory.losses, known.final_simplex[1])
    assert progress.evaluations == known.nfev


@pytest.mark.parametrize("method", [NelderMead(width=0.9), CmaEs(seed=4, width=0.9)], ids=["nelder-mead", "cma-es"])
def test_points_beyond_an_edge_where_there_is_no_loss_rank_last(method):
    asked = []

    def edged(x):
        asked.append(x[0] > 1.05)
        return np.nan if asked[-1] else float(np.sum((x - 1) ** 2)) + 1

    end = search(posed(edged, start=(0.3, 0.0)), method)
    assert any(asked)
    assert end.status is Status.CONVERGED
    np.testing.assert_allclose(end.coordinates, 1.0, atol=1e-2)


def test_simplex_counts_a_loss_that_is_no_number_as_infinitely_high():
    corners = {(0.0, 0.0): 1.0, (0.5, 0.0): 2.0, (0.0, 0.5): 3.0}
    problem = posed(lambda x: corners.get(tuple(x), np.nan), start=(0.0, 0.0))
    method = NelderMead()
    progress = method.advance(problem, method.init(problem))  # all points it tries are elsewhere, so it shrinks
    assert progress.memory.losses.tolist() == [1.0, np.inf, np.inf]


def test_path_of_cma_es_is_that_of_the_library():
    problem, method = posed(chain), CmaEs(seed=11, width=0.4, population=8)
    progress = method.init(problem)
    library = CMA(mean=problem.start.copy(), sigma=0.4, population_size=8)
    for generation in range(30):
        library.reseed_rng(int(np.random.SeedSequence([11, generation]).generate_state(1)[0]))
        points = [library.ask() for _ in range(8)]
        library.tell([(point, chain(point)) for point in points])
        progress = method.advance(problem, progress)
        # stored by halves, its covariance is symmetric to the last bit, which that of the library is not
        np.testing.assert_allclose(progress.memory.state["_mean"], library.mean, rtol=1e-9, atol=1e-12)


def test_another_seed_takes_another_path():
    problem = posed(chain)
    ends = [search(problem, CmaEs(seed=seed), stop=Stop(steps=5)).coordinates for seed in (0, 1, 1)]
    np.testing.assert_array_equal(ends[1], ends[2])
    assert not np.array_equal(ends[0], ends[1])


def test_generation_without_a_finite_loss_ends_the_search():
    start = np.array([-1.2, 1.0])
    problem = posed(lambda x: 1.0 if np.array_equal(x, start) else np.nan)
    end = search(problem, CmaEs(), stop=Stop(steps=20))
    assert end.status is Status.NONFINITE
    np.testing.assert_array_equal(end.coordinates, start)


def test_cma_es_finds_the_low_valley_among_many():
    def rippled(x):
        return float(np.sum(x**2 + 4 * (1 - np.cos(3 * x))))

    problem = posed(rippled, lambda x: (rippled(x), 2 * x + 12 * np.sin(3 * x)), start=(4.1, -3.9))
    caught = search(problem, LBfgs())
    assert caught.status is Status.CONVERGED
    assert caught.loss > 1.0
    assert search(problem, CmaEs(seed=2, width=2.0, population=20)).loss < 1e-6


@pytest.mark.parametrize("dimensions", [2, 20])
def test_l_bfgs_needs_about_as_many_calls_as_that_of_scipy(dimensions):
    start = np.tile([-1.2, 1.0], dimensions // 2)
    problem = LeastSquares(linearize=None, gradient=chain_slope, start=start)
    end = search(problem, LBfgs())
    known = minimize(chain_slope, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-12, "gtol": 1e-8})
    assert end.status is Status.CONVERGED
    np.testing.assert_allclose(end.coordinates, np.ones(dimensions), atol=1e-5)
    assert end.evaluations < 2.5 * known.nfev


def test_l_bfgs_that_can_find_nothing_lower_is_stalled():
    wrong = LeastSquares(linearize=None, gradient=lambda x: (float(x @ x) / 2 + 1, -x), start=np.array([1.0, 2.0]))
    end = search(wrong, LBfgs(), stop=Stop(steps=100))
    assert end.status is Status.STALLED
    np.testing.assert_array_equal(end.coordinates, wrong.start)


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_a_step_of_l_bfgs_is_no_longer_than_two_free_coordinates_whatever_their_scale(scale):
    asked = []

    def flat(x):
        asked.append(float(x[0]))
        return float(x[0] ** 2) / 2, x

    start = np.array([100.0])
    search(LeastSquares(linearize=None, gradient=flat, start=start, scale=np.array([scale])), LBfgs())
    assert np.max(np.abs(np.diff(asked))) == pytest.approx(2.0, rel=1e-9)


def test_gauss_newton_halves_the_step_that_it_tried_and_not_the_one_that_was_too_long_to_try():
    # so flat at the start that the whole step is 670 long
    def steep(x):
        value = np.tanh(5 * (x - 0.05))
        return value, np.diag(5 * (1 - value**2))

    problem = LeastSquares(linearize=steep, gradient=None, start=np.array([1.0]))
    end = search(problem, LevenbergMarquardt(damped=False), stop=Stop(evaluations=8, target=1e-6))
    assert end.status is Status.TARGET


def wave(times):
    """Give residuals of a frequency (and their Jacobian): from afar each fringe is a valley of its own."""

    def linearize(x):
        phase = 2 * np.pi * x[0] * times
        return np.cos(phase) - np.cos(2 * np.pi * 3.2 * times), (-2 * np.pi * times * np.sin(phase))[:, None]

    def gradient(x):
        values, jacobian = linearize(x)
        return float(values @ values) / 2, jacobian.T @ values

    return LeastSquares(linearize=linearize, gradient=gradient, start=np.array([1.0]))


def test_hybrid_finds_the_fringe_by_its_rough_method_and_the_frequency_by_its_fine_one():
    problem = wave(np.linspace(0.0, 1.5, 41))
    caught = search(problem, LevenbergMarquardt())
    assert abs(caught.coordinates[0] - 3.2) > 0.1
    rough = CmaEs(seed=3, width=2.0)
    alone = search(problem, rough, stop=Stop(steps=25))
    assert 1e-9 < abs(abs(alone.coordinates[0]) - 3.2) < 0.1
    end = search(problem, Hybrid(rough=rough, generations=25))
    assert end.status is Status.CONVERGED
    assert abs(abs(end.coordinates[0]) - 3.2) < 1e-9


def test_every_call_of_the_model_by_either_method_of_a_hybrid_is_counted():
    plain, calls = wave(np.linspace(0.0, 1.5, 41)), []

    def told(function):
        return lambda x: calls.append(x) or function(x)

    problem = replace(plain, linearize=told(plain.linearize), gradient=told(plain.gradient))
    end = search(problem, Hybrid(rough=CmaEs(seed=3, width=2.0), generations=6))
    assert end.evaluations == len(calls)
    assert end.loss == plain.value(end.coordinates)
