"""The predictor: what a twin predicts, split into what may compile (in a worker) and what may not (in a handler)."""

import time

import numpy as np

from qrexplore.experiments import Experiment
from qrexplore.twin import Twin, step_error
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.prediction import compiled, solved
from qrexplore.twin.resolution import TOLERANCE

# seconds between two looks at the error of the steps while a slider moves; a look takes about as long as a prediction
_LOOK = 1.0


class Predictor:
    """Predictions of one experiment.

    A twin whose frequencies are too large for the step of the solver needs a finer one, and that is another program to
    compile. So a moved slider asks `at_once`, which says when a worker has to `prediction` first.

    Parameters
    ----------
    experiment
        What is predicted.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._compiled: set[int] = set()
        self._substeps = 0
        self._looked = time.monotonic()

    def prediction(self, twin: Twin) -> np.ndarray:
        """Give the prediction, and compile what it takes."""
        values, chosen = solved(twin, self.experiment)
        self._substeps = chosen.substeps
        self._compiled.add(chosen.substeps)
        self._looked = time.monotonic()
        return np.asarray(values)

    def at_once(self, twin: Twin) -> np.ndarray | None:
        """Give the prediction if what it takes is compiled, else None."""
        if time.monotonic() - self._looked > _LOOK:
            self._look(twin)
        for substeps in sorted(steps for steps in self._compiled if steps >= self._substeps):
            values, norm = compiled(self.experiment, substeps)(twin)
            if not float(norm) > LARGEST_NORM:
                # a coarser try would be computed and thrown away at each move
                self._substeps = substeps
                return np.asarray(values)
        return None

    def _look(self, twin: Twin) -> None:
        """Take the coarsest steps that are compiled and good enough, or finer ones than are compiled."""
        self._looked = time.monotonic()
        good = (n for n in sorted(self._compiled) if not step_error(twin, self.experiment, n)[0] > TOLERANCE)
        self._substeps = next(good, max(self._compiled, default=0) + 1)
