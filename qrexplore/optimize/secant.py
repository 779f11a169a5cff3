"""Least squares whose Jacobian is corrected along each step instead of computed."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from qrexplore.optimize.objective import LeastSquares


def secant(
    residual: Callable[[np.ndarray], np.ndarray],
    start: Float[np.ndarray, " parameters"],
    jacobian: Float[np.ndarray, "residuals parameters"],
    scale: Float[np.ndarray, " parameters"],
) -> LeastSquares:
    """Pose a problem of which only residuals are cheap, and a Jacobian is known from somewhere near.

    At each new point the Jacobian takes on what the last step has shown of it. That serves a search of a few steps, where it is
    about right. What is left at the optimum is not seen to be the least by a Jacobian that is wrong along it: a search ends near
    it, and not on it.

    Parameters
    ----------
    residual
        Gives the residuals at some coordinates.
    start
        Where the search begins.
    jacobian
        About what it is there.
    scale
        How far each coordinate may be off: steps are compared in these lengths. All above 0.

    Returns
    -------
    LeastSquares
        For one search, since it remembers where it was asked.
    """
    known, last = np.array(jacobian), None
    met: dict[bytes, np.ndarray] = {}

    def linearize(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal known, last
        key = np.asarray(point).tobytes()
        if key in met:
            return met[key], known
        found = met[key] = residual(point)
        if last is not None:
            known = corrected(known, point - last[0], found - last[1], scale)
        last = np.array(point), found
        return found, known

    def gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
        found, slopes = linearize(point)
        return float(found @ found) / 2, slopes.T @ found

    return LeastSquares(linearize, gradient, start)


def corrected(
    jacobian: Float[np.ndarray, "residuals parameters"],
    step: Float[np.ndarray, " parameters"],
    change: Float[np.ndarray, " residuals"],
    scale: Float[np.ndarray, " parameters"],
) -> Float[np.ndarray, "residuals parameters"]:
    """Give a Jacobian that takes on how residuals changed along a step, and keeps the rest.

    The least change of it, where coordinates are measured by their scales (Broyden, Math. Comp. 19, 577 (1965)).
    """
    along = step / scale**2
    length = along @ step
    return jacobian + np.outer(change - jacobian @ step, along / length) if length > 0 else jacobian
