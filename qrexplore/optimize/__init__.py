"""Optimisers behind one contract, and the change between bounded parameters and free coordinates.

Each method has ``init``, ``advance`` and ``done`` on a `LeastSquares` problem; who loops is decided elsewhere
(`qrexplore.core.iterate`). Where a search stands is a `Progress`, which `pack` turns into arrays and `unpack` back.
"""

from functools import partial

from qrexplore.optimize.automatic import Choice, Features, automatic
from qrexplore.optimize.checkpoint import pack, unpack
from qrexplore.optimize.cma_es import CmaEs
from qrexplore.optimize.driver import End, Method, search
from qrexplore.optimize.hybrid import Hybrid
from qrexplore.optimize.l_bfgs import LBfgs
from qrexplore.optimize.levenberg_marquardt import LevenbergMarquardt
from qrexplore.optimize.multistart import MultiStart, Optimum, distinct, multi_start, residual_distance, starts
from qrexplore.optimize.nelder_mead import NelderMead
from qrexplore.optimize.objective import LeastSquares, Progress, curvature_scale, misfit_scale
from qrexplore.optimize.optax_methods import OPTAX_METHODS, Optax, rate_of, with_rate
from qrexplore.optimize.race import Ratio, Trace, race, ratio
from qrexplore.optimize.reposed import reposed
from qrexplore.optimize.secant import secant
from qrexplore.optimize.several_starts import SeveralStarts
from qrexplore.optimize.stop import Mark, Stop
from qrexplore.optimize.transforms import Coordinates

# the best known of them by its own name
Adam = Optax

METHODS = {
    "levenberg-marquardt": LevenbergMarquardt,
    "gauss-newton": partial(LevenbergMarquardt, damped=False),
    "l-bfgs": LBfgs,
    **{name: partial(Optax, name=name) for name in OPTAX_METHODS},
    "cma-es": CmaEs,
    "nelder-mead": NelderMead,
    "hybrid": Hybrid,
    "multi-start": SeveralStarts,
}

__all__ = [
    "METHODS",
    "OPTAX_METHODS",
    "Adam",
    "Choice",
    "CmaEs",
    "Coordinates",
    "End",
    "Features",
    "Hybrid",
    "LBfgs",
    "LeastSquares",
    "LevenbergMarquardt",
    "Mark",
    "Method",
    "MultiStart",
    "NelderMead",
    "Optax",
    "Optimum",
    "Progress",
    "Ratio",
    "SeveralStarts",
    "Stop",
    "Trace",
    "automatic",
    "curvature_scale",
    "distinct",
    "misfit_scale",
    "multi_start",
    "pack",
    "race",
    "rate_of",
    "ratio",
    "reposed",
    "residual_distance",
    "search",
    "secant",
    "starts",
    "unpack",
    "with_rate",
]
