import threading
import time

import numpy as np
import pytest

from qrexplore.optimize import Adam
from qrexplore.twin import predict
from qrexplore.ui import Session
from qrexplore.ui.predictor import Predictor
from qrexplore.ui.presenters import Channel, MonitorPresenter, PanelPresenter, ViewPresenter, packed
from qrexplore.views import comparison

SECONDS = 120


@pytest.fixture
def session(twin):
    return Session(twin, free=["q0.frequency", "q0.t_phi", "readout_q0.false_one", "readout_q0.false_zero"])


@pytest.fixture
def view(session, ramsey, data):
    view = ViewPresenter(session, {"ramsey": comparison(ramsey, data)}, remark="backend toy")
    assert view.wait(SECONDS)
    return view


@pytest.fixture
def screen(view, front_end):
    return front_end(view.channel)


@pytest.fixture
def panel(session, view, front_end):
    return front_end(PanelPresenter(session, view.show).channel)


@pytest.fixture
def presenter(session, data, view):
    presenter = MonitorPresenter(session, {"ramsey": data}, follow=view.follow, ended=view.show)
    yield presenter
    if presenter.runner.busy:
        presenter.runner.stop()
        assert presenter.runner.wait(SECONDS)


@pytest.fixture
def monitor(presenter, front_end):
    return front_end(presenter.channel)


def row(panel, path="q0.frequency"):
    return next(row for row in panel.traits["rows"] if row["path"] == path)


def test_numbers_go_out_as_32_bit_floats_in_c_order():
    assert np.frombuffer(packed(np.arange(6.0).reshape(2, 3).T), np.float32).tolist() == [0, 3, 1, 4, 2, 5]


def test_a_channel_serves_any_number_of_shells(front_end):
    channel = Channel(print, state="idle")
    shells = [front_end(channel), front_end(channel)]
    channel.put(state="error")
    assert [shell.traits["state"] for shell in shells] == ["error", "error"]
    assert channel.traits["state"] == "error"


def test_the_view_answers_ready_with_data_and_model(screen, session, ramsey, data):
    assert screen.ask(kind="ready") == ""
    ((content, (values, errors)),) = screen.of("data")
    assert content == {"kind": "data", "error_bars": True}
    assert np.allclose(values, data.population.values[0])
    assert np.allclose(errors, 0.01)
    content, (model,) = screen.of("model")[-1]
    assert np.allclose(model, predict(session.twin, ramsey)[0])
    assert content["request"] == 0
    assert content["summary"].startswith("rms misfit / rms data")
    assert content["summary"].endswith("backend toy")
    assert screen.traits["state"] == "idle"


def test_the_view_is_compiling_until_its_first_prediction(session, ramsey, data, front_end, monkeypatch):
    gate = threading.Event()
    usual = Predictor.prediction
    monkeypatch.setattr(Predictor, "prediction", lambda self, twin: gate.wait(SECONDS) and usual(self, twin))
    view = ViewPresenter(session, {"ramsey": comparison(ramsey, data)})
    screen = front_end(view.channel)
    assert screen.traits["state"] == "compiling"
    assert "Compiling" in screen.traits["notice"]
    panel = front_end(PanelPresenter(session, view.show).channel)
    assert panel.ask(kind="set", path="q0.frequency", value=5.0001e9, final=True) == ""
    assert screen.of("model") == []
    gate.set()
    assert view.wait(SECONDS)
    assert (screen.traits["state"], screen.traits["notice"]) == ("idle", "")
    ((content, (model,)),) = screen.of("model")
    assert content["request"] == panel.requests
    assert np.allclose(model, predict(session.twin, ramsey)[0])


def test_a_prediction_that_cannot_be_made_is_an_error_on_the_view_and_no_endless_wait(
    session, ramsey, data, front_end, monkeypatch
):
    def fail(*_):
        msg = "the model is broken"
        raise RuntimeError(msg)

    monkeypatch.setattr(Predictor, "prediction", fail)
    view = ViewPresenter(session, {"ramsey": comparison(ramsey, data)})
    assert view.wait(SECONDS)
    assert (view.channel.traits["state"], view.channel.traits["notice"]) == ("error", "the model is broken")
    screen = front_end(view.channel)
    assert screen.ask(kind="ready") == ""
    assert screen.of("data")


