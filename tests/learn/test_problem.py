"""What a learning problem refuses, counts and reports."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import LogNormal, Normal, Status, Uniform, run
from qrexplore.data import DatasetError
from qrexplore.learn import LearnProblem, Missing, laplace, learn, task
from qrexplore.twin import AssignmentReadout, library, predict, simulate


def relaxation(points=20, noise=0.01):
    data = simulate(library.transmon(), experiments.t1(np.linspace(0, 1e-4, points)))
    data["population"].values[...] += noise * np.random.default_rng(1).normal(size=(1, points))
    data["population_stderr"] = data["population"].copy(data=np.full((1, points), noise))
    return data


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"free": ["q0.t9"]}, r"no parameter matches 'q0.t9'\. Did you mean"),
        ({"hold": ["q7.*"]}, r"no parameter matches 'q7.\*'"),
        (
            {"likelihood": "poisson"},
            r"`likelihood` must be one of 'gaussian', .*'mse', got 'poisson'",
        ),
        ({"method": "newton"}, r"`method` must be one of 'auto', 'levenberg-marquardt', .*, got 'newton'"),
        ({"max_steps": 0}, r"`max_steps` must be at least 1, got 0"),
        ({"free": ["q0.t1"], "hold": ["q0.t1"]}, r"leaves no parameter to learn.*Free at least one"),
        ({"likelihood": "binomial"}, r"needs a population from a known number of shots"),
        ({"likelihood": "multinomial"}, r"needs the probability of each outcome from a known number of shots"),
        ({"priors": {"q7.*": Normal(0.0, 1.0)}}, r"no parameter matches 'q7.\*'"),
        (
            {"priors": {"q0.t1": Uniform(1e-6, 2e-6)}},
            r"the start of 'q0.t1' must be within 1e-06 ... 2e-06 s, got 4e-05",
        ),
        ({"ties": {"q0.t_phi": "q0.frequency"}}, r"follow 'q0.frequency', which is not free\. Add 'q0.frequency' to"),
        ({"ties": {"q0.t7": "q0.t1"}}, r"no parameter matches 'q0.t7'"),
        ({"weights": {"t2": 2.0}}, r"`weights` must be one of 't1', got 't2'"),
        ({"weights": {"t1": 0.0}}, r"`weights\['t1'\]` must be a positive number"),
        ({"seed": -1}, r"`seed` must be a whole number from 0, got -1"),
        ({"robust": -1.0}, r"`robust` must be a positive number"),
    ],
)
def test_question_that_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        LearnProblem(library.transmon(), relaxation(), **{"free": ["q0.t1"], **options})


def test_start_outside_its_bounds_is_refused():
    twin = library.transmon().replace({"q0.t1": 1.0})
    with pytest.raises(ValueError, match=r"the start of 'q0.t1' must be within 1e-08 ... 0.01 s, got 1\. Move it with"):
        LearnProblem(twin, relaxation(), free=["q0.t1"])


def test_start_at_zero_is_refused_where_its_logarithm_is_known():
    options = {"free": ["q0.thermal_population"], "priors": {"q0.*": LogNormal(0.02, 0.5)}}
    with pytest.raises(
        ValueError, match=r"the start of 'q0.thermal_population' must be above 0 .*for example to 0\.02"
    ):
        LearnProblem(library.transmon(), relaxation(), **options)


def test_fewer_points_than_parameters_are_refused():
    data = relaxation()
    data["population"].values[0, 1:] = np.nan
    with pytest.raises(ValueError, match=r"2 free parameters cannot be learned from 1 measured points\. Free fewer"):
        LearnProblem(library.transmon(), data, free=["q0.t1", "readout_q0.false_one"])


@pytest.mark.parametrize("likelihood", ["counts", "gaussian", "binomial"])
@pytest.mark.parametrize("place", ["settings", "attribute"])
def test_data_of_no_shots_are_refused_by_name_and_with_the_way_out(likelihood, place):
    data = relaxation().assign_attrs({"settings": '{"shots": 0}'} if place == "settings" else {"shots": 0})
    words = (
        r"dataset 'slow': `shots` .* from 1, got '0'\. Write into its settings how many there were, or leave them out"
    )
    with pytest.raises(DatasetError, match=words):
        LearnProblem(
            library.transmon(),
            {"fast": relaxation().assign_attrs(shots=9), "slow": data},
            free=["q0.t1"],
            likelihood=likelihood,
        )


@pytest.mark.parametrize("shots", ["100.5", "true", '"many"'])
def test_shots_that_are_no_whole_number_are_refused(shots):
    data = relaxation().assign_attrs(settings=f'{{"shots": {shots}}}')
    with pytest.raises(DatasetError, match=r"must be a whole number from 1, got"):
        LearnProblem(library.transmon(), data, free=["q0.t1"])


def test_a_dataset_that_does_not_fit_the_likelihood_is_named():
    data = {"fast": relaxation().assign_attrs(shots=100), "slow": relaxation()}
    with pytest.raises(DatasetError, match=r"dataset 'slow': `likelihood` 'binomial' needs a population"):
        LearnProblem(library.transmon(), data, free=["q0.t1"], likelihood="binomial")


def test_missing_points_are_counted_and_left_out():
    whole, holes = relaxation(), relaxation()
    holes["population"].values[0, [3, 7]] = np.nan
    problem = LearnProblem(library.transmon(), holes, free=["q0.t1"])
    assert problem.missing_points == 2
    result = learn(problem)
    assert result.status is Status.CONVERGED
    assert np.isfinite(result.misfit)
    kept = whole.isel(delay=[i for i in range(20) if i not in {3, 7}])
    same = learn(LearnProblem(library.transmon(), kept, free=["q0.t1"]))
    assert result.parameters["q0.t1"].value == pytest.approx(same.parameters["q0.t1"].value, rel=1e-9)
    assert result.stderr["q0.t1"] == pytest.approx(same.stderr["q0.t1"], rel=1e-6)


def test_a_point_without_a_usable_error_is_as_good_as_not_measured():
    holes, kept = relaxation(), relaxation().isel(delay=[i for i in range(20) if i not in {3, 7, 9}])
    holes["population_stderr"].values[0, [3, 7]] = 0.0, np.nan
    holes["population"].values[0, 9] = np.inf
    problem = LearnProblem(library.transmon(), holes, free=["q0.t1"])
    assert problem.missing == {"t1": Missing(points=20, not_finite=1, no_error=2)}
    assert problem.missing_points == 3
    result, same = learn(problem), learn(LearnProblem(library.transmon(), kept, free=["q0.t1"]))
    assert result.chi2_per_dof == pytest.approx(same.chi2_per_dof, rel=1e-9)
    assert result.misfit == pytest.approx(same.misfit, rel=1e-9)
    assert result.parameters["q0.t1"].value == pytest.approx(same.parameters["q0.t1"].value, rel=1e-9)
    assert result.stderr["q0.t1"] == pytest.approx(same.stderr["q0.t1"], rel=1e-6)
    assert "3 of 20 points of t1 are missing (1 not finite, 2 without a stated error above 0)" in repr(result)


@pytest.mark.parametrize("errors", [np.zeros(20), np.where(np.arange(20) < 9, np.nan, -0.01)])
def test_stated_errors_none_of_which_can_be_used_are_refused_by_name(errors):
    data = relaxation()
    data["population_stderr"].values[0] = errors
    words = r"dataset 'slow' must have stated errors above 0.*with data\.drop_vars\('population_stderr'\)"
    with pytest.raises(DatasetError, match=words):
        LearnProblem(library.transmon(), {"fast": relaxation(), "slow": data}, free=["q0.t1"])
    LearnProblem(library.transmon(), {"slow": data.drop_vars("population_stderr")}, free=["q0.t1"])


@pytest.mark.parametrize("likelihood", ["gaussian", "counts", "mse"])
@pytest.mark.parametrize("stated", [True, False])
def test_a_dataset_without_a_finite_number_is_refused_by_name_whatever_is_known_beforehand(likelihood, stated):
    empty = relaxation()
    empty["population"].values[0] = np.where(np.arange(20) < 5, np.inf, np.nan)
    empty = empty if stated else empty.drop_vars("population_stderr")
    for data in ({"empty": empty}, {"fast": relaxation(), "empty": empty}):
        with pytest.raises(
            DatasetError, match=r"dataset 'empty' must hold a finite number, got 20 points .* Leave it out"
        ):
            LearnProblem(
                library.transmon(), data, free=["q0.t1"], likelihood=likelihood, priors={"q0.t1": LogNormal(4e-5, 0.5)}
            )


def test_a_missing_point_of_several_outcomes_counts_once():
    twin = library.assemble(dict(library.transmon().chip.qubits.items()), readout={"q0": AssignmentReadout()})
    made = replace(experiments.t1(np.linspace(0, 1e-4, 10), shots=500), observable="probability")
    data = simulate(twin, made, shots=500, seed=1)
    data["probability"].values[0, [2, 5]] = np.nan
    data["probability"].values[0, 7, 1] = np.nan
    problem = LearnProblem(twin, data, free=["q0.t1"], likelihood="counts")
    assert problem.missing == {"t1": Missing(points=10, not_finite=3, no_error=0)}


def test_parameter_that_the_data_do_not_tell_is_said_to_be_undetermined():
    result = learn(LearnProblem(library.transmon(), relaxation(), free=["q0.t1", "q0.frequency"]))
    assert np.isinf(result.stderr["q0.frequency"])
    assert np.isfinite(result.stderr["q0.t1"])
    assert result.parameters["q0.frequency"].value == pytest.approx(5e9)
    line = next(line for line in repr(result).splitlines() if line.startswith("q0.frequency"))
    assert "not determined" in line
    assert "±" in next(line for line in repr(result).splitlines() if line.startswith("q0.t1"))


def test_result_says_what_its_twin_predicts_even_next_to_a_bound():
    # nearly no false ones: the optimum lies close to the lower bound of the parameter
    truth = library.transmon().replace({"readout_q0.false_one": 5e-5})
    data = simulate(truth, experiments.t1(np.linspace(0, 8e-4, 60)))
    data["population_stderr"] = data["population"].copy(data=np.full((1, 60), 1e-5))
    free = ["q0.t1", "readout_q0.false_one", "readout_q0.false_zero"]
    result = learn(LearnProblem(library.transmon(), data, free=free))
    experiment = experiments.from_dataset(data)
    np.testing.assert_allclose(result.predictions[0], predict(result.twin, experiment), atol=1e-7)


def test_run_can_be_stopped_and_still_gives_a_result():
    seen = []
    twin = library.transmon().replace({"q0.t1": 5e-6})
    problem = LearnProblem(twin, relaxation(), free=["q0.t1"])
    result = run(task(problem), on_step=seen.append, should_stop=lambda: len(seen) >= 1)
    assert result.status is Status.STOPPED
    assert len(result.history) == 1
    assert set(result.history[0].parameters) == {"q0.t1"}


def test_largest_number_of_steps_ends_the_run():
    twin = library.transmon().replace({"q0.t1": 5e-6})
    result = learn(LearnProblem(twin, relaxation(), free=["q0.t1"], max_steps=1))
    assert result.status is Status.MAX_STEPS
    assert not result.status.succeeded


def test_covariance_is_the_inverse_of_the_curvature():
    jacobian = np.random.default_rng(0).normal(size=(30, 3)) * np.array([1.0, 1e3, 1e-4])
    slopes = np.array([2.0, 0.5, 3.0])
    found = laplace(jacobian, slopes, 1.0)
    plain = np.linalg.inv((jacobian / slopes).T @ (jacobian / slopes))
    np.testing.assert_allclose(found.covariance, plain, rtol=1e-8)
    np.testing.assert_allclose(found.stderr, np.sqrt(np.diag(plain)), rtol=1e-8)
    np.testing.assert_allclose(laplace(jacobian, slopes, 4.0).stderr, 2 * found.stderr, rtol=1e-8)


def test_directions_that_cancel_make_their_parameters_undetermined():
    column = np.random.default_rng(0).normal(size=(30, 2))
    jacobian = np.column_stack([column[:, 0], -2 * column[:, 0], column[:, 1], np.zeros(30)])
    found = laplace(jacobian, np.ones(4), 1.0)
    assert np.isinf(found.stderr).tolist() == [True, True, False, True]
    alone = laplace(column, np.ones(2), 1.0)
    assert found.stderr[2] == pytest.approx(alone.stderr[1], rel=1e-9)
