"""The parameter panel in JupyterLab."""

from typing import Any

import anywidget
import traitlets

from qrexplore.ui.presenters import PanelPresenter
from qrexplore.ui.widgets.shell import bundle, connect


class ParameterPanel(anywidget.AnyWidget):
    """The shell of a `PanelPresenter`."""

    _esm = bundle("parameter_panel.js")
    _css = bundle("parameter_panel.css")

    rows = traitlets.List().tag(sync=True)
    history = traitlets.Dict().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)
    look = traitlets.Dict().tag(sync=True)

    def __init__(self, presenter: PanelPresenter, **keywords: Any) -> None:
        super().__init__(**presenter.channel.traits, **keywords)
        connect(self, presenter.channel, written=["look"])
