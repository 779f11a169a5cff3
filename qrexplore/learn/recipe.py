"""Recipes: what an experiment can tell, and where its search may begin."""

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from qrexplore.experiments import Experiment, pulsed_qubit
from qrexplore.twin import ConfusionReadout, Twin

Values = dict[str, float]


@dataclass(frozen=True)
class Recipe:
    """How an experiment is learned.

    Attributes
    ----------
    free
        Patterns of the free paths, with ``{qubit}`` for each measured qubit and ``{pulsed}`` for the one that is pulsed.
    start
        Gives starting values from a twin, the experiment and the measured numbers.
    ideal
        Free paths that an undistorted device would not need, with the values they have there.
    begin
        Values for those paths to begin with where a start has the ideal ones: a distortion that is absent has no direction
        to grow in.
    """

    free: tuple[str, ...]
    start: Callable[[Twin, Experiment, np.ndarray], Values]
    ideal: Mapping[str, float] = field(default_factory=dict)
    begin: Mapping[str, float] = field(default_factory=dict)

    def paths(self, twin: Twin, experiment: Experiment) -> list[str]:
        """Give the patterns of the free paths with names of qubits, as far as the twin has what they name."""
        pulsed = pulsed_qubit(experiment)
        free = [pattern.format(qubit=qubit, pulsed=pulsed) for pattern in self.free for qubit in experiment.qubits]
        for qubit in experiment.qubits:
            confused = isinstance(twin.readout[f"readout_{qubit}"], ConfusionReadout)
            free += [
                f"readout_{qubit}.{name}" for name in (("false_one", "false_zero") if confused else ("offset", "scale"))
            ]
        there = twin.parameters.paths
        return [pattern for pattern in dict.fromkeys(free) if fnmatch.filter(there, pattern)]

    def undistorted(self, twin: Twin, experiment: Experiment) -> Values:
        """Give the values that a twin has where it is undistorted."""
        return _named(self.ideal, twin, experiment)

    def distorted(self, twin: Twin, experiment: Experiment) -> Values:
        """Give values to begin a search for the distortion with: those of a twin, unless they are the ideal ones."""
        small = _named(self.begin, twin, experiment)
        table = twin.parameters
        return {
            path: small.get(path, value) if table[path].value == value else table[path].value
            for path, value in self.undistorted(twin, experiment).items()
        }


def as_it_is(_: Twin, __: Experiment, ___: np.ndarray) -> Values:
    """Start from the values of the twin."""
    return {}


def _named(values: Mapping[str, float], twin: Twin, experiment: Experiment) -> Values:
    pulsed, table = pulsed_qubit(experiment), twin.parameters
    named = {path.format(pulsed=pulsed): value for path, value in values.items()}
    return {path: value for path, value in named.items() if path in table}
