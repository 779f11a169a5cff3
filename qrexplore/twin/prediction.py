"""What a twin says an experiment would measure: numbers (`predict`) and labelled data (`simulate`)."""

from collections.abc import Callable
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from qrexplore.core import jit, require_shots
from qrexplore.experiments import Experiment, Probe
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.ensemble import followed
from qrexplore.twin.levels import level_populations
from qrexplore.twin.model import Twin
from qrexplore.twin.populations import populations
from qrexplore.twin.readout import AbstractCloudReadout
from qrexplore.twin.recheck import second_opinion
from qrexplore.twin.resolution import TOLERANCE, Resolution, refined, resolution, step_error
from qrexplore.twin.sampling import sampled, with_provenance


def read(
    twin: Twin, experiment: Experiment, found: Float[Array, "qubits levels points"]
) -> Float[Array, "qubit *sweep"]:
    """Give what the readout reports for given populations, in the dimensions of the experiment."""
    if experiment.observable == "transmission":
        return found[:, 1].reshape(len(experiment.qubits), *experiment.sweep_shape)
    responses = [twin.readout[f"readout_{name}"].responses(found.shape[1]) for name in experiment.qubits]
    means = jnp.einsum("ql...,qlp->qp...", jnp.stack(responses), found)
    return means.reshape(len(experiment.qubits), *experiment.sweep_shape, *means.shape[2:])


def read_bins(
    twin: Twin,
    experiment: Experiment,
    found: Float[Array, "qubits levels points"],
    edges: Float[Array, "qubits components edges"],
) -> Float[Array, "qubit *sweep bins"]:
    """Give the share of shots in each bin of the IQ plane for given populations: a mixture of the clouds of the levels.

    Parameters
    ----------
    twin, experiment, found
        As in `read`.
    edges
        Inner edges of the bins (V) of each qubit, see `AbstractCloudReadout.bin_shares`.

    Raises
    ------
    ValueError
        If a qubit is not read by clouds.
    """
    shares = []
    for place, name in enumerate(experiment.qubits):
        readout = twin.readout[f"readout_{name}"]
        if not isinstance(readout, AbstractCloudReadout):
            msg = (
                f"a histogram of shots in the IQ plane needs a readout with clouds, got {type(readout).__name__} for {name!r}. "
                "Take IQReadout or DispersiveReadout."
            )
            raise ValueError(msg)  # noqa: TRY004 (a wrong device, not a wrong type)
        shares.append(readout.bin_shares(found.shape[1], edges[place]))
    binned = jnp.einsum("qlb,qlp->qpb", jnp.stack(shares), found)
    return binned.reshape(len(experiment.qubits), *experiment.sweep_shape, binned.shape[-1])


def _check_readout(twin: Twin, experiment: Experiment) -> None:
    if experiment.observable == "transmission":
        _check_probe(experiment)
        return
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


def _check_probe(experiment: Experiment) -> None:
    probes = isinstance(experiment.first_blocks()[0], Probe)
    if not probes:
        msg = (
            f"a {experiment.name} experiment reads qubits, but is asked for the transmission of a resonator. "
            "Ask for a population, signal, iq or probability."
        )
        raise ValueError(msg)


@lru_cache(maxsize=64)
def _compiled(_outline: Experiment, substeps: int) -> Callable[[Twin, Experiment], tuple[Array, Array]]:
    @jit
    def run(twin: Twin, experiment: Experiment) -> tuple[Array, Array]:
        found, norm = populations(twin, experiment, experiment.points(), substeps=substeps, derivatives="forward")
        return read(twin, experiment, found), norm

    return run


def compiled(experiment: Experiment, substeps: int) -> Callable[[Twin], tuple[Array, Array]]:
    """Give the compiled prediction of an experiment; numbers of both are traced, so none of them recompiles it."""
    run = _compiled(experiment.outline, substeps)
    return lambda twin: run(twin, experiment)


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
    if substeps is not None and tolerance is None:
        return _in_steps(twin, experiment, substeps)
    return solved(twin, experiment, substeps=substeps, tolerance=tolerance)[0]


def solved(
    twin: Twin, experiment: Experiment, *, substeps: int | None = None, tolerance: float | None = None
) -> tuple[Float[Array, "qubit *sweep"], Resolution]:
    """Give what `predict` gives, and how finely it was solved."""
    if substeps is not None:
        values = _in_steps(twin, experiment, substeps)
        error, _ = step_error(twin, experiment, substeps)
        if tolerance is not None and error > tolerance:
            needed = resolution(twin, experiment, tolerance=tolerance, substeps=substeps).substeps
            raise ValueError(_too_coarse(needed, substeps, f"for a `tolerance` of {tolerance:g}"))
        return values, Resolution(substeps, error)
    _check_readout(twin, experiment)
    chosen = resolution(twin, experiment, tolerance=tolerance or TOLERANCE)
    values, norm = compiled(experiment, chosen.substeps)(twin)
    if not float(norm) > LARGEST_NORM:
        return values, chosen
    # a point between those that were looked at has a larger frequency
    return solved(twin, experiment, substeps=refined(chosen.substeps, float(norm) / LARGEST_NORM))


