"""The choice of a method, with its reason."""

import re

import pytest

from qrexplore.optimize import METHODS, Features, automatic


@pytest.mark.parametrize(
    ("features", "method", "reason"),
    [
        (
            Features(parameters=83, residuals=5000),
            "levenberg-marquardt",
            r"Jacobian \(5000 x 83, 3.2 MiB\) are at hand",
        ),
        (
            Features(parameters=2000, residuals=5000),
            "l-bfgs",
            "Jacobian of 2000 parameters would cost about as many runs",
        ),
        (
            Features(parameters=250, residuals=10**6),
            "l-bfgs",
            r"Jacobian \(1000000 x 250, 1907 MiB\) would be too large",
        ),
        (Features(parameters=5), "l-bfgs", "one number without residuals"),
        (Features(parameters=5, residuals=50, stochastic=True), "adam", "changes from call to call"),
        (Features(parameters=5, residuals=50, differentiable=False), "cma-es", "has no derivatives"),
    ],
)
def test_method_and_reason_follow_from_the_problem(features, method, reason):
    choice = automatic(features)
    assert choice.method == method
    assert choice.method in METHODS
    assert re.search(reason, choice.reason)


@pytest.mark.parametrize("counts", [{"parameters": 0}, {"parameters": 1, "residuals": 0}])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(ValueError, match=r"must be at least 1, got 0. Give the number of free parameters"):
        Features(**counts)
