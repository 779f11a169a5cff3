"""How far a prediction that averages over sampled noise may be off."""

from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.experiments import Experiment
from qrexplore.twin.model import Twin
from qrexplore.twin.populations import of_members
from qrexplore.twin.prediction import read
from qrexplore.twin.resolution import resolution


def sampling_error(twin: Twin, experiment: Experiment) -> Float[np.ndarray, "qubit *sweep"]:
    """Give the standard error of each number of `predict` that comes from the finite number of noise trajectories.

    It falls with the square root of ``noise.trajectories``: with 256 of them it is at most 0.03 of a population. Points of a
    sweep share the random numbers, so their errors are correlated.

    Parameters
    ----------
    twin, experiment
        What was predicted.

    Returns
    -------
    array
        In the units of the data; 0 where nothing is sampled.
    """
    if not twin.noise.sources:
        return np.zeros((len(experiment.qubits), *experiment.sweep_shape))
    return np.asarray(_compiled(experiment.outline, resolution(twin, experiment).substeps)(twin, experiment))


@lru_cache(maxsize=16)
def _compiled(_outline: Experiment, substeps: int) -> Callable[[Twin, Experiment], Array]:
    @jit
    def run(twin: Twin, experiment: Experiment) -> Array:
        found, drawn, _ = of_members(twin, experiment, experiment.points(), substeps=substeps, derivatives="forward")
        values = jax.vmap(lambda one: read(twin, experiment, one))(found)
        if drawn.keys is None:
            return jnp.zeros(values.shape[1:])
        return jnp.std(values, axis=0, ddof=1) / np.sqrt(len(values))

    return run
