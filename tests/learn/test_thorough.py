"""Profiles, draws and leaving out, asked of a fit by name: against refits by another solver and integrals over a grid."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.special import logsumexp
from scipy.stats import chi2

from qrexplore import experiments
from qrexplore.core import Normal
from qrexplore.learn import Kernel, LearnProblem, examine, learn, left_out, profiled, sampled, several
from qrexplore.twin import library, predict, simulate

SHORT = experiments.t1(np.linspace(0, 12e-6, 30))
LONG = experiments.t1(np.linspace(20e-6, 90e-6, 12))
NOISE = 0.02


def noisy(experiment, seed, truth):
    data = simulate(truth, experiment)
    shape = data["population"].shape
    data["population"].values[...] += NOISE * np.random.default_rng(seed).normal(size=shape)
    data["population_stderr"] = data["population"].copy(data=np.full(shape, NOISE))
    return data


@pytest.fixture(scope="module")
def fitted():
    truth = library.transmon().replace({"q0.t1": 33e-6})
    # the decay is told by its first third only: where it ends up, and how fast, go together
    problem = LearnProblem(
        library.transmon(),
        {"short": noisy(SHORT, 1, truth), "echoed": noisy(SHORT, 2, truth)},
        free=["q0.t1", "readout_q0.false_zero"],
        priors={"readout_q0.false_zero": Normal(0.05, 0.02)},
    )
    kernel = Kernel(problem)
    return kernel, learn(problem, kernel=kernel)


def by_hand(result, t1, false_zero):
    """The residuals, priors included, from what the twin predicts."""
    twin = result.twin.replace({"q0.t1": t1, "readout_q0.false_zero": false_zero})
    rows = [
        (np.asarray(predict(twin, SHORT)) - data["population"].values).ravel() / NOISE
        for data in result.problem.datasets.values()
    ]
    return [*rows, np.array([(false_zero - 0.05) / 0.02])]


def test_a_profile_ends_where_a_refit_by_another_solver_has_the_deviance_of_its_level(fitted):
    kernel, result = fitted
    found = profiled(result, "q0.t1", kernel=kernel)

    def deviance(t1):
        rest = least_squares(lambda x: np.concatenate(by_hand(result, t1, x[0])), [0.05], x_scale=0.01)
        return 2 * rest.cost

    lowest = deviance(result.parameters["q0.t1"].value)
    for end in (found.lower, found.upper):
        assert deviance(end) - lowest == pytest.approx(chi2.ppf(0.95, 1) * result.inflation, rel=0.02)
    # a relaxation time is bounded more sharply from below
    assert found.upper - found.best > 1.05 * (found.best - found.lower)
    with pytest.raises(KeyError, match=r"q0\.t_phi"):
        profiled(result, "q0.t_phi", kernel=kernel)


@pytest.mark.slow
def test_draws_have_the_moments_of_the_integral_over_a_grid(fitted):
    kernel, result = fitted
    found = sampled(result, kernel=kernel, chains=2, warmup=150, draws=400, seed=3)
    low, high = result.parameters["q0.t1"].bounds
    times, errors = np.geomspace(22e-6, 60e-6, 60), np.linspace(-0.01, 0.11, 41)
    # evenly between the bounds: of the logarithm, since they are decades apart
    assert np.log10(high / low) > 2
    squares = np.array([[sum(r @ r for r in by_hand(result, t, e)[:2]) for e in errors] for t in times])
    weights = np.exp(-(squares - squares.min()) / 2 / result.inflation - ((errors - 0.05) / 0.02) ** 2 / 2)
    weights /= weights.sum()
    for drawn, axis, grid in (
        (np.log(found.values[..., 0]), 1, np.log(times)),
        (found.values[..., 1], 0, errors),
    ):
        marginal = weights.sum(axis)
        mean = marginal @ grid
        spread = np.sqrt(marginal @ (grid - mean) ** 2)
        assert np.mean(drawn) == pytest.approx(mean, abs=0.25 * spread)
        assert np.std(drawn) == pytest.approx(spread, rel=0.2)


@pytest.mark.slow
def test_a_dataset_is_left_out_as_an_integral_over_a_grid_leaves_it_out():
    truth = library.transmon().replace({"q0.t1": 33e-6})
    data = {f"run {k}": noisy(SHORT if k else LONG, 10 + k, truth) for k in range(4)}
    problem = LearnProblem(library.transmon(), data, free=["q0.t1"])
    kernel = Kernel(problem)
    result = learn(problem, kernel=kernel)
    found = left_out(result, kernel=kernel, draws=1000, seed=1)
    grid = np.linspace(28e-6, 40e-6, 241)
    logs = np.array([
        [-np.sum(((np.asarray(predict(truth.replace({"q0.t1": t}), LONG if name == "run 0" else SHORT))
                   - one["population"].values) / NOISE) ** 2) / 2 / result.inflation for name, one in data.items()]
        for t in grid
    ])  # fmt: skip
    # a noise that is wider is less dense
    logs -= np.log(result.inflation) / 2 * np.array([one["population"].size for one in data.values()])
    # evenly between the bounds of the logarithm
    prior = -np.log(grid)[:, None]
    others = logs.sum(1, keepdims=True) - logs + prior
    exact = logsumexp(logs + others, axis=0) - logsumexp(others, axis=0)
    assert found.names == tuple(data)
    np.testing.assert_allclose(found.densities, exact, atol=0.15)
    alone = learn(LearnProblem(library.transmon(), {"one": data["run 1"]}, free=["q0.t1"]))
    with pytest.raises(ValueError, match="at least two datasets"):
        left_out(alone)


@pytest.mark.slow
def test_draws_are_those_of_the_fit_and_give_no_intervals_before_they_have_converged(fitted):
    kernel, result = fitted
    draws = sampled(result, kernel=kernel, chains=2, warmup=20, draws=10, seed=5)
    assert draws.paths == result.parameters.paths
    assert draws.values.shape == draws.coordinates.shape == (2, 10, 2)
    # draws from a chain that begins at the fit are within a few widths of it
    errors = np.array([result.stderr[path] for path in draws.paths])
    assert np.all(np.abs(draws.values - result.parameters.values) < 5 * errors)
    with pytest.raises(ValueError, match="have not converged"):
        draws.intervals()


def test_a_twin_that_does_not_fit_predicts_what_was_left_out_worse():
    truth = library.transmon().replace({"q0.t1": 33e-6})
    data = {f"run {k}": noisy(SHORT, 20 + k, truth) for k in range(3)}
    wrong = library.transmon().replace({"readout_q0.false_zero": 0.15})
    right, bent = (learn(LearnProblem(twin, data, free=["q0.t1"])) for twin in (library.transmon(), wrong))
    assert bent.inflation > 4 * right.inflation
    # both are as far off in units of their own noise; that of one is wider
    lost = sum(left_out(right, seed=1).densities) - sum(left_out(bent, seed=1).densities)
    assert lost == pytest.approx(90 / 2 * np.log(bent.inflation / right.inflation), rel=0.1)


@pytest.mark.slow
def test_draws_serve_to_leave_datasets_out(fitted):
    kernel, result = fitted
    draws = sampled(result, kernel=kernel, chains=2, warmup=100, draws=300, seed=5)
    gaussian = left_out(result, kernel=kernel, draws=1000, seed=2)
    np.testing.assert_allclose(
        left_out(result, draws, kernel=kernel, draws=600).densities, gaussian.densities, atol=0.5
    )


def test_several_starts_show_that_a_fringe_tells_no_sign_and_keep_every_end():
    truth = library.transmon().replace({"q0.frequency": 5.0004e9, "q0.t_phi": 15e-6})
    ramsey = experiments.ramsey(np.linspace(0, 10e-6, 41), artificial_detuning=0.0)
    data = noisy(ramsey, 4, truth)
    twin = library.transmon().replace({"q0.t_phi": 15e-6})
    problem = LearnProblem(twin, data, free=["q0.frequency"], priors={"q0.frequency": Normal(5e9, 0.3e6)})
    kernel, told = Kernel(problem), []
    ends = several(problem, 8, kernel=kernel, on_end=told.append)
    assert len(ends) == len(told) == 8
    assert told[0].problem.twin.parameters["q0.frequency"].value == 5e9
    found = examine(ends[0], kernel, optima=ends[1:])
    signs = {np.sign(one.parameters["q0.frequency"].value - 5e9) for one in ends if one.chi2_per_dof < 1.5}
    assert signs == {-1.0, 1.0}
    assert not found.ambiguity.resolved
    assert sum(len(one.starts) for one in found.ambiguity.optima) == 8
    with pytest.raises(ValueError, match="`count`"):
        several(problem, 1)
