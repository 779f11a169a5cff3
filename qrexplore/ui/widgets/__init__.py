"""Widgets of JupyterLab: one anywidget class a file, each a thin shell over a presenter.

The front ends are the bundles in ``ui/static``, built from ``widgets/src``.
"""

from qrexplore.ui.widgets.computational_graph import GraphView, explore_graph
from qrexplore.ui.widgets.data_view import DataView
from qrexplore.ui.widgets.examination import ExaminationView
from qrexplore.ui.widgets.learn_monitor import LearnMonitor
from qrexplore.ui.widgets.parameter_panel import ParameterPanel
from qrexplore.ui.widgets.race import RaceView, explore_race

__all__ = [
    "DataView",
    "ExaminationView",
    "GraphView",
    "LearnMonitor",
    "ParameterPanel",
    "RaceView",
    "explore_graph",
    "explore_race",
]
