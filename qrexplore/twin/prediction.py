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
from qrexplore.experiments import Experiment, Probe, SteadyDrive, lines_of, rotates
from qrexplore.quantum import Derivatives
from qrexplore.twin.dynamics import LARGEST_NORM, dynamics
from qrexplore.twin.evolve import Setting, evolve
from qrexplore.twin.model import Twin
from qrexplore.twin.probe import probed_shares
from qrexplore.twin.recheck import second_opinion
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
    matrices = dynamics(twin, experiment, lines_of(blocks), rotated=rotates(blocks))
    setting = Setting(twin, experiment, matrices, substeps, derivatives)
    dressed = matrices.dressed(twin)
    state, norm = matrices.start(dressed, batch), jnp.zeros(())
    for block in blocks:
        state, block_norm = evolve(block, state, setting)
        norm = jnp.maximum(norm, block_norm)
    return matrices.populations(dressed, state), norm


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
        chevron. The largest difference, in the units of the data, is the attribute ``recheck_deviation``.
    """
    values = np.asarray(predict(twin, experiment, substeps=substeps))
    data = experiment.dataset(values)
    if recheck:
        again = second_opinion(twin, experiment, values, points=recheck)
        data = data.assign_attrs(recheck_points=len(again.positions), recheck_deviation=again.deviation)
    return data
