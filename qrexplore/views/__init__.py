"""Views: results as frozen records of arrays, labels and units, ready to draw; nothing here draws."""

from qrexplore.views.comparison import Axis, Comparison, comparison
from qrexplore.views.learning import LearnedRow, learned_rows, outcome
from qrexplore.views.parameters import ParameterRow, parameter_rows, slider_range

__all__ = [
    "Axis",
    "Comparison",
    "LearnedRow",
    "ParameterRow",
    "comparison",
    "learned_rows",
    "outcome",
    "parameter_rows",
    "slider_range",
]
