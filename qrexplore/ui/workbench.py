"""The workbench: parameter panel, data view and learn monitor around one session."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import ipywidgets
import xarray as xr

from qrexplore.core import Prior, require_choice
from qrexplore.data import DatasetError
from qrexplore.experiments import from_dataset
from qrexplore.hardware import Backend
from qrexplore.learn import LIKELIHOODS, Examination, LearnResult, completed, recipe_of
from qrexplore.twin import Twin
from qrexplore.ui.presenters import ExaminationPresenter, MonitorPresenter, PanelPresenter, ViewPresenter
from qrexplore.ui.runner import Runner
from qrexplore.ui.session import Session
from qrexplore.ui.widgets import DataView, ExaminationView, LearnMonitor, ParameterPanel
from qrexplore.views import comparison

Data = xr.Dataset | xr.DataTree | Mapping[str, xr.Dataset]


class Workbench(ipywidgets.HBox):
    """All views on one twin and what was measured of it, as a widget; made by `explore`.

    Attributes
    ----------
    session
        Current twin, free parameters, history.
    panel, view, monitor, worth
        The widgets.
    """

    def __init__(
        self,
        twin: Twin,
        data: Data,
        backend: Backend | None = None,
        *,
        free: Sequence[str] | None = None,
        priors: Mapping[str, Prior] | None = None,
        likelihood: str = "gaussian",
        runs: str | Path | None = None,
    ) -> None:
        datasets = {name: completed(twin, one) for name, one in _datasets(data).items()}
        experiments = {name: from_dataset(one) for name, one in datasets.items()}
        if free is None:
            told = [path for one in experiments.values() for path in recipe_of(one).paths(twin, one)]
            free = list(dict.fromkeys([*(priors or {}), *told]))
        self.session = Session(twin, twin.parameters.select(free).paths if free else ())
        remark = "" if backend is None else f"backend {backend.name} ({type(backend).__name__})"
        compared = {name: comparison(experiments[name], one) for name, one in datasets.items()}
        self._view = ViewPresenter(self.session, compared, remark=remark)
        self._monitor = MonitorPresenter(
            self.session,
            datasets,
            follow=self._view.follow,
            begins=self._begins,
            ended=self._ended,
            priors=priors,
            likelihood=likelihood,
            folder=runs,
        )
        self._worth = ExaminationPresenter(self._monitor.fitted, examined=self._examined)
        self.view = DataView(self._view)
        self.monitor = LearnMonitor(self._monitor)
        self.worth = ExaminationView(self._worth)
        self.panel = ParameterPanel(
            PanelPresenter(self.session, self._view.show, self._monitor.check_free),
            layout=ipywidgets.Layout(flex="0 1 460px", min_width="0"),
        )
        views = [self.view, self.monitor, self.worth]
        right = ipywidgets.VBox(views, layout=ipywidgets.Layout(flex="1 1 520px", min_width="0"))
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

    @property
    def examination(self) -> Examination | None:
        """What the last fit is worth, or None if it was not examined."""
        return self._worth.examination

    def show(self, name: str) -> None:
        """Show another dataset; ValueError if there is none of that name."""
        self._view.choose(name)

    def learn(self) -> None:
        """Press Learn: begin to learn the free parameters; RuntimeError if a run is going on, or a fit is being examined."""
        self._monitor.start()

    def examine(self) -> None:
        """Press Examine: say what the last fit is worth; RuntimeError if there is none, or one is being made or examined."""
        self._worth.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being compiled, learned or examined; False if that takes longer than `timeout` s."""
        began = time.monotonic()

        def left() -> float | None:
            return None if timeout is None else max(0.0, timeout - (time.monotonic() - began))

        return all(wait(left()) for wait in (self.runner.wait, self._worth.runner.wait, self._view.wait))

    def _begins(self) -> None:
        self._worth.require_idle()

    def _ended(self) -> None:
        found = self.examination
        if found is not None and found.result is self.result:
            self._view.show()
            return
        # what was said of an earlier fit holds no more
        self._worth.forget()
        self._view.put_bands(self.twin, {})

    def _examined(self, found: Examination) -> None:
        self._view.put_bands(found.result.twin, found.bands)


def explore(
    twin: Twin,
    data: Data,
    backend: Backend | None = None,
    *,
    free: Sequence[str] | None = None,
    priors: Mapping[str, Prior] | None = None,
    likelihood: str = "gaussian",
    runs: str | Path | None = None,
) -> Workbench:
    """Open the workbench: move parameters and see the curves follow, learn, watch the loss.

    Parameters
    ----------
    twin
        Model with the names of the dataset's qubits, for example from `qrexplore.library.for_data`.
    data
        Result of one experiment, or of several on the same device (a mapping by name or an ``xarray.DataTree``): they are
        learned jointly, and shown one at a time.
    backend
        The device that the data come from, named beside the summary; None for none.
    free
        Patterns of the parameters to learn; those that the experiments can tell, and those of `priors`, if left out.
    priors, likelihood
        What is known beforehand, and how data are compared, see `qrexplore.learn.LearnProblem`.
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
        If `data` holds something else than results of experiments that a twin can predict.
    ValueError
        If a pattern matches no parameter, or the likelihood is none.
    """
    require_choice(likelihood, "likelihood", LIKELIHOODS)
    return Workbench(twin, data, backend, free=free, priors=priors, likelihood=likelihood, runs=runs)


def _datasets(data: Data) -> dict[str, xr.Dataset]:
    """Give what was measured by name, each the result of one experiment."""
    if isinstance(data, xr.Dataset):
        return {str(data.attrs.get("experiment", "data")): data}
    if isinstance(data, xr.DataTree):
        data = {node.path.strip("/"): node.to_dataset() for node in data.subtree if node.data_vars}
    elif not isinstance(data, Mapping):
        msg = f"`data` must be an xarray.Dataset of one experiment, or several by name, got {type(data).__name__}."
        raise DatasetError(msg, "Open it with qrexplore.open_data.")
    if not data:
        msg = "`data` holds no dataset."
        raise DatasetError(msg, "Give the results of one experiment at least.")
    for name, one in data.items():
        if not isinstance(one, xr.Dataset):
            msg = f"`data[{name!r}]` must be the xarray.Dataset of one experiment, got {type(one).__name__}."
            raise DatasetError(msg, "Open it with qrexplore.open_data.")
    return dict(data)
