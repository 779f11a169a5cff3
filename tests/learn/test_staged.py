"""A start in stages: from wide priors into the valley of the truth, and over the range of what only bounds are known of."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments as lab
from qrexplore.core import LogNormal, Named, Normal, Uniform
from qrexplore.learn import Kernel, LearnProblem, learn, staged
from qrexplore.twin import library, simulate
from qrexplore.twin.electronics import Gain, Reflection, SignalChain

TRUTH = {
    "flux_q0.transfer.gain": 0.37,
    "flux_q0.echo.amplitude": 0.05,
    "flux_q0.echo.time": 21e-9,
    "q0.frequency": 5.012e9,
}
PRIORS = {
    "q0.frequency": Normal(5.01e9, 3e6),
    "flux_q0.transfer.gain": LogNormal(0.42, 0.2),
    "flux_q0.echo.amplitude": Normal(0.0, 0.03),
    "flux_q0.echo.time": Uniform(2e-9, 40e-9),
}  # fmt: skip


def twin():
    made = library.transmon(dissipative=False)
    stages = {"echo": Reflection(0.0, 7e-9), "transfer": Gain(0.4)}
    return replace(made, lines=Named({**dict(made.lines.items()), "flux_q0": SignalChain(1e9, Named(stages))}))


def posed(echo, **start):
    """Give a problem with an echo at some time (s), and its compiled functions."""
    device = twin().replace({**TRUTH, "flux_q0.echo.time": echo})
    made = {
        "ramsey": lab.ramsey_phases(
            np.linspace(0, 2e-6, 31), artificial_detuning=1e6, drive_frequency=5.0124e9, shots=1000
        ),
        "cryoscope": lab.cryoscope_amplitudes(
            [0.2, 0.3], np.arange(1, 80, 3) * 1e-9, drive_frequency=5.012e9, shots=4000
        ),
    }
    data = {name: simulate(device, one, shots=one.shots, seed=k) for k, (name, one) in enumerate(made.items())}
    begin = twin().replace({path: prior.center for path, prior in PRIORS.items()})
    begin = begin.replace({f"flux_q0.echo.{name}": value for name, value in start.items()})
    problem = LearnProblem(begin, data, free=list(PRIORS), priors=PRIORS, likelihood="counts")
    return problem, Kernel(problem)


@pytest.fixture(scope="module")
def found():
    # an echo from the end of the range, where it is not
    problem, kernel = posed(TRUTH["flux_q0.echo.time"], time=36e-9, amplitude=0.001)
    told = []
    return problem, kernel, staged(problem, kernel, on_stage=told.append), told


def test_stages_come_in_their_order_and_say_what_they_took(found):
    _, _, start, told = found
    # nothing is looked for any more once the data are explained
    assert [stage.name for stage in start.stages] == ["landmarks", "one qubit at a time", "first look at all data"]
    assert tuple(told) == start.stages
    assert all(stage.seconds > 0 for stage in start.stages)


def test_a_search_that_ends_in_a_wrong_valley_goes_over_the_range_and_finds_the_right_one():
    echo = 30e-9
    problem, kernel = posed(echo, time=26e-9, amplitude=0.001)
    start = staged(problem, kernel)
    first, last = start.stages[-2:]
    assert (first.name, last.name) == ("first look at all data", "range of flux_q0.echo.time")
    assert first.loss > 10 * problem.independent
    assert last.loss < 0.7 * problem.independent
    assert start.twin.parameters["flux_q0.echo.time"].value == pytest.approx(echo, abs=0.5e-9)


def test_a_fit_from_there_comes_to_the_truth_within_its_errors(found):
    problem, kernel, start, _ = found
    result = learn(replace(problem, twin=start.twin), kernel=kernel)
    assert result.chi2_per_dof == pytest.approx(1, abs=0.3)
    for path, true in TRUTH.items():
        assert abs(result.parameters[path].value - true) < 3.5 * result.stderr[path], path


def test_a_kernel_of_some_datasets_gives_their_part_of_the_whole(found):
    problem, kernel, _, _ = found
    posed, part = kernel.least_squares(problem), kernel.only(["cryoscope"]).least_squares(problem)
    whole, some = posed.linearize(posed.start), part.linearize(part.start)
    count = problem.measured[0].present.size
    for every, few in zip(whole, some, strict=True):
        np.testing.assert_array_equal(every[count:], few)
    assert kernel.reached_by("flux_q0.echo.time") == ("cryoscope",)
    assert set(kernel.reached_by("q0.frequency")) == {"ramsey", "cryoscope"}
