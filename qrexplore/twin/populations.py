"""Populations of the qubits' levels after an experiment: what is computed, and differentiated, before any readout."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.experiments import Block, Experiment, Probe, SteadyDrive, lines_of
from qrexplore.quantum import Derivatives
from qrexplore.twin.course import Course, Drawn, beginning, courses
from qrexplore.twin.disturb import disturbed
from qrexplore.twin.dynamics import Dynamics, dynamics, modes_of
from qrexplore.twin.ensemble import Members, ensemble, sources, still_offsets
from qrexplore.twin.evolve import Setting, clock, evolve
from qrexplore.twin.model import Twin
from qrexplore.twin.network import enlarged
from qrexplore.twin.noise import AbstractSource, OneOverF, Telegraph
from qrexplore.twin.probe import probed_shares
from qrexplore.twin.spectroscopy import steady_populations
from qrexplore.twin.start import start
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
    twin, blocks = enlarged(twin, experiment), blocks_of(experiment, points)
    if not twin.noise.sources:
        return _one(twin, experiment, blocks, None, points=points, substeps=substeps, derivatives=derivatives)
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
    twin, blocks = enlarged(twin, experiment), blocks_of(experiment, points)

    def run(member: Twin, path: Drawn | None) -> tuple[Array, Array]:
        return _one(member, experiment, blocks, path, points=points, substeps=substeps, derivatives=derivatives)

    return ensemble(run, twin, experiment, blocks)


def joint(
    twin: Twin, experiment: Experiment, points: Points, *, substeps: int, derivatives: Derivatives
) -> tuple[Dynamics, Float[Array, "dimension points"], Float[Array, ""]]:
    """Give the dynamics of an experiment, the populations of the dressed product states, and the largest norm.

    Parameters
    ----------
    twin, experiment, points, substeps, derivatives
        See `populations`; the experiment is solved in time.
    """
    twin, blocks = enlarged(twin, experiment), blocks_of(experiment, points)
    matrices = dynamics(twin, experiment, blocks)

    def run(member: Twin, path: Drawn | None) -> tuple[Array, Array]:
        _, found, norm = _solved(
            member, experiment, blocks, path, points=points, substeps=substeps, derivatives=derivatives
        )
        return found, norm

    if not twin.noise.sources:
        return matrices, *run(twin, None)
    found, drawn, norm = ensemble(run, twin, experiment, blocks)
    return matrices, jnp.tensordot(drawn.weights, found, axes=1), norm


def blocks_of(experiment: Experiment, points: Points) -> tuple[Block, ...]:
    """Give the blocks of an experiment at every point."""
    batch = len(next(iter(points.values())))
    return jax.vmap(lambda point: experiment.protocol.sequence(experiment, point), axis_size=batch)(points)


def _one(
    twin: Twin,
    experiment: Experiment,
    blocks: tuple[Block, ...],
    path: Drawn | None,
    *,
    points: Points,
    substeps: int,
    derivatives: Derivatives,
) -> tuple[Float[Array, "qubits levels points"], Float[Array, ""]]:
    """Give the populations that one member of an ensemble finds; `path` is what it draws of 1/f noise."""
    if isinstance(blocks[0], SteadyDrive | Probe):
        moving = sources(twin, experiment, blocks, OneOverF) if path is not None else {}
        jumping = sources(twin, experiment, blocks, Telegraph)
        return _steady(twin, experiment, blocks[0], (moving, jumping), path), jnp.zeros(())
    matrices, found, norm = _solved(
        twin, experiment, blocks, path, points=points, substeps=substeps, derivatives=derivatives
    )
    return matrices.marginals(found), norm


def _solved(
    twin: Twin,
    experiment: Experiment,
    blocks: tuple[Block, ...],
    path: Drawn | None,
    *,
    points: Points,
    substeps: int,
    derivatives: Derivatives,
) -> tuple[Dynamics, Float[Array, "dimension points"], Float[Array, ""]]:
    """Give what `joint` gives, for one member of an ensemble."""
    moving = sources(twin, experiment, blocks, OneOverF) if path is not None else {}
    jumping = sources(twin, experiment, blocks, Telegraph)
    lines, batch = lines_of(blocks), len(next(iter(points.values())))
    restless = frozenset(name for s in moving.values() if lines and s.quantity != "drive" for name in (s.on, *s.also))
    alone = dynamics(twin, experiment, blocks, restless=restless)
    matrices = JointDynamics(alone, tuple(jumping)) if jumping else alone
    setting = Setting(twin, experiment, matrices, blocks, substeps=substeps, derivatives=derivatives)
    drawn: list[Course | None] = [None] * len(blocks)
    if path is not None and moving:
        drawn = courses(twin, moving, blocks, path, batch=batch, rate=clock(twin, lines) if lines else 0.0)
    dressed = alone.dressed(twin)

    def evolved(state: Array) -> tuple[Array, Array]:
        norm, now = jnp.zeros(()), setting
        if isinstance(matrices, JointDynamics):
            state = matrices.spread(state)
        for block, course in zip(blocks, drawn, strict=True):
            state, block_norm = evolve(block, state, now.during(course))
            now = now.after(block)
            norm = jnp.maximum(norm, block_norm)
        return matrices.joint(dressed, state), norm

    found, norm = start(alone, twin, dressed, blocks, batch).averaged(evolved)
    return alone, found, norm


def _steady(
    twin: Twin,
    experiment: Experiment,
    block: SteadyDrive | Probe,
    slow: tuple[dict[str, AbstractSource], dict[str, AbstractSource]],
    path: Drawn | None,
) -> Float[Array, "qubits levels points"]:
    """Give the mean of the steady states that slow noise, moving and jumping, leads to: it stands still meanwhile."""
    moving, jumping = slow

    def answer(member: Twin) -> Float[Array, "qubits levels points"]:
        if isinstance(block, Probe):
            return probed_shares(member, block)
        return steady_populations(member, modes_of(member, experiment), block)

    if path is not None:
        twin = disturbed(twin, beginning(moving, path))
    if not jumping:
        return answer(twin)
    states = jnp.asarray(signs(len(jumping)))
    return jnp.mean(jax.vmap(lambda row: answer(disturbed(twin, still_offsets(jumping, row))))(states), axis=0)
