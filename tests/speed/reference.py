"""What is true: a solve to 1e-12 on a mesh far too fine, and scipy's DOP853 at a few points to vouch for it."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.integrate import solve_ivp

from qrexplore.core import jit
from qrexplore.quantum import taylor_order
from tests.speed.ours import Entry, Mesh
from tests.speed.tasks import Task

# steps a ns while a pulse rises and later, and the error of the series in each: a fourth-order error of 1e-12 and rounding
DENSITY = (240, 48)
RISING = 12.0
SERIES = 1e-17


def reference(task: Task) -> Float[np.ndarray, "sweep times observed"]:
    """Give the populations to 1e-12, with nothing pruned."""
    entry = Entry(task, prune=False)
    early = np.cumsum(entry.spans) - entry.spans < RISING
    steps = tuple(int(n) for n in np.ceil(entry.spans * np.where(early, *DENSITY)))
    mesh = Mesh(steps, taylor_order(0.5, SERIES), 0.0)
    return np.asarray(jit(lambda p, sweep: entry.populations(p, sweep, mesh))(dict(task.parameters), task.sweep))


def second_opinion(task: Task, amplitude: float) -> Float[np.ndarray, "times observed"]:
    """Give the populations at one swept value by an adaptive method of order 8 on plain matrices."""
    p, size = dict(task.parameters), len(task.drift[0])
    constant = np.tensordot(np.asarray(task.weights(p)), np.stack(task.drift), axes=1)
    controls = np.stack(task.controls)
    jumps = (
        [np.sqrt(rate) * jump for rate, jump in zip(np.asarray(task.rates(p)), task.jumps, strict=True)]
        if task.jumps
        else []
    )
    decay = sum((jump.conj().T @ jump for jump in jumps), np.zeros((size, size)))
    coefficients = jit(lambda time: task.coefficients(p, jnp.asarray(amplitude), time))

    def slope(time: float, flat: np.ndarray) -> np.ndarray:
        values = np.asarray(coefficients(jnp.asarray(time)))
        generator = -1j * (constant + np.tensordot(values, controls, axes=1)) - decay / 2
        if not jumps:
            return generator @ flat
        state = flat.reshape(size, size)
        change = generator @ state
        change = change + change.conj().T + sum(jump @ state @ jump.conj().T for jump in jumps)
        return change.reshape(-1)

    start = np.zeros(size if not jumps else (size, size), dtype=complex)
    start[task.start if not jumps else (task.start, task.start)] = 1.0
    found = solve_ivp(
        slope, (0.0, task.times[-1]), start.reshape(-1), "DOP853", t_eval=task.times, rtol=1e-12, atol=1e-13
    )
    states = found.y.T
    if not jumps:
        return np.abs(states[:, list(task.observed)]) ** 2
    return np.real(states.reshape(-1, size, size)[:, list(task.observed), list(task.observed)])
