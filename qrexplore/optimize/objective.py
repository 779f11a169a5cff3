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
    residual
        Gives the residuals alone, where their Jacobian is so much dearer that a method may well ask for it less often.
    scale
        How far each coordinate is likely to be off, all above 0; 1 where left out. Methods that take no lengths from a Jacobian
        measure theirs in it: without it a coordinate that the data fix to a millionth and one that they hardly tell of are
        alike to them. `curvature_scale` gives one for searches near the optimum.

    Raises
    ------
    ValueError
        If there is not one positive scale for each coordinate.
    """

    linearize: Callable[[np.ndarray], tuple[Float[np.ndarray, " residuals"], Float[np.ndarray, "residuals parameters"]]]
    gradient: Callable[[np.ndarray], tuple[float, Float[np.ndarray, " parameters"]]]
    start: Float[np.ndarray, " parameters"]
    loss: Callable[[np.ndarray], float] | None = None
    residual: Callable[[np.ndarray], Float[np.ndarray, " residuals"]] | None = None
    scale: Float[np.ndarray, " parameters"] | None = None

    def __post_init__(self) -> None:
        """Check the scales."""
        if self.scale is not None and not (np.shape(self.scale) == np.shape(self.start) and np.all(self.scale > 0)):
            msg = (
                f"`scale` must hold {np.size(self.start)} numbers above 0, one for each coordinate, got {self.scale!r}. "
                "Leave it out if nothing is known."
            )
            raise ValueError(msg)

    @property
    def lengths(self) -> Float[np.ndarray, " parameters"]:
        """The scales, 1 where none were given."""
        return np.ones(len(self.start)) if self.scale is None else np.asarray(self.scale, dtype=np.float64)

    def value(self, point: Float[np.ndarray, " parameters"]) -> float:
        """Give half the sum of squares at some coordinates."""
        return float(self.gradient(point)[0] if self.loss is None else self.loss(point))


def curvature_scale(problem: LeastSquares) -> Float[np.ndarray, " parameters"]:
    """Give the change of each coordinate alone that moves the residuals at the start by 1 (rms sum); costs one Jacobian.

    Where residuals are in units of their noise, it is the standard error of the coordinate were all others known. A coordinate
    that does nothing at the start has the scale 1.
    """
    _, jacobian = problem.linearize(np.asarray(problem.start, dtype=np.float64))
    return _one_apart(jacobian)


def misfit_scale(problem: LeastSquares) -> Float[np.ndarray, " parameters"]:
    """Give how far each coordinate alone could be off at the start; costs one Jacobian.

    The change that would move the residuals, were they linear, as far as they are from zero; at most 1, which is the length of
    a coordinate of which nothing is known.
    """
    residual, jacobian = problem.linearize(np.asarray(problem.start, dtype=np.float64))
    return np.minimum(np.maximum(np.linalg.norm(residual), 1.0) * _one_apart(jacobian), 1.0)


def _one_apart(jacobian: Float[np.ndarray, "residuals parameters"]) -> Float[np.ndarray, " parameters"]:
    """Give the change of each coordinate that moves the residuals by 1; 1 where it moves none."""
    strength = np.linalg.norm(jacobian, axis=0)
    return 1 / np.where(strength > 0, strength, 1.0)


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
