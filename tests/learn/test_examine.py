"""An examination against hidden truths: its intervals cover, and it says what was not learned, explained or carried over."""

import json
from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import LogNormal
from qrexplore.data import split
from qrexplore.learn import (
    Estimate,
    Examination,
    Kernel,
    LearnProblem,
    Measured,
    examine,
    expected_residuals,
    expected_squares,
    learn,
)
from qrexplore.twin import AssignmentReadout, library, predict, simulate

TRUTH = {"q0.t1": 33e-6, "readout_q0.false_zero": 0.08}
FREE = ["q0.t1", "readout_q0.false_*"]
RELAXATION = experiments.t1(np.linspace(0, 150e-6, 60), shots=500)
ECHO = experiments.echo(np.linspace(0, 80e-6, 40), shots=1000)


def measure(experiment=RELAXATION, seed=0, **changes):
    return simulate(library.transmon().replace(TRUTH | changes), experiment, shots=experiment.shots, seed=seed)


def examined(data, free=FREE, **options):
    problem = LearnProblem(library.transmon(), data, free=free, likelihood="counts", **options)
    kernel = Kernel(problem)
    return problem, kernel, learn(problem, kernel=kernel)


@pytest.fixture(scope="module")
def relaxation():
    _, kernel, result = examined(measure())
    return kernel, result, examine(result, kernel)


def test_intervals_and_bands_cover_the_truth_as_they_say():
    truth = library.transmon().replace(TRUTH)
    curve, pulls, covered, inside = np.asarray(predict(truth, RELAXATION)), [], [], []
    for seed in range(30):
        _, kernel, result = examined(measure(seed=100 + seed))
        found = examine(result, kernel)
        for one in found.estimates:
            true = truth.parameters[one.path].value
            covered.append(one.interval[0] <= true <= one.interval[1])
            pulls.append((one.value - true) / one.sigma)
        inside.append(found.bands["t1"].coverage(curve))
    # of 90, fewer than 80 or an rms outside this have a chance of about 1 in 1000 each
    assert np.sum(covered) >= 79
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(1, abs=0.25)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.05)


def test_a_good_fit_is_said_to_be_one(relaxation):
    _, result, found = relaxation
    assert [one.verdict for one in found.estimates] == ["learned"] * 3
    assert found.explained
    text = repr(found)
    assert text.startswith("3 of 3 parameters learned, 0 weakly, 0 not; 95 % intervals")
    assert "1 of 1 experiments explained" in text
    assert found["q0.t1"].sigma == pytest.approx(result.stderr["q0.t1"], rel=1e-3)
    with pytest.raises(KeyError, match=r"no parameter matches 'q0\.t2'"):
        found["q0.t2"]


def test_an_examination_costs_no_compilation_and_no_second_evaluation(relaxation, compilations, monkeypatch):
    kernel, result, _ = relaxation
    monkeypatch.setattr(Kernel, "_evaluate", lambda *_: pytest.fail("was evaluated again"))
    examine(result, kernel)
    before = len(compilations)
    examine(result, kernel)
    assert len(compilations) == before


def test_it_is_written_as_json_of_plain_numbers(relaxation):
    _, _, found = relaxation
    written = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [one["path"] for one in written["parameters"]] == list(found.result.parameters.paths)
    assert written["goodness"][0]["explained"] is True
    assert len(written["spectrum"]) == 3
    assert written["resolved"] is None


def test_draws_are_parameters_of_the_twin_that_scatter_as_stated(relaxation):
    _, result, found = relaxation
    drawn = found.draws(2000, seed=5)
    assert np.std([one["q0.t1"] for one in drawn]) == pytest.approx(found["q0.t1"].sigma, rel=0.06)
    assert result.twin.replace(drawn[0]).parameters["q0.t1"].value == drawn[0]["q0.t1"]


def test_what_is_drawn_to_first_order_scatters_as_its_gradient_says(relaxation):
    found = relaxation[2]

    def both(twin):
        return np.array([twin.parameters["q0.t1"].value, twin.parameters["q0.t1"].value ** -2.0])

    drawn = found.drawn(both, 500, seed=5)
    # a parameter is its own first order, as far as its coordinate is no other function of it
    np.testing.assert_allclose(drawn[:, 0], [one["q0.t1"] for one in found.draws(500, seed=5)], rtol=2e-3)
    time, sigma = found["q0.t1"].value, found["q0.t1"].sigma
    assert np.std(drawn[:, 1]) == pytest.approx(2 * sigma / time**3, rel=0.1)
    # the second order would move the mean
    assert np.mean(drawn[:, 1]) == pytest.approx(time**-2, abs=4 * np.std(drawn[:, 1]) / np.sqrt(500))


