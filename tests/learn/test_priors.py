"""Priors, ties and several datasets in one problem."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import LogNormal, Normal, Uniform
from qrexplore.learn import Kernel, LearnProblem, learn
from qrexplore.optimize import Coordinates
from qrexplore.twin import library, simulate

DELAYS = np.linspace(0, 120e-6, 25)
TRUTH = library.transmon().replace({"q0.t1": 33e-6})


def relaxation(*, shots=2000, seed=1, qubit="q0", twin=TRUTH):
    return simulate(twin, experiments.t1(DELAYS, qubit=qubit, shots=shots), shots=shots, seed=seed)


FREE = ("q0.t1", "readout_q0.false_*")


def posed(**options):
    return LearnProblem(library.transmon(), relaxation(), free=FREE, likelihood="binomial", **options)


PRIORS = {
    "q0.t1": LogNormal(40e-6, 0.3),
    "readout_q0.false_one": Normal(0.05, 0.02),
    "readout_q0.false_zero": Uniform(0.01, 0.2),
}


def test_coordinates_count_in_deviations_of_the_prior():
    coordinates = Coordinates(posed(priors=PRIORS).table)
    values = np.array([40e-6 * np.exp(0.6), 0.03, 0.105])
    np.testing.assert_allclose(coordinates.free(values), [2.0, -1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(coordinates.values(coordinates.free(values)), values, rtol=1e-12)
    u, step = coordinates.free(values), 1e-6
    ends = [np.asarray(coordinates.values(u + sign * step)) for sign in (1, -1)]
    np.testing.assert_allclose(coordinates.slopes(u), (ends[0] - ends[1]) / (2 * step), rtol=1e-7)


def test_coordinates_with_a_prior_never_pass_a_bound_and_are_plain_away_from_it():
    table = posed(priors={"q0.t1": LogNormal(40e-6, 1.0), "readout_q0.false_*": Normal(0.05, 0.05)}).table
    coordinates, far = Coordinates(table), np.array([200.0, -40.0, 60.0])
    low, high = np.array([row.bounds for row in table]).T
    for u in np.linspace(-1, 1, 41)[:, None] * far:
        values = np.asarray(coordinates.values(u))
        # but for the rounding of a logarithm
        assert np.all((values >= low * (1 - 1e-12)) & (values <= high * (1 + 1e-12)))
        step = 1e-6
        ends = [np.asarray(coordinates.values(u + sign * step)) for sign in (1, -1)]
        scale = 1e-6 * (high - low)
        assert np.all(np.abs(coordinates.slopes(u) - (ends[0] - ends[1]) / (2 * step)) < scale)
    for u in np.linspace(-3, 4, 8)[:, None] * np.ones(3):
        np.testing.assert_allclose(coordinates.free(np.asarray(coordinates.values(u))), u, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(coordinates.values(np.array([1.0, 1.0, 1.0])), [40e-6 * np.e, 0.1, 0.1], rtol=1e-12)
    # a value on its bound has a coordinate, too
    assert np.all(np.isfinite(coordinates.free(low)))
    assert np.all(np.isfinite(coordinates.free(high)))


def test_gradient_of_a_problem_with_priors_is_that_of_its_sum_of_squares():
    problem = posed(priors=PRIORS, robust=3.0)
    least_squares = Kernel(problem).least_squares(problem)
    point = least_squares.start + np.array([0.4, -0.3, 0.2])
    residual, jacobian = least_squares.linearize(point)
    loss, gradient = least_squares.gradient(point)
    assert loss == pytest.approx(residual @ residual / 2)
    np.testing.assert_allclose(gradient, jacobian.T @ residual, rtol=1e-9)
    for k in range(3):
        ends = [least_squares.gradient(point + sign * 1e-5 * np.eye(3)[k])[0] for sign in (1, -1)]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def test_a_prior_acts_like_a_measurement_of_the_parameter():
    plain = learn(posed())
    mean, error = plain.parameters["readout_q0.false_one"].value, plain.stderr["readout_q0.false_one"]
    known = learn(posed(priors={"readout_q0.false_one": Normal(mean + error, error)}))
    # two equal measurements: their mean, with an error smaller by the root of two
    assert known.parameters["readout_q0.false_one"].value == pytest.approx(mean + error / 2, abs=0.05 * error)
    # the scatter left (chi2 per degree of freedom) scales the errors of data that state theirs
    assert known.stderr["readout_q0.false_one"] == pytest.approx(error / np.sqrt(2), rel=0.1)


def test_what_no_datum_tells_stays_as_sure_as_its_prior():
    free = (*FREE, "q0.t_phi")
    start = library.transmon().replace({"q0.t_phi": 44e-6})
    priors = {"q0.t_phi": LogNormal(50e-6, 0.2)}
    result = learn(LearnProblem(start, relaxation(), free=free, priors=priors, likelihood="binomial"))
    assert result.parameters["q0.t_phi"].value == pytest.approx(50e-6, rel=1e-6)
    assert result.stderr["q0.t_phi"] == pytest.approx(0.2 * 50e-6, rel=1e-6)
    alone = learn(posed())
    assert result.chi2_per_dof == pytest.approx(alone.chi2_per_dof, rel=1e-6)


def test_tied_parameters_are_learned_as_one():
    both = library.two_transmons().replace({"q0.t1": 33e-6, "q1.t1": 33e-6})
    data = {name: relaxation(qubit=name, seed=k, twin=both) for k, name in enumerate(("q0", "q1"))}
    options = {"likelihood": "counts", "free": ["q0.t1"]}
    start = library.two_transmons()
    tied = learn(LearnProblem(start, data, ties={"q1.t1": "q0.t1"}, **options))
    assert tied.parameters.paths == ("q0.t1",)
    assert tied.twin.parameters["q1.t1"].value == tied.parameters["q0.t1"].value
    assert abs(tied.parameters["q0.t1"].value - 33e-6) < 4 * tied.stderr["q0.t1"]
    alone = learn(LearnProblem(start, {"q0": data["q0"]}, **options))
    assert tied.stderr["q0.t1"] == pytest.approx(alone.stderr["q0.t1"] / np.sqrt(2), rel=0.1)


def test_robust_residuals_hold_against_outliers():
    data = relaxation()
    data["population"].values[0, 3::6] = 0.02
    options = {"free": FREE}
    misled, steady = (learn(LearnProblem(library.transmon(), data, robust=robust, **options)) for robust in (None, 1.0))
    assert abs(misled.parameters["q0.t1"].value - 33e-6) > 5e-6
    assert abs(steady.parameters["q0.t1"].value - 33e-6) < 2.5e-6


def test_data_that_no_free_parameter_can_influence_are_refused():
    both = library.two_transmons()
    data = {"left": relaxation(qubit="q0", twin=both), "right": relaxation(qubit="q1", twin=both)}
    with pytest.raises(
        ValueError, match=r"no free parameter can influence the dataset 'right' \(t1 of q1\)\. Leave it"
    ):
        Kernel(LearnProblem(both, data, free=["q0.t1"]))


def test_other_data_of_the_same_experiment_compile_nothing_anew(compilations):
    learn(posed())
    before = len(compilations)
    again = replace(posed(), data=relaxation(seed=2))
    learn(again)
    assert len(compilations) == before
