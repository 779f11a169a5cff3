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
from qrexplore.twin.dynamics import LARGEST_NORM, Dynamics, dynamics
from qrexplore.twin.evolve import Setting, evolve
from qrexplore.twin.model import Twin
from qrexplore.twin.recheck import second_opinion
from qrexplore.twin.sampling import sampled, with_provenance
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
    blocks = _blocks(experiment, points)
    if isinstance(blocks[0], SteadyDrive):
        return steady_populations(twin, blocks[0]), jnp.zeros(())
    matrices, joint, norm = _joint(twin, experiment, points, blocks, substeps=substeps, derivatives=derivatives)
    return matrices.marginals(joint), norm


def _blocks(experiment: Experiment, points: Points) -> tuple[Block, ...]:
    batch = len(next(iter(points.values())))
    return jax.vmap(lambda point: experiment.protocol.sequence(experiment, point), axis_size=batch)(points)


def _joint(
    twin: Twin,
    experiment: Experiment,
    points: Points,
    blocks: tuple[Block, ...],
    *,
    substeps: int,
    derivatives: Derivatives,
) -> tuple[Dynamics, Float[Array, "dimension points"], Float[Array, ""]]:
    """Give the populations of the dressed product states, and the dynamics that they belong to."""
    lines = tuple(dict.fromkeys(line for b in blocks if isinstance(b, Play) for line in b.schedule.lines))
    matrices = dynamics(twin, experiment, lines, rotated=any(isinstance(block, Rotation) for block in blocks))
    setting = Setting(twin, experiment, matrices, substeps, derivatives)
    dressed = matrices.dressed(twin)

    def evolved(state: Array) -> tuple[Array, Array]:
        norm = jnp.zeros(())
        for block in blocks:
            state, block_norm = evolve(block, state, setting)
            norm = jnp.maximum(norm, block_norm)
        return matrices.joint(dressed, state), norm

    joint, norm = start(matrices, twin, experiment, dressed, points).averaged(evolved)
    return matrices, joint, norm


def read(
    twin: Twin, experiment: Experiment, found: Float[Array, "qubits levels points"]
) -> Float[Array, "qubit *sweep"]:
    """Give what the readout reports for given populations, in the dimensions of the experiment."""
    responses = [twin.readout[f"readout_{name}"].responses(found.shape[1]) for name in experiment.qubits]
    means = jnp.einsum("ql...,qlp->qp...", jnp.stack(responses), found)
    return means.reshape(len(experiment.qubits), *experiment.sweep_shape, *means.shape[2:])


def _check_readout(twin: Twin, experiment: Experiment) -> None:
    for name in experiment.qubits:
        line = f"readout_{name}"
        if line not in twin.readout:
            msg = f"the twin has no {line!r}; it reads {', '.join(twin.readout) or 'nothing'}. Add it to `readout`."
            raise ValueError(msg)
        readout = twin.readout[line]
        if (readout.observable, readout.units) != (experiment.observable, experiment.units):
            msg = (
                f"{line!r} reports {readout.observable} in {readout.units!r}, but the experiment asks for "
                f"{experiment.observable} in {experiment.units!r}. Take SignalReadout for signals in V, RescaledReadout or "
                "ConfusionReadout for populations, IQReadout for iq, AssignmentReadout for probability."
            )
            raise ValueError(msg)


@lru_cache(maxsize=32)
def _compiled_levels(experiment: Experiment, substeps: int, *, joint: bool) -> Callable[[Twin], tuple[Array, Array]]:
    @jit
    def run(twin: Twin, points: Points) -> tuple[Array, Array]:
        if not joint:
            found, norm = populations(twin, experiment, points, substeps=substeps, derivatives="forward")
            return found.reshape(*found.shape[:2], *experiment.sweep_shape), norm
        blocks = _blocks(experiment, points)
        if isinstance(blocks[0], SteadyDrive):
            (found,) = steady_populations(twin, blocks[0])
            return found.reshape(-1, *experiment.sweep_shape), jnp.zeros(())
        matrices, found, norm = _joint(twin, experiment, points, blocks, substeps=substeps, derivatives="forward")
        return found.reshape(*matrices.register.levels, *experiment.sweep_shape), norm

    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}
    return lambda twin: run(twin, points)


def level_populations(
    twin: Twin, experiment: Experiment, *, substeps: int | None = None
) -> Float[Array, "qubits levels *sweep"]:
    """Give the populations of the dressed levels of each measured qubit, before readout.

    Parameters
    ----------
    twin, experiment, substeps
        See `predict`.
    """
    return _fine_enough(lambda steps: _compiled_levels(experiment, steps, joint=False)(twin), substeps)


