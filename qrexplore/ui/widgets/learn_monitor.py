"""The learn monitor in JupyterLab."""

from typing import Any

import anywidget
import traitlets

from qrexplore.ui.presenters import MonitorPresenter
from qrexplore.ui.widgets.shell import bundle, connect


class LearnMonitor(anywidget.AnyWidget):
    """The shell of a `MonitorPresenter`."""

    _esm = bundle("learn_monitor.js")
    _css = bundle("learn_monitor.css")

    state = traitlets.Unicode().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    methods = traitlets.List().tag(sync=True)
    choice = traitlets.Unicode().tag(sync=True)
    rate = traitlets.Float().tag(sync=True)
    traces = traitlets.Dict().tag(sync=True)
    picked = traitlets.Dict().tag(sync=True)
    table = traitlets.List().tag(sync=True)
    elapsed = traitlets.Float().tag(sync=True)

    def __init__(self, presenter: MonitorPresenter, **keywords: Any) -> None:
        super().__init__(**presenter.channel.traits, **keywords)
        connect(self, presenter.channel, written=["method", "picked"])
