"""What is wrong with a device is named, and nothing is where nothing is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments as lab
from qrexplore import library, loop
from qrexplore.core import LogNormal, Named, Normal
from qrexplore.learn import Kernel, LearnProblem, examine, learn
from qrexplore.learn.goodness import AxisTest
from qrexplore.loop.criteria import CULPRITS
from qrexplore.twin import crosstalk, simulate
from qrexplore.twin.electronics import ExponentialResponse, Gain, SignalChain

LINE = "flux_q1"
GATE = loop.CzPulse(0.5, 39e-9, LINE, ("q0", "q1"))
PRIORS = {
    "q0_q1.coupling": LogNormal(9e6, 0.2),
    f"{LINE}.transfer.gain": LogNormal(0.4, 0.02),
    f"{LINE}.fast.amplitude": Normal(0.0, 0.03),
    f"{LINE}.fast.time_constant": LogNormal(10e-9, 0.3),
    "crosstalk.fast_flux.q0_q1.share": Normal(0.0, 0.02),
}


def twin(**values):
    made = library.two_transmons(dissipative=False)
    stages = {"fast": ExponentialResponse(0.0, 10e-9), "transfer": Gain(0.4)}
    lines = {**dict(made.lines.items()), LINE: SignalChain(1e9, Named(stages))}
    leaks = crosstalk(fast_flux={("q0", "q1"): 0.0})
    # away from its sweet spot a qubit sees what leaks to it
    return replace(made, lines=Named(lines), crosstalk=leaks).replace({"q0.flux_offset": 0.05, **values})


def experiments():
    volts = np.linspace(0.46, 0.54, 9)
    return {
        "chevron": lab.chevron(volts, np.arange(3, 60, 3) * 1e-9, shots=1000),
        # the unpulsed qubit while the other one is: what leaks to it
        "leak": lab.flux_crosstalk(
            [0.3], np.linspace(5e-9, 65e-9, 13), artificial_detuning=8e6, shots=1000, source="q1", victim="q0"
        ),
    }


def posed(**truth):
    device = twin(**truth)
    data = {name: simulate(device, one, shots=one.shots, seed=5) for name, one in experiments().items()}
    begin = twin(**{f"{LINE}.fast.amplitude": -0.005})
    return LearnProblem(begin, data, free=list(PRIORS), priors=PRIORS, likelihood="counts")


def diagnosed(**truth):
    return judged(posed(**truth))


def judged(problem):
    before = twin()
    kernel = Kernel(problem)
    examination = examine(learn(problem, kernel=kernel), kernel)
    return loop.diagnosed(examination, kernel, before, symptoms=["chevron"], gate=GATE)


def test_a_distorted_line_is_named_with_what_it_costs():
    found = diagnosed(**{f"{LINE}.fast.amplitude": -0.03})
    assert found.explained
    assert found.named == ("distortion of flux line q1",)
    cause = found.causes[0]
    # from 5 to 6 ns after the step
    assert cause.size == pytest.approx(0.03 * (np.exp(-0.5) - np.exp(-0.6)) / 0.1, abs=3 * cause.sigma)
    assert cause.explains > 0.9
    assert cause.gate_share > 0.8
    problem = posed(**{f"{LINE}.fast.amplitude": -0.03})
    fits = learn(problem), learn(replace(problem, twin=twin(), hold=[f"{LINE}.fast.*"]))
    # half the sum of squares with priors, which hardly differ
    rise = 2 * (fits[1].history[-1].loss - fits[0].history[-1].loss)
    assert rise > 1000
    assert cause.evidence == pytest.approx(rise, rel=0.05)
    assert "and all else fitted anew the deviance rises" in str(cause)
    assert "to mend it, send its samples through the filter" in str(cause)
    assert "to mend it" not in str(found.causes[-1])
    assert found.error > 0.05 > found.naive_error
    assert "looked at and rejected:\n  crosstalk of flux pulses" in repr(found)


def test_nothing_is_named_on_a_clean_device():
    found = diagnosed()
    assert found.explained
    assert found.named == ()
    assert "no cause" in repr(found)


def test_crosstalk_is_named_and_not_taken_for_distortion():
    assert diagnosed(**{"crosstalk.fast_flux.q0_q1.share": 0.05}).named == ("crosstalk of flux pulses from q1 to q0",)


def test_a_model_that_does_not_explain_the_data_names_nothing():
    before = twin()
    other = before.replace({"q0.anharmonicity": -0.2e9, "q1.anharmonicity": -0.26e9, f"{LINE}.fast.amplitude": -0.03})
    data = {"chevron": simulate(other, experiments()["chevron"], shots=5000, seed=1)}
    problem = LearnProblem(before, data, free=[f"{LINE}.fast.amplitude"], likelihood="counts")
    kernel = Kernel(problem)
    examination = examine(learn(problem, kernel=kernel), kernel)
    found = loop.diagnosed(examination, kernel, before, symptoms=["chevron"], gate=GATE)
    assert not found.explained
    assert found.named == ()
    assert "does not explain the data" in repr(found)


def test_what_goes_wrong_in_one_experiment_alone_is_noticed_though_it_is_little_in_the_sum_of_all():
    problem = posed(**{f"{LINE}.fast.amplitude": -0.03})
    leak = problem.datasets["leak"].copy(deep=True)
    # a stretch that no parameter can follow, a few standard errors off
    leak["population"].values[..., 4:7] += 0.025 * np.sign(0.5 - leak["population"].values[..., 4:7])
    found = judged(replace(problem, data={**problem.datasets, "leak": leak}))
    # of all, no more than chance allows
    assert found.chi2_per_dof < 1.1 + 3 * np.sqrt(2 / sum(part.values.size for part in problem.measured))
    assert not found.explained
    assert found.worst == "leak"
    assert found.named == ()


def test_what_is_not_explained_is_worse_than_what_is_however_large_its_chi2():
    problem = posed()
    kernel = Kernel(problem)
    examination = examine(learn(problem, kernel=kernel), kernel)
    runs = AxisTest("duration", changes=1, expected=9.0, runs_p=1e-9, correlation=0.0, correlation_p=1.0)
    # by the test along its axis alone, while the other has the smaller p of chi2
    changes = {"leak": {"axes": (runs,), "p_value": 0.4}, "chevron": {"p_value": 0.02}}
    judged = tuple(replace(one, **changes[one.name]) for one in examination.goodness)
    assert [one.explained for one in judged] == [one.name == "chevron" for one in judged]
    found = loop.diagnosed(replace(examination, goodness=judged), kernel, twin(), symptoms=["chevron"], gate=GATE)
    assert found.worst == "leak"


def test_every_part_of_the_case_study_that_may_be_wrong_is_a_suspect_and_healthy_ones_are_not_above_their_limit():
    study = library.case_study(0, flaw="none")
    listed = loop.suspects(study.twin)
    names = [one.name for one in listed]
    for part in ("distortion of flux line q1", "timing of flux line q1", "compression in drive line q0", "imbalance of the mixer",
                 "crosstalk of static flux", "crosstalk of drives", "relaxation of q0", "slow flux noise of q1"):  # fmt: skip
        assert any(name.startswith(part) for name in names), part
    true = study.twin.replace(study.truth)
    assert [one.name for one in listed if one.size(true) > one.limit] == []


@pytest.mark.parametrize("flaw", ["crosstalk", "skew", "compression"])
def test_the_culprit_of_a_flaw_is_the_suspect_of_which_its_device_has_too_much(flaw):
    study = library.case_study(0, flaw=flaw)
    true = study.twin.replace(study.truth)
    assert [one.name for one in loop.suspects(study.twin) if one.size(true) > one.limit] == [CULPRITS[flaw]]
