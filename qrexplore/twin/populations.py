"""Populations of the qubits' levels after an experiment: what is computed, and differentiated, before any readout."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.experiments import Block, Experiment, Probe, SteadyDrive, lines_of, rotates
from qrexplore.quantum import Derivatives
from qrexplore.twin.course import Course, beginning, courses
from qrexplore.twin.disturb import disturbed
from qrexplore.twin.dynamics import dynamics
from qrexplore.twin.ensemble import Members, ensemble, sources, still_offsets
from qrexplore.twin.evolve import Setting, clock, evolve
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import AbstractSource, OneOverF, Telegraph
from qrexplore.twin.probe import probed_shares
from qrexplore.twin.spectroscopy import steady_populations
from qrexplore.twin.telegraph import JointDynamics, signs

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
    if not twin.noise.sources:
        blocks, batch = _blocks(experiment, points)
        return _one(twin, experiment, blocks, None, batch=batch, substeps=substeps, derivatives=derivatives)
    found, drawn, norm = of_members(twin, experiment, points, substeps=substeps, derivatives=derivatives)
    return jnp.tensordot(drawn.weights, found, axes=1), norm


def of_members(
    twin: Twin,
    experiment: Experiment,
    points: Points,
    *,
    substeps: int = DEFAULT_SUBSTEPS,
    derivatives: Derivatives = "any",
) -> tuple[Float[Array, "members qubits levels points"], Members, Float[Array, ""]]:
    """Give what each member of the ensemble of slow noise finds, and what the members are; see `populations`."""
    blocks, batch = _blocks(experiment, points)

    def run(member: Twin, key: Array | None) -> tuple[Array, Array]:
        return _one(member, experiment, blocks, key, batch=batch, substeps=substeps, derivatives=derivatives)

    return ensemble(run, twin, experiment, blocks)


def _blocks(experiment: Experiment, points: Points) -> tuple[tuple[Block, ...], int]:
    """Give what is done, for all points along a first axis, and how many they are."""
    batch = len(next(iter(points.values())))
    return jax.vmap(lambda point: experiment.protocol.sequence(experiment, point), axis_size=batch)(points), batch


def _one(
    twin: Twin,
    experiment: Experiment,
    blocks: tuple[Block, ...],
    key: Array | None,
    *,
    batch: int,
    substeps: int,
    derivatives: Derivatives,
) -> tuple[Float[Array, "qubits levels points"], Float[Array, ""]]:
    """Give the populations that one member of an ensemble finds; `key` is that of its 1/f noise."""
    moving = sources(twin, experiment, blocks, OneOverF) if key is not None else {}
    jumping = sources(twin, experiment, blocks, Telegraph)
    if isinstance(blocks[0], SteadyDrive | Probe):
        return _steady(twin, blocks[0], moving, jumping, key), jnp.zeros(())
    lines = lines_of(blocks)
    restless = frozenset(name for s in moving.values() if lines and s.quantity != "drive" for name in (s.on, *s.also))
    matrices = dynamics(twin, experiment, lines, rotated=rotates(blocks), restless=restless)
    if jumping:
        matrices = JointDynamics(matrices, tuple(jumping))
    setting = Setting(twin, experiment, matrices, substeps, derivatives)
    drawn: list[Course | None] = [None] * len(blocks)
    if key is not None and moving:
        drawn = courses(twin, moving, blocks, key, batch=batch, rate=clock(twin, lines) if lines else 0.0)
    dressed = matrices.dressed(twin)
    state, norm = matrices.start(dressed, batch), jnp.zeros(())
    for block, course in zip(blocks, drawn, strict=True):
        state, block_norm = evolve(block, state, setting.during(course))
        norm = jnp.maximum(norm, block_norm)
    return matrices.populations(dressed, state), norm


def _steady(
    twin: Twin,
    block: SteadyDrive | Probe,
    moving: dict[str, AbstractSource],
    jumping: dict[str, AbstractSource],
    key: Array | None,
) -> Float[Array, "qubits levels points"]:
    """Give the mean of the steady states that slow noise leads to: it is taken to stand still while one is reached."""

    def answer(member: Twin) -> Float[Array, "qubits levels points"]:
        return steady_populations(member, block) if isinstance(block, SteadyDrive) else probed_shares(member, block)

    if key is not None:
        twin = disturbed(twin, beginning(moving, key))
    if not jumping:
        return answer(twin)
    states = jnp.asarray(signs(len(jumping)))
    return jnp.mean(jax.vmap(lambda row: answer(disturbed(twin, still_offsets(jumping, row))))(states), axis=0)
