"""The loop around the twin: from data to what is wrong with a device, and from there to pulses that are right for it."""

from qrexplore.loop.case_folder import RESULT, require_case
from qrexplore.loop.case_study import measured, solve_case
from qrexplore.loop.causes import Cause, Diagnosis, Suspect, diagnosed, suspects
from qrexplore.loop.controlled_z import CzPulse, calibrated_cz, corrected, corrections, cz_error, lossy_cz_error
from qrexplore.loop.criteria import Criterion, criteria
from qrexplore.loop.report import STEP_TIMES, CaseReport
from qrexplore.loop.summary import Summary, summarized

__all__ = [
    "RESULT",
    "STEP_TIMES",
    "CaseReport",
    "Cause",
    "Criterion",
    "CzPulse",
    "Diagnosis",
    "Summary",
    "Suspect",
    "calibrated_cz",
    "corrected",
    "corrections",
    "criteria",
    "cz_error",
    "diagnosed",
    "lossy_cz_error",
    "measured",
    "require_case",
    "solve_case",
    "summarized",
    "suspects",
]
