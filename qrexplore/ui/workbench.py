"""The workbench: parameter panel, data view and learn monitor around one session."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import ipywidgets
import numpy as np
import xarray as xr

from qrexplore.core import Step, Task
from qrexplore.experiments import from_dataset
from qrexplore.learn import RECIPES, LearnProblem, LearnResult, completed, guided
from qrexplore.twin import Twin, predict
from qrexplore.ui.runner import Runner
from qrexplore.ui.session import Session
from qrexplore.ui.widgets import DataView, LearnMonitor, PanelPresenter, ParameterPanel
from qrexplore.views import comparison, learned_rows, outcome

# the curve follows a run at most this often (s): each time takes a prediction's worth of the processor from the run
_FOLLOW = 0.25


class Workbench(ipywidgets.HBox):
    """All views on one twin and one dataset, as a widget.

    Attributes
    ----------
    session
        Current twin, free parameters, history.
    panel, view, monitor
        The three widgets.
    runner
        The last learning run, or None.
    result
        What the last run found, or None.
    """

    def __init__(self, twin: Twin, data: xr.Dataset, backend: Any = None, free: Sequence[str] | None = None) -> None:
        self.data = completed(twin, data)
        self.experiment = from_dataset(self.data)
        patterns = RECIPES[self.experiment.name].paths(twin, self.experiment) if free is None else list(free)
        self.session = Session(twin, twin.parameters.select(patterns).paths)
        self.backend = backend
        self.runner: Runner | None = None
        self.result: LearnResult | None = None
        self._compiled = threading.Event()
        self._followed = 0.0
        self.panel = ParameterPanel(PanelPresenter(self.session, self._show))
        self.view = DataView(comparison(self.experiment, self.data), lambda: self._show(0))
        self.monitor = LearnMonitor(
            {"start": self.start, "pause": self._pause, "resume": self._resume, "stop": self._stop}
        )
        self.panel.layout = ipywidgets.Layout(flex="0 0 460px")
        right = ipywidgets.VBox([self.view, self.monitor], layout=ipywidgets.Layout(flex="1 1 0%", min_width="0"))
        super().__init__([self.panel, right], layout=ipywidgets.Layout(width="100%", align_items="flex-start"))
        threading.Thread(target=self._first_prediction, name="qrexplore-compile", daemon=True).start()

    @property
    def twin(self) -> Twin:
        """The twin as it is now."""
        return self.session.twin

    def start(self) -> None:
        """Learn the free parameters, from where the twin is now or from a start read off the data.

        The one that fits better is taken.

        Raises
        ------
        RuntimeError
            If a run goes on.
        """
        if self.runner is not None and self.runner.busy:
            msg = "a run is going on. Stop it before another is started."
            raise RuntimeError(msg)
        twin, free, method = self.session.twin, sorted(self.session.free), self.monitor.method
        self.monitor.clear()
        self.monitor.elapsed = 0.0

        def make() -> Task:
            steps = 200 if method == "levenberg-marquardt" else 5000
            return guided(LearnProblem(twin, self.data, free=free, method=method, max_steps=steps))

        self.runner = Runner(
            make,
            on_state=self._entered,
            on_steps=self._stepped,
            on_result=self._learned,
            on_tick=lambda seconds: setattr(self.monitor, "elapsed", seconds),
        )
        self.runner.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the views are ready and the run, if there is one, has ended; False after `timeout` s."""
        ready = self._compiled.wait(timeout)
        return ready and (self.runner is None or self.runner.wait(timeout))

    def _pause(self) -> None:
        if self.runner is not None:
            self.runner.pause()

    def _resume(self) -> None:
        if self.runner is not None:
            self.runner.resume()

    def _stop(self) -> None:
        if self.runner is not None:
            self.runner.stop()

    def _entered(self, state: str, words: str) -> None:
        status = {
            "compiling": "compiling the model and its derivatives",
            "running": "learning",
            "paused": "paused",
            "error": words,
        }
        if state in status:
            self.monitor.status = status[state]
        self.monitor.state = state

    def _stepped(self, steps: list[Step]) -> None:
        self.monitor.add(steps)
        now = time.perf_counter()
        if now - self._followed >= _FOLLOW and self._compiled.is_set():
            self._followed = now
            self.view.show(self._predicted(self.session.twin.replace(steps[-1].parameters)), 0)

    def _learned(self, result: LearnResult) -> None:
        self.result = result
        values = {row.path: row.value for row in result.parameters}
        self.session.apply(values, result.stderr)
        self.monitor.fill(learned_rows(result))
        self.monitor.status = outcome(result)
        if self._compiled.is_set():
            self._show(0)

    def _predicted(self, twin: Twin) -> np.ndarray:
        return np.asarray(predict(twin, self.experiment))

    def _first_prediction(self) -> None:
        try:
            self._predicted(self.session.twin)
        except Exception as problem:  # noqa: BLE001 (shown on the view)
            self.view.notice, self.view.state = str(problem), "error"
            return
        self._compiled.set()
        self.view.state = "idle"
        self._show(0)

    def _show(self, request: int) -> None:
        """Draw the present twin; while the first prediction compiles there is nothing to draw yet."""
        if not self._compiled.is_set():
            return
        with self.session.lock:
            twin = self.session.twin
        self.view.show(self._predicted(twin), request)


def explore(twin: Twin, data: xr.Dataset, backend: Any = None, *, free: Sequence[str] | None = None) -> Workbench:
    """Open the workbench: move parameters and see the curves follow, learn, watch the loss.

    Parameters
    ----------
    twin
        Model with the names of the dataset's qubits, for example from `qrexplore.library.for_data`.
    data
        Result of one experiment.
    backend
        Where pulses are pushed and experiments run; None for none.
    free
        Patterns of the parameters to learn; those that the experiment can tell if left out.

    Returns
    -------
    Workbench
        A widget; as the last line of a cell it is displayed.

    Raises
    ------
    DatasetError
        If no twin can predict the experiment.
    ValueError
        If a pattern matches no parameter.
    """
    return Workbench(twin, data, backend, free)
