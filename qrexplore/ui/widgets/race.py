"""A race of methods in JupyterLab."""

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from qrexplore.learn import RACERS, LearnProblem
from qrexplore.optimize import Stop
from qrexplore.ui.presenters import RacePresenter
from qrexplore.ui.widgets.shell import bundle, connect
from qrexplore.views import RaceTable


class RaceView(anywidget.AnyWidget):
    """The shell of a `RacePresenter`."""

    _esm = bundle("race.js")
    _css = bundle("race.css")

    state = traitlets.Unicode().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    lines = traitlets.List().tag(sync=True)
    axis = traitlets.Unicode().tag(sync=True)
    level = traitlets.Float().tag(sync=True)
    rows = traitlets.List().tag(sync=True)

    def __init__(self, presenter: RacePresenter, **keywords: Any) -> None:
        super().__init__(**presenter.channel.traits, **keywords)
        self.presenter = presenter
        connect(self, presenter.channel, written=["axis"])

    @property
    def table(self) -> RaceTable | None:
        """What each method needed, when the race has ended; None before."""
        return self.presenter.table

    def start(self) -> None:
        """Press Race."""
        self.presenter.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the race, at most `timeout` s; True if it has come."""
        return self.presenter.runner.wait(timeout)


def explore_race(problem: LearnProblem, methods: Sequence[str] = RACERS, *, stop: Stop | None = None) -> RaceView:
    """Let methods race on a learning problem, live in one plot, and see how many times the evaluations each needs.

    Parameters
    ----------
    problem
        What all of them look for; its own method is not used.
    methods
        Names in `qrexplore.optimize.METHODS`; Levenberg-Marquardt, L-BFGS and Adam against CMA-ES and Nelder-Mead if left out.
    stop
        Limits of each; 60 s if left out.
    """
    return RaceView(RacePresenter(problem, methods, stop))
