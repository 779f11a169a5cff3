"""What a fit is worth, at the press of a button: rows, findings, and bands that leave with the twin they belong to."""

import numpy as np
import pytest

import qrexplore as qx
from qrexplore.core import Normal
from qrexplore.learn import examine
from qrexplore.views import estimate_rows

SECONDS = 120


@pytest.fixture
def bench(twin, data, front_end):
    bench = qx.explore(twin, data, free=["q0.frequency", "q0.t_phi", "q0.t1", "drive_q0.transfer.gain"],
                       priors={"q0.t1": Normal(40e-6, 4e-6)})  # fmt: skip
    assert bench.wait(SECONDS)
    shown = front_end(bench._view.channel)
    pressed = front_end(bench._worth.channel)
    yield bench, shown, pressed
    assert bench.wait(SECONDS)


def models(shown):
    return shown.of("model")


def test_nothing_is_examined_before_it_was_learned(bench):
    bench, _, pressed = bench
    assert "Learn first" in pressed.ask(kind="start")
    assert bench.worth.state == "idle"
    assert "does not know the message 'stop'" in pressed.ask(kind="stop")
    with pytest.raises(RuntimeError, match="no fit to examine"):
        bench.examine()


def test_a_fit_is_examined_as_examine_does_and_its_band_is_drawn_while_the_twin_is_there(bench):
    bench, shown, pressed = bench
    bench.learn()
    assert bench.runner.wait(SECONDS)
    assert models(shown)[-1][0]["level"] == 0
    assert pressed.ask(kind="start") == ""
    assert bench.wait(SECONDS)
    found = bench.examination
    assert bench.worth.state == "done"
    expected = examine(bench.result)
    # every row as the examination says it, none with a number that was not learned
    assert [(row["path"], row["number"], row["range"], row["verdict"]) for row in bench.worth.rows] == [
        (one.path, one.number, one.range, one.verdict) for one in expected.estimates
    ]
    verdicts = {row["path"]: row for row in bench.worth.rows}
    assert verdicts["q0.frequency"]["verdict"] == "learned"
    assert verdicts["q0.t1"]["number"] == ""
    assert bench.worth.head == expected.head
    assert tuple(bench.worth.findings) == expected.findings
    content, (middle, lower, upper) = models(shown)[-1]
    assert content["level"] == found.level == 0.95
    band = expected.bands["ramsey"]
    for part, wanted in ((middle, band.center), (lower, band.lower), (upper, band.upper)):
        np.testing.assert_allclose(part, wanted.ravel(), atol=1e-4)
    # a twin that is moved is not the one that was learned; one that comes back is
    bench.session.set_parameter("q0.t1", 30e-6)
    bench._view.show()
    assert len(models(shown)[-1][1]) == 1
    bench.session.undo()
    bench._view.show()
    assert len(models(shown)[-1][1]) == 3


def test_another_run_forgets_what_the_last_one_was_worth_and_waits_until_it_is_said(bench, monkeypatch):
    bench, shown, pressed = bench
    bench.learn()
    assert bench.runner.wait(SECONDS)
    refused = []

    def slow(*arguments):
        with pytest.raises(RuntimeError, match="is being examined"):
            bench.learn()
        refused.append(pressed.ask(kind="start"))
        return examine(*arguments)

    monkeypatch.setattr("qrexplore.ui.presenters.examination.examine", slow)
    bench.examine()
    assert bench.wait(SECONDS)
    assert "a run is" in refused[0]
    assert bench.examination is not None
    bench.learn()
    assert bench.wait(SECONDS)
    assert bench.examination is None
    assert (bench.worth.rows, bench.worth.findings, bench.worth.state) == ([], [], "idle")
    assert models(shown)[-1][0]["level"] == 0


def test_a_run_that_came_to_nothing_leaves_what_the_last_one_was_worth(bench):
    bench, shown, _ = bench
    bench.learn()
    assert bench.runner.wait(SECONDS)
    bench.examine()
    assert bench.wait(SECONDS)
    found, paths = bench.examination, tuple(bench.session.free)
    bench.session.set_free(*paths, free=False)
    bench.learn()
    assert bench.wait(SECONDS)
    assert bench.monitor.state == "error"
    assert bench.examination is found
    assert models(shown)[-1][0]["level"] == 0.95


def test_what_fails_is_said(bench, monkeypatch):
    bench, _, _ = bench
    bench.learn()
    assert bench.runner.wait(SECONDS)

    def fails(*_):
        msg = "the covariance is not finite"
        raise ValueError(msg)

    monkeypatch.setattr("qrexplore.ui.presenters.examination.examine", fails)
    bench.examine()
    assert bench.wait(SECONDS)
    assert (bench.worth.state, bench.worth.status) == ("error", "the covariance is not finite")


def test_rows_say_what_was_not_learned_in_words(bench):
    bench, _, _ = bench
    bench.learn()
    assert bench.runner.wait(SECONDS)
    rows = {row.path: row for row in estimate_rows(examine(bench.result))}
    assert "±" in rows["q0.frequency"].number
    assert rows["q0.t1"].verdict == "not learned"
    assert " to " in rows["q0.t1"].range
    assert rows["q0.t1"].ratio > 0.71
