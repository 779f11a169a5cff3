"""Populations of the qubits' levels after an experiment: what is computed, and differentiated, before any readout."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.experiments import Block, Experiment, Probe, SteadyDrive, lines_of, rotates
from qrexplore.quantum import Derivatives
from qrexplore.twin.dynamics import Dynamics, dynamics
from qrexplore.twin.evolve import Setting, evolve
from qrexplore.twin.model import Twin
from qrexplore.twin.probe import probed_shares
from qrexplore.twin.spectroscopy import steady_populations
from qrexplore.twin.start import start

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
    blocks = blocks_of(experiment, points)
    if isinstance(blocks[0], SteadyDrive):
        return steady_populations(twin, blocks[0]), jnp.zeros(())
    if isinstance(blocks[0], Probe):
        return probed_shares(twin, blocks[0]), jnp.zeros(())
    matrices, found, norm = joint(twin, experiment, points, substeps=substeps, derivatives=derivatives)
    return matrices.marginals(found), norm


def blocks_of(experiment: Experiment, points: Points) -> tuple[Block, ...]:
    """Give the blocks of an experiment at every point."""
    batch = len(next(iter(points.values())))
    return jax.vmap(lambda point: experiment.protocol.sequence(experiment, point), axis_size=batch)(points)


def joint(
    twin: Twin, experiment: Experiment, points: Points, *, substeps: int, derivatives: Derivatives
) -> tuple[Dynamics, Float[Array, "dimension points"], Float[Array, ""]]:
    """Give the dynamics of an experiment, the populations of the dressed product states, and the largest norm.

    Parameters
    ----------
    twin, experiment, points, substeps, derivatives
        See `populations`; the experiment is solved in time.
    """
    blocks = blocks_of(experiment, points)
    matrices = dynamics(twin, experiment, lines_of(blocks), rotated=rotates(blocks))
    setting = Setting(twin, experiment, matrices, substeps, derivatives)
    dressed = matrices.dressed(twin)

    def evolved(state: Array) -> tuple[Array, Array]:
        norm = jnp.zeros(())
        for block in blocks:
            state, block_norm = evolve(block, state, setting)
            norm = jnp.maximum(norm, block_norm)
        return matrices.joint(dressed, state), norm

    found, norm = start(matrices, twin, experiment, dressed, points).averaged(evolved)
    return matrices, found, norm
