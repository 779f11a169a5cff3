"""The workbench: parameter panel, data view and learn monitor around one session."""

import time
from collections.abc import Sequence
from pathlib import Path

import ipywidgets
import xarray as xr

from qrexplore.data import DatasetError
from qrexplore.experiments import from_dataset
from qrexplore.hardware import Backend
from qrexplore.learn import LearnResult, completed, recipe_of
from qrexplore.twin import Twin
from qrexplore.ui.presenters import MonitorPresenter, PanelPresenter, ViewPresenter
from qrexplore.ui.runner import Runner
from qrexplore.ui.session import Session
from qrexplore.ui.widgets import DataView, LearnMonitor, ParameterPanel
from qrexplore.views import comparison


class Workbench(ipywidgets.HBox):
    """All views on one twin and one dataset, as a widget; made by `explore`.

    Attributes
    ----------
    session
        Current twin, free parameters, history.
    panel, view, monitor
        The three widgets.
    """

    def __init__(
        self,
        twin: Twin,
        data: xr.Dataset,
        backend: Backend | None = None,
        free: Sequence[str] | None = None,
        runs: str | Path | None = None,
    ) -> None:
        _check_one_experiment(data)
        data = completed(twin, data)
        experiment = from_dataset(data)
        patterns = recipe_of(experiment).paths(twin, experiment) if free is None else list(free)
        self.session = Session(twin, experiment, twin.parameters.select(patterns).paths if patterns else ())
        remark = "" if backend is None else f"backend {backend.name} ({type(backend).__name__})"
        self._view = ViewPresenter(self.session, comparison(experiment, data), remark=remark)
        self._monitor = MonitorPresenter(
            self.session, data, follow=self._view.follow, ended=self._view.show, folder=runs
        )
        self.view = DataView(self._view)
        self.monitor = LearnMonitor(self._monitor)
        self.panel = ParameterPanel(
            PanelPresenter(self.session, self._view.show, self._monitor.check_free),
            layout=ipywidgets.Layout(flex="0 1 460px", min_width="0"),
        )
        right = ipywidgets.VBox([self.view, self.monitor], layout=ipywidgets.Layout(flex="1 1 520px", min_width="0"))
        # in a narrow place the views go below the panel
        layout = ipywidgets.Layout(width="100%", align_items="flex-start", flex_flow="row wrap", grid_gap="8px")
        super().__init__([self.panel, right], layout=layout)

    @property
    def twin(self) -> Twin:
        """The twin as it is now."""
        return self.session.twin

    @property
    def runner(self) -> Runner:
        """What drives the learning runs; `pause`, `resume` and `stop` are there."""
        return self._monitor.runner

    @property
    def result(self) -> LearnResult | None:
        """What the last run found, or None."""
        return self._monitor.result

    def learn(self) -> None:
        """Press Learn: begin to learn the free parameters; RuntimeError if a run is going on."""
        self._monitor.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being compiled and no run is going on; False if that takes longer than `timeout` s."""
        began = time.monotonic()
        if not self._view.wait(timeout):
            return False
        left = None if timeout is None else max(0.0, timeout - (time.monotonic() - began))
        return self.runner.wait(left)


def explore(
    twin: Twin,
    data: xr.Dataset,
    backend: Backend | None = None,
    *,
    free: Sequence[str] | None = None,
    runs: str | Path | None = None,
) -> Workbench:
    """Open the workbench: move parameters and see the curves follow, learn, watch the loss.

    Parameters
    ----------
    twin
        Model with the names of the dataset's qubits, for example from `qrexplore.library.for_data`.
    data
        Result of one experiment.
    backend
        The device that the data come from, named beside the summary; None for none.
    free
        Patterns of the parameters to learn; those that the experiment can tell if left out.
    runs
        Folder in which each run gets one of its own, so that a kernel that dies loses at most a second of it:
        ``qrexplore runs resume`` finishes it, and ``qrexplore runs ask`` steers it. None to keep no runs.

    Returns
    -------
    Workbench
        A widget; as the last line of a cell it is displayed.

    Raises
    ------
    DatasetError
        If `data` is not the result of one experiment that a twin can predict.
    ValueError
        If a pattern matches no parameter.
    """
    return Workbench(twin, data, backend, free, runs)


def _check_one_experiment(data: xr.Dataset) -> None:
    if isinstance(data, xr.Dataset):
        return
    found = type(data).__name__
    advice = "Open it with qrexplore.open_data."
    if isinstance(data, xr.DataTree):
        names = [node.path.strip("/") for node in data.subtree if node.data_vars]
        found = f"a DataTree of {', '.join(names)}"
        advice = f"Take one of its experiments, for example data[{names[0]!r}].to_dataset()." if names else advice
    msg = f"`data` must be the xarray.Dataset of one experiment, got {found}."
    raise DatasetError(msg, advice)
