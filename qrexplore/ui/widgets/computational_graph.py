"""A computational graph in JupyterLab."""

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from qrexplore.ui.presenters import GraphPresenter
from qrexplore.ui.widgets.shell import bundle, connect
from qrexplore.views import computational_graph


class GraphView(anywidget.AnyWidget):
    """The shell of a `GraphPresenter`."""

    _esm = bundle("computational_graph.js")
    _css = bundle("computational_graph.css")

    nodes = traitlets.List().tag(sync=True)
    sliders = traitlets.List().tag(sync=True)
    numbers = traitlets.Dict().tag(sync=True)

    def __init__(self, presenter: GraphPresenter, **keywords: Any) -> None:
        super().__init__(**presenter.channel.traits, **keywords)
        self.presenter = presenter
        connect(self, presenter.channel)


def explore_graph(function: Callable[..., Any], **inputs: tuple[float, float, float]) -> GraphView:
    """Show the computational graph of a function of numbers, with a slider for each.

    Parameters
    ----------
    function
        Takes numbers by name and gives one number; of jax.numpy functions.
    **inputs
        For each of its numbers where it begins and the ends of its slider: ``x=(0.5, 0.0, 1.0)``.

    Raises
    ------
    ValueError
        See `qrexplore.views.computational_graph` and `GraphPresenter`.
    """
    return GraphView(GraphPresenter(computational_graph(function), inputs))
