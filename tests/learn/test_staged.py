"""A start in stages: from wide priors into the valley of the truth, and over the range of what only bounds are known of."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments as lab
from qrexplore.core import LogNormal, Named, Normal, Uniform, run
from qrexplore.learn import Kernel, LearnProblem, begin_run, digest, result_of, resume_run, staged
from qrexplore.twin import library, simulate
from qrexplore.twin.electronics import Gain, Reflection, SignalChain
from tests.learn.kills import kill_campaign

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
    return problem, kernel, run(staged(problem, kernel))


def stages(result):
    return list(dict.fromkeys(step.stage for step in result.history))


def test_stages_come_in_their_order_and_say_what_they_took(found):
    _, _, result = found
    assert stages(result) == ["landmarks", "one qubit at a time", "all data"]
    assert [step.iteration for step in result.history] == list(range(1, len(result.history) + 1))
    seconds = [step.seconds for step in result.history]
    assert sorted(seconds) == seconds
    assert seconds[-1] <= result.seconds


def test_it_comes_to_the_truth_within_its_errors(found):
    _, _, result = found
    assert result.chi2_per_dof == pytest.approx(1, abs=0.3)
    for path, true in TRUTH.items():
        assert abs(result.parameters[path].value - true) < 3.5 * result.stderr[path], path


@pytest.fixture(scope="module")
def misled():
    return posed(30e-9, time=26e-9, amplitude=0.001)


@pytest.mark.parametrize(("echo", "begin"), [(5e-9, 38e-9), (36e-9, 4e-9)])
def test_an_echo_is_found_from_the_other_end_of_its_range(echo, begin):
    result = run(staged(*posed(echo, time=begin, amplitude=-0.02)))
    assert result.parameters["flux_q0.echo.time"].value == pytest.approx(echo, abs=0.5e-9)


def test_a_twin_that_explains_single_qubits_is_the_start_for_all_data(found):
    problem, kernel, result = found
    again = run(staged(replace(problem, twin=result.twin), kernel))
    assert stages(again) in ([], ["all data"])
    for path, error in result.stderr.items():
        assert again.parameters[path].value == pytest.approx(result.parameters[path].value, abs=0.01 * error), path


def test_it_goes_on_from_any_step_to_the_same_bits(misled):
    problem, kernel = misled
    whole = staged(problem, kernel)
    state, packed = whole.init(), []
    while (status := whole.done(state)) is None:
        state, _ = whole.advance(state)
        packed.append(whole.pack(state))
    expected = digest(whole.finish(state, status))
    for arrays in packed:
        other = staged(problem, Kernel(problem))
        assert digest(run(other, begin=other.unpack(arrays))) == expected


def test_a_run_in_a_folder_comes_to_the_same(misled, tmp_path):
    problem, _ = misled
    begun = begin_run(problem, tmp_path / "run", way="staged")
    result = resume_run(begun.folder)
    assert digest(result_of(begun)) == digest(result)
    assert result.parameters["flux_q0.echo.time"].value == pytest.approx(30e-9, abs=0.5e-9)


@pytest.fixture(scope="module")
def decaying():
    """Two decays with wide priors, and many steps for all data."""
    truth = library.transmon().replace({"q0.t1": 33e-6, "q0.t_phi": 41e-6})
    delays = np.linspace(0, 100e-6, 21)
    made = {"t1": lab.t1(delays, shots=200), "echo": lab.echo(delays, shots=200)}
    data = {name: simulate(truth, one, shots=one.shots, seed=k) for k, (name, one) in enumerate(made.items())}
    priors = {"q0.t1": LogNormal(15e-6, 1.0), "q0.t_phi": LogNormal(15e-6, 1.0)}
    begin = library.transmon().replace({path: prior.center for path, prior in priors.items()})
    return LearnProblem(begin, data, free=list(priors), priors=priors, likelihood="counts", method="adam", max_steps=30)


@pytest.mark.slow
def test_forty_kills_in_all_stages_change_no_bit(decaying, tmp_path):
    told, lost = kill_campaign(decaying, tmp_path, "staged", runs_to_do=8, kills=5, most=12, seed=5)
    sys.stdout.write(f"40 kills: {told} steps acknowledged, {lost} lost\n")
    assert told > 100
    assert lost == 0


def test_what_is_held_in_an_early_stage_stays_where_it_stands_to_the_end(found):
    problem, kernel, _ = found
    going = staged(problem, kernel)
    state = going.init()
    while state.stage != "one qubit at a time":
        state, _ = going.advance(state)
    state, step = going.advance(state)
    state = going.answer(state, "hold", "flux_q0.transfer.gain")
    while (status := going.done(state)) is None:
        state, _ = going.advance(state)
    result = going.finish(state, status)
    assert "flux_q0.transfer.gain" not in result.parameters
    assert result.twin.parameters["flux_q0.transfer.gain"].value == pytest.approx(
        step.parameters["flux_q0.transfer.gain"], rel=1e-12
    )


def test_a_kernel_of_some_datasets_gives_their_part_of_the_whole(found):
    problem, kernel, _ = found
    posed, part = kernel.least_squares(problem), kernel.only(["cryoscope"]).least_squares(problem)
    whole, some = posed.linearize(posed.start), part.linearize(part.start)
    count = problem.measured[0].present.size
    for every, few in zip(whole, some, strict=True):
        np.testing.assert_array_equal(every[count:], few)
