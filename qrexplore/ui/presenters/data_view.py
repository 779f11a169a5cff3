"""The data view: measured data with the twin's curve or map over it, and the residual."""

import threading
import time

import numpy as np

from qrexplore.twin import Twin
from qrexplore.ui.presenters.channel import Channel, Message, UnknownMessageError
from qrexplore.ui.session import Session
from qrexplore.views import Comparison

_COMPILING = (
    "Compiling the model of this experiment. Sliders move the twin already; its curve follows when this is done."
)
# after a slider was moved, a run does not draw over the twin that the person looks at, for so long (s)
_MINE = 1.0


class ViewPresenter:
    """The data of one experiment and what the session's twin predicts for it.

    Nothing compiles in a handler: what a moved slider needs and is not compiled yet is left to a worker.

    Parameters
    ----------
    session
        Whose twin is shown.
    comparison
        What was measured.
    remark
        Words after the summary.
    """

    def __init__(self, session: Session, comparison: Comparison, remark: str = "") -> None:
        self._session = session
        self._comparison = comparison
        self._remark = remark
        self._compiling = False
        self._settled = threading.Event()
        self._request = 0
        self._moved = -_MINE
        self.channel = Channel(self._act, frame=comparison.frame, summary=remark, state="idle", notice="", selected=0)
        self.show()

    def show(self, request: int = 0) -> None:
        """Draw what the session's twin predicts; `request` is the number of the request that this answers, 0 for none."""
        with self._session.lock:
            if request:
                self._request, self._moved = request, time.monotonic()
            if self._compiling:
                return
            prediction = self._session.predictor.at_once(self._session.twin)
            if prediction is not None:
                self.channel.put(state="idle", notice="")
                self._draw(prediction, request)
                self._settled.set()
                return
            self._compiling = True
            self._settled.clear()
            self.channel.put(state="compiling", notice=_COMPILING)
        # no daemon: a process that ends within a compilation is aborted, one that waits for it is not
        threading.Thread(target=self._compile, name="qrexplore-compile").start()

    def follow(self, twin: Twin) -> None:
        """Draw a twin on its way, if that can be done at once and nobody is moving a slider."""
        with self._session.lock:
            if self._compiling or time.monotonic() - self._moved < _MINE:
                return
            prediction = self._session.predictor.at_once(twin)
            if prediction is not None:
                self._draw(prediction, 0)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being compiled, at most `timeout` s; True if that is so."""
        return self._settled.wait(timeout)

    def _draw(self, prediction: np.ndarray, request: int) -> None:
        summary = "    ".join(filter(None, (self._comparison.summary(prediction), self._remark)))
        content = {"kind": "model", "request": request, "summary": summary}
        self.channel.send(content, self._comparison.arranged(prediction))

    def _compile(self) -> None:
        try:
            self._session.predictor.prediction(self._session.twin)
        except Exception as problem:  # noqa: BLE001 (shown on the view)
            with self._session.lock:
                self._compiling = False
                self.channel.put(state="error", notice=str(problem) or type(problem).__name__)
                self._settled.set()
            return
        with self._session.lock:
            self._compiling = False
            self.show(self._request)

    def _act(self, message: Message) -> None:
        if message.get("kind") != "ready":
            raise UnknownMessageError(message)
        errors = self._comparison.errors
        arrays = (self._comparison.data,) if errors is None else (self._comparison.data, errors)
        self.channel.send({"kind": "data", "error_bars": errors is not None}, *arrays)
        if self.channel.traits["state"] != "error":
            self.show()
