"""What a twin says an experiment would measure: numbers (`predict`) and labelled data (`simulate`)."""

from collections.abc import Callable
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.experiments import Experiment
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.model import Twin
from qrexplore.twin.populations import Points, populations
from qrexplore.twin.recheck import second_opinion
from qrexplore.twin.resolution import TOLERANCE, Resolution, refined, resolution, step_error


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


def predict(
    twin: Twin, experiment: Experiment, *, substeps: int | None = None, tolerance: float | None = None
) -> Float[Array, "qubit *sweep"]:
    """Give what the twin says an experiment would report, noise-free.

    Parameters
    ----------
    twin
        Model of the device.
    experiment
        What is done.
    substeps
        Solver steps in each sample of the generators. Where left out, the fewest that keep the error below `tolerance`.
    tolerance
        Largest error of a population that the length of the steps may cause, by the estimate of
        `qrexplore.twin.resolution`; `TOLERANCE` (1e-4) where left out.

    Returns
    -------
    array
        Values with the dimensions ``experiment.dims``, in ``experiment.units``.

    Raises
    ------
    ValueError
        If the twin lacks a part of the experiment, or `substeps` is given and too small for the frequencies of the twin or
        for a `tolerance` that is given, too.
    """
    return solved(twin, experiment, substeps=substeps, tolerance=tolerance)[0]


def solved(
    twin: Twin, experiment: Experiment, *, substeps: int | None = None, tolerance: float | None = None
) -> tuple[Float[Array, "qubit *sweep"], Resolution]:
    """Give what `predict` gives, and how finely it was solved."""
    _check_readout(twin, experiment)
    if substeps is None:
        chosen = resolution(twin, experiment, tolerance=tolerance or TOLERANCE)
    else:
        error, norm = step_error(twin, experiment, substeps)
        chosen = Resolution(substeps, error)
        if np.isinf(error):
            raise ValueError(
                _too_coarse(refined(substeps, norm / LARGEST_NORM), substeps, "for the frequencies of this twin")
            )
        if tolerance is not None and error > tolerance:
            needed = resolution(twin, experiment, tolerance=tolerance, substeps=substeps).substeps
            raise ValueError(_too_coarse(needed, substeps, f"for a `tolerance` of {tolerance:g}"))
    values, norm = compiled(experiment, chosen.substeps)(twin)
    if not float(norm) > LARGEST_NORM:
        return values, chosen
    # a point between those that were looked at has a larger frequency
    needed = refined(chosen.substeps, float(norm) / LARGEST_NORM)
    if substeps is not None:
        raise ValueError(_too_coarse(needed, substeps, "for the frequencies of this twin"))
    return solved(twin, experiment, substeps=needed)


def _too_coarse(needed: int, substeps: int, reason: str) -> str:
    return f"`substeps` must be at least {needed} {reason}, got {substeps}. Raise it or leave it out."


def simulate(
    twin: Twin,
    experiment: Experiment,
    *,
    substeps: int | None = None,
    tolerance: float | None = None,
    recheck: int = 0,
) -> xr.Dataset:
    """Simulate an experiment: a dataset with the dims, coords and units of the measured one, noise-free.

    Parameters
    ----------
    twin, experiment, substeps, tolerance
        See `predict`. The steps taken and the estimate of the largest error that they make in a population are the
        attributes ``substeps`` and ``step_error``.
    recheck
        Number of points that a second, adaptive solver solves again (see `qrexplore.twin.recheck`), seconds each for a
        chevron. The largest difference, in the units of the data, is the attribute ``recheck_deviation``. Quasi-static noise is
        averaged over the same nodes; noise that is sampled or jumps is refused.
    """
    predicted, chosen = solved(twin, experiment, substeps=substeps, tolerance=tolerance)
    values = np.asarray(predicted)
    data = experiment.dataset(values).assign_attrs(substeps=chosen.substeps, step_error=chosen.error)
    if recheck:
        again = second_opinion(twin, experiment, values, points=recheck)
        data = data.assign_attrs(recheck_points=len(again.positions), recheck_deviation=again.deviation)
    return data
