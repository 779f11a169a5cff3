"""What is compiled for an experiment: residuals with their derivatives in the units of the parameters that influence it."""

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
from qrexplore.twin.populations import Points

_READOUT = "readout_"
# columns of a Jacobian that are computed at once; each takes as much memory as the prediction itself
_TOGETHER = 8

Paths = tuple[str, ...]


class Posed(eqx.Module):
    """What a compiled function is told beside the values of the parameters: a pytree, so that it may change."""

    twin: Twin
    measured: Measured
    points: Points


@dataclass(frozen=True)
class Functions:
    """Compiled functions of one dataset. Each takes values, a `Posed` and the steps a sample; each gives a norm, too.

    Attributes
    ----------
    linearize
        Gives residuals, their derivatives with respect to the values, and what is predicted.
    gradient
        Gives half the sum of squares and its gradient, by one pass backwards.
    value
        Gives half the sum of squares.
    """

    linearize: Callable
    gradient: Callable
    value: Callable


@lru_cache(maxsize=256)
def functions(experiment: Experiment, paths: Paths) -> Functions:
    """Give the functions of an experiment over some parameters; problems that share both share what is compiled."""
    return Functions(*(jit(partial(function, experiment, paths)) for function in (_linearize, _gradient, _value)))


def predicted(
    twin: Twin, experiment: Experiment, posed: "Posed", substeps: int, derivatives: Derivatives = "forward"
) -> tuple[Array, Array]:
    """Give what a twin predicts of the numbers that were measured, and the largest norm of an exponent."""
    found, norm = populations(twin, experiment, posed.points, substeps=substeps, derivatives=derivatives)
    return _seen(twin, experiment, found, posed.measured), norm


def _seen(twin: Twin, experiment: Experiment, found: Array, measured: Measured) -> Array:
    """Give what the readout shows of populations, in the form in which it was measured."""
    if measured.edges is None:
        return read(twin, experiment, found)
    return read_bins(twin, experiment, found, jnp.asarray(measured.edges))


def _twin_at(paths: Paths, values: Array, twin: Twin) -> Twin:
    return twin.replace(dict(zip(paths, values, strict=True)))


def _linearize(
    experiment: Experiment, paths: Paths, values: Float[Array, " used"], posed: Posed, substeps: int
) -> tuple[tuple[Array, Array, Array], Array]:
    # columns of readout parameters do not need the dynamics, which are nearly all of the work
    readout, basis = np.array([path.startswith(_READOUT) for path in paths]), jnp.eye(len(paths))

    def found(values: Array) -> tuple[Array, Array]:
        moved = _twin_at(paths, values, posed.twin)
        return populations(moved, experiment, posed.points, substeps=substeps, derivatives="forward")

    def compared(values: Array, populated: Array) -> tuple[Array, Array]:
        predicted = _seen(_twin_at(paths, values, posed.twin), experiment, populated, posed.measured)
        return posed.measured.residuals(predicted), predicted

    if np.all(readout):
        (populated, norm), tangents = found(values), None
    elif np.sum(~readout) <= _TOGETHER:
        along = jax.vmap(lambda direction: jax.jvp(found, (values,), (direction,)), out_axes=((None, None), 0))
        (populated, norm), (tangents, _) = along(basis[~readout])
    else:
        # what is found comes along with each column: to compute it apart would compile it once more
        (every, norms), (tangents, _) = jax.lax.map(
            lambda direction: jax.jvp(found, (values,), (direction,)), basis[~readout], batch_size=_TOGETHER
        )
        populated, norm = every[0], norms[0]
    residual, predicted = compared(values, populated)
    columns = jnp.zeros((len(residual), len(paths)))
    if tangents is not None:
        through = jax.vmap(lambda t: jax.jvp(lambda p: compared(values, p)[0], (populated,), (t,))[1])
        columns = columns.at[:, ~readout].set(through(tangents).T)
    if np.any(readout):
        direct = jax.vmap(lambda d: jax.jvp(lambda v: compared(v, populated)[0], (values,), (d,))[1])
        columns = columns.at[:, readout].set(direct(basis[readout]).T)
    return (residual, columns, predicted), norm


def _loss(
    experiment: Experiment, paths: Paths, values: Array, posed: Posed, substeps: int, *, derivatives: Derivatives
) -> tuple[Array, Array]:
    moved = _twin_at(paths, values, posed.twin)
    model, norm = predicted(moved, experiment, posed, substeps, derivatives)
    return jnp.sum(posed.measured.residuals(model) ** 2) / 2, norm


def _gradient(
    experiment: Experiment, paths: Paths, values: Float[Array, " used"], posed: Posed, substeps: int
) -> tuple[tuple[Array, Array], Array]:
    def loss(values: Array) -> tuple[Array, Array]:
        return _loss(experiment, paths, values, posed, substeps, derivatives="backward")

    (value, norm), slope = jax.value_and_grad(loss, has_aux=True)(values)
    return (value, slope), norm


def _value(
    experiment: Experiment, paths: Paths, values: Float[Array, " used"], posed: Posed, substeps: int
) -> tuple[tuple[Array], Array]:
    value, norm = _loss(experiment, paths, values, posed, substeps, derivatives="forward")
    return (value,), norm
