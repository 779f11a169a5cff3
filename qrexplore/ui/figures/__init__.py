"""Figures: views drawn with Bokeh, for what changes on an action and for reports."""

from qrexplore.ui.figures.case_study import case_figure, show_case
from qrexplore.ui.figures.examination import examination_figure, show_examination
from qrexplore.ui.figures.looks import display, neutral
from qrexplore.ui.figures.signal_path import show_signal_path, signal_path_figure
from qrexplore.ui.figures.study import show_study, study_figure

__all__ = [
    "case_figure",
    "display",
    "examination_figure",
    "neutral",
    "show_case",
    "show_examination",
    "show_signal_path",
    "show_study",
    "signal_path_figure",
    "study_figure",
]
