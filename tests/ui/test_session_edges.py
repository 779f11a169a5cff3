import threading

import numpy as np
import pytest

from qrexplore.ui import Session

PATH = "q0.frequency"
THREADS, SETS = 8, 50


@pytest.fixture
def session(twin):
    return Session(twin, free=[PATH])


def together(work):
    """Run `work(number)` in all threads at once and give what they raised."""
    gate, raised = threading.Barrier(THREADS), []

    def run(number):
        gate.wait(10)
        try:
            work(number)
        except Exception as error:  # noqa: BLE001 (given back to the test)
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return raised


def test_eight_threads_with_a_parameter_each_lose_no_move_and_no_step_of_the_history(session):
    rows = [row for row in session.twin.parameters if row.value != 0][:THREADS]
    assert len(rows) == THREADS
    ends = [min(1.2 * row.value, row.bounds[1]) if row.value > 0 else 0.9 * row.value for row in rows]
    moves = [np.linspace(row.value, end, SETS + 1)[1:] for row, end in zip(rows, ends, strict=True)]
    before = session.twin.parameters.values

    assert together(lambda number: [session.set_parameter(rows[number].path, float(v)) for v in moves[number]]) == []
    for row, values in zip(rows, moves, strict=True):
        assert session.twin.parameters[row.path].value == values[-1]
    after, steps = session.twin.parameters.values, 0
    while session.can_undo:
        now = session.twin.parameters.values
        session.undo()
        assert np.count_nonzero(np.asarray(now) != np.asarray(session.twin.parameters.values)) == 1
        steps += 1
    assert steps == THREADS * SETS
    assert np.array_equal(session.twin.parameters.values, before)
    while session.can_redo:
        session.redo()
    assert np.array_equal(session.twin.parameters.values, after)


def test_eight_threads_on_one_parameter_that_also_undo_leave_a_value_that_somebody_set(session):
    values = {5e9} | {5e9 + 1e5 * number + 1e3 * count for number in range(THREADS) for count in range(SETS)}

    def work(number):
        for count in range(SETS):
            session.set_parameter(PATH, 5e9 + 1e5 * number + 1e3 * count, final=bool(count % 3))
            if count % 10 == 9:
                session.undo()

    assert together(work) == []
    assert session.twin.parameters[PATH].value in values
    while session.can_undo:
        session.undo()
        assert session.twin.parameters[PATH].value in values
    assert session.twin.parameters[PATH].value == 5e9


def test_a_refused_step_of_a_drag_leaves_state_history_and_observers_as_they_were(session):
    heard = []
    session.subscribe(lambda: heard.append(1))
    session.set_parameter(PATH, 5.01e9, final=False)
    during = session.snapshot
    low, high = session.initial[PATH].bounds
    for value in (low - 1e6, high + 1e6, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="must be within"):
            session.set_parameter(PATH, value, final=False)
    assert session.snapshot is during
    assert (heard, session.can_undo) == ([], False)
    session.set_parameter(PATH, 5.02e9)
    session.undo()
    assert (session.twin.parameters[PATH].value, session.can_undo) == (5e9, False)


def test_both_bounds_themselves_are_allowed(session):
    for bound in session.initial["q0.t1"].bounds:
        session.set_parameter("q0.t1", bound)
        assert session.twin.parameters["q0.t1"].value == bound


def test_a_drag_tells_each_observer_once_at_its_end(session):
    first, second = [], []
    session.subscribe(lambda: first.append(session.twin.parameters[PATH].value))
    session.subscribe(lambda: second.append(session.can_undo))
    for value in np.linspace(5.001e9, 5.009e9, 9):
        session.set_parameter(PATH, float(value), final=False)
    assert (first, second) == ([], [])
    session.set_parameter(PATH, 5.01e9)
    assert (first, second) == ([5.01e9], [True])


def test_a_drag_takes_the_standard_error_and_undo_gives_it_back(session):
    session.apply(session.twin.replace({PATH: 5.2e9}), {PATH: 1e3, "q0.t1": 1e-7})
    session.set_parameter(PATH, 5.21e9, final=False)
    session.set_parameter(PATH, 5.22e9)
    assert session.stderr == {"q0.t1": 1e-7}
    session.undo()
    assert session.stderr == {PATH: 1e3, "q0.t1": 1e-7}


def test_a_drag_back_to_its_beginning_keeps_the_standard_error_and_what_can_be_redone(session):
    session.apply(session.twin.replace({PATH: 5.2e9}), {PATH: 1e3})
    session.set_parameter("q0.t1", 20e-6)
    session.undo()
    session.set_parameter(PATH, 5.21e9, final=False)
    session.set_parameter(PATH, 5.2e9)
    assert session.stderr == {PATH: 1e3}
    assert session.can_redo


def test_freeing_what_is_free_is_no_step(session):
    session.set_free(PATH, free=True)
    session.set_free("q0.t1", free=False)
    assert not session.can_undo


def test_a_learned_twin_can_be_undone_and_done_again_with_its_errors(session):
    learned = session.twin.replace({PATH: 5.2e9})
    session.apply(learned, {PATH: 1e3})
    session.undo()
    session.redo()
    assert session.twin is learned
    assert session.stderr == {PATH: 1e3}


def test_a_reset_forgets_the_standard_errors(session):
    session.apply(session.twin.replace({PATH: 5.2e9}), {PATH: 1e3})
    session.reset()
    assert session.stderr == {}