def joint_populations(
    twin: Twin, experiment: Experiment, *, substeps: int | None = None
) -> Float[Array, "*levels_sweep"]:
    """Give the populations of the dressed product states, before readout: one axis a qubit, then those of the sweep.

    What is asked of one qubit on condition of another needs these; `joint_outcomes` gives what single shots of them read.

    Parameters
    ----------
    twin, experiment, substeps
        See `predict`.
    """
    return _fine_enough(lambda steps: _compiled_levels(experiment, steps, joint=True)(twin), substeps)


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
    return _fine_enough(lambda steps: compiled(experiment, steps)(twin), substeps)


def _fine_enough(run: Callable[[int], tuple[Array, Array]], substeps: int | None) -> Array:
    """Give the values of a run with as many substeps as its frequencies need."""
    values, norm = run(substeps or DEFAULT_SUBSTEPS)
    if float(norm) <= LARGEST_NORM:
        return values
    needed = refined(substeps or DEFAULT_SUBSTEPS, float(norm))
    if substeps is not None:
        msg = f"`substeps` must be at least {needed} for the frequencies of this twin, got {substeps}. Raise it or leave it out."
        raise ValueError(msg)
    return _fine_enough(run, needed)


def refined(substeps: int, norm: float) -> int:
    """Give the smallest rung that brings the norm met at `substeps` below the limit.

    Rungs are 1, 2, 3, 4, 6, 8, 12, 16 ...: each is compiled on its own, so there should be few.
    """
    needed = substeps * norm / LARGEST_NORM * (1 - 1e-12)
    octave = 2 ** math.ceil(math.log2(needed))
    half = octave * 3 // 4
    return half if half >= max(needed, 3) else octave


def simulate(
    twin: Twin,
    experiment: Experiment,
    *,
    shots: int | None = None,
    seed: int | None = None,
    signal_noise: float = 1.0,
    substeps: int | None = None,
    recheck: int = 0,
) -> xr.Dataset:
    """Simulate an experiment: a dataset with the dims, coords and units of the measured one, noise-free or of shots.

    Parameters
    ----------
    twin, experiment, substeps
        See `predict`.
    shots
        Repetitions a point, to be drawn from `seed`; the mean of infinitely many where left out. Standard errors stand beside
        the observable then, and each single shot where the experiment asks for them.
    seed
        Of the shot noise; kept in the attributes.
    signal_noise
        Standard deviation of one shot of an averaged signal, in steps between the signals of levels 0 and 1.
    recheck
        Number of points that a second, adaptive solver solves again (see `qrexplore.twin.recheck`), seconds each for a
        chevron. The largest difference, in the units of the data, is the attribute ``recheck_deviation``.

    Raises
    ------
    ValueError
        If `shots` is no whole number from 1, or comes without a seed.
    """
    _check_shots(shots, seed)
    values, levels = means(twin, experiment, substeps=substeps)
    data = experiment.dataset(values)
    if recheck:
        again = second_opinion(twin, experiment, values, points=recheck)
        data = data.assign_attrs(recheck_points=len(again.positions), recheck_deviation=again.deviation)
    if shots is None or seed is None:
        return data
    noisy = sampled(
        data,
        twin,
        levels,
        observable=experiment.observable,
        shots=shots,
        signal_noise=signal_noise,
        generator=np.random.default_rng(seed),
        single_shots=experiment.protocol.single_shots,
    )
    return with_provenance(noisy, shots=shots, seed=seed)


def means(twin: Twin, experiment: Experiment, *, substeps: int | None = None) -> tuple[np.ndarray, np.ndarray | None]:
    """Give a prediction, and the populations behind it where shots cannot be drawn from the means alone."""
    if experiment.observable != "iq":
        return np.asarray(predict(twin, experiment, substeps=substeps)), None
    _check_readout(twin, experiment)
    levels = level_populations(twin, experiment, substeps=substeps)
    flat = levels.reshape(*levels.shape[:2], -1)
    return np.asarray(read(twin, experiment, flat)), np.asarray(levels)


def _check_shots(shots: int | None, seed: int | None) -> None:
    if shots is None:
        return
    if not isinstance(shots, int) or shots < 1:
        msg = f"`shots` must be a whole number from 1, got {shots!r}. Give for example shots=1000."
        raise ValueError(msg)
    if not isinstance(seed, int) or seed < 0:
        msg = f"`seed` of {shots} shots must be a whole number from 0, got {seed!r}. Give for example seed=7."
        raise ValueError(msg)
