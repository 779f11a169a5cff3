"""What a fit is worth: examined at the press of a button, parameter by parameter and experiment by experiment."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from qrexplore.learn import Examination, Kernel, LearnResult, examine
from qrexplore.ui.presenters.channel import Channel, Message, UnknownMessageError
from qrexplore.ui.runner import Runner
from qrexplore.views import estimate_rows

_AT_WORK = "Every place that explains the data is looked at. This cannot be stopped; sliders still move."


class ExaminationPresenter:
    """Examines the last fit.

    Parameters
    ----------
    fitted
        Gives the fit, and its kernel if that is still there; raises RuntimeError if there is none to be examined now.
    examined
        Called with the examination when it is there.

    Attributes
    ----------
    runner
        Drives the examination; `wait` is there.
    examination
        The last one, of the last fit; None before.
    """

    def __init__(
        self, fitted: Callable[[], tuple[LearnResult, Kernel | None]], *, examined: Callable[[Examination], None]
    ) -> None:
        self._fitted, self._examined = fitted, examined
        self.examination: Examination | None = None
        self.runner = Runner(on_state=self._on_state, on_end=self._on_end)
        self.channel = Channel(self._act, state="idle", status="", head="", rows=[], findings=[], level=0.0)

    def start(self) -> None:
        """Examine the last fit; RuntimeError if there is none, or if it is being examined."""
        result, kernel = self._fitted()
        self.runner.start_work(lambda _tell, _stopped: examine(result, kernel))

    def forget(self) -> None:
        """Put away what was found of an earlier fit."""
        self.examination = None
        self.channel.put(state="idle", status="", head="", rows=[], findings=[])

    def require_idle(self) -> None:
        """Raise RuntimeError while a fit is being examined: both would move through the same compiled model."""
        if self.runner.busy:
            msg = "the last fit is being examined. Wait for that, then learn again."
            raise RuntimeError(msg)

    def _act(self, message: Message) -> None:
        if message.get("kind") != "start":
            raise UnknownMessageError(message)
        self.start()

    def _on_state(self, state: str, words: str) -> None:
        if self.runner.busy:
            state, words = "examining", _AT_WORK
        self.channel.put(state=state, status=words)

    def _on_end(self, found: Any) -> None:
        if found is None:
            return
        self.examination = found
        rows = [asdict(row) for row in estimate_rows(found)]
        self.channel.put(head=found.head, rows=rows, findings=list(found.findings), level=found.level)
        self._examined(found)
