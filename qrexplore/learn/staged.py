"""A start for many parameters and many experiments: landmarks first, then everything that was measured on one qubit.

The likelihood of all data has many valleys, and each look at it is dear. Landmarks lead into the right one; what was measured on
one qubit is cheaper than the rest, and tells most of the chip and its lines. A parameter of which the prior says nothing but
its bounds may have a valley of its own at each place; where the data are not explained by then, it is looked for over its
whole range, on the experiments that it acts on, unless a qubit at rest tells it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qrexplore.core import Status, Uniform
from qrexplore.experiments import Experiment, lines_of
from qrexplore.learn.placing import placed
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.learn.scouting import scouted
from qrexplore.optimize import LevenbergMarquardt, Stop, search
from qrexplore.twin import Twin

LANDMARKS, ONE_QUBIT, ALL = "landmarks", "one qubit at a time", "first look at all data"
# a stage only has to come near: it ends when it no longer gets ahead
_STOP, _FIRST_LOOK = Stop(steps=15, patience=4, share=1e-2), Stop(steps=12, patience=3, share=1e-2)
# standard deviations by which noise alone would rarely be above its mean
_CHANCE = 3.0


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
    named = list(zip(problem.datasets, problem.experiments, strict=True))
    for stage, names, stop in (
        (ONE_QUBIT, [name for name, experiment in named if len(experiment.qubits) == 1], _STOP),
        (ALL, list(problem.datasets), replace(_FIRST_LOOK, target=_like_noise(problem.independent))),
    ):
        if names:
            began = time.perf_counter()
            here = replace(problem, twin=twin)
            end = search(kernel.only(names).least_squares(here), LevenbergMarquardt(), stop=stop)
            twin = problem.moved(_values(kernel, here, end.coordinates))
            note(stage, end.loss, began)
            if end.status is Status.TARGET:
                return Staged(twin, tuple(stages))
    at_rest = {name for name, experiment in named if not _pulses_flux(experiment)}
    for path, bounds in _bounded_only(problem).items():
        reached = kernel.reached_by(path)
        # what a qubit at rest tells has been found by then
        if reached and not at_rest & set(reached):
            began = time.perf_counter()
            here = replace(problem, twin=twin)
            point, loss = scouted(kernel, here, path, bounds)
            twin = problem.moved(_values(kernel, here, point))
            note(f"range of {path}", loss, began)
    return Staged(twin, tuple(stages))


def _like_noise(points: int) -> float:
    """Give half the sum of squares below which so many points are explained; the priors' part of it is small."""
    return (points + _CHANCE * np.sqrt(2 * points)) / 2


def _pulses_flux(experiment: Experiment) -> bool:
    return any(line.startswith("flux_") for line in lines_of(experiment.first_blocks()))


def _bounded_only(problem: LearnProblem) -> dict[str, Uniform]:
    """Give the parameters that move and of which only bounds are known, with these."""
    return {row.path: row.prior for row in problem.table if isinstance(row.prior, Uniform)}


def _values(kernel: Kernel, problem: LearnProblem, point: Float[np.ndarray, " moving"]) -> dict[str, float]:
    """Give the parameters that move at some free coordinates."""
    values = np.asarray(kernel.coordinates.values(jnp.asarray(kernel.point(problem, point))))
    known = dict(zip(problem.candidates.paths, values, strict=True))
    return {path: float(known[path]) for path in problem.table.paths}
