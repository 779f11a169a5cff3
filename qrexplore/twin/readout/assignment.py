"""Assignment of single shots to three outcomes, for one qubit and for the product states of several."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter
from qrexplore.twin.readout.readout import AbstractReadout, ConfusionReadout

_FARTHEST = 20.0


def _log_odds(default: float, read: int, level: int) -> Scalar:
    label = f"log-odds to read {read} rather than {level} in level {level}"
    return parameter(default, unit="1", bounds=(-_FARTHEST, _FARTHEST), label=label)


class AssignmentReadout(AbstractReadout):
    """Single shots assigned to outcome 0, 1 or 2: the confusion matrix ``P(j|k)`` of outcome j in level k.

    Each row is a softmax, ``P(j|k) = exp(l_jk) / sum_i exp(l_ik)`` with ``l_kk = 0``, so that it is a distribution
    wherever its parameters are moved. They are the log-odds ``l_jk = ln P(j|k)/P(k|k)`` of an error against the right outcome.
    Levels above 2 are read like level 2.
    """

    one_given_zero: Scalar = _log_odds(-4.0, 1, 0)
    two_given_zero: Scalar = _log_odds(-6.0, 2, 0)
    zero_given_one: Scalar = _log_odds(-3.0, 0, 1)
    two_given_one: Scalar = _log_odds(-4.0, 2, 1)
    zero_given_two: Scalar = _log_odds(-4.0, 0, 2)
    one_given_two: Scalar = _log_odds(-2.0, 1, 2)
    observable: str = eqx.field(static=True, default="probability")
    units: str = eqx.field(static=True, default="1")

    @classmethod
    def of_matrix(cls, matrix: Float[np.ndarray, "3 3"]) -> "AssignmentReadout":
        """Give the readout with a known confusion matrix.

        Parameters
        ----------
        matrix
            ``P(j|k)`` in row k and column j; rows sum to 1.

        Raises
        ------
        ValueError
            If the shape is not (3, 3), an entry is not above 0, or a row does not sum to 1.
        """
        found = np.asarray(matrix, dtype=np.float64)
        if found.shape != (3, 3) or not (found > 0).all() or not np.allclose(found.sum(axis=1), 1, atol=1e-9):
            msg = (
                "`matrix` must be three rows of three probabilities above 0 that sum to 1, got "
                f"{found.tolist()}. Row k holds the probabilities of the outcomes in level k."
            )
            raise ValueError(msg)
        odds = np.log(found / np.diag(found)[:, None])
        return cls(
            one_given_zero=float(odds[0, 1]),
            two_given_zero=float(odds[0, 2]),
            zero_given_one=float(odds[1, 0]),
            two_given_one=float(odds[1, 2]),
            zero_given_two=float(odds[2, 0]),
            one_given_two=float(odds[2, 1]),
        )

    def responses(self, levels: int) -> Float[Array, "levels 3"]:
        """Give the probability of each outcome in each level."""
        none = jnp.zeros(())
        odds = [
            jnp.stack([none, self.one_given_zero, self.two_given_zero]),
            jnp.stack([self.zero_given_one, none, self.two_given_one]),
            jnp.stack([self.zero_given_two, self.one_given_two, none]),
        ]
        return jax.nn.softmax(jnp.stack([*odds, *[odds[2]] * (levels - 3)]), axis=1)


def joint_outcomes(
    assignments: Sequence[Float[Array, "levels outcomes"]], joint: Float[Array, "*levels points"]
) -> Float[Array, "*outcomes points"]:
    """Give the probability of each combination of outcomes, where each qubit is read on its own.

    Parameters
    ----------
    assignments
        Confusion matrix of each qubit, ``P(j|k)`` in row k and column j.
    joint
        Populations of the product states, one axis a qubit and points last; see `joint_populations`.

    Raises
    ------
    ValueError
        If there is not one matrix for each qubit.
    """
    if len(assignments) != joint.ndim - 1:
        msg = (
            f"`assignments` must hold one matrix for each of {joint.ndim - 1} qubits, got {len(assignments)}. "
            "Give them in the order of the qubits of the experiment."
        )
        raise ValueError(msg)
    for place, matrix in enumerate(assignments):
        joint = jnp.moveaxis(jnp.tensordot(matrix, joint, axes=((0,), (place,))), 0, place)
    return joint


def confusion(readout: AbstractReadout, levels: int) -> Float[Array, "levels outcomes"]:
    """Give the confusion matrix of a readout of single shots: that of three outcomes, or of outcomes 0 and 1.

    Raises
    ------
    ValueError
        If the readout reports no outcomes of single shots.
    """
    if isinstance(readout, AssignmentReadout):
        return readout.responses(levels)
    if isinstance(readout, ConfusionReadout):
        one = readout.responses(levels)
        return jnp.stack([1 - one, one], axis=1)
    msg = f"`readout` must report outcomes of single shots, got {type(readout).__name__}. Take AssignmentReadout."
    raise ValueError(msg)
