"""Optimisers behind one contract, and the change between bounded parameters and free coordinates.

Each method has ``init``, ``advance`` and ``done`` on a `LeastSquares` problem; who loops is decided elsewhere
(`qrexplore.core.iterate`).
"""

from qrexplore.optimize.adam import Adam
from qrexplore.optimize.levenberg_marquardt import LevenbergMarquardt
from qrexplore.optimize.objective import LeastSquares, Progress
from qrexplore.optimize.transforms import Coordinates

METHODS = {"levenberg-marquardt": LevenbergMarquardt, "adam": Adam}

__all__ = ["METHODS", "Adam", "Coordinates", "LeastSquares", "LevenbergMarquardt", "Progress"]
