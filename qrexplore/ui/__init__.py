"""The user interface: the session, the runner and the widgets of the workbench.

Everything below this floor is immutable; here, and only here, is state. Handlers of widgets may be called from several
threads at once, so they take the session's lock and never compile.
"""

from qrexplore.ui.figures import (
    case_figure,
    examination_figure,
    show_case,
    show_examination,
    show_signal_path,
    show_study,
    signal_path_figure,
    study_figure,
)
from qrexplore.ui.runner import Runner
from qrexplore.ui.session import Session, Snapshot
from qrexplore.ui.widgets import RaceView, explore_graph, explore_race
from qrexplore.ui.workbench import Workbench, explore

__all__ = [
    "RaceView",
    "Runner",
    "Session",
    "Snapshot",
    "Workbench",
    "case_figure",
    "examination_figure",
    "explore",
    "explore_graph",
    "explore_race",
    "show_case",
    "show_examination",
    "show_signal_path",
    "show_study",
    "signal_path_figure",
    "study_figure",
]
