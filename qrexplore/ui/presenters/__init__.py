"""Presenters: what each widget shows and what its messages do, apart from any front end.

A presenter holds a `Channel`: the traits and messages of the wire. A shell (an anywidget in JupyterLab, a component of a
served app) attaches itself to the channel and carries it to a browser.
"""

from qrexplore.ui.presenters.channel import Channel, packed
from qrexplore.ui.presenters.computational_graph import GraphPresenter
from qrexplore.ui.presenters.data_view import ViewPresenter
from qrexplore.ui.presenters.examination import ExaminationPresenter
from qrexplore.ui.presenters.learn_monitor import MonitorPresenter
from qrexplore.ui.presenters.parameter_panel import PanelPresenter
from qrexplore.ui.presenters.race import RacePresenter

__all__ = [
    "Channel",
    "ExaminationPresenter",
    "GraphPresenter",
    "MonitorPresenter",
    "PanelPresenter",
    "RacePresenter",
    "ViewPresenter",
    "packed",
]
