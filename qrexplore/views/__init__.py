"""Views: results as frozen records of arrays, labels and units, ready to draw; nothing here draws."""

from qrexplore.views.comparison import Axis, Comparison, comparison
from qrexplore.views.computational_graph import ComputationalGraph, GraphNode, GraphNumbers, computational_graph
from qrexplore.views.examination import EstimateRow, estimate_rows
from qrexplore.views.learning import LearnedRow, LossCurve, learned_rows, loss_curve, outcome
from qrexplore.views.parameters import ParameterRow, parameter_rows, slider_range
from qrexplore.views.race import RaceRow, RaceTable, race_table
from qrexplore.views.signal_path import PathStage, SignalPath, signal_path
from qrexplore.views.step_response import StepResponse, learned_step_response
from qrexplore.views.traces import METHOD_LABELS, TracedDataset, TracedParameter, TraceTable, trace_table

__all__ = [
    "METHOD_LABELS",
    "Axis",
    "Comparison",
    "ComputationalGraph",
    "EstimateRow",
    "GraphNode",
    "GraphNumbers",
    "LearnedRow",
    "LossCurve",
    "ParameterRow",
    "PathStage",
    "RaceRow",
    "RaceTable",
    "SignalPath",
    "StepResponse",
    "TraceTable",
    "TracedDataset",
    "TracedParameter",
    "comparison",
    "computational_graph",
    "estimate_rows",
    "learned_rows",
    "learned_step_response",
    "loss_curve",
    "outcome",
    "parameter_rows",
    "race_table",
    "signal_path",
    "slider_range",
    "trace_table",
]
