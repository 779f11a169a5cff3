"""IQ clouds: each level of the qubit makes a Gaussian cloud of single shots in the IQ plane."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter
from qrexplore.twin.readout.readout import AbstractReadout

_FARTHEST = 10.0


class AbstractCloudReadout(AbstractReadout):
    """A readout whose single shots scatter about a center for each level, alike in all directions of the IQ plane.

    Attributes
    ----------
    width
        Standard deviation of one shot along an axis, V.
    """

    width: eqx.AbstractVar[Any]

    @property
    def signal_to_noise(self) -> Float[Array, ""]:
        """Distance of the clouds of levels 0 and 1 over the width of one."""
        zero, one = self.responses(2)
        return jnp.linalg.norm(one - zero) / self.width

    def bin_shares(self, levels: int, edges: Float[Array, "components edges"]) -> Float[Array, "levels columns*rows"]:
        """Give the chance that a shot of each level falls into each bin of a grid in the IQ plane.

        Parameters
        ----------
        levels
            Number of levels.
        edges
            Inner edges of the bins (V) along the in-phase and the quadrature signal, rising; the outermost bins have no end,
            so that the shares of a level sum to 1. The quadrature runs fastest.
        """
        centers = self.responses(levels)
        below = ndtr((jnp.asarray(edges) - centers[:, :, None]) / self.width)
        ends = jnp.zeros((*below.shape[:2], 1))
        shares = jnp.diff(jnp.concatenate([ends, below, ends + 1], axis=-1), axis=-1)
        return (shares[:, 0, :, None] * shares[:, 1, None, :]).reshape(levels, -1)


class IQReadout(AbstractCloudReadout):
    """Demodulated signal in the IQ plane, in V: a center for each level and one width for all.

    A shot in level k is ``s = i_k + i q_k + noise``, with noise of standard deviation `width` along each axis. Levels
    above 2 are read like level 2.
    """

    i_0: Scalar = parameter(0.0, unit="V", bounds=(-_FARTHEST, _FARTHEST), label="in-phase signal of level 0")
    q_0: Scalar = parameter(0.0, unit="V", bounds=(-_FARTHEST, _FARTHEST), label="quadrature signal of level 0")
    i_1: Scalar = parameter(4e-3, unit="V", bounds=(-_FARTHEST, _FARTHEST), label="in-phase signal of level 1")
    q_1: Scalar = parameter(0.0, unit="V", bounds=(-_FARTHEST, _FARTHEST), label="quadrature signal of level 1")
    i_2: Scalar = parameter(5e-3, unit="V", bounds=(-_FARTHEST, _FARTHEST), label="in-phase signal of level 2")
    q_2: Scalar = parameter(3e-3, unit="V", bounds=(-_FARTHEST, _FARTHEST), label="quadrature signal of level 2")
    width: Scalar = parameter(1e-3, unit="V", bounds=(1e-9, _FARTHEST), label="noise of one shot along an axis")
    observable: str = eqx.field(static=True, default="iq")
    units: str = eqx.field(static=True, default="V")

    def responses(self, levels: int) -> Float[Array, "levels 2"]:
        """Give the center (V) of the cloud of each level: in-phase, quadrature."""
        pairs = [(self.i_0, self.q_0), (self.i_1, self.q_1), *[(self.i_2, self.q_2)] * (levels - 2)]
        return jnp.stack([jnp.stack(pair) for pair in pairs])
