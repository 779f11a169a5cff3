"""A start for many parameters and many experiments: landmarks first, then what is simple, then everything on one qubit.

The likelihood of all data has many valleys, and each look at it is dear. What a qubit does at rest is cheap to compute and
tells most of the chip and its drives; flux pulses on one qubit tell the line; what is left for all data together are small
corrections. A parameter of which the prior says nothing but its bounds may have a valley of its own at each place, and is
looked for over its whole range on the experiments that it acts on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qrexplore.core import Uniform
from qrexplore.experiments import Experiment, lines_of
from qrexplore.learn.placing import placed
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.optimize import LevenbergMarquardt, Stop, search
from qrexplore.twin import Twin

LANDMARKS, AT_REST, ONE_QUBIT = "landmarks", "qubits at rest", "flux pulses on one qubit"
# a stage only has to come near: it ends when it no longer gets ahead
_STOP = Stop(steps=15, patience=4, share=1e-3)
# places along the range of a parameter of which only its bounds are known, and steps that are taken from each
_PLACES, _SCOUTING = 8, Stop(steps=4)
# of a linear model, beside its largest singular value: directions below it are left alone
_RANK = 1e-6


@dataclass(frozen=True)
class Stage:
    """One stage of the way to a start: its name, half the sum of squares at its end (of its own data), and its seconds."""

    name: str
    loss: float
    seconds: float


@dataclass(frozen=True)
class Staged:
    """A start that was found in stages."""

    twin: Twin
    stages: tuple[Stage, ...]


def staged(
    problem: LearnProblem,
    kernel: Kernel,
    *,
    seed: int = 0,
    on_stage: Callable[[Stage], None] = lambda _: None,
) -> Staged:
    """Find a start for a joint fit, from wherever the priors allow.

    Parameters
    ----------
    problem
        The question; priors on all that is free are what the search goes by.
    kernel
        Its compiled functions; the fit that follows needs them, too.
    seed
        Of the places around the start where landmarks are looked for.
    on_stage
        Called after each stage.

    Returns
    -------
    Staged
        The twin to begin with. It is a start and not a result: nothing is said about errors.
    """
    stages: list[Stage] = []

    def note(name: str, loss: float, began: float) -> None:
        stages.append(Stage(name, loss, time.perf_counter() - began))
        on_stage(stages[-1])

    began = time.perf_counter()
    twin = placed(problem, seed=seed)
    note(LANDMARKS, float("nan"), began)
    single = {
        name: experiment
        for name, experiment in zip(problem.datasets, problem.experiments, strict=True)
        if len(experiment.qubits) == 1
    }
    at_rest = [name for name, experiment in single.items() if not _pulses_flux(experiment)]
    for stage, names in ((AT_REST, at_rest), (ONE_QUBIT, list(single))):
        if not names:
            continue
        began = time.perf_counter()
        here = replace(problem, twin=twin)
        point = kernel.coordinates.free(here.candidates.values)[here.moving]
        part = kernel.only(names)
        posed = part.least_squares(here)
        end = search(posed, LevenbergMarquardt(), stop=_STOP, start=point)
        for path, bounds in _bounded_only(here).items():
            reached = part.reached_by(path)
            # what a qubit at rest tells has been found by then
            if reached and not set(reached) & set(at_rest):
                better = _scouted(kernel.only(reached), here, end.coordinates, path, bounds)
                end = search(posed, LevenbergMarquardt(), stop=_STOP, start=better)
        twin = _moved(kernel, here, end.coordinates)
        note(stage, end.loss, began)
    return Staged(twin, tuple(stages))


def _pulses_flux(experiment: Experiment) -> bool:
    first = {name: jnp.asarray(values[0]) for name, values in experiment.points().items()}
    return any(line.startswith("flux_") for line in lines_of(experiment.protocol.sequence(experiment, first)))


def _bounded_only(problem: LearnProblem) -> dict[str, Uniform]:
    """Give the parameters that move and of which only bounds are known, with these."""
    return {row.path: row.prior for row in problem.table if isinstance(row.prior, Uniform)}


def _scouted(
    kernel: Kernel, problem: LearnProblem, point: Float[np.ndarray, " moving"], path: str, bounds: Uniform
) -> Float[np.ndarray, " moving"]:
    """Look for the best valley along one parameter, and give a point in it.

    Each place is rated by the loss that its linear model promises, with all others free to follow; the best one and where
    the search stands are followed for some steps.
    """
    posed = kernel.least_squares(problem)
    place = problem.candidates.paths.index(path)
    starts, promised = [], []
    for share in (np.arange(_PLACES) + 0.5) / _PLACES:
        values = problem.candidates.values.copy()
        values[place] = bounds.low + share * (bounds.high - bounds.low)
        moved = kernel.point(problem, point)
        moved[place] = kernel.coordinates.free(values)[place]
        starts.append(moved[problem.moving])
        residual, jacobian = posed.linearize(starts[-1])
        left = residual - jacobian @ np.linalg.lstsq(jacobian, residual, rcond=_RANK)[0]
        promised.append(float(left @ left))
    best = starts[int(np.argmin(np.where(np.isfinite(promised), promised, np.inf)))]
    ends = [search(posed, LevenbergMarquardt(), stop=_SCOUTING, start=start) for start in (point, best)]
    losses = np.array([end.loss for end in ends])
    return ends[int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))].coordinates


def _moved(kernel: Kernel, problem: LearnProblem, point: Float[np.ndarray, " moving"]) -> Twin:
    """Give the twin at some free coordinates."""
    values = np.asarray(kernel.coordinates.values(jnp.asarray(kernel.point(problem, point))))
    known = dict(zip(problem.candidates.paths, values, strict=True))
    return problem.moved({path: float(known[path]) for path in problem.table.paths})
