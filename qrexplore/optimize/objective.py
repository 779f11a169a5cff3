"""What the optimisers of this package minimise, half the sum of squares of a residual vector, and where a search stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
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
    loss
        Gives half the sum of squares alone, where that is cheaper than with its gradient.
    coarse
        The same question asked of fewer points, for a first rough search (see `Hybrid`).
    """

    linearize: Callable[[np.ndarray], tuple[Float[np.ndarray, " residuals"], Float[np.ndarray, "residuals parameters"]]]
    gradient: Callable[[np.ndarray], tuple[float, Float[np.ndarray, " parameters"]]]
    start: Float[np.ndarray, " parameters"]
    loss: Callable[[np.ndarray], float] | None = None
    coarse: "LeastSquares | None" = None

    def value(self, point: Float[np.ndarray, " parameters"]) -> float:
        """Give half the sum of squares at some coordinates."""
        return float(self.gradient(point)[0] if self.loss is None else self.loss(point))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Progress:
    """Where an optimiser stands: a pytree whose structure is the same from the first step to the last.

    Attributes
    ----------
    coordinates, loss
        Best point so far and half its sum of squares.
    gradient_norm
        Norm of the gradient there, in the coordinates of the method; NaN where the method knows none.
    iteration
        Steps taken.
    evaluations
        Calls of the model so far. A loss, a loss with its gradient, and residuals with their Jacobian count one each, though
        the last two take longer: their cost is in the seconds.
    memory
        What the method itself remembers: arrays and numbers.
    """

    coordinates: Float[np.ndarray, " parameters"]
    loss: float
    gradient_norm: float
    iteration: int
    evaluations: int
    memory: Any
