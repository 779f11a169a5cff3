"""The race in its widget: laps stream, it is paused and stopped, and ends with the ratios."""

import numpy as np
import pytest

from qrexplore.learn import LearnProblem
from qrexplore.optimize import Stop
from qrexplore.ui import explore_race
from qrexplore.ui.presenters import RacePresenter
from qrexplore.views import race_table
from tests.ui.waiting import until

SECONDS = 60
FREE = ["q0.frequency", "readout_q0.false_one", "readout_q0.false_zero"]


@pytest.fixture
def problem(twin, data):
    return LearnProblem(twin.replace({"q0.frequency": 5.00001e9}), data, free=FREE)


def test_laps_stream_and_the_end_is_the_table_of_ratios(problem, front_end):
    presenter = RacePresenter(problem, ["levenberg-marquardt", "nelder-mead"])
    screen = front_end(presenter.channel)
    assert screen.ask(kind="start") == ""
    assert presenter.runner.wait(SECONDS)
    assert screen.traits["state"] == "done", screen.traits
    laps = np.concatenate([rows.reshape(-1, 4) for _, (rows,) in screen.of("laps")])
    for number, trace in enumerate(presenter.traces):
        own = laps[laps[:, 0] == number]
        assert own[:, 1].tolist() == trace.evaluations.tolist()
        assert np.allclose(own[:, 3], trace.loss)
    table = race_table(presenter.traces)
    assert [row["label"] for row in screen.traits["rows"]] == ["Levenberg-Marquardt", "Nelder-Mead"]
    assert screen.traits["rows"][1]["ratio_evaluations"] == table.rows[1].ratio.evaluations > 2
    assert screen.traits["level"] == table.level
    assert screen.ask(kind="ready") == ""
    assert np.array_equal(screen.of("laps")[-1][1][0].reshape(-1, 4), laps)
    assert "does not know the message 'dance'" in screen.ask(kind="dance")


def test_a_race_is_paused_and_stopped(problem, front_end):
    presenter = RacePresenter(problem, ["cma-es", "nelder-mead"], Stop(evaluations=10**6))
    screen = front_end(presenter.channel)
    screen.ask(kind="start")
    until(lambda: screen.of("laps"), screen.traits)
    assert screen.ask(kind="pause") == ""
    assert screen.traits["state"] == "paused"
    assert "a run is paused" in screen.ask(kind="start")
    assert screen.ask(kind="stop") == ""
    assert presenter.runner.wait(SECONDS)
    assert [trace.method for trace in presenter.traces] == ["cma-es"]
    assert screen.traits["rows"][0]["status"] == "stopped by the user"


def test_the_widget_has_the_table(problem):
    view = explore_race(problem, ["levenberg-marquardt"])
    assert view.table is None
    view.start()
    assert view.wait(SECONDS)
    assert view.table.first == "levenberg-marquardt"
    assert len(view.rows) == 1
