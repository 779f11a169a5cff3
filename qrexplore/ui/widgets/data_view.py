"""The data view in JupyterLab."""

from typing import Any

import anywidget
import traitlets

from qrexplore.ui.presenters import ViewPresenter
from qrexplore.ui.widgets.shell import bundle, connect


class DataView(anywidget.AnyWidget):
    """The shell of a `ViewPresenter`."""

    _esm = bundle("data_view.js")
    _css = bundle("data_view.css")

    frame = traitlets.Dict().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    shown = traitlets.Unicode().tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)
    selected = traitlets.Int().tag(sync=True)

    def __init__(self, presenter: ViewPresenter, **keywords: Any) -> None:
        super().__init__(**presenter.channel.traits, **keywords)
        connect(self, presenter.channel, written=["selected"])
