"""The widgets without a browser: messages go in as ipywidgets hands them on, and what is sent is written down."""

import anywidget
import numpy as np
import pytest

import qrexplore as qx
from qrexplore.optimize import Adam
from qrexplore.twin import predict, prediction
from qrexplore.ui import Session
from qrexplore.ui.presenters import PanelPresenter, ViewPresenter
from qrexplore.ui.widgets import DataView, ParameterPanel
from qrexplore.views import comparison

SECONDS = 120
PATH = "q0.frequency"


@pytest.fixture
def sent(monkeypatch):
    """What all widgets sent: widget, content, buffers."""
    found = []
    monkeypatch.setattr(
        anywidget.AnyWidget,
        "send",
        lambda self, content, buffers=None: found.append((self, content, [bytes(part) for part in buffers or ()])),
    )
    return found


def of(sent, widget, kind):
    return [(content, buffers) for who, content, buffers in list(sent) if who is widget and content["kind"] == kind]


def tell(sent, widget, **message):
    """Send a message to a widget and give the error in its one acknowledgement."""
    count = len(of(sent, widget, "ack"))
    widget._handle_custom_msg(message, [])
    (content, buffers) = of(sent, widget, "ack")[-1]
    assert len(of(sent, widget, "ack")) == count + 1
    assert (content["request"], buffers) == (message.get("request", 0), [])
    return content["error"]


@pytest.fixture
def bench(sent, twin, data):
    assert sent == []
    bench = qx.explore(twin, data, free=[PATH, "q0.t_phi", "readout_q0.*"])
    assert bench.wait(SECONDS)
    yield bench
    if bench.runner.busy:
        bench.runner.stop()
    assert bench.wait(SECONDS)


def test_every_message_of_the_panel_is_acted_on_and_acknowledged(bench, sent):
    panel, session = bench.panel, bench.session
    assert tell(sent, panel, kind="set", path=PATH, value=5.001e9, final=True, request=1) == ""
    assert session.twin.parameters[PATH].value == 5.001e9
    assert tell(sent, panel, kind="undo", request=2) == ""
    assert session.twin.parameters[PATH].value == 5e9
    assert tell(sent, panel, kind="redo", request=3) == ""
    assert session.twin.parameters[PATH].value == 5.001e9
    assert tell(sent, panel, kind="free", path="q0.t1", free=True, request=4) == ""
    assert "q0.t1" in session.free
    assert tell(sent, panel, kind="reset", request=5) == ""
    assert session.twin.parameters[PATH].value == 5e9
    assert panel.history == {"can_undo": True, "can_redo": False}


@pytest.mark.parametrize("name", ["panel", "view", "monitor"])
@pytest.mark.parametrize("message", [{"kind": "dance", "request": 7}, {"request": 8}, {}])
def test_a_message_that_no_widget_knows_is_acknowledged_with_an_error(bench, sent, name, message):
    assert "does not know the message" in tell(sent, getattr(bench, name), **message)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"path": PATH, "value": 1e12}, "must be within"),
        ({"path": "q0.frequenzy", "value": 5e9}, PATH),
        ({"path": PATH, "value": "5"}, "must be a number"),
        ({"path": PATH}, "must be a number"),
        ({"value": 5e9}, "parameter"),
    ],
)
def test_a_move_that_is_refused_is_acknowledged_in_words_and_draws_nothing(bench, sent, message, words):
    before, drawn = bench.session.snapshot, len(of(sent, bench.view, "model"))
    assert words in tell(sent, bench.panel, kind="set", final=True, request=3, **message)
    assert bench.session.snapshot is before
    assert len(of(sent, bench.view, "model")) == drawn


