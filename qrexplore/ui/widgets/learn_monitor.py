"""The learn monitor: starts, pauses and stops learning and shows the loss while it falls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import anywidget
import numpy as np
import traitlets

from qrexplore.core import Step
from qrexplore.ui.widgets.data_view import packed
from qrexplore.ui.widgets.wire import STATIC, answer
from qrexplore.views import LearnedRow


class LearnMonitor(anywidget.AnyWidget):
    """The monitor in JupyterLab.

    Parameters
    ----------
    commands
        What the messages ``start``, ``pause``, ``resume`` and ``stop`` do.
    """

    _esm = STATIC / "learn_monitor.js"
    _css = STATIC / "learn_monitor.css"

    state = traitlets.Unicode("idle").tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)
    method = traitlets.Unicode("levenberg-marquardt").tag(sync=True)
    table = traitlets.List().tag(sync=True)
    elapsed = traitlets.Float(0.0).tag(sync=True)

    def __init__(self, commands: Mapping[str, Callable[[], None]], **keywords: Any) -> None:
        super().__init__(**keywords)
        self._commands = commands
        self.on_msg(self._receive)

    def clear(self) -> None:
        """Begin a new loss curve."""
        self.table = []
        self.send({"kind": "clear"})

    def add(self, steps: Sequence[Step]) -> None:
        """Draw some more steps."""
        last = steps[-1]
        content = {
            "kind": "steps",
            "iteration": last.iteration,
            "gradient_norm": last.gradient_norm,
            "seconds": last.seconds,
        }
        self.send(content, buffers=[packed(np.array([step.loss for step in steps]))])

    def fill(self, rows: Sequence[LearnedRow]) -> None:
        """Show what was learned."""
        self.table = [asdict(row) for row in rows]

    def _receive(self, _: Any, message: Mapping[str, Any], __: Any) -> None:
        def act() -> None:
            kind = message.get("kind")
            if kind not in self._commands:
                msg = (
                    f"the monitor does not know the message {kind!r}. Reload the page: front end and kernel may differ."
                )
                raise ValueError(msg)
            self._commands[str(kind)]()

        answer(message, act, self.send)
