"""Going on with a search on a problem that moves other parameters."""

from dataclasses import replace

from qrexplore.optimize.driver import Method
from qrexplore.optimize.objective import LeastSquares, Progress
from qrexplore.optimize.optax_methods import counted_from, rate_of, with_rate


def reposed(method: Method, problem: LeastSquares, progress: Progress) -> Progress:
    """Begin at the start of a problem as a continuation of another search.

    Parameters
    ----------
    method, problem
        What goes on, and where.
    progress
        Of the search so far. Its steps and calls count on, and its learning rate stays; what it learned of a valley with
        other coordinates (damping, curvature, momentum, spread) is learned anew.
    """
    fresh = method.init(problem)
    fresh = replace(fresh, evaluations=progress.evaluations + fresh.evaluations)
    rate = rate_of(progress)
    if rate is not None and rate_of(fresh) is not None:
        fresh = with_rate(fresh, rate)
    return counted_from(fresh, progress.iteration)