@pytest.mark.slow
def test_two_rates_of_which_the_data_tell_the_sum_are_drawn_with_that_sum():
    twin = library.transmon().replace({"q0.t1": 30e-6, "q0.t_phi": 40e-6})
    data = simulate(twin, ECHO, shots=ECHO.shots, seed=3)
    priors = {"q0.t1": LogNormal(40e-6, 0.8), "q0.t_phi": LogNormal(60e-6, 0.8)}
    result = learn(LearnProblem(twin, data, free=list(priors), priors=priors, likelihood="counts"))
    found = examine(result)

    def rate(twin):
        table = twin.parameters
        return 1 / (2 * table["q0.t1"].value) + 1 / table["q0.t_phi"].value

    # an echo tells the sum of both rates, and hardly either of them
    assert found["q0.t1"].ratio > 0.3
    straight = np.std(found.drawn(rate, 400, seed=1)) / rate(result.twin)
    bent = np.std([rate(result.twin.replace(one)) for one in found.draws(400, seed=1)]) / rate(result.twin)
    alone = learn(LearnProblem(twin, data, free=["q0.t_phi"], likelihood="counts"))
    known = alone.stderr["q0.t_phi"] / alone.twin.parameters["q0.t_phi"].value ** 2 / rate(alone.twin)
    assert straight == pytest.approx(known, rel=0.3)
    assert bent > 3 * straight


def test_draws_of_tied_parameters_follow():
    twin = library.two_transmons()
    data = simulate(twin, experiments.t1(np.linspace(0, 120e-6, 31), qubit="q1"), shots=500, seed=2)
    result = learn(LearnProblem(twin, data, free=["q0.t1"], ties={"q1.t1": "q0.t1"}, likelihood="counts"))
    one, *_ = examine(result).draws(1, seed=0)
    assert one["q1.t1"] == one["q0.t1"]


@pytest.fixture(scope="module")
def pair():
    """An echo tells ``1/(2 T1) + 1/T_phi``, neither of both."""
    priors = {"q0.t1": LogNormal(30e-6, 0.7), "q0.t_phi": LogNormal(30e-6, 0.7)}
    return examined(measure(ECHO, **{"readout_q0.false_zero": 0.05}), free=["q0.t1", "q0.t_phi"], priors=priors)


def test_a_pair_that_only_together_is_known_is_told_as_such(pair):
    _, kernel, result = pair
    found = examine(result, kernel)
    assert "learned" not in {one.verdict for one in found.estimates}
    assert found.identifiability.eigenvalues[0] > 100
    (direction,) = found.identifiability.sloppy
    assert {path for path, _ in direction.members} == {"q0.t1", "q0.t_phi"}
    rows = [line for line in repr(found).split("\n") if line.startswith("q0.")]
    assert not any("±" in row for row in rows)
    # the combination is known in every draw, its parts are not
    drawn = found.draws(200, seed=1)
    rates = [1 / (2 * one["q0.t1"]) + 1 / one["q0.t_phi"] for one in drawn]
    assert np.std(np.log(rates)) < 0.5 * np.std([np.log(one["q0.t_phi"]) for one in drawn])


def test_a_parameter_without_prior_that_the_data_do_not_tell_is_given_as_its_bounds():
    _, kernel, result = examined(measure(), free=["q0.t1", "bias_q0.gain"])
    bounds = result.parameters["bias_q0.gain"].bounds
    one = examine(result, kernel)["bias_q0.gain"]
    assert one.verdict == "not learned"
    assert str(one).startswith("not learned; before the data")
    assert bounds[0] <= one.interval[0] < one.interval[1] <= bounds[1]