def test_a_moved_slider_gives_a_model_with_the_number_of_its_request(panel, screen, session, ramsey):
    screen.messages.clear()
    assert panel.ask(kind="set", path="q0.frequency", value=5.0001e9, final=False) == ""
    ((content, (model,)),) = screen.of("model")
    assert content["request"] == panel.requests
    assert np.allclose(model, predict(session.twin, ramsey)[0])


def test_rows_stay_during_a_drag_and_follow_its_end(panel):
    panel.ask(kind="set", path="q0.frequency", value=5.001e9, final=False)
    assert row(panel)["value"] == 5e9
    panel.ask(kind="set", path="q0.frequency", value=5.002e9, final=True)
    assert row(panel)["value"] == 5.002e9
    assert row(panel)["changed"]
    assert panel.traits["history"] == {"can_undo": True, "can_redo": False}


def test_a_slider_keeps_its_range_until_the_value_comes_to_its_end(panel):
    before = row(panel)
    span = before["slider_low"], before["slider_high"]
    panel.ask(kind="set", path="q0.frequency", value=5.1e9, final=True)
    assert (row(panel)["slider_low"], row(panel)["slider_high"]) == span
    panel.ask(kind="set", path="q0.frequency", value=5.25e9, final=True)
    assert row(panel)["slider_high"] > 5.25e9


def test_undo_redo_and_reset_move_the_twin_and_the_picture(panel, screen, session):
    panel.ask(kind="set", path="q0.frequency", value=5.001e9, final=True)
    for kind, expected in (("undo", 5e9), ("redo", 5.001e9), ("reset", 5e9)):
        assert panel.ask(kind=kind) == ""
        assert session.twin.parameters["q0.frequency"].value == expected
        assert row(panel)["value"] == expected
        assert screen.of("model")[-1][0]["request"] == panel.requests


def test_free_is_a_matter_of_the_panel_alone(panel, screen, session):
    count = len(screen.of("model"))
    assert panel.ask(kind="free", path="q0.t1", free=True) == ""
    assert "q0.t1" in session.free
    assert row(panel, "q0.t1")["free"]
    assert len(screen.of("model")) == count


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"kind": "set", "path": "q0.frequency", "value": 1e12, "final": True}, "`q0.frequency` must be within"),
        ({"kind": "set", "path": "q0.frequenzy", "value": 5e9, "final": True}, "Did you mean"),
        ({"kind": "set", "path": "q0.frequency", "value": None, "final": True}, "must be a number, got None"),
        ({"kind": "free", "path": "nobody", "free": True}, "no parameter matches 'nobody'"),
        ({"kind": "sing"}, "does not know the message 'sing'"),
    ],
)
def test_what_the_panel_cannot_do_is_acknowledged_in_words(panel, message, words):
    assert words in panel.ask(**message)
    assert row(panel)["value"] == 5e9


@pytest.mark.parametrize("message", [None, "set", ["set"], 3])
def test_a_message_that_is_no_mapping_is_acknowledged_in_words(panel, message):
    panel.channel.receive(message)
    ((answer, _),) = panel.of("ack")
    assert answer["request"] == 0
    assert "does not know the message" in answer["error"]


@pytest.mark.parametrize("request_number", [None, "7", True])
def test_a_request_that_cannot_be_answered_moves_nothing(panel, session, request_number):
    before = session.twin
    message = {"kind": "set", "path": "q0.frequency", "value": 5.001e9, "request": request_number}
    panel.channel.receive(message)
    assert "`request` of a 'set' message must be a number" in panel.of("ack")[0][0]["error"]
    assert session.twin is before


def test_a_truth_value_is_no_number(panel, session):
    before = session.twin
    assert "must be a number, got True" in panel.ask(kind="set", path="q0.frequency", value=True)
    assert session.twin is before


@pytest.mark.parametrize("kind", ["pause", "resume", "stop", "dance"])
def test_what_the_monitor_cannot_do_is_acknowledged_in_words(monitor, kind):
    assert monitor.ask(kind=kind)
    assert monitor.traits["state"] == "idle"


def test_a_view_knows_no_other_message(screen):
    assert "does not know" in screen.ask(kind="dance")


