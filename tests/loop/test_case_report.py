"""What a report of the case study says of its own estimates, once the truth is looked at."""

from types import SimpleNamespace

import numpy as np
import pytest

from qrexplore.loop import CaseReport


def report(*estimates):
    """Give a report of parameters whose truth is 0, each given as path, value, standard deviation and verdict."""
    found = [
        SimpleNamespace(path=path, value=value, sigma=sigma, interval=(value - 2 * sigma, value + 2 * sigma), verdict=verdict)
        for path, value, sigma, verdict in estimates
    ]  # fmt: skip
    study = SimpleNamespace(truth=dict.fromkeys((one.path for one in found), 0.0))
    return CaseReport(study, SimpleNamespace(estimates=found), None, None, None, None, {}, {})


def test_coverage_counts_what_was_learned_over_all_and_by_group():
    found = report(
        ("q0.t1", 0.5, 1.0, "learned"),
        ("q0.t_phi", 1.5, 1.0, "learned"),
        ("q1.t1", -3.0, 1.0, "learned"),
        ("q1.t_phi", 0.1, 1.0, "weak"),
    ).coverage()
    assert found["all"] == {"parameters": 3, "within_sigma": 1 / 3, "within_interval": 2 / 3}
    assert found["q0"] == {"parameters": 2, "within_sigma": 0.5, "within_interval": 1.0}
    assert found["q1"]["within_interval"] == 0.0


def test_coverage_of_nothing_is_told_as_such():
    found = report(("q0.t1", 0.5, 1.0, "weak")).coverage()
    assert found["all"]["parameters"] == 0
    assert found["all"]["within_sigma"] == pytest.approx(np.nan, nan_ok=True)
