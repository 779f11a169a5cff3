"""A race of methods on a decay: courses are those of the methods, and derivatives pay."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.core import Status
from qrexplore.optimize import METHODS, LeastSquares, Stop, race, ratio

TIMES = np.linspace(0.0, 3.0, 25)


@jax.jit
def residuals(x):
    return x[0] * jnp.exp(-TIMES * jnp.exp(x[1])) + x[2] - (np.exp(-1.3 * TIMES) + 0.2)


jacobian = jax.jit(jax.jacfwd(residuals))


def gradient(x):
    values = np.asarray(residuals(x))
    return float(values @ values) / 2, np.asarray(jacobian(x)).T @ values


PROBLEM = LeastSquares(
    linearize=lambda x: (np.asarray(residuals(x)), np.asarray(jacobian(x))),
    gradient=gradient,
    start=np.array([0.7, -0.5, 0.0]),
)
NAMES = ("levenberg-marquardt", "l-bfgs", "cma-es", "nelder-mead")


@pytest.fixture(scope="module")
def traces():
    return {
        trace.method: trace
        for trace in race(PROBLEM, {name: METHODS[name]() for name in NAMES}, stop=Stop(target=1e-9, evaluations=2000))
    }


def test_all_begin_at_the_same_loss_and_reach_the_target(traces):
    assert tuple(traces) == NAMES
    for trace in traces.values():
        assert trace.end.status is Status.TARGET
        assert trace.loss[-1] == trace.end.loss == pytest.approx(PROBLEM.value(trace.end.coordinates), rel=1e-9)
        assert len(trace.loss) == len(trace.seconds) == len(trace.evaluations)
        assert np.all(np.diff(trace.evaluations) > 0)
        assert np.all(np.diff(trace.seconds) > 0)
        assert np.all(np.diff(trace.loss) <= 0)
        assert trace.loss[0] <= PROBLEM.value(PROBLEM.start)


def test_a_gradient_needs_fewer_calls_than_a_search_without(traces):
    for slow in ("cma-es", "nelder-mead"):
        assert ratio(traces[slow], traces["levenberg-marquardt"], 1e-9).evaluations > 5
        assert ratio(traces[slow], traces["l-bfgs"], 1e-9).evaluations > 2


def test_calls_to_a_level_are_those_of_the_first_step_below_it(traces):
    trace = traces["nelder-mead"]
    calls, seconds = trace.first_below(1e-3)
    position = list(trace.evaluations).index(calls)
    assert trace.loss[position] <= 1e-3 < trace.loss[position - 1]
    assert seconds == trace.seconds[position]
    assert trace.first_below(-1.0) == (np.inf, np.inf)


def test_ratio_is_infinite_for_one_that_never_came_and_unknown_against_such(traces):
    fast = traces["levenberg-marquardt"]
    level = fast.end.loss  # lower than the others went
    assert ratio(traces["cma-es"], fast, level).evaluations == np.inf
    assert np.isnan(ratio(fast, traces["cma-es"], level).seconds)


def test_progress_is_told_while_it_runs():
    told = []
    (trace,) = race(
        PROBLEM,
        {"one": METHODS["levenberg-marquardt"]()},
        on_progress=lambda name, progress, seconds: told.append((name, progress.loss, seconds)),
    )
    assert told == [("one", loss, seconds) for loss, seconds in zip(trace.loss, trace.seconds, strict=True)]
