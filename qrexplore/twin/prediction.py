"""What a twin says an experiment would measure: numbers (`predict`) and labelled data (`simulate`)."""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.experiments import Block, Experiment, Play, Rotation, SteadyDrive
from qrexplore.quantum import Derivatives
from qrexplore.twin.course import beginning, courses
from qrexplore.twin.disturb import disturbed
from qrexplore.twin.dynamics import LARGEST_NORM, dynamics
from qrexplore.twin.ensemble import Members, ensemble, sources, still_offsets
from qrexplore.twin.evolve import Setting, clock, evolve
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import AbstractSource, OneOverF, Telegraph
from qrexplore.twin.recheck import second_opinion
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
    jumping = tuple(sources(twin, experiment, blocks, Telegraph))
    if isinstance(blocks[0], SteadyDrive):
        return _steady(twin, blocks[0], moving, jumping, key), jnp.zeros(())
    lines = tuple(dict.fromkeys(line for b in blocks if isinstance(b, Play) for line in b.schedule.lines))
    rotated = any(isinstance(block, Rotation) for block in blocks)
    restless = frozenset(name for s in moving.values() if lines and s.quantity != "drive" for name in (s.on, *s.also))
    matrices = dynamics(twin, experiment, lines, rotated=rotated, restless=restless)
    if jumping:
        matrices = JointDynamics(matrices, jumping)
    setting = Setting(twin, experiment, matrices, substeps, derivatives)
    drawn = [None] * len(blocks)
    if key is not None and moving:
        drawn = courses(twin, moving, blocks, key, batch=batch, rate=clock(twin, lines) if lines else 0.0)
    dressed = matrices.dressed(twin)
    state, norm = matrices.start(dressed, batch), jnp.zeros(())
    for block, course in zip(blocks, drawn, strict=True):
        state, block_norm = evolve(block, state, setting.during(course))
        norm = jnp.maximum(norm, block_norm)
    return matrices.populations(dressed, state), norm


def _steady(
    twin: Twin, block: SteadyDrive, moving: dict[str, AbstractSource], jumping: tuple[str, ...], key: Array | None
) -> Float[Array, "qubits levels points"]:
    """Give the mean of the steady states that slow noise leads to: it is taken to stand still while one is reached."""
    if key is not None:
        twin = disturbed(twin, beginning(moving, key))
    if not jumping:
        return steady_populations(twin, block)
    named = {name: twin.noise.sources[name] for name in jumping}
    states = jnp.asarray(signs(len(jumping)))
    each = jax.vmap(lambda row: steady_populations(disturbed(twin, still_offsets(named, row)), block))(states)
    return jnp.mean(each, axis=0)


def read(
    twin: Twin, experiment: Experiment, found: Float[Array, "qubits levels points"]
) -> Float[Array, "qubit *sweep"]:
    """Give what the readout reports for given populations, in the dimensions of the experiment."""
    responses = [twin.readout[f"readout_{name}"].responses(found.shape[1]) for name in experiment.qubits]
    means = jnp.einsum("ql,qlp->qp", jnp.stack(responses), found)
    return means.reshape(len(experiment.qubits), *experiment.sweep_shape)


def _check_readout(twin: Twin, experiment: Experiment) -> None:
    for name in experiment.qubits:
        line = f"readout_{name}"
        if line not in twin.readout:
            msg = f"the twin has no {line!r}; it reads {', '.join(twin.readout) or 'nothing'}. Add it to `readout`."
            raise ValueError(msg)
        units = twin.readout[line].units
        if units != experiment.units:
            msg = (
                f"{line!r} reports {experiment.observable} in {units!r}, but the experiment asks for {experiment.units!r}. "
                "Take SignalReadout for signals in V, RescaledReadout or ConfusionReadout for populations."
            )
            raise ValueError(msg)


@lru_cache(maxsize=64)
def compiled(experiment: Experiment, substeps: int) -> Callable[[Twin], tuple[Array, Array]]:
    """Give the compiled prediction of an experiment; numbers of the twin are traced, so none of them recompiles it."""

    @jit
    def run(twin: Twin, points: Points) -> tuple[Array, Array]:
        found, norm = populations(twin, experiment, points, substeps=substeps, derivatives="forward")
        return read(twin, experiment, found), norm

    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}
    return lambda twin: run(twin, points)


def predict(twin: Twin, experiment: Experiment, *, substeps: int | None = None) -> Float[Array, "qubit *sweep"]:
    """Give what the twin says an experiment would report, noise-free.

    Parameters
    ----------
    twin
        Model of the device.
    experiment
        What is done.
    substeps
        Solver steps in each sample of the generators. Chosen when left out: `DEFAULT_SUBSTEPS`, raised until the steps are
        short enough for the largest frequency met.

    Returns
    -------
    array
        Values with the dimensions ``experiment.dims``, in ``experiment.units``.

    Raises
    ------
    ValueError
        If the twin lacks a part of the experiment, or `substeps` is given and too small.
    """
    _check_readout(twin, experiment)
    values, norm = compiled(experiment, substeps or DEFAULT_SUBSTEPS)(twin)
    if float(norm) <= LARGEST_NORM:
        return values
    needed = refined(substeps or DEFAULT_SUBSTEPS, float(norm))
    if substeps is not None:
        msg = f"`substeps` must be at least {needed} for the frequencies of this twin, got {substeps}. Raise it or leave it out."
        raise ValueError(msg)
    return predict(twin, experiment, substeps=needed)


def refined(substeps: int, norm: float) -> int:
    """Give the smallest rung that brings the norm met at `substeps` below the limit.

    Rungs are 1, 2, 3, 4, 6, 8, 12, 16 ...: each is compiled on its own, so there should be few.
    """
    needed = substeps * norm / LARGEST_NORM * (1 - 1e-12)
    octave = 2 ** math.ceil(math.log2(needed))
    half = octave * 3 // 4
    return half if half >= max(needed, 3) else octave


def simulate(twin: Twin, experiment: Experiment, *, substeps: int | None = None, recheck: int = 0) -> xr.Dataset:
    """Simulate an experiment: a dataset with the dims, coords and units of the measured one, noise-free.

    Parameters
    ----------
    twin, experiment, substeps
        See `predict`.
    recheck
        Number of points that a second, adaptive solver solves again (see `qrexplore.twin.recheck`), seconds each for a
        chevron. The largest difference, in the units of the data, is the attribute ``recheck_deviation``. Quasi-static noise is
        averaged over the same nodes; noise that is sampled or jumps is refused.
    """
    values = np.asarray(predict(twin, experiment, substeps=substeps))
    data = experiment.dataset(values)
    if recheck:
        again = second_opinion(twin, experiment, values, points=recheck)
        data = data.assign_attrs(recheck_points=len(again.positions), recheck_deviation=again.deviation)
    return data
