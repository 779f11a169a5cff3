"""The tasks on dynamiqs, with the settings that were found fastest for each; its tolerance is found at run time."""

from functools import reduce
from operator import add
from typing import NamedTuple

import dynamiqs as dq
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from tests.speed.tasks import Parameters, Task

dq.set_precision("double")
dq.set_progress_meter(False)


class Settings(NamedTuple):
    """What a user of dynamiqs chooses."""

    method: str = "Dopri8"
    layout: str = "dia"
    vectorized: bool = False


def populations(
    task: Task, p: Parameters, sweep: Array, tolerance: Float[Array, ""] | float, settings: Settings
) -> Float[Array, "sweep times observed"]:
    """Give the populations that the task asks for; may be traced, tolerance included, and differentiated backwards."""
    layout = {"dia": dq.dia, "dense": dq.dense}[settings.layout]
    method = getattr(dq.method, settings.method)(rtol=tolerance, atol=tolerance)
    size = len(task.drift[0])
    weights = task.weights(p)

    def operator(matrix: np.ndarray) -> dq.QArray:
        # under jit the diagonals cannot be found from the values
        rows, columns = np.nonzero(matrix)
        offsets = tuple(int(offset) for offset in np.unique(columns - rows)) if settings.layout == "dia" else None
        return dq.asqarray(matrix.astype(complex), layout=layout, offsets=offsets)

    # the number comes second: an array of JAX that comes first would turn the operator into one of its own
    constant = reduce(add, [operator(matrix) * weights[k] for k, matrix in enumerate(task.drift)])
    controls = [operator(matrix) for matrix in task.controls]
    rates = task.rates(p)
    jumps = [operator(jump) * jnp.sqrt(rates[k]) for k, jump in enumerate(task.jumps)]
    start = dq.basis(size, task.start)
    times = jnp.asarray(task.times)

    def one(amplitude: Array) -> Array:
        hamiltonian = constant
        for k, control in enumerate(controls):
            hamiltonian = hamiltonian + dq.modulated(lambda t, k=k: task.coefficients(p, amplitude, t)[k], control)

        def seen(_: Array, state: dq.QArray) -> Array:
            array = state.to_jax()
            chosen = jnp.asarray(task.observed)
            return jnp.abs(array[chosen, 0]) ** 2 if not jumps else jnp.real(array[chosen, chosen])

        options = {"method": method, "gradient": dq.gradient.BackwardCheckpointed(), "t0": 0.0, "save_states": False}
        if jumps:
            found = dq.mesolve(
                hamiltonian, jumps, start, times, save_extra=seen, vectorized=settings.vectorized, **options
            )
        else:
            found = dq.sesolve(hamiltonian, start, times, save_extra=seen, **options)
        return found.extra

    return jax.vmap(one)(sweep)