def test_the_view_sends_data_errors_and_model_as_32_bit_bytes(bench, sent, data, ramsey):
    sent.clear()
    assert tell(sent, bench.view, kind="ready", request=1) == ""
    ((content, buffers),) = of(sent, bench.view, "data")
    assert content == {"kind": "data", "error_bars": True}
    assert [len(part) for part in buffers] == [4 * 31, 4 * 31]
    assert np.array_equal(np.frombuffer(buffers[0], np.float32), data.population.values[0].astype(np.float32))
    ((_, (model,)),) = of(sent, bench.view, "model")
    assert len(model) == 4 * 31
    assert np.array_equal(
        np.frombuffer(model, np.float32), np.asarray(predict(bench.twin, ramsey))[0].astype(np.float32)
    )


def test_a_moved_parameter_changes_the_model_that_is_sent_and_undo_brings_it_back(bench, sent):
    tell(sent, bench.view, kind="ready", request=1)
    first = of(sent, bench.view, "model")[-1][1]
    tell(sent, bench.panel, kind="set", path=PATH, value=5.0001e9, final=True, request=2)
    content, moved = of(sent, bench.view, "model")[-1]
    assert content["request"] == 2
    assert moved != first
    tell(sent, bench.panel, kind="undo", request=3)
    assert of(sent, bench.view, "model")[-1][1] == first


def test_twenty_moves_trace_the_model_no_second_time(sent, twin, data, monkeypatch):
    traced = []
    populations = prediction.populations
    monkeypatch.setattr(
        prediction, "populations", lambda *args, **keywords: traced.append(1) or populations(*args, **keywords)
    )
    prediction._compiled.cache_clear()  # otherwise an earlier test may have traced it
    bench = qx.explore(twin, data)
    assert bench.wait(SECONDS)
    assert traced
    traced.clear()
    for number in range(20):
        value = 5e9 + 1e5 * (number + 1)
        assert tell(sent, bench.panel, kind="set", path=PATH, value=value, final=number == 19, request=number + 1) == ""
    answered = [content["request"] for content, _ in of(sent, bench.view, "model") if content["request"]]
    assert answered == list(range(1, 21))
    assert traced == []


def test_learning_by_messages_ends_done_applied_and_can_be_undone(bench, sent):
    before = bench.twin
    assert tell(sent, bench.monitor, kind="start", request=1) == ""
    assert bench.wait(SECONDS)
    assert bench.monitor.state == "done", bench.monitor.status
    assert bench.twin is bench.result.twin
    rows = b"".join(part for _, (part,) in of(sent, bench.monitor, "steps"))
    # loss, gradient norm, seconds, chi2, and each parameter
    assert len(rows) == 4 * (4 + len(bench.result.parameters)) * len(bench.result.history)
    drawn = np.frombuffer(of(sent, bench.view, "model")[-1][1][0], np.float32)
    assert drawn == pytest.approx(bench.result.predictions[0][0], abs=1e-5)
    assert tell(sent, bench.panel, kind="undo", request=2) == ""
    assert bench.twin is before


def test_a_second_start_while_busy_is_refused_and_the_first_goes_on(bench, sent, monkeypatch):
    monkeypatch.setattr(Adam, "done", lambda *_: None)  # a run that does not end by itself
    bench.monitor.method = "adam"
    assert tell(sent, bench.monitor, kind="start", request=1) == ""
    assert "Stop it before" in tell(sent, bench.monitor, kind="start", request=2)
    with pytest.raises(RuntimeError, match="Stop it before"):
        bench.learn()
    assert bench.runner.busy
    assert tell(sent, bench.monitor, kind="stop", request=3) == ""
    assert bench.wait(SECONDS)
    assert bench.monitor.state == "done"


def test_panel_and_view_need_no_workbench(sent, twin, ramsey, data):
    session = Session(twin, free=[])
    presenter = ViewPresenter(session, {"ramsey": comparison(ramsey, data)})
    view, panel = DataView(presenter), ParameterPanel(PanelPresenter(session, presenter.show))
    assert presenter.wait(SECONDS)
    assert tell(sent, panel, kind="set", path=PATH, value=5.001e9, final=False, request=1) == ""
    assert of(sent, view, "model")[-1][0]["request"] == 1
    assert (view.state, view.notice) == ("idle", "")
