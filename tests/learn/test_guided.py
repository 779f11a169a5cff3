"""Guided learning: what it begins with, the stages it goes by, and that it gets out of wrong valleys."""

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Status, run
from qrexplore.learn import Kernel, LearnProblem, guided
from qrexplore.twin import library, simulate

HIDDEN = {
    "q0_q1.coupling": 8.6e6,
    "flux_q1.transfer.gain": 0.405,
    "flux_q1.distortion.amplitude": -0.05,
    "flux_q1.distortion.time_constant": 8e-9,
}
FREE = ("*.coupling", "flux_q1.transfer.gain", "flux_q1.distortion.*")
IDEAL = {"flux_q1.distortion.amplitude": 0.0, "flux_q1.distortion.time_constant": 10e-9}


@pytest.fixture(scope="module")
def chevron():
    """A twin, noisy data of a distorted chevron, and the kernel that all tests share."""
    qubits = dict(library.two_transmons().chip.qubits.items())
    twin = library.assemble(qubits, {("q0", "q1"): 9e6}, bandwidth=None, dissipative=False)
    data = simulate(
        twin.replace(HIDDEN), experiments.chevron(np.linspace(0.45, 0.53, 15), np.linspace(2e-9, 60e-9, 20))
    )
    shape = data["population"].shape
    data["population"].values[...] += 0.01 * np.random.default_rng(1).normal(size=shape)
    data["population_stderr"] = data["population"].copy(data=np.full(shape, 0.01))
    return twin, data, Kernel(LearnProblem(twin, data, free=FREE))


def learned(chevron, values, **options):
    twin, data, kernel = chevron
    steps = []
    problem = LearnProblem(twin.replace(values), data, free=FREE)
    return run(guided(problem, kernel, **options), on_step=steps.append), steps


@pytest.mark.parametrize("values", [{}, {"q0_q1.coupling": 5e6, "flux_q1.transfer.gain": 0.3}], ids=["near", "far"])
def test_the_truth_is_found_by_way_of_the_ideal_device(chevron, values):
    result, steps = learned(chevron, values)
    assert result.status is Status.CONVERGED
    assert 0.85 < result.chi2_per_dof < 1.15
    pulls = {path: (result.twin.parameters[path].value - value) / result.stderr[path] for path, value in HIDDEN.items()}
    assert {path: pull for path, pull in pulls.items() if abs(pull) > 4} == {}
    stages = [step.stage for step in steps]
    assert stages == sorted(stages, reverse=True)
    assert set(stages) == {"ideal device", "all parameters"}
    assert [step.iteration for step in steps] == list(range(1, len(steps) + 1))
    assert np.all(np.diff([step.seconds for step in steps]) > 0)
    assert tuple(steps) == result.history
    # what watches a run draws every free parameter, held ones too
    assert all(set(step.parameters) == set(HIDDEN) for step in steps)


def test_the_ideal_device_comes_with_the_result(chevron):
    result, _ = learned(chevron, {})
    ideal = result.ideal.twin.parameters
    assert {path: ideal[path].value for path in IDEAL} == IDEAL
    assert result.ideal.chi2_per_dof > 2 * result.chi2_per_dof


def test_a_twin_that_fits_is_not_led_away(chevron):
    result, steps = learned(chevron, HIDDEN)
    assert {step.stage for step in steps} <= {"all parameters"}
    assert result.ideal is None
    assert result.history[0].loss <= chevron[2].loss(LearnProblem(chevron[0].replace(HIDDEN), chevron[1], free=FREE))
    by_ideal, _ = learned(chevron, HIDDEN, by_ideal=True)
    assert by_ideal.ideal is not None
    assert by_ideal.chi2_per_dof == pytest.approx(result.chi2_per_dof, rel=1e-3)


@pytest.mark.slow
def test_without_a_look_at_the_data_the_values_of_the_twin_are_the_start(chevron):
    own, _ = learned(chevron, {"flux_q1.transfer.gain": 0.3}, seeded=False)
    read, _ = learned(chevron, {"flux_q1.transfer.gain": 0.3})
    assert own.history[0].parameters["flux_q1.transfer.gain"] == pytest.approx(0.3, rel=0.1)
    assert read.history[0].parameters["flux_q1.transfer.gain"] == pytest.approx(0.405, rel=0.1)
    assert read.chi2_per_dof < 1.15


def test_a_run_that_is_stopped_early_has_the_ideal_device_so_far(chevron):
    twin, data, kernel = chevron
    seen = []
    task = guided(LearnProblem(twin, data, free=FREE), kernel)
    result = run(task, on_step=seen.append, should_stop=lambda: len(seen) == 2)
    assert result.status is Status.STOPPED
    assert len(result.history) == 2
    assert set(result.parameters.paths) == set(HIDDEN) - set(IDEAL)
    assert all(np.isfinite(result.stderr[path]) for path in result.parameters.paths)


def test_a_start_that_cannot_be_computed_is_passed_over(chevron, monkeypatch):
    twin, data, kernel = chevron
    losses = kernel.loss
    monkeypatch.setattr(
        kernel,
        "loss",
        lambda question: np.nan if question.twin.parameters["q0_q1.coupling"].value == 9e6 else losses(question),
    )
    result = run(guided(LearnProblem(twin, data, free=FREE), kernel))
    assert result.status is Status.CONVERGED
