"""Populations before readout, of each qubit alone and of all together."""

from collections.abc import Callable
from functools import lru_cache

import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.experiments import Experiment, Probe, SteadyDrive
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.model import Twin
from qrexplore.twin.populations import blocks_of, joint, populations
from qrexplore.twin.resolution import refined, resolution


def level_populations(
    twin: Twin, experiment: Experiment, *, substeps: int | None = None
) -> Float[Array, "qubits levels *sweep"]:
    """Give the populations of the dressed levels of each measured qubit, before readout.

    Parameters
    ----------
    twin, experiment, substeps
        See `predict`; the steps are made finer where they are too coarse.
    """
    return _fine_enough(twin, experiment, substeps, together=False)


def joint_populations(
    twin: Twin, experiment: Experiment, *, substeps: int | None = None
) -> Float[Array, "*levels_sweep"]:
    """Give the populations of the dressed product states, before readout: one axis a qubit, then those of the sweep.

    What is asked of one qubit on condition of another needs these; `joint_outcomes` gives what single shots of them read.
    What is simulated but not measured is summed over.

    Parameters
    ----------
    twin, experiment, substeps
        See `predict`; the steps are made finer where they are too coarse.
    """
    return _fine_enough(twin, experiment, substeps, together=True)


def _fine_enough(twin: Twin, experiment: Experiment, substeps: int | None, *, together: bool) -> Array:
    steps = resolution(twin, experiment).substeps if substeps is None else substeps
    values, norm = _compiled(experiment.outline, steps, together=together)(twin, experiment)
    if not float(norm) > LARGEST_NORM:
        return values
    return _fine_enough(twin, experiment, refined(steps, float(norm) / LARGEST_NORM), together=together)


@lru_cache(maxsize=32)
def _compiled(
    outline: Experiment, substeps: int, *, together: bool
) -> Callable[[Twin, Experiment], tuple[Array, Array]]:
    sweep = outline.sweep_shape

    @jit
    def run(twin: Twin, experiment: Experiment) -> tuple[Array, Array]:
        points = experiment.points()
        alone = isinstance(blocks_of(experiment, points)[0], SteadyDrive | Probe)
        if alone or not together:
            found, norm = populations(twin, experiment, points, substeps=substeps, derivatives="forward")
            return (found[0] if together else found).reshape(*found.shape[together:2], *sweep), norm
        matrices, found, norm = joint(twin, experiment, points, substeps=substeps, derivatives="forward")
        measured, levels = len(experiment.qubits), matrices.register.levels
        found = jnp.sum(found.reshape(*levels[:measured], -1, found.shape[-1]), axis=-2)
        return found.reshape(*levels[:measured], *sweep), norm

    return run
