"""The parameter panel: sliders and number boxes that move the twin, and which parameters are free."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from qrexplore.ui.session import Session
from qrexplore.ui.widgets.wire import STATIC, answer
from qrexplore.views import parameter_rows


class PanelPresenter:
    """What the panel shows and what its messages do; knows nothing of widgets.

    Parameters
    ----------
    session
        Moved by the messages.
    show
        Called with the number of the request after the twin moved.
    """

    def __init__(self, session: Session, show: Callable[[int], None]) -> None:
        self.session = session
        self._show = show

    def rows(self) -> list[dict[str, Any]]:
        """Give the rows as plain mappings."""
        session = self.session
        found = parameter_rows(
            session.twin.parameters, free=session.free, stderr=session.stderr, initial=session.initial
        )
        return [asdict(row) for row in found]

    def history(self) -> dict[str, bool]:
        """Say whether undo and redo are possible."""
        return {"can_undo": self.session.can_undo, "can_redo": self.session.can_redo}

    def act(self, message: Mapping[str, Any]) -> None:
        """Do what a message asks.

        Raises
        ------
        ValueError
            If it asks for something unknown or out of bounds.
        """
        kind = message.get("kind")
        if kind == "set":
            self.session.set_parameter(str(message["path"]), float(message["value"]), final=bool(message["final"]))
        elif kind == "free":
            self.session.set_free(str(message["path"]), free=bool(message["free"]))
            return
        elif kind in ("undo", "redo", "reset"):
            getattr(self.session, kind)()
        else:
            msg = f"the panel does not know the message {kind!r}. Reload the page: front end and kernel may differ."
            raise ValueError(msg)
        self._show(int(message.get("request", 0)))


class ParameterPanel(anywidget.AnyWidget):
    """The panel in JupyterLab."""

    _esm = STATIC / "parameter_panel.js"
    _css = STATIC / "parameter_panel.css"

    rows = traitlets.List().tag(sync=True)
    history = traitlets.Dict().tag(sync=True)
    state = traitlets.Unicode("idle").tag(sync=True)
    notice = traitlets.Unicode("").tag(sync=True)

    def __init__(self, presenter: PanelPresenter, **keywords: Any) -> None:
        super().__init__(rows=presenter.rows(), history=presenter.history(), **keywords)
        self._presenter = presenter
        presenter.session.subscribe(self.refresh)
        self.on_msg(self._receive)

    def refresh(self) -> None:
        """Show the rows as they are now."""
        self.rows = self._presenter.rows()
        self.history = self._presenter.history()

    def _receive(self, _: Any, message: Mapping[str, Any], __: Any) -> None:
        answer(message, lambda: self._presenter.act(message), self.send)
