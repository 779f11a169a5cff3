"""The data view: measured data with the twin's curve or map over it, and the residual."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import anywidget
import numpy as np
import traitlets

from qrexplore.ui.widgets.wire import STATIC, answer
from qrexplore.views import Comparison


def frame(found: Comparison) -> dict[str, Any]:
    """Give axes and labels of a comparison as plain numbers and words."""
    plain: dict[str, Any] = {
        "kind": found.kind,
        "title": found.title,
        "series": list(found.series),
        "x": asdict(found.x),
        "y": asdict(found.y),
        "x_values": found.x_values.tolist(),
    }
    if found.z is not None:
        plain |= {"z": asdict(found.z), "y_values": found.y_values.tolist()}
    return plain


def packed(values: np.ndarray) -> memoryview:
    """Give numbers as 32-bit floats, which is finer than any screen."""
    return memoryview(np.ascontiguousarray(values, dtype=np.float32).data)


class DataView(anywidget.AnyWidget):
    """The data view in JupyterLab.

    Parameters
    ----------
    found
        What was measured.
    on_ready
        Called when a new view of the widget appears and wants the model.
    """

    _esm = STATIC / "data_view.js"
    _css = STATIC / "data_view.css"

    frame = traitlets.Dict().tag(sync=True)
    summary = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Unicode("compiling").tag(sync=True)
    notice = traitlets.Unicode("").tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)

    def __init__(self, found: Comparison, on_ready: Callable[[], None], **keywords: Any) -> None:
        super().__init__(frame=frame(found), **keywords)
        self._found = found
        self._on_ready = on_ready
        self.on_msg(self._receive)

    def show(self, prediction: np.ndarray, request: int) -> None:
        """Draw a prediction; `request` is the number of the request that it answers, 0 for none."""
        content = {"kind": "model", "request": request, "summary": self._found.summary(prediction)}
        self.send(content, buffers=[packed(self._found.arranged(prediction))])

    def _receive(self, _: Any, message: Mapping[str, Any], __: Any) -> None:
        def act() -> None:
            errors = self._found.errors
            buffers = [packed(self._found.data)] + ([] if errors is None else [packed(errors)])
            self.send({"kind": "data", "error_bars": errors is not None}, buffers=buffers)
            self._on_ready()

        answer(message, act, self.send)
