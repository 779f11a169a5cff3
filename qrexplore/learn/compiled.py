"""What is compiled for an experiment: residuals with their derivatives in the units of the parameters that influence it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.experiments import Experiment
from qrexplore.learn.likelihood import Measured
from qrexplore.quantum import Derivatives
from qrexplore.twin import Twin, populations, read, read_bins

_READOUT = "readout_"
# columns of a Jacobian that are computed at once; each takes as much memory as the prediction itself
_TOGETHER = 8

Paths = tuple[str, ...]


class Posed(eqx.Module):
    """What a compiled function is told beside the values of the parameters: a pytree, so that it may change."""

    twin: Twin
    measured: Measured
    experiment: Experiment


@dataclass(frozen=True)
class Functions:
    """Compiled functions of one dataset. Each takes values, a `Posed` and the steps a sample; each gives a norm, too.

    Attributes
    ----------
    linearize
        Gives residuals, their derivatives with respect to the values, and what is predicted.
    gradient
        Gives half the sum of squares and its gradient, by one pass backwards.
    residual
        Gives the residuals alone, which costs less than a column of their derivatives.
    """

    linearize: Callable
    gradient: Callable
    residual: Callable


@lru_cache(maxsize=256)
def functions(_outline: Experiment, paths: Paths) -> Functions:
    """Give the functions of experiments of one outline over some parameters; problems that share both share them."""
    return Functions(*(jit(partial(function, paths)) for function in (_linearize, _gradient, _residual)))


def predicted(twin: Twin, posed: "Posed", substeps: int, derivatives: Derivatives = "forward") -> tuple[Array, Array]:
    """Give what a twin predicts of the numbers that were measured, and the largest norm of an exponent."""
    found, norm = _populations(twin, posed, substeps, derivatives)
    return _seen(twin, found, posed), norm


def _populations(twin: Twin, posed: "Posed", substeps: int, derivatives: Derivatives) -> tuple[Array, Array]:
    points = posed.experiment.points()
    return populations(twin, posed.experiment, points, substeps=substeps, derivatives=derivatives)


def _seen(twin: Twin, found: Array, posed: "Posed") -> Array:
    """Give what the readout shows of populations, in the form in which it was measured."""
    if posed.measured.edges is None:
        return read(twin, posed.experiment, found)
    return read_bins(twin, posed.experiment, found, jnp.asarray(posed.measured.edges))


def _twin_at(paths: Paths, values: Array, twin: Twin) -> Twin:
    return twin.replace(dict(zip(paths, values, strict=True)))


def _linearize(
    paths: Paths, values: Float[Array, " used"], posed: Posed, substeps: int
) -> tuple[tuple[Array, Array, Array], Array]:
    # columns of readout parameters do not need the dynamics, which are nearly all of the work
    readout, basis = np.array([path.startswith(_READOUT) for path in paths]), jnp.eye(len(paths))

    def found(values: Array) -> tuple[Array, Array]:
        moved = _twin_at(paths, values, posed.twin)
        return _populations(moved, posed, substeps, "forward")

    def compared(values: Array, populated: Array) -> tuple[Array, Array]:
        predicted = _seen(_twin_at(paths, values, posed.twin), populated, posed)
        return posed.measured.residuals(predicted), predicted

    if np.all(readout):
        (populated, norm), tangents = found(values), None
    else:
        (populated, norm), tangents = _with_tangents(found, values, basis[~readout])
    residual, predicted = compared(values, populated)
    columns = jnp.zeros((len(residual), len(paths)))
    if tangents is not None:
        through = jax.vmap(lambda t: jax.jvp(lambda p: compared(values, p)[0], (populated,), (t,))[1])
        columns = columns.at[:, ~readout].set(through(tangents).T)
    if np.any(readout):
        direct = jax.vmap(lambda d: jax.jvp(lambda v: compared(v, populated)[0], (values,), (d,))[1])
        columns = columns.at[:, readout].set(direct(basis[readout]).T)
    return (residual, columns, predicted), norm


def _with_tangents(
    found: Callable[[Array], tuple[Array, Array]],
    values: Float[Array, " used"],
    directions: Float[Array, "columns used"],
) -> tuple[tuple[Array, Array], Float[Array, "columns points"]]:
    """Give what is found at some values, its norm, and how it changes along some directions, a few of them at once."""
    count = len(directions)
    chunks = math.ceil(count / _TOGETHER)
    # of one length, filled up with zeros: a remainder would be compiled as a function of its own
    length = math.ceil(count / chunks)
    filled = jnp.pad(directions, ((0, chunks * length - count), (0, 0))).reshape(chunks, length, -1)

    def along(some: Float[Array, "length used"]) -> tuple[tuple[Array, Array], Array]:
        # what is found comes along with the columns: to compute it apart would compile it once more
        one = jax.vmap(lambda direction: jax.jvp(found, (values,), (direction,)), out_axes=((None, None), 0))
        at, (tangents, _) = one(some)
        return at, tangents

    if chunks == 1:
        return along(filled[0])
    (every, norms), tangents = jax.lax.map(along, filled)
    return (every[0], norms[0]), tangents.reshape(-1, *tangents.shape[2:])[:count]


def _gradient(
    paths: Paths, values: Float[Array, " used"], posed: Posed, substeps: int
) -> tuple[tuple[Array, Array], Array]:
    def loss(values: Array) -> tuple[Array, Array]:
        model, norm = predicted(_twin_at(paths, values, posed.twin), posed, substeps, "backward")
        return jnp.sum(posed.measured.residuals(model) ** 2) / 2, norm

    (value, norm), slope = jax.value_and_grad(loss, has_aux=True)(values)
    return (value, slope), norm


def _residual(
    paths: Paths, values: Float[Array, " used"], posed: Posed, substeps: int
) -> tuple[tuple[Float[Array, " points"]], Array]:
    model, norm = predicted(_twin_at(paths, values, posed.twin), posed, substeps)
    return (posed.measured.residuals(model),), norm
