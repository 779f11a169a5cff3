"""A first look at a share of the points: quick, told, and not biased."""

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.learn import LearnProblem, examine, learn
from qrexplore.learn.runs import begin_run, problem_of
from qrexplore.twin import library, simulate

T1 = 33e-6
RELAXATION = experiments.t1(np.linspace(0, 150e-6, 200), shots=300)


def posed(shots_of=0, **options):
    data = simulate(library.transmon().replace({"q0.t1": T1}), RELAXATION, shots=300, seed=shots_of)
    return LearnProblem(library.transmon(), data, free=["q0.t1"], **options)


def test_a_first_look_is_told_and_its_errors_are_those_of_fewer_points():
    whole, look = learn(posed(likelihood="counts")), learn(posed(likelihood="counts", subsample=0.2, seed=4))
    assert "a first look: fitted to 20 % of the points (seed 4)" in repr(look)
    assert "first look" not in repr(whole)
    assert look.predictions[0].shape == (1, 40)
    assert look.stderr["q0.t1"] / whole.stderr["q0.t1"] == pytest.approx(5**0.5, rel=0.35)
    assert look.problem.fitted_share == pytest.approx(0.2)
    assert examine(look).goodness[0].points == 40


def test_first_looks_at_different_points_are_not_biased():
    pulls = []
    # the same shape, in the same places: nothing compiles anew
    for seed in range(16):
        result = learn(posed(seed, likelihood="counts", subsample=0.1))
        pulls.append((result.parameters["q0.t1"].value - T1) / result.stderr["q0.t1"])
    assert abs(np.mean(pulls)) < 3.5 / 4
    assert np.std(pulls) == pytest.approx(1, abs=0.5)


def test_noise_is_that_of_the_whole_data():
    rough = posed()
    data = rough.data.drop_vars("population_stderr")
    noise = [LearnProblem(rough.twin, data, free=["q0.t1"], subsample=share).measured[0] for share in (None, 0.2)]
    assert [one.noise for one in noise] == ["scatter", "scatter"]
    assert noise[1].sigma[0, 0] == noise[0].sigma[0, 0]
    assert noise[1].values.shape == (1, 40)


def test_a_run_keeps_all_points_and_draws_the_same_ones_again(tmp_path):
    problem = posed(likelihood="counts", subsample=0.2, seed=7)
    again = problem_of(begin_run(problem, tmp_path / "run"))
    assert again.whole["t1"].sizes["delay"] == 200
    assert np.array_equal(again.datasets["t1"]["delay"], problem.datasets["t1"]["delay"])


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"`subsample` must be above 0 and at most 1, got 1\.5\. Take 0\.2"):
        posed(subsample=1.5)


def test_data_kept_out_of_a_first_look_are_scored_with_all_their_points():
    look, other = learn(posed(likelihood="counts", subsample=0.2)), posed(9).data
    (whole,) = examine(look, held_out={"other": other}).scores
    (half,) = examine(look, held_out={"other": other.isel(delay=slice(0, 100))}).scores
    # the mean over both halves
    (rest,) = examine(look, held_out={"other": other.isel(delay=slice(100, 200))}).scores
    assert whole.outside == pytest.approx((half.outside + rest.outside) / 2)
