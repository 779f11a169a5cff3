"""The one loop for scripts, and the checks at the borders."""

import numpy as np
import pytest

from qrexplore.core import (
    Status,
    Step,
    Task,
    require_axis,
    require_choice,
    require_finite,
    require_positive,
    run,
)


def counting(last=5):
    return Task(
        problem="count",
        init=lambda: 0,
        advance=lambda state: (state + 1, Step(state + 1, loss=1.0 / (state + 1), gradient_norm=0.0)),
        done=lambda state: Status.CONVERGED if state >= last else None,
        finish=lambda state, status: (state, status),
    )


def test_run_advances_until_done_and_tells_every_step():
    seen = []
    assert run(counting(), on_step=seen.append) == (5, Status.CONVERGED)
    assert [step.iteration for step in seen] == [1, 2, 3, 4, 5]


def test_run_that_is_done_at_the_start_does_nothing():
    seen = []
    assert run(counting(last=0), on_step=seen.append) == (0, Status.CONVERGED)
    assert seen == []


def test_stop_ends_the_run_with_the_result_so_far():
    seen = []
    state, status = run(counting(), on_step=seen.append, should_stop=lambda: len(seen) == 3)
    assert (state, status) == (3, Status.STOPPED)


def test_run_goes_on_from_a_state_that_was_kept():
    states = []
    assert run(counting(), begin=3, on_state=lambda state: states.append(state) or state) == (5, Status.CONVERGED)
    assert states == [4, 5]


def test_run_goes_on_with_the_state_it_is_given_back():
    assert run(counting(), on_state=lambda state: 5 if state == 2 else state) == (5, Status.CONVERGED)


def test_a_task_that_cannot_be_kept_or_changed_says_so():
    assert not counting().keepable
    with pytest.raises(ValueError, match=r"`task` has no `pack` and `unpack`, so it cannot be kept. Run it by"):
        counting().pack(3)
    with pytest.raises(ValueError, match=r"nothing can be changed in this kind of run. Stop it and begin another one."):
        counting().answer(3, "rate", 1.0)


def test_only_convergence_and_a_target_that_is_met_count_as_success():
    assert [status for status in Status if status.succeeded] == [Status.CONVERGED, Status.TARGET]


def test_axis_becomes_a_64_bit_array():
    found = require_axis([1, 2], "delay", "s")
    assert found.dtype == np.float64
    assert require_axis(3, "delay", "s").shape == (1,)


@pytest.mark.parametrize("values", [[], np.zeros((2, 2))])
def test_axis_of_another_shape_is_refused(values):
    with pytest.raises(ValueError, match=r"`delay` must be a 1-D array in s .*Use for example numpy.linspace"):
        require_axis(values, "delay", "s")


def test_numbers_that_are_not_finite_are_counted():
    with pytest.raises(ValueError, match=r"`delay` must be finite, got 2 value\(s\)"):
        require_finite([1.0, np.nan, np.inf], "delay")
    with pytest.raises(ValueError, match="must be finite"):
        require_axis([1.0, np.nan], "delay", "s")


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_number_that_is_not_positive_is_refused(value):
    with pytest.raises(ValueError, match="`window` must be a positive number in s"):
        require_positive(value, "window", "s")


def test_choice_names_the_options():
    require_choice("a", "mode", ("a", "b"))
    with pytest.raises(ValueError, match="`mode` must be one of 'a', 'b', got 'c'"):
        require_choice("c", "mode", ("a", "b"))
