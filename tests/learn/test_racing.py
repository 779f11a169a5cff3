"""The race of methods on a learning problem: who is there first, and by how much."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Status
from qrexplore.learn import Kernel, LearnProblem, raced
from qrexplore.optimize import End, Stop, Trace, race
from qrexplore.twin import library, simulate
from qrexplore.views import race_table


@pytest.fixture(scope="module")
def decay():
    truth = library.transmon().replace({"q0.t1": 33e-6, "readout_q0.false_zero": 0.08})
    data = simulate(truth, experiments.t1(np.linspace(0, 120e-6, 31)))
    shape = data["population"].shape
    data["population"].values[...] += 0.01 * np.random.default_rng(1).normal(size=shape)
    data["population_stderr"] = data["population"].copy(data=np.full(shape, 0.01))
    return LearnProblem(library.transmon(), data, free=["q0.t1", "readout_q0.false_*"])


def test_evaluations_are_the_calls_of_the_model_and_gradients_need_fewer(decay, monkeypatch):
    kernel = Kernel(decay)
    calls, seen = [], []
    whole = Kernel._all
    monkeypatch.setattr(Kernel, "_all", lambda *a: calls.append(a[1]) or whole(*a))
    spent = []

    def counted(*arguments, **options):
        before = len(calls)
        found = race(*arguments, **options)
        spent.append(len(calls) - before)
        return found

    monkeypatch.setattr("qrexplore.learn.racing.race", counted)
    methods = ("levenberg-marquardt", "l-bfgs", "cma-es", "nelder-mead")
    traces = raced(
        decay, methods, kernel=kernel, stop=Stop(evaluations=400), on_progress=lambda name, p, _: seen.append((name, p))
    )
    assert tuple(trace.method for trace in traces) == methods
    for trace, own in zip(traces, spent, strict=True):
        # the Jacobian for the lengths of coordinates is computed before the race; Levenberg-Marquardt needs none
        assert own == trace.evaluations[-1] - (trace.method != "levenberg-marquardt")
        told = [progress.evaluations for name, progress in seen if name == trace.method]
        assert told == trace.evaluations.tolist()
    table = race_table(traces)
    assert table.first in {"levenberg-marquardt", "l-bfgs"}
    rows = {row.method: row for row in table.rows}
    assert all(row.reached for row in table.rows)
    assert rows[table.first].ratio.evaluations == 1
    assert min(rows["cma-es"].ratio.evaluations, rows["nelder-mead"].ratio.evaluations) > 3


def test_searches_without_derivatives_are_not_lost_by_the_units_of_coordinates():
    # a frequency free between 3 and 7 GHz whose fringes tell it to a few hundred Hz
    truth = library.transmon().replace({"q0.frequency": 5.00001e9, "q0.t_phi": 20e-6})
    ramsey = experiments.ramsey(np.linspace(0, 20e-6, 81), artificial_detuning=2e5)
    data = simulate(truth, ramsey, shots=1000, seed=1)
    problem = LearnProblem(library.transmon(), data, free=["q0.frequency", "q0.t_phi"])
    table = race_table(raced(problem, ("levenberg-marquardt", "cma-es", "nelder-mead"), stop=Stop(evaluations=600)))
    assert table.first == "levenberg-marquardt"
    assert all(row.reached for row in table.rows)


def test_a_race_is_stopped_between_two_steps_with_what_it_has(decay):
    seen = []
    traces = raced(
        decay,
        on_progress=lambda name, *_: seen.append(name),
        should_stop=lambda: seen.count("l-bfgs") == 3,
    )
    assert [trace.method for trace in traces] == ["levenberg-marquardt", "l-bfgs"]
    assert traces[1].end.status is Status.STOPPED
    assert len(traces[1].loss) == 3
    with pytest.raises(ValueError, match="`methods` must be one of 'levenberg-marquardt'"):
        raced(decay, ["newton"])


def course(method, losses, *, calls, seconds):
    count = np.arange(1, len(losses) + 1)
    end = End(np.zeros(1), np.zeros(1), losses[-1], Status.CONVERGED, calls * len(losses), seconds * len(losses))
    return Trace(method, calls * count, seconds * count, np.array(losses), end)


def test_ratios_are_those_to_the_same_loss():
    fast = course("levenberg-marquardt", [100.0, 10.0, 1.0], calls=1, seconds=0.1)
    slow = course("cma-es", [100.0, 50.0, 5.0, 1.005, 1.0], calls=10, seconds=0.05)
    never = course("nelder-mead", [100.0, 50.0], calls=30, seconds=3.0)
    table = race_table([fast, slow, never])
    assert table.level == pytest.approx(1.01)
    assert [(row.evaluations, row.reached) for row in table.rows] == [(3, True), (40, True), (np.inf, False)]
    assert table.rows[1].ratio.evaluations == pytest.approx(40 / 3)
    assert table.rows[1].ratio.seconds == pytest.approx(0.2 / 0.3)
    assert table.rows[2].ratio.evaluations == pytest.approx(60 / 3)
    table = replace(table, rows=(*table.rows[:2], replace(table.rows[2], status="slow")))
    assert str(table).splitlines() == [
        "to a loss of 1.01; times those of Levenberg-Marquardt",
        "Levenberg-Marquardt: 3 evaluations (1 x), 0.3 s (1 x)",
        "CMA-ES: 40 evaluations (13.3 x), 0.2 s (0.667 x)",
        "Nelder-Mead: did not come there, in more than 20 x the evaluations and 20 x the seconds (loss 50, slow)",
    ]
    with pytest.raises(
        ValueError, match=r"no method came to a loss of 0\.5; the lowest was 1\. Give a `level` above it"
    ):
        race_table([fast, slow], level=0.5)
