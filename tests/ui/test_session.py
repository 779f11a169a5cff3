import threading

import numpy as np
import pytest

from qrexplore.ui import Session

PATH = "q0.frequency"


@pytest.fixture
def session(twin):
    return Session(twin, free=["q0.frequency", "q0.t_phi"])


def value(session, path=PATH):
    return session.twin.parameters[path].value


def test_a_change_can_be_undone_and_done_again(session):
    session.set_parameter(PATH, 5.1e9)
    assert session.can_undo
    session.undo()
    assert (value(session), session.can_undo, session.can_redo) == (5e9, False, True)
    session.redo()
    assert (value(session), session.can_undo, session.can_redo) == (5.1e9, True, False)


def test_undo_at_the_beginning_and_redo_at_the_end_change_nothing(session):
    session.undo()
    session.redo()
    assert value(session) == 5e9


def test_a_change_after_an_undo_forgets_what_was_undone(session):
    session.set_parameter(PATH, 5.1e9)
    session.undo()
    session.set_parameter("q0.t1", 20e-6)
    assert not session.can_redo


def test_a_drag_is_one_step_of_the_history(session):
    for frequency in (5.01e9, 5.02e9, 5.03e9):
        session.set_parameter(PATH, frequency, final=False)
        assert value(session) == frequency
    session.set_parameter(PATH, 5.04e9)
    session.undo()
    assert (value(session), session.can_undo) == (5e9, False)


def test_a_drag_that_ends_where_it_began_is_no_step(session):
    session.set_parameter(PATH, 5.01e9, final=False)
    session.set_parameter(PATH, 5e9)
    assert not session.can_undo


def test_undo_during_a_drag_goes_back_to_before_the_drag(session):
    session.set_parameter("q0.t1", 20e-6)
    session.set_parameter(PATH, 5.01e9, final=False)
    session.undo()
    assert (value(session), value(session, "q0.t1")) == (5e9, 20e-6)


def test_drags_of_two_parameters_are_two_steps_even_if_the_first_never_ended(session):
    session.set_parameter(PATH, 5.01e9, final=False)
    session.set_parameter("q0.t1", 20e-6)
    session.undo()
    assert (value(session), value(session, "q0.t1")) == (5.01e9, 40e-6)
    session.undo()
    assert value(session) == 5e9


def test_a_value_out_of_bounds_is_refused_in_words(session):
    assert session.initial["q0.t1"].bounds == (10e-9, 10e-3)
    with pytest.raises(ValueError) as refused:
        session.set_parameter("q0.t1", 20e-3)
    assert str(refused.value) == "`q0.t1` must be within 10 ns ... 10 ms, got 20 ms. Stay inside its bounds."
    assert value(session, "q0.t1") == 40e-6
    assert not session.can_undo


def test_a_value_that_is_no_number_is_refused(session):
    with pytest.raises(ValueError, match="must be within"):
        session.set_parameter(PATH, float("nan"))
    assert not session.can_undo


def test_an_unknown_path_is_refused_with_near_names(session):
    with pytest.raises(ValueError, match=r"q0\.frequency"):
        session.set_parameter("q0.frequenzy", 5e9)
    with pytest.raises(ValueError, match="name one parameter"):
        session.set_parameter("q0.*", 5e9)
    with pytest.raises(ValueError, match="no parameter matches"):
        session.set_free("q7.t1", free=True)


def test_free_parameters_are_part_of_the_history(session):
    session.set_free("q0.t1", free=True)
    session.set_free("q0.t_phi", free=False)
    assert session.free == {"q0.frequency", "q0.t1"}
    session.undo()
    session.undo()
    assert session.free == {"q0.frequency", "q0.t_phi"}


def test_what_was_learned_is_one_step_and_undo_brings_the_twin_before_it(session):
    before = session.twin
    session.apply(before.replace({PATH: 5.2e9}), {PATH: 1e3})
    assert (value(session), session.stderr) == (5.2e9, {PATH: 1e3})
    session.undo()
    assert session.twin is before
    assert session.stderr == {}


def test_learning_that_moves_nothing_still_gives_the_errors(session):
    session.apply(session.twin, {PATH: 1e3})
    assert session.stderr == {PATH: 1e3}


def test_a_moved_parameter_loses_its_standard_error_and_the_others_keep_theirs(session):
    session.apply(session.twin.replace({PATH: 5.2e9}), {PATH: 1e3, "q0.t_phi": 1e-7})
    session.set_parameter(PATH, 5.3e9)
    assert session.stderr == {"q0.t_phi": 1e-7}


def test_reset_goes_back_to_the_first_twin_but_not_for_ever(session):
    session.set_parameter(PATH, 5.1e9)
    session.set_free("q0.t1", free=True)
    session.reset()
    assert value(session) == 5e9
    assert "q0.t1" in session.free
    session.undo()
    assert value(session) == 5.1e9


def test_observers_hear_of_final_changes_only(session):
    heard = []
    session.subscribe(lambda: heard.append(value(session)))
    session.set_parameter(PATH, 5.01e9, final=False)
    assert heard == []
    session.set_parameter(PATH, 5.02e9)
    session.set_free("q0.t1", free=True)
    session.undo()
    session.undo()
    assert heard == [5.02e9, 5.02e9, 5.02e9, 5e9]


def test_threads_that_move_different_parameters_lose_nothing(session):
    def move(path, values):
        for number in values:
            session.set_parameter(path, float(number))

    ends = {"q0.frequency": np.linspace(5.01e9, 5.1e9, 20), "q0.t1": np.linspace(30e-6, 20e-6, 20)}
    threads = [threading.Thread(target=move, args=item) for item in ends.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path: value(session, path) for path in ends} == {path: values[-1] for path, values in ends.items()}
    steps = 0
    while session.can_undo:
        session.undo()
        steps += 1
    assert (steps, value(session), value(session, "q0.t1")) == (40, 5e9, 40e-6)
