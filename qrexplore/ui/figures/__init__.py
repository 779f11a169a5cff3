"""Figures: views drawn with Bokeh, for what changes on an action and for reports."""

from qrexplore.ui.figures.study import show_study, study_figure

__all__ = ["show_study", "study_figure"]
