"""Many case studies in one table, counted by hand."""

import numpy as np
import pytest

from qrexplore.loop import summarized


def estimate(path, value, verdict="learned"):
    """Give an estimate of a number whose truth is 0, with a standard deviation of 1."""
    return {
        "path": path,
        "value": value,
        "sigma": 1.0,
        "interval": [value - 2, value + 2],
        "truth": 0.0,
        "verdict": verdict,
    }


def result(seed, *estimates, value=0.9, named=(), flaw="distortion", seconds=10.0):
    return {
        "seed": seed,
        "flaw": flaw,
        "parameters": estimates,
        "criteria": [
            {"name": "chi2", "value": value, "low": None, "high": 1.0, "met": value is not None and value <= 1}
        ],
        "diagnosis": {"named": list(named)},
        "seconds": {"measuring": 1.0, "all data": seconds},
    }


def test_coverage_criteria_causes_and_times_are_counted_over_all_devices():
    found = summarized([
        result(0, estimate("q0.t1", 0.5), estimate("q1.t1", -3.0), named=["line"], seconds=10.0),
        result(1, estimate("q0.t1", 1.5), estimate("q1.t1", 0.2), named=["line", "skew"], value=1.3, seconds=30.0),
        result(4, estimate("q0.t1", 0.1), estimate("q1.t1", 9.0, "weak"), value=None, seconds=20.0),
    ])  # fmt: skip
    assert found.seeds == (0, 1, 4)
    shares = {"within_sigma": 3 / 5, "within_interval": 4 / 5, "rms": np.sqrt((0.25 + 9 + 2.25 + 0.04 + 0.01) / 5)}
    assert found.coverage["all"] == pytest.approx({"parameters": 5, **shares})
    shares = {"within_sigma": 0.5, "within_interval": 0.5, "rms": np.sqrt((9 + 0.04) / 2)}
    assert found.coverage["q1"] == pytest.approx({"parameters": 2, **shares})
    assert (found.criteria["chi2"].met, found.criteria["chi2"].devices) == (1, 3)
    assert found.criteria["chi2"].values == (0.9, 1.3)
    assert found.named == {"line": 1, "line and skew": 1, "none": 1}
    assert found.unlearned == {"q1.t1": 1}
    assert found.seconds == {"measuring": (1.0, 1.0), "all data": (20.0, 30.0), "in all": (21.0, 31.0)}
    words = repr(found)
    assert "1 of 3  chi2 (1.1, 1.3)" in words
    assert "line and skew (1)" in words


def test_parameters_that_are_off_to_one_side_are_told():
    # 1.6 standard deviations each, four times: the mean is 3.2 of its own; both ways, as often, it is none
    offs = [(1.6, 1.6), (1.6, -1.6), (1.6, 1.6), (1.6, -1.6)]
    found = summarized([
        result(seed, estimate("q0.t1", one), estimate("q1.t1", other)) for seed, (one, other) in enumerate(offs)
    ])  # fmt: skip
    assert found.leaning == pytest.approx({"q0.t1": 1.6})
    assert "off to one side, in sigma: q0.t1 (+1.6)" in repr(found)
    assert not summarized([result(0, estimate("q0.t1", 1.6))]).leaning


def test_nothing_learned_is_told_as_no_number():
    (shares,) = summarized([result(0)]).coverage.values()
    assert np.isnan(shares["within_sigma"])


def test_devices_with_different_flaws_are_not_mixed():
    with pytest.raises(ValueError, match="one flaw, got distortion, none"):
        summarized([result(0), result(1, flaw="none")])
    with pytest.raises(ValueError, match="got none"):
        summarized([])
