"""What every stage of a signal chain offers: wave in, wave out, and back where physics allows it.

A line is at rest before its first sample. A stage is differentiable in each of its parameters. Of the three things that
one may want to lean on beyond that, linearity and indifference to the clock are told by the class, because whoever
compiles a chain has to know them before there are numbers; whether a stage can be undone depends on its numbers.
"""

import abc
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from qrexplore.twin.electronics.response import Copies
from qrexplore.twin.electronics.wave import Wave, line_of_cell


class NotInvertibleError(ValueError):
    """No wave at the input of a stage gives the one asked for at its output; says which physics is in the way."""


class AbstractStage(eqx.Module):
    """One element of a signal chain.

    Attributes
    ----------
    linear
        Whether superposition holds: ``forward(x + y) = forward(x) + forward(y)``. An offset, a clip or a compression
        breaks it.
    time_invariant
        Whether a wave that comes later gives the same answer, later. A mixer with a running oscillator breaks it.
    """

    linear: ClassVar[bool]
    time_invariant: ClassVar[bool]

    def copies(self) -> Copies:
        """Give weights and delays (s) of the copies of a wave of which this stage makes its answer; none if it does more."""
        return ()

    @abc.abstractmethod
    def forward(self, wave: Wave, cell: float) -> Wave:
        """Give the wave behind the stage; `cell` is the length of a cell in s."""

    @abc.abstractmethod
    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Give the wave before the stage for the one behind it.

        Raises
        ------
        NotInvertibleError
            If there is none, or only one that grows without limit.
        """


def refuse(wave: Wave, condition: Bool[Array, "*shape"], reason: str) -> Wave:
    """Give the wave, or raise NotInvertibleError where the condition holds.

    Numbers that are being traced are not known yet; then the same words come when the compiled function runs.
    """
    condition = jnp.any(jax.lax.stop_gradient(condition))
    try:
        refused = bool(condition)
    except jax.errors.TracerBoolConversionError:
        return eqx.error_if(wave, condition, reason)
    if refused:
        raise NotInvertibleError(reason)
    return wave


def step_response(stage: AbstractStage, times: Float[Array, " times"], cell: float) -> Float[Array, " times"]:
    """Give the response of a stage to a unit step at t = 0, at times (s) within the first cells.

    The response is linear between the nodes of cells of length `cell` (s).
    """
    cells = int(jnp.ceil(jnp.max(times) / cell)) + 1
    left, rise = line_of_cell(stage.forward(jnp.ones((cells, 2)), cell))
    index = jnp.clip(jnp.floor(times / cell).astype(int), 0, cells - 1)
    return left[index] + rise[index] * (times / cell - index)
