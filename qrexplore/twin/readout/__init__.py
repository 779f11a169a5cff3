"""Readout models: signal (V), rescaled signal, confusion of single shots."""

from qrexplore.twin.readout.readout import AbstractReadout, ConfusionReadout, RescaledReadout, SignalReadout

__all__ = ["AbstractReadout", "ConfusionReadout", "RescaledReadout", "SignalReadout"]