def test_starts_that_predict_the_same_elsewhere_are_listed():
    data = measure(ECHO, **{"readout_q0.false_zero": 0.05})
    starts = [{"q0.t1": 25e-6, "q0.t_phi": 60e-6}, {"q0.t1": 90e-6, "q0.t_phi": 22e-6}]
    results = []
    for start in starts:
        problem = LearnProblem(library.transmon().replace(start), data, free=["q0.t1", "q0.t_phi"], likelihood="counts")
        results.append(learn(problem))
    found = examine(results[0], optima=results[1:])
    assert found.ambiguity is not None
    assert len(found.ambiguity.optima) == 1
    assert found.to_dict()["resolved"] is False
    assert "the same predictions with" in repr(found)
    again = examine(results[0], optima=results[:1])
    assert again.to_dict()["resolved"] is True
    single = learn(replace(results[0].problem, free=["q0.t1"]))
    with pytest.raises(
        ValueError, match=r"`optima` must have the free parameters.*got others in q0\.t_phi\. Give results"
    ):
        examine(results[0], optima=[single])


def test_an_optimum_that_fits_as_well_and_predicts_otherwise_is_an_ambiguity():
    arc = experiments.flux_arc(
        np.linspace(-0.1, 0.1, 7), np.linspace(4.9e9, 5.01e9, 40), drive_amplitude=0.02, shots=30
    )
    truth = library.transmon()
    data = simulate(truth, arc, shots=30, seed=1)
    results = [
        learn(LearnProblem(truth.replace({"q0.flux_offset": at}), data, free=["q0.flux_offset"], likelihood="counts"))
        for at in (0.02, -0.02, 0.01)
    ]
    found = examine(results[0], optima=results[1:])
    assert found.ambiguity is not None
    losses = [one.loss for one in found.ambiguity.optima]
    assert losses == sorted(losses)
    assert sum(len(one.starts) for one in found.ambiguity.optima) == 3


def test_the_region_that_a_wrong_model_misses_is_pointed_at():
    data = measure()
    bump = (data["delay"].values > 70e-6) & (data["delay"].values < 100e-6)
    data["population"].values[0, bump] += 0.07
    _, kernel, result = examined(data)
    found = examine(result, kernel)
    assert not found.explained
    (one,) = found.goodness
    assert one.worst is not None
    (_, (begin, end)) = one.worst.slices
    hit = np.zeros(60, dtype=bool)
    hit[begin:end] = True
    assert np.sum(hit & bump) / np.sum(hit | bump) > 0.6
    assert "0 of 1 experiments explained" in repr(found)
    assert "delay" in repr(found)
    assert found.result.inflation > 1
    assert "errors are wider by" in repr(found)


def test_rows_kept_out_are_predicted_as_well_as_the_fitted_ones():
    scores = []
    for seed in range(10):
        fitted, held = split(measure(seed=seed), "delay")
        _, kernel, result = examined(fitted)
        scores += examine(result, kernel, held_out={"rows": held}).scores
    assert not any(one.compared.overfitted for one in scores)
    # mean of 200 points
    assert np.mean([one.compared.outside_chi2 for one in scores]) == pytest.approx(1, abs=0.3)
    assert np.mean([one.compared.inside_chi2 for one in scores]) == pytest.approx(1, abs=0.2)
    # a perfect model loses half a unit of log likelihood for each point of 500 shots
    assert np.mean([one.outside for one in scores]) == pytest.approx(-0.5 / 500, rel=0.35)


def test_a_model_that_does_not_carry_over_is_told():
    _, kernel, result = examined(measure())
    found = examine(result, kernel, held_out={"next week": measure(seed=9, **{"q0.t1": 24e-6})})
    (score,) = found.scores
    assert score.compared is not None
    assert score.compared.overfitted
    assert "kept out of the fit, next week: Over-fitting, or a model that does not carry over" in repr(found)
    assert score.outside < 2 * score.inside


def test_noise_that_is_not_known_is_not_judged():
    fitted, held = split(measure(seed=6), "delay")
    result = learn(LearnProblem(library.transmon(), fitted, free=FREE, likelihood="mse"))
    found = examine(result, held_out={"rows": held})
    assert "the noise is not known, so that over-fitting cannot be judged" in repr(found)
    assert np.isnan(found.bic)
    assert found.to_dict()["log_evidence"] is None
    assert isinstance(found, Examination)


