"""Preparation of a level that varies along the sweep."""

import numpy as np

from qrexplore.core import require_counts
from qrexplore.experiments.blocks import Prepare
from qrexplore.experiments.experiment import Experiment, Point


def prepared(experiment: Experiment, point: Point, qubit: str, coordinate: str) -> Prepare:
    """Give the block that prepares a qubit in the level that a coordinate says.

    Raises
    ------
    ValueError
        If a level is not a whole number from 0.
    """
    require_counts(experiment.coordinates[coordinate].values, coordinate)
    levels = np.unique(experiment.coordinates[coordinate].values)
    return Prepare(qubit, point[coordinate], among=tuple(int(level) for level in levels))
