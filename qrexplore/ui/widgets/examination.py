"""What a fit is worth, in JupyterLab."""

from typing import Any

import anywidget
import traitlets

from qrexplore.ui.presenters import ExaminationPresenter
from qrexplore.ui.widgets.shell import bundle, connect


class ExaminationView(anywidget.AnyWidget):
    """The shell of an `ExaminationPresenter`."""

    _esm = bundle("examination.js")
    _css = bundle("examination.css")

    state = traitlets.Unicode().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    head = traitlets.Unicode().tag(sync=True)
    rows = traitlets.List().tag(sync=True)
    findings = traitlets.List(traitlets.Unicode()).tag(sync=True)
    level = traitlets.Float().tag(sync=True)

    def __init__(self, presenter: ExaminationPresenter, **keywords: Any) -> None:
        super().__init__(**presenter.channel.traits, **keywords)
        connect(self, presenter.channel)