def test_learning_streams_steps_applies_the_result_and_can_be_undone(monitor, presenter, panel, screen, session, truth):
    before = session.twin
    assert monitor.ask(kind="start") == ""
    assert presenter.runner.wait(SECONDS)
    assert monitor.traits["state"] == "done", monitor.traits
    result = presenter.result
    rows = np.concatenate([numbers.reshape(-1, 8) for _, (numbers,) in monitor.of("steps")])
    assert np.allclose(rows[:, 0], [step.loss for step in result.history])
    assert np.allclose(rows[:, 3], [2 * step.loss / 31 for step in result.history])
    assert [one["name"] for one in monitor.traits["traces"]["datasets"]] == ["ramsey"]
    first = monitor.traits["traces"]["parameters"][0]
    assert (first["path"], first["unit"]) == ("q0.frequency", "GHz")
    # a hertz in five gigahertz is seen, though the numbers have 32 bits
    shown = (first["start"] / first["factor"] + rows[-1, 4].astype(float)) * first["factor"]
    assert abs(shown - result.history[-1].parameters["q0.frequency"]) < 1
    assert monitor.traits["choice"].startswith("Levenberg-Marquardt: residuals and their Jacobian (31 x 4")
    monitor.ask(kind="ready")
    whole = monitor.of("steps")[-1]
    assert whole[0]["whole"]
    assert np.array_equal(whole[1][0].reshape(-1, 8), rows.astype(np.float32), equal_nan=True)
    assert monitor.of("steps")[-1][0]["iteration"] == result.history[-1].iteration
    assert [line["path"] for line in monitor.traits["table"]] == list(result.parameters.paths)
    assert "±" in monitor.traits["table"][0]["text"]
    assert monitor.traits["status"].startswith("converged")
    assert monitor.traits["elapsed"] > 0

    assert session.twin is result.twin
    assert row(panel)["stderr"] == result.stderr["q0.frequency"]
    distance = abs(session.twin.parameters["q0.frequency"].value - truth.parameters["q0.frequency"].value)
    assert distance < 4 * result.stderr["q0.frequency"]
    assert np.allclose(screen.of("model")[-1][1][0], result.predictions[0][0], atol=1e-6)
    assert panel.ask(kind="undo") == ""
    assert session.twin is before
    assert row(panel)["stderr"] is None


def test_a_slider_moved_during_a_run_moves_the_session_and_not_the_run(monitor, presenter, panel, session, monkeypatch):
    monkeypatch.setattr(Adam, "done", lambda *_: None)  # a run that does not end by itself
    presenter.channel.traits["method"] = "adam"
    monitor.ask(kind="start")
    end = time.monotonic() + SECONDS
    while len(monitor.of("steps")) < 3:
        assert time.monotonic() < end, monitor.traits
        time.sleep(0.01)
    assert panel.ask(kind="set", path="q0.t1", value=33e-6, final=True) == ""
    assert session.twin.parameters["q0.t1"].value == 33e-6
    assert "a run is" in monitor.ask(kind="start")
    assert monitor.ask(kind="pause") == ""
    assert monitor.traits["state"] == "paused"
    assert monitor.ask(kind="stop") == ""
    assert presenter.runner.wait(SECONDS)
    assert monitor.traits["state"] == "done", monitor.traits
    assert monitor.traits["status"].startswith("stopped by the user")
    assert session.twin.parameters["q0.t1"].value == 40e-6
    assert session.twin is presenter.result.twin
    panel.ask(kind="undo")
    assert session.twin.parameters["q0.t1"].value == 33e-6


def test_a_problem_that_cannot_be_learned_is_an_error_with_its_words(monitor, presenter, session):
    for path in session.free:
        session.set_free(path, free=False)
    assert monitor.ask(kind="start") == ""
    assert presenter.runner.wait(SECONDS)
    assert (monitor.traits["state"], monitor.traits["table"]) == ("error", [])
    assert monitor.traits["status"] == "no parameter is free. Tick at least one in the panel."


def test_a_second_run_with_the_same_free_parameters_compiles_no_kernel(monitor, presenter, session):
    monitor.ask(kind="start")
    assert presenter.runner.wait(SECONDS)
    kernel = presenter._kernel
    monitor.ask(kind="start")
    assert presenter.runner.wait(SECONDS)
    assert presenter._kernel is kernel
    session.set_free("q0.t1", free=True)
    monitor.ask(kind="start")
    assert presenter.runner.wait(SECONDS)
    assert presenter._kernel is not kernel
    assert "q0.t1" in presenter.result.parameters