def _in_steps(twin: Twin, experiment: Experiment, substeps: int) -> Float[Array, "qubit *sweep"]:
    """Give a prediction in steps that are given, if they are fine enough for the solver."""
    _check_readout(twin, experiment)
    values, norm = compiled(experiment, substeps)(twin)
    if float(norm) > LARGEST_NORM:
        needed = refined(substeps, float(norm) / LARGEST_NORM)
        raise ValueError(_too_coarse(needed, substeps, "for the frequencies of this twin"))
    return values


def _too_coarse(needed: int, substeps: int, reason: str) -> str:
    return f"`substeps` must be at least {needed} {reason}, got {substeps}. Raise it or leave it out."


def simulate(
    twin: Twin,
    experiment: Experiment,
    *,
    shots: int | None = None,
    seed: int | None = None,
    signal_noise: float = 1.0,
    substeps: int | None = None,
    tolerance: float | None = None,
    recheck: int = 0,
    single_shots: bool | None = None,
) -> xr.Dataset:
    """Simulate an experiment: a dataset with the dims, coords and units of the measured one, noise-free or of shots.

    Parameters
    ----------
    twin, experiment, substeps, tolerance
        See `predict`. The steps taken and the estimate of the largest error that they make in a population are the
        attributes ``substeps`` and ``step_error``.
    shots
        Repetitions a point, to be drawn from `seed`; the mean of infinitely many where left out. Standard errors stand beside
        the observable then, and each single shot where the experiment asks for them.
    seed
        Of the shot noise; kept in the attributes.
    signal_noise
        Standard deviation of one shot of an averaged signal, in steps between the signals of levels 0 and 1.
    recheck
        Number of points that a second, adaptive solver solves again (see `qrexplore.twin.recheck`), seconds each for a
        chevron. The largest difference, in the units of the data, is the attribute ``recheck_deviation``. Quasi-static noise is
        averaged over the same nodes; sources of noise that is sampled or jumps are left out of both solvers, and named in the
        attribute ``recheck_without``.
    single_shots
        Whether to keep each shot of clouds (``iq_shots``) and of three outcomes (``outcome_shots``); what the experiment asks for
        where left out.

    Raises
    ------
    ValueError
        If `shots` is no whole number from 1, or comes without a seed.
    """
    _check_shots(shots, seed)
    values, levels, chosen = means(twin, experiment, substeps=substeps, tolerance=tolerance)
    data = experiment.dataset(values).assign_attrs(substeps=chosen.substeps, step_error=chosen.error)
    if recheck:
        data = data.assign_attrs(_rechecked(twin, experiment, values, chosen, points=recheck))
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
        single_shots=experiment.protocol.single_shots if single_shots is None else single_shots,
    )
    return with_provenance(noisy, shots=shots, seed=seed)


def _rechecked(
    twin: Twin, experiment: Experiment, values: np.ndarray, chosen: Resolution, *, points: int
) -> dict[str, int | float | str]:
    """Give what the second solver says, as attributes of a dataset."""
    kept, left = followed(twin, experiment)
    compared = means(kept, experiment, substeps=chosen.substeps)[0] if left else values
    again = second_opinion(kept, experiment, compared, points=points)
    found = {"recheck_points": len(again.positions), "recheck_deviation": again.deviation}
    return found | ({"recheck_without": ", ".join(left)} if left else {})


def means(
    twin: Twin, experiment: Experiment, *, substeps: int | None = None, tolerance: float | None = None
) -> tuple[np.ndarray, np.ndarray | None, Resolution]:
    """Give a prediction, the populations behind it where shots cannot be drawn from the means alone, and how it was solved."""
    if experiment.observable != "iq":
        predicted, chosen = solved(twin, experiment, substeps=substeps, tolerance=tolerance)
        return np.asarray(predicted), None, chosen
    _check_readout(twin, experiment)
    if substeps is None:
        chosen = resolution(twin, experiment, tolerance=tolerance or TOLERANCE)
    else:
        chosen = Resolution(substeps, step_error(twin, experiment, substeps)[0])
    levels = level_populations(twin, experiment, substeps=chosen.substeps)
    flat = levels.reshape(*levels.shape[:2], -1)
    return np.asarray(read(twin, experiment, flat)), np.asarray(levels), chosen


def _check_shots(shots: int | None, seed: int | None) -> None:
    require_shots(shots)
    if shots is not None and (not isinstance(seed, int) or seed < 0):
        msg = f"`seed` of {shots} shots must be a whole number from 0, got {seed!r}. Give for example seed=7."
        raise ValueError(msg)
