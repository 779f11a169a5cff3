"""The presenter and the shell of a computational graph."""

import math

import jax.numpy as jnp
import pytest

from qrexplore.ui import explore_graph
from qrexplore.ui.presenters import GraphPresenter
from qrexplore.views import computational_graph


def product(x, y):
    return jnp.sin(x * y)


def presenter():
    return GraphPresenter(computational_graph(product), {"x": (0.5, 0.0, 1.0), "y": (2.0, -4.0, 4.0)})


def test_numbers_follow_an_input_and_every_message_is_answered():
    shown, answers = presenter(), []
    shown.channel.attach(lambda content, _: answers.append(content), lambda *_: None)
    before = shown.channel.traits["numbers"]
    assert before["values"] == pytest.approx([0.5, 2.0, 1.0, math.sin(1.0)])
    assert before["gradients"] == pytest.approx([2 * math.cos(1.0), 0.5 * math.cos(1.0), math.cos(1.0), 1.0])
    shown.channel.receive({"kind": "set", "name": "y", "value": 1.0, "request": 3})
    after = shown.channel.traits["numbers"]
    assert after["values"] == pytest.approx([0.5, 1.0, 0.5, math.sin(0.5)])
    assert after["slopes"][2:] == [pytest.approx([1.0, 0.5]), pytest.approx([math.cos(0.5)])]
    assert answers == [{"kind": "ack", "request": 3, "error": ""}]
    assert shown.values == {"x": 0.5, "y": 1.0}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"kind": "set", "name": "z", "value": 1.0}, "`name` must be one of x, y, got 'z'"),
        ({"kind": "set", "name": "x", "value": "a"}, "must be a number"),
        ({"kind": "turn"}, "does not know the message 'turn'"),
    ],
)
def test_a_wrong_message_is_answered_with_the_reason_and_changes_nothing(message, words):
    shown, answers = presenter(), []
    shown.channel.attach(lambda content, _: answers.append(content), lambda *_: None)
    shown.channel.receive({**message, "request": 1})
    assert words in answers[0]["error"]
    assert shown.values == {"x": 0.5, "y": 2.0}


@pytest.mark.parametrize("inputs", [{"x": (0.5, 0, 1)}, {"x": (2.0, 0, 1), "y": (0, -1, 1)}])
def test_an_input_without_a_slider_or_outside_it_is_refused(inputs):
    with pytest.raises(ValueError, match="low <= value <= high"):
        GraphPresenter(computational_graph(product), inputs)


def test_the_widget_holds_what_the_presenter_shows():
    widget = explore_graph(product, x=(0.5, 0.0, 1.0), y=(2.0, -4.0, 4.0))
    assert [node["symbol"] for node in widget.nodes] == ["x", "y", "×", "sin"]
    assert [slider["name"] for slider in widget.sliders] == ["x", "y"]
    widget.presenter.channel.receive({"kind": "set", "name": "x", "value": 0.25, "request": 1})
    assert widget.numbers["values"][2] == 0.5
