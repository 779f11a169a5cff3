"""Optimisers behind one contract, and the change between bounded parameters and free coordinates.

Each method has ``init``, ``advance`` and ``done`` on a `LeastSquares` problem; who loops is decided elsewhere
(`qrexplore.core.iterate`). Where a search stands is a `Progress`, which `pack` turns into arrays and `unpack` back.
"""

from functools import partial

from qrexplore.optimize.checkpoint import pack, unpack
from qrexplore.optimize.levenberg_marquardt import LevenbergMarquardt
from qrexplore.optimize.objective import LeastSquares, Progress
from qrexplore.optimize.optax_methods import OPTAX_METHODS, Optax, with_rate
from qrexplore.optimize.transforms import Coordinates

# the best known of them by its own name
Adam = Optax

METHODS = {
    "levenberg-marquardt": LevenbergMarquardt,
    **{name: partial(Optax, name=name) for name in OPTAX_METHODS},
}

__all__ = [
    "METHODS",
    "Adam",
    "Coordinates",
    "LeastSquares",
    "LevenbergMarquardt",
    "Optax",
    "Progress",
    "pack",
    "unpack",
    "with_rate",
]
