"""A fit that goes on from a better place keeps the steps of the one before."""

from dataclasses import replace

import numpy as np

from qrexplore import experiments
from qrexplore.learn import LearnProblem, learn
from qrexplore.loop.case_study import _continued
from qrexplore.twin import library, simulate


def test_steps_are_numbered_and_timed_on_and_values_are_those_of_the_last():
    truth = library.transmon()
    data = simulate(truth, experiments.t1(np.linspace(0, 150e-6, 30)), shots=300, seed=1)
    problem = LearnProblem(truth.replace({"q0.t1": 20e-6}), data, free=["q0.t1"], likelihood="counts")
    before = learn(replace(problem, max_steps=1))
    after = learn(replace(problem, twin=before.twin))
    whole = _continued(before, after, "a better place")
    assert [step.iteration for step in whole.history] == list(range(1, len(before.history) + len(after.history) + 1))
    seconds = [step.seconds for step in whole.history]
    assert seconds == sorted(seconds)
    assert whole.seconds == before.seconds + after.seconds
    assert {step.stage for step in whole.history[len(before.history) :]} == {"a better place"}
    assert whole.parameters["q0.t1"].value == after.parameters["q0.t1"].value
