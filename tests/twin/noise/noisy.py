"""Twins with slow noise, for the tests of this folder."""

from dataclasses import replace

from qrexplore.core import Named
from qrexplore.twin import ConfusionReadout, SlowNoise, library
from qrexplore.twin.chip import Transmon

IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)


def noisy(twin, *, nodes=9, trajectories=256, seed=0, **sources):
    """The twin with some sources of slow noise, by name."""
    return replace(twin, noise=SlowNoise(Named(sources), nodes=nodes, trajectories=trajectories, seed=seed))


def one_qubit(**numbers):
    """A transmon that neither relaxes nor dephases by itself to speak of, read without error."""
    settings = {"frequency": 5e9, "t1": 10.0, "t_phi": 10.0, **numbers}
    return library.assemble({"q0": Transmon(**settings)}, readout={"q0": IDEAL})
