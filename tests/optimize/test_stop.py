"""Limits of a search: each ends it, with the status that says which."""

import itertools

import numpy as np
import pytest

from qrexplore.core import Status
from qrexplore.optimize import LeastSquares, Optax, Progress, Stop, search

BOWL = LeastSquares(linearize=None, gradient=lambda x: (float(x @ x) / 2 + 1.0, x), start=np.array([3.0, -4.0]))
ENDLESS = Optax(learning_rate=0.1, patience=10**6)


def after(loss, iteration=1, evaluations=1):
    return Progress(np.zeros(1), loss, 0.0, iteration, evaluations, None)


@pytest.mark.parametrize(
    ("stop", "status"),
    [
        (Stop(target=2.0), Status.TARGET),
        (Stop(patience=40, share=1e-3), Status.STAGNANT),
        (Stop(evaluations=17), Status.MAX_EVALUATIONS),
        (Stop(steps=17), Status.MAX_STEPS),
    ],
    ids=lambda value: value.name if isinstance(value, Status) else "",
)
def test_each_limit_ends_a_search_and_says_so(stop, status):
    end = search(BOWL, ENDLESS, stop=stop)
    assert end.status is status
    assert end.loss == BOWL.value(end.coordinates) < BOWL.value(end.start)
    np.testing.assert_array_equal(end.start, BOWL.start)


def test_target_ends_at_the_first_loss_below_it():
    losses = []
    end = search(BOWL, ENDLESS, stop=Stop(target=2.0), on_progress=lambda progress, _: losses.append(progress.loss))
    assert losses[-1] == end.loss <= 2.0 < losses[-2]


def test_calls_and_steps_are_counted_to_the_limit():
    assert search(BOWL, ENDLESS, stop=Stop(evaluations=17)).evaluations == 17
    assert search(BOWL, ENDLESS, stop=Stop(steps=17)).evaluations == 18  # the start is one, too


def test_time_ends_a_search(monkeypatch):
    clock = itertools.count()  # a second each look
    monkeypatch.setattr("qrexplore.optimize.driver.time.perf_counter", lambda: float(next(clock)))
    end = search(BOWL, ENDLESS, stop=Stop(seconds=7.0))
    assert (end.status, end.seconds, end.evaluations) == (Status.TIME_BOX, 7.0, 7)


def test_stagnation_counts_from_the_last_notable_fall():
    stop = Stop(patience=3, share=0.1)
    mark = stop.mark(after(10.0, 0))
    course = [9.5, 8.0, 7.9, 7.8, 7.7]  # only 8.0 is a tenth below the mark
    for iteration, loss in enumerate(course, start=1):
        mark = stop.mark(after(loss, iteration), mark)
        assert (stop.reached(after(loss, iteration), mark, 0.0) is Status.STAGNANT) == (iteration == 5)


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_is_told_before_any_limit(loss):
    stop = Stop(target=1e9, seconds=1.0, evaluations=1, steps=1, patience=1)
    progress = after(loss, 10, 10)
    assert stop.reached(progress, stop.mark(progress), 10.0) is Status.NONFINITE


def test_without_limits_the_method_decides():
    end = search(BOWL, Optax(learning_rate=0.1, patience=50))
    assert end.status is Status.CONVERGED
    assert end.loss == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("name", ["target", "seconds", "evaluations", "steps", "patience", "share"])
@pytest.mark.parametrize("limit", [0, -1, np.nan])
def test_limit_that_means_nothing_is_refused(name, limit):
    with pytest.raises(ValueError, match=rf"`{name}` must be above 0, got .*\. Leave it out for no limit\."):
        Stop(**{name: limit})


def test_an_answer_at_the_target_may_be_used_without_a_warning():
    assert [status for status in Status if status.succeeded] == [Status.CONVERGED, Status.TARGET]