@pytest.mark.parametrize("likelihood", ["binomial", "multinomial"])
def test_expected_residuals_are_the_means_over_drawn_counts(likelihood):
    shots, random = 300, np.random.default_rng(0)
    p = np.array([3e-4, 2e-3, 0.01, 0.05, 0.3])
    if likelihood == "binomial":
        model = p[None]
        drawn = random.binomial(shots, model, size=(20_000, *model.shape)) / shots
    else:
        model = np.stack([p, 0.4 * (1 - p), 0.6 * (1 - p)], axis=-1)[None]
        drawn = random.multinomial(shots, model, size=(20_000, *model.shape[:-1])) / shots
    part = Measured(drawn[0], np.ones_like(model), shots, noise="file", likelihood=likelihood)
    expected = expected_squares(part, model)
    squares, sums = np.zeros_like(model), np.zeros_like(model)
    for one in drawn:
        f = one
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(f > 0, f * np.log(f / model), 0.0)
            if likelihood == "binomial":
                terms = terms + np.where(f < 1, (1 - f) * np.log((1 - f) / (1 - model)), 0.0)
            else:
                terms = terms + model - f
        squares += 2 * shots * terms
        sums += np.sign(model - f) * np.sqrt(2 * shots * np.maximum(terms, 0))
    assert expected == pytest.approx(squares / len(drawn), rel=0.05)
    assert expected_residuals(part, model) == pytest.approx(sums / len(drawn), abs=0.025)


def test_expected_squares_of_outcomes_sum_to_their_degrees_of_freedom():
    model = np.full((1, 10, 3), 1 / 3)
    part = Measured(model, np.ones_like(model), 5000, noise="file", likelihood="multinomial")
    assert expected_squares(part, model).sum() == pytest.approx(20)


def test_outcomes_that_hardly_come_raise_no_alarm():
    # one qubit with three outcomes, the third nearly never
    twin = library.assemble(
        dict(library.transmon().chip.qubits.items()), readout={"q0": AssignmentReadout(two_given_zero=-7.0)}
    )
    made = experiments.t1(np.linspace(0, 150e-6, 600))
    made = replace(made, observable="probability", units="1", shots=400)
    explained = []
    for seed in range(6):
        data = simulate(twin.replace({"q0.t1": 33e-6}), made, shots=400, seed=seed)
        explained.append(examine(learn(LearnProblem(twin, data, free=["q0.t1"], likelihood="counts"))).explained)
    assert sum(explained) >= 5


def test_points_that_are_missing_are_told_also_of_what_is_not_judged():
    data = {"decay": measure(), "short": measure(experiments.t1([40e-6, 50e-6], shots=500)), "whole": measure(seed=1)}
    data["decay"]["population"].values[0, [4, 9, 11]] = np.inf
    data["short"]["population"].values[0, 1] = np.nan
    _, kernel, result = examined(data, free=["q0.t1"])
    found = examine(result, kernel)
    assert found.unjudged == ("short",)
    text = repr(found)
    assert "3 of 60 points of decay are missing (3 not finite)" in text
    assert "1 of 2 points of short are missing (1 not finite)" in text
    assert "points of whole" not in text
    assert found.to_dict()["missing"] == {
        "decay": {"points": 60, "not_finite": 3, "no_error": 0},
        "short": {"points": 2, "not_finite": 1, "no_error": 0},
    }


def test_a_point_of_several_outcomes_is_one_point():
    twin = library.assemble(dict(library.transmon().chip.qubits.items()), readout={"q0": AssignmentReadout()})
    data = simulate(twin, replace(RELAXATION, observable="probability"), shots=500, seed=2)
    data["probability"].values[0, [4, 9, 11]] = np.nan
    (one,) = examine(learn(LearnProblem(twin, data, free=["q0.t1"], likelihood="counts"))).goodness
    assert (one.points, one.missing) == (57, 3)
    assert "(57 points, 3 missing)" in repr(one)


def test_intervals_are_written_to_the_digits_they_have():
    one = Estimate("q0.frequency", "Hz", "f", 5.6e9, 1e3, (5.599998e9, 5.600002e9), (5.5e9, 5.7e9), 1e-4, "learned")
    assert str(one) == "(5.6000000 ± 0.0000010) GHz, 5.599998 to 5.600002 GHz"
    assert str(replace(one, verdict="not learned")) == "not learned; before the data 5.5 to 5.7 GHz"


def test_a_level_outside_0_and_1_is_refused(relaxation):
    kernel, result, _ = relaxation
    with pytest.raises(ValueError, match="`level` must be between 0 and 1, got 95"):
        examine(result, kernel, level=95)
