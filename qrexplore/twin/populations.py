"""Populations of the qubits' levels after an experiment: what is computed, and differentiated, before any readout."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.experiments import Experiment, Prepare, Probe, SteadyDrive, lines_of, rotates
from qrexplore.quantum import Derivatives
from qrexplore.twin.dynamics import dynamics
from qrexplore.twin.evolve import Setting, evolve
from qrexplore.twin.model import Twin
from qrexplore.twin.probe import probed_shares
from qrexplore.twin.spectroscopy import steady_populations

DEFAULT_SUBSTEPS = 2

Points = Mapping[str, Float[Array, " points"]]


def populations(
    twin: Twin,
    experiment: Experiment,
    points: Points,
    *,
    substeps: int = DEFAULT_SUBSTEPS,
    derivatives: Derivatives = "any",
) -> tuple[Float[Array, "qubits levels points"], Float[Array, ""]]:
    """Give the populations of the dressed levels of each measured qubit at every point, before readout.

    Parameters
    ----------
    twin, experiment
        What is simulated.
    points
        ``experiment.points()``, handed in apart so that a compiler takes them as numbers that may vary and does not spend
        time on folding them.
    substeps
        Steps of the solver in each sample of the generators.
    derivatives
        Whether derivatives will be taken ``forward`` or ``backward`` only, which is faster than ``any``.

    Returns
    -------
    populations, norm
        The second number is the largest norm of a step's exponent; above `LARGEST_NORM` the step is too coarse.
    """
    batch = len(next(iter(points.values())))
    blocks = jax.vmap(lambda point: experiment.protocol.sequence(experiment, point), axis_size=batch)(points)
    if isinstance(blocks[0], SteadyDrive):
        return steady_populations(twin, blocks[0]), jnp.zeros(())
    if isinstance(blocks[0], Probe):
        return probed_shares(twin, blocks[0]), jnp.zeros(())
    matrices = dynamics(twin, experiment, lines_of(blocks), blocks, rotated=rotates(blocks))
    setting = Setting(twin, experiment, matrices, blocks, substeps=substeps, derivatives=derivatives)
    dressed = matrices.dressed(twin)
    levels = {block.qubit: block.level for block in blocks if isinstance(block, Prepare)}
    state, norm = matrices.start(dressed, batch, levels), jnp.zeros(())
    for block in blocks:
        state, block_norm = evolve(block, state, setting)
        setting = setting.after(block)
        norm = jnp.maximum(norm, block_norm)
    return matrices.populations(dressed, state), norm
