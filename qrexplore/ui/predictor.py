"""The predictor: what a twin predicts, split into what may compile (in a worker) and what may not (in a handler)."""

import numpy as np

from qrexplore.experiments import Experiment
from qrexplore.twin import Twin, predict
from qrexplore.twin.prediction import DEFAULT_SUBSTEPS, LARGEST_NORM, compiled, refined


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
        self._substeps = DEFAULT_SUBSTEPS

    def prediction(self, twin: Twin) -> np.ndarray:
        """Give the prediction, and compile what it takes."""
        values = np.asarray(predict(twin, self.experiment))
        self._walk(twin, note=True)
        return values

    def at_once(self, twin: Twin) -> np.ndarray | None:
        """Give the prediction if what it takes is compiled, else None."""
        return self._walk(twin, note=False)

    def _walk(self, twin: Twin, *, note: bool) -> np.ndarray | None:
        # begin where the last one was fine enough: a coarser try would be computed and thrown away at each move
        substeps = self._substeps
        while True:
            if note:
                self._compiled.add(substeps)
            if substeps not in self._compiled:
                return None
            values, norm = compiled(self.experiment, substeps)(twin)
            if not float(norm) > LARGEST_NORM:
                need = substeps * float(norm) / LARGEST_NORM
                self._substeps = min((steps for steps in self._compiled if steps >= need), default=substeps)
                return np.asarray(values)
            substeps = refined(substeps, float(norm))
