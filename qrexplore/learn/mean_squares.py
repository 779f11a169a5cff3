"""The recipe of the white paper: denoised data, their mean squared distance from the twin, and Adam to a tolerance.

It needs no noise to be known and is the baseline that the rest of this package is compared with. It weighs a population of 0.5
and one of 0.01 alike and states no uncertainty; likelihoods of the data as they were measured do both better.

References
----------
Qruise, Differentiable Simulations for R&D: the path to an AI Physicist, section 4.4 and Fig. 5.
"""

from dataclasses import replace

import numpy as np
import xarray as xr

from qrexplore.core import require_positive
from qrexplore.data import DENOISED, DatasetError, denoised
from qrexplore.learn.problem import LearnProblem
from qrexplore.optimize import Stop

# steps of Adam at most, and those within which a loss that is at the noise must have fallen by a thousandth
_STEPS, _PATIENCE, _SHARE = 2000, 100, 1e-3


def mean_squares(problem: LearnProblem, tolerance: float = 0.01) -> LearnProblem:
    """Give the question of a problem as the white paper poses it, to be learned like any other.

    Parameters
    ----------
    problem
        The question. Signals are rescaled to populations beforehand, see `qrexplore.data.rescaled`, or compared as signals.
    tolerance
        Where the search ends: rms distance from the data over the rms of these about their mean. Above 0; noise that denoising
        leaves may be larger, and the search then ends where it gains nothing any more.

    Returns
    -------
    LearnProblem
        With the likelihood ``mse``, the method ``adam``, and the same data, denoised where they are long and complete enough
        for that (see `qrexplore.data.denoised`); those that are not stay as they are.

    Raises
    ------
    ValueError
        If the tolerance is not above 0.
    """
    require_positive(tolerance, "tolerance", "1")
    data = {name: _smooth(one) for name, one in problem.whole.items()}
    question = replace(problem, data=data, likelihood="mse", method="adam", robust=None, max_steps=_STEPS)
    numbers = sum(int(np.sum(part.present)) for part in question.measured)
    return replace(question, stop=Stop(target=tolerance**2 * numbers / 2, patience=_PATIENCE, share=_SHARE))


def _smooth(data: xr.Dataset) -> xr.Dataset:
    if data.attrs.get(DENOISED):
        return data
    try:
        return denoised(data)
    except DatasetError:
        return data
