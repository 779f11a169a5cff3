from dataclasses import replace

import numpy as np
import pytest

import qrexplore as qx
from qrexplore.learn import LearnProblem
from qrexplore.views import learned_rows, loss_curve, outcome


@pytest.fixture(scope="module")
def result():
    experiment = qx.experiments.t1(np.linspace(0, 100e-6, 21))
    truth = qx.library.transmon().replace({"q0.t1": 30e-6})
    data = qx.simulate(truth, experiment)
    noise = np.random.default_rng(2).normal(0, 0.01, data.population.shape)
    data = data.assign(
        population=(experiment.dims, data.population.values + noise, data.population.attrs),
        population_stderr=(experiment.dims, np.full(noise.shape, 0.01), {"units": "1", "long_name": "error"}),
    )
    return qx.learn(LearnProblem(qx.library.transmon(), data, free=["q0.t1", "readout_q0.*"]))


def test_a_row_gives_the_value_with_its_standard_error(result):
    rows = {row.path: row for row in learned_rows(result)}
    assert list(rows) == list(result.parameters.paths)
    value, error = result.parameters["q0.t1"].value, result.stderr["q0.t1"]
    text = rows["q0.t1"].text
    assert text.startswith("(")
    assert text.endswith(" µs")
    shown = [float(part) for part in text.strip("( µs)").replace(")", "").split("±")]
    assert shown == pytest.approx([value * 1e6, error * 1e6], rel=0.06)


def test_a_parameter_that_the_data_do_not_tell_says_so(result):
    unknown = replace(result, stderr={**result.stderr, "q0.t1": float("inf")})
    assert "not determined by these data" in learned_rows(unknown)[0].text


def test_the_loss_curve_holds_every_step(result):
    curve = loss_curve(result.history)
    assert curve.iteration.tolist() == [step.iteration for step in result.history]
    assert curve.loss.tolist() == [step.loss for step in result.history]
    assert np.all(np.diff(curve.seconds) >= 0)
    assert loss_curve(()).loss.shape == (0,)


def test_the_outcome_says_how_it_ended_and_how_well_it_fits(result):
    words = outcome(result)
    assert words.startswith(result.status.value)
    assert f"misfit {result.misfit:.4f}" in words
    assert f"{result.chi2_per_dof:.2f}" in words
