"""Readout: the resonator and the field in it (`dispersive`); signal (V), rescaled signal, confusion of single shots."""

from qrexplore.twin.readout.dispersive import (
    cavity_field,
    critical_photon_number,
    measurement_coherence,
    pulls,
    purcell_rate,
    shot_noise_dephasing,
    signal_to_noise,
)
from qrexplore.twin.readout.readout import AbstractReadout, ConfusionReadout, RescaledReadout, SignalReadout

__all__ = [
    "AbstractReadout",
    "ConfusionReadout",
    "RescaledReadout",
    "SignalReadout",
    "cavity_field",
    "critical_photon_number",
    "measurement_coherence",
    "pulls",
    "purcell_rate",
    "shot_noise_dephasing",
    "signal_to_noise",
]
