"""The data view: measured data with the twin's curve or map over it, and the residual."""

import threading
import time
from collections.abc import Mapping

import numpy as np

from qrexplore.core import require_choice
from qrexplore.learn import Band
from qrexplore.twin import Twin
from qrexplore.ui.predictor import Predictor
from qrexplore.ui.presenters.channel import Channel, Message, UnknownMessageError
from qrexplore.ui.session import Session
from qrexplore.views import Comparison

_COMPILING = (
    "Compiling the model of this experiment. Sliders move the twin already; its curve follows when this is done."
)
# after a slider was moved, a run does not draw over the twin that the person looks at, for so long (s)
_MINE = 1.0


class ViewPresenter:
    """The data of one of some experiments, and what the session's twin predicts for it.

    Nothing compiles in a handler: what a moved slider needs and is not compiled yet is left to a worker, one for each dataset
    that is looked at.

    Parameters
    ----------
    session
        Whose twin is shown.
    comparisons
        What was measured, by the name of the dataset; the first one is shown first.
    remark
        Words after the summary.

    Attributes
    ----------
    predictors
        What predicts each of them.
    """

    def __init__(self, session: Session, comparisons: Mapping[str, Comparison], remark: str = "") -> None:
        self._session = session
        self._comparisons = dict(comparisons)
        self._remark = remark
        self.predictors = {name: Predictor(one.experiment) for name, one in self._comparisons.items()}
        self._compiling: set[str] = set()
        self._settled = threading.Event()
        self._request = 0
        self._moved = -_MINE
        # what a fit predicts, with its uncertainty, and the parameters that this holds for
        self._bands: Mapping[str, Band] = {}
        self._banded = np.zeros(0)
        names = list(self._comparisons)
        self._name = names[0]
        self.channel = Channel(
            self._act,
            frame=self._comparison.frame,
            names=names,
            shown=self._name,
            summary=remark,
            state="idle",
            notice="",
            selected=0,
        )
        self.show()

    @property
    def _comparison(self) -> Comparison:
        return self._comparisons[self._name]

    def show(self, request: int = 0) -> None:
        """Draw what the session's twin predicts; `request` is the number of the request that this answers, 0 for none."""
        with self._session.lock:
            if request:
                self._request, self._moved = request, time.monotonic()
            name = self._name
            if name in self._compiling:
                self.channel.put(state="compiling", notice=_COMPILING)
                return
            prediction = self.predictors[name].at_once(self._session.twin)
            if prediction is not None:
                self.channel.put(state="idle", notice="")
                self._draw(prediction, request, self._band())
                self._settle()
                return
            self._compiling.add(name)
            self._settled.clear()
            self.channel.put(state="compiling", notice=_COMPILING)
        # no daemon: a process that ends within a compilation is aborted, one that waits for it is not
        threading.Thread(target=self._compile, args=(name,), name="qrexplore-compile").start()

    def choose(self, name: str) -> None:
        """Show another dataset; ValueError if there is none of that name."""
        with self._session.lock:
            require_choice(name, "name", tuple(self._comparisons))
            if name != self._name:
                self._name = name
                self.channel.put(frame=self._comparison.frame, selected=0, shown=name, summary=self._remark)
                self._send_data()
                self.show()

    def put_bands(self, twin: Twin, bands: Mapping[str, Band]) -> None:
        """Draw how sure predictions are, by the name of the dataset, as long as the twin is this one."""
        with self._session.lock:
            self._bands, self._banded = dict(bands), twin.parameters.values
            self.show()

    def follow(self, twin: Twin) -> None:
        """Draw a twin on its way, if that can be done at once and nobody is moving a slider."""
        with self._session.lock:
            if self._name in self._compiling or time.monotonic() - self._moved < _MINE:
                return
            prediction = self.predictors[self._name].at_once(twin)
            if prediction is not None:
                self._draw(prediction, 0)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being compiled, at most `timeout` s; True if that is so."""
        return self._settled.wait(timeout)

    def _settle(self) -> None:
        if not self._compiling:
            self._settled.set()

    def _band(self) -> Band | None:
        """Give the band of what is shown, if it holds for the twin as it is now."""
        band = self._bands.get(self._name)
        if band is None or not np.array_equal(self._banded, self._session.twin.parameters.values):
            return None
        # of outcomes of single shots, which are not what is drawn
        return band if band.center.shape == self._comparison.measured.values.shape else None

    def _draw(self, prediction: np.ndarray, request: int, band: Band | None = None) -> None:
        summary = "    ".join(filter(None, (self._comparison.summary(prediction), self._remark)))
        level = 0.0 if band is None else band.level
        content = {"kind": "model", "request": request, "summary": summary, "level": level}
        ends = () if band is None else (band.lower, band.upper)
        self.channel.send(content, *(self._comparison.arranged(part) for part in (prediction, *ends)))

    def _compile(self, name: str) -> None:
        words = ""
        try:
            self.predictors[name].prediction(self._session.twin)
        except Exception as problem:  # noqa: BLE001 (shown on the view)
            words = str(problem) or type(problem).__name__
        with self._session.lock:
            self._compiling.discard(name)
            if name != self._name:
                self._settle()
            elif words:
                self.channel.put(state="error", notice=words)
                self._settle()
            else:
                self.show(self._request)

    def _send_data(self) -> None:
        errors = self._comparison.errors
        arrays = (self._comparison.data,) if errors is None else (self._comparison.data, errors)
        self.channel.send({"kind": "data", "error_bars": errors is not None}, *arrays)

    def _act(self, message: Message) -> None:
        match message.get("kind"):
            case "ready":
                self._send_data()
                if self.channel.traits["state"] != "error":
                    self.show()
            case "show":
                self.choose(str(message.get("name", "")))
            case _:
                raise UnknownMessageError(message)
