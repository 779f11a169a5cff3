"""The loop around the twin: from data to what is wrong with a device, and from there to pulses that are right for it."""

from qrexplore.loop.case_study import STEP_TIMES, CaseReport, measured, solve_case
from qrexplore.loop.causes import Cause, Diagnosis, Suspect, diagnosed, suspects
from qrexplore.loop.controlled_z import CzPulse, calibrated_cz, corrected, corrections, cz_error

__all__ = [
    "STEP_TIMES",
    "CaseReport",
    "Cause",
    "CzPulse",
    "Diagnosis",
    "Suspect",
    "calibrated_cz",
    "corrected",
    "corrections",
    "cz_error",
    "diagnosed",
    "measured",
    "solve_case",
    "suspects",
]
