"""How fine the steps of a prediction must be, and how far off it is with them.

A few points of the sweep, the extreme ones among them, are predicted with steps of one length and of half of it. The error
falls with the square of the step at least (signals have kinks where samples change), mostly with its fourth power, so the
difference is most of the error at these points; it is doubled for the others.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from qrexplore.core import jit
from qrexplore.experiments import Coordinate, Experiment, lines_of
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.model import Twin
from qrexplore.twin.populations import DEFAULT_SUBSTEPS, populations

# of a population: far below what any readout resolves
TOLERANCE = 1e-4
MOST_SUBSTEPS = 192
# points that are looked at along a sweep of one dimension, and along each of several
_ALONE, _TOGETHER = 5, 3


@dataclass(frozen=True)
class Resolution:
    """How finely an experiment is solved.

    Attributes
    ----------
    substeps
        Steps of the solver in each sample of the generators.
    error
        Estimate of the largest error of a population that is due to the length of the steps.
    """

    substeps: int
    error: float


def thinned(experiment: Experiment) -> Experiment:
    """Give the experiment at a few points of its sweep: both ends of each dimension, the largest values, some between."""
    sizes = dict(zip(experiment.protocol.dims, experiment.sweep_shape, strict=True))
    count = _ALONE if len(sizes) == 1 else _TOGETHER
    kept = {dim: {*np.linspace(0, size - 1, count).astype(int)} for dim, size in sizes.items()}
    for coordinate in experiment.coordinates.values():
        if np.issubdtype(coordinate.values.dtype, np.number):
            largest = np.unravel_index(np.argmax(coordinate.values), coordinate.values.shape)
            for dim, index in zip(coordinate.dims, largest, strict=True):
                kept[dim].add(index)
    chosen = {dim: np.array(sorted(map(int, indices))) for dim, indices in kept.items()}

    def cut(coordinate: Coordinate) -> Coordinate:
        return replace(coordinate, values=coordinate.values[np.ix_(*[chosen[dim] for dim in coordinate.dims])])

    return replace(experiment, coordinates={name: cut(c) for name, c in experiment.coordinates.items()})


def stepped(experiment: Experiment) -> bool:
    """Whether the experiment plays pulses, which are solved in steps; all else is exact."""
    return bool(lines_of(experiment.first_blocks()))


@lru_cache(maxsize=128)
def _compiled(_outline: Experiment, substeps: int) -> Callable[[Twin, Experiment], tuple[Array, Array]]:
    def run(twin: Twin, experiment: Experiment) -> tuple[Array, Array]:
        return populations(twin, experiment, experiment.points(), substeps=substeps, derivatives="forward")

    return jit(run, seldom=True)


@lru_cache(maxsize=128)
def _sample(experiment: Experiment) -> Experiment | None:
    return thinned(experiment) if stepped(experiment) else None


def step_error(twin: Twin, experiment: Experiment, substeps: int) -> tuple[float, float]:
    """Give an estimate of the largest error of a population with some number of steps a sample, and their largest norm.

    Parameters
    ----------
    twin, experiment
        What is predicted.
    substeps
        Steps of the solver in each sample of the generators.

    Returns
    -------
    error, norm
        The error is infinite where the norm is above `LARGEST_NORM`, that is where the steps are too long for the solver.
    """
    sample = _sample(experiment)
    if sample is None:
        return 0.0, 0.0
    coarse, norm = _compiled(sample.outline, substeps)(twin, sample)
    if float(norm) > LARGEST_NORM:
        return float("inf"), float(norm)
    fine, _ = _compiled(sample.outline, 2 * substeps)(twin, sample)
    return 2 * float(jnp.max(jnp.abs(coarse - fine))), float(norm)


def resolution(
    twin: Twin, experiment: Experiment, *, tolerance: float = TOLERANCE, substeps: int = DEFAULT_SUBSTEPS
) -> Resolution:
    """Give the coarsest steps that keep the error of populations below a tolerance.

    Parameters
    ----------
    twin, experiment
        What is predicted.
    tolerance
        Largest error of a population, estimated from a few points of the sweep.
    substeps
        Number to begin with.

    Raises
    ------
    ValueError
        If even `MOST_SUBSTEPS` steps a sample are not enough.
    """
    while True:
        error, norm = step_error(twin, experiment, substeps)
        # a NaN passes: whoever uses the prediction sees it
        if not error > tolerance:
            return Resolution(substeps, error)
        needed = refined(substeps, norm / LARGEST_NORM if np.isinf(error) else float(np.cbrt(error / tolerance)))
        if needed > MOST_SUBSTEPS:
            msg = (
                f"`tolerance` of {tolerance:g} takes {needed} steps a sample in a {experiment.name} experiment, more than "
                f"{MOST_SUBSTEPS}; {substeps} steps leave {error:.1e}. Loosen it, or look for a frequency or a filter that is "
                "far too fast."
            )
            raise ValueError(msg)
        substeps = needed


def refined(substeps: int, excess: float) -> int:
    """Give the smallest rung that has `excess` times as many steps.

    Rungs are 1, 2, 3, 4, 6, 8, 12, 16 ...: each is compiled on its own, so there should be few.
    """
    needed = substeps * excess * (1 - 1e-12)
    octave = 2 ** math.ceil(math.log2(needed))
    half = octave * 3 // 4
    return half if half >= max(needed, 3) else octave
