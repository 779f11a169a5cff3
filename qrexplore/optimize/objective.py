"""What the optimisers of this package minimise: half the sum of squares of a residual vector."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class LeastSquares:
    """A least-squares problem in free coordinates.

    Attributes
    ----------
    linearize
        Gives the residuals and their Jacobian at some coordinates.
    gradient
        Gives half the sum of squares and its gradient; cheaper than `linearize` where there are many parameters.
    start
        Coordinates to begin with.
    """

    linearize: Callable[[np.ndarray], tuple[Float[np.ndarray, " residuals"], Float[np.ndarray, "residuals parameters"]]]
    gradient: Callable[[np.ndarray], tuple[float, Float[np.ndarray, " parameters"]]]
    start: Float[np.ndarray, " parameters"]


@dataclass(frozen=True)
class Progress:
    """Where an optimiser stands.

    Attributes
    ----------
    coordinates, loss
        Best point so far and half its sum of squares.
    gradient_norm
        Norm of the gradient there, in the coordinates of the method.
    iteration
        Steps taken.
    memory
        What the method itself remembers.
    """

    coordinates: Float[np.ndarray, " parameters"]
    loss: float
    gradient_norm: float
    iteration: int
    memory: object
