"""What a case study must reach, on reports made up to reach it or to miss it by one number each."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from qrexplore.loop import STEP_TIMES, CaseReport, criteria
from qrexplore.loop.criteria import CULPRITS
from qrexplore.loop.report import GateErrors
from qrexplore.twin.case_study.model import model

TWIN = model()
TRUTH = {path: TWIN.parameters[path].value for path in TWIN.parameters.paths} | {
    "flux_q1.fast.amplitude": -0.03, "flux_q1.middle.amplitude": 0.018, "flux_q1.slow.amplitude": -0.02,
}  # fmt: skip
LINE = [
    path
    for path in TRUTH
    if path.startswith(("flux_q1", "flux_q0")) and path.endswith((".amplitude", ".time_constant"))
]


def estimate(path, value):
    width = 0.05 * max(abs(value), 1e-3)
    return SimpleNamespace(
        path=path, value=value, sigma=width, interval=(value - 2 * width, value + 2 * width), verdict="learned"
    )


def report(
    flaw="distortion",
    named=(CULPRITS["distortion"],),
    share=0.97,
    true=(),
    moved=(),
    step=0.0,
    *,
    explained=True,
    **gate,
):
    """Give a report of a fit that found the truth, but for what is asked for."""
    errors = {"ideal": 3e-4, "before": 0.15, "recalibrated": 0.03, "compensated": 4e-4, "refined": 4e-4}
    errors |= {"total": 3.4e-3, "losses": 3e-3} | gate
    drawn = tuple(gate.pop("drawn", (5e-4,) * 10)) if "drawn" in gate else (5e-4,) * 10
    errors.pop("drawn", None)
    trains = {5: 4e-4, 20: 4e-4, 50: 5e-4}
    causes = [SimpleNamespace(name=name, gate_share=share, evidence=1e6) for name in CULPRITS.values()]
    # two of three within a standard deviation
    truth = TRUTH | dict(true)
    found = [estimate(path, (truth | dict(moved))[path]) for path in LINE]
    near = [estimate(f"q{k}.t1", 1.0) for k in range(2 * len(LINE))]
    truth |= {one.path: one.value + (1.5 * one.sigma if k % 2 else 0.0) for k, one in enumerate(near)}
    gain = truth["flux_q1.transfer.gain"]
    score = SimpleNamespace(name="train", compared=SimpleNamespace(outside_chi2=1.02, outside_dof=300.0))
    return CaseReport(
        SimpleNamespace(flaw=flaw, truth=truth, twin=TWIN),
        SimpleNamespace(estimates=[*found, *near], scores=[score], result=SimpleNamespace(chi2_per_dof=1.01)),
        SimpleNamespace(named=named, causes=causes, explained=explained),
        np.ones(1),
        GateErrors(**errors, drawn=drawn, recalibrated_trains=trains, compensated_trains=trains, overshoot=1.05),
        SimpleNamespace(rms={"b-a": 0.25, "c-b": 0.0081, "d-a": 0.01, "shot noise": 0.008}),
        {"true": np.full(len(STEP_TIMES), gain), "learned": np.full(len(STEP_TIMES), gain * (1 + step))},
        {},
    )


def missed(found):
    return [one.name for one in criteria(found) if not one.met]


def test_a_case_that_found_the_truth_meets_all():
    found = criteria(report())
    assert missed(report()) == []
    assert len(found) == 21
    assert all("met" in str(one) for one in found)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"step": 3e-3}, "step response off by"),
        ({"named": ("compression in drive line q1",)}, "the right cause comes first"),
        ({"share": 0.7}, "its share of the coherent gate error"),
        ({"total": 4.1e-3}, "error of the CZ with losses, above what they cost"),
        ({"refined": 6e-4}, "coherent error of the CZ, calibrated after that"),
        ({"drawn": (5e-4,) * 8 + (3e-3,) * 2}, "coherent error of the CZ, of 90 % of draws"),
        ({"moved": {"flux_q1.slow.time_constant": 1.2 * 900e-9}}, "flux_q1.slow.time_constant off by"),
        ({"moved": {"flux_q1.fast.amplitude": -0.0335}}, "flux_q1.fast.amplitude off, of what is allowed"),
        ({"moved": {"flux_q1.bias_tee.time_constant": 1.1 * 40e-6}}, "flux_q1.bias_tee.time_constant off by"),
    ],
)
def test_each_number_that_is_off_is_told_by_its_name(changes, name):
    assert missed(report(**changes)) == [name]


def test_time_constant_of_a_settling_too_small_to_see_is_not_asked_for():
    off = {"flux_q1.slow.time_constant": 2 * 900e-9}
    assert missed(report(moved=off)) == ["flux_q1.slow.time_constant off by"]
    assert missed(report(true={"flux_q1.slow.amplitude": -0.005}, moved=off)) == []


def test_what_was_kept_out_counts_by_its_points():
    found = report()
    few = SimpleNamespace(name="train", compared=SimpleNamespace(outside_chi2=1.4, outside_dof=30.0))
    many = SimpleNamespace(name="rows", compared=SimpleNamespace(outside_chi2=1.0, outside_dof=270.0))
    scored = replace(found, examination=SimpleNamespace(**{**vars(found.examination), "scores": [few, many]}))
    assert {one.name: one.value for one in criteria(scored)}["chi2 per degree of freedom, kept out"] == pytest.approx(
        1.04
    )
    unknown = SimpleNamespace(name="train", compared=None)
    scored = replace(found, examination=SimpleNamespace(**{**vars(found.examination), "scores": [unknown]}))
    assert missed(scored) == ["chi2 per degree of freedom, kept out"]


def test_no_number_is_not_a_number_that_is_met():
    found = report()
    blind = replace(found, panels=SimpleNamespace(rms={**found.panels.rms, "d-a": float("nan")}))
    assert missed(blind) == ["mended device against naive model"]
    assert [one.to_dict()["value"] for one in criteria(blind) if not one.met] == [None]


CLEAN = {path: 0.0 for path in LINE if path.endswith(".amplitude")}


def test_on_a_device_without_a_flaw_nothing_may_be_named():
    assert missed(report("none", (), true=CLEAN)) == []
    assert missed(report("none", (CULPRITS["distortion"],), true=CLEAN)) == ["wrong causes named"]


NOTICED = "the cause is named, or the data called unexplained"


@pytest.mark.parametrize("flaw", ["skew", "compression", "crosstalk"])
def test_other_flaws_are_named_or_the_data_called_unexplained_and_never_something_else_named(flaw):
    assert missed(report(flaw, (CULPRITS[flaw],), true=CLEAN)) == []
    assert missed(report(flaw, (), true=CLEAN, explained=False)) == []
    assert missed(report(flaw, (), true=CLEAN)) == [NOTICED]
    assert missed(report(flaw, (CULPRITS["distortion"],), true=CLEAN)) == ["wrong causes named", NOTICED]


def test_of_a_flaw_that_the_model_lacks_no_fit_is_asked_for_but_that_it_is_told():
    assert [one.name for one in criteria(report("defect", (), explained=False))] == ["wrong causes named", NOTICED]
    assert missed(report("defect", (), explained=False)) == []
    assert missed(report("defect", ())) == [NOTICED]
    assert missed(report("defect", (CULPRITS["distortion"],))) == ["wrong causes named", NOTICED]


@pytest.mark.parametrize(("amplitude", "names"), [(0.01, ["settlings that are not there, seen"]), (0.0015, [])])
def test_a_device_without_a_flaw_has_no_settling_that_is_surely_there(amplitude, names):
    assert missed(report("none", (), true=CLEAN, moved={"flux_q1.middle.amplitude": amplitude})) == names
