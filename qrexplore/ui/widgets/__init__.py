"""Widgets: one anywidget class a file, each a thin shell over plain Python; the front ends lie in ``ui/static``."""

from qrexplore.ui.widgets.data_view import DataView
from qrexplore.ui.widgets.learn_monitor import LearnMonitor
from qrexplore.ui.widgets.parameter_panel import PanelPresenter, ParameterPanel

__all__ = ["DataView", "LearnMonitor", "PanelPresenter", "ParameterPanel"]
