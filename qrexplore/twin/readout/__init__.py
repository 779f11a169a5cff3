"""Readout: what is reported of a qubit, and where that comes from.

Models of what is reported: signal (V), rescaled signal, clouds in the IQ plane, confusion of single shots with two or three
outcomes. Below them the resonator, the field in it (`dispersive`), and what integrating that gives (`integration`).
"""

from qrexplore.twin.readout.assignment import AssignmentReadout, confusion, joint_outcomes
from qrexplore.twin.readout.clouds import AbstractCloudReadout, IQReadout
from qrexplore.twin.readout.dispersive import (
    cavity_field,
    critical_photon_number,
    measurement_coherence,
    pulls,
    purcell_rate,
    shot_noise_dephasing,
    signal_to_noise,
)
from qrexplore.twin.readout.integration import (
    DispersiveReadout,
    assignment_error,
    decay_error,
    integrated_signal,
    integration_weights,
)
from qrexplore.twin.readout.readout import AbstractReadout, ConfusionReadout, RescaledReadout, SignalReadout

__all__ = [
    "AbstractCloudReadout",
    "AbstractReadout",
    "AssignmentReadout",
    "ConfusionReadout",
    "DispersiveReadout",
    "IQReadout",
    "RescaledReadout",
    "SignalReadout",
    "assignment_error",
    "cavity_field",
    "confusion",
    "critical_photon_number",
    "decay_error",
    "integrated_signal",
    "integration_weights",
    "joint_outcomes",
    "measurement_coherence",
    "pulls",
    "purcell_rate",
    "shot_noise_dephasing",
    "signal_to_noise",
]
