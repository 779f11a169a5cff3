"""A start for many parameters and many experiments: landmarks first, then everything that was measured on one qubit.

The likelihood of all data has many valleys, and each look at it is dear. Landmarks lead into the right one; what was measured on
one qubit is cheaper than the rest, and tells most of the chip and its lines. A parameter of which the prior says nothing but
its bounds may have a valley of its own at each place, and is looked for over its whole range, on the experiments that it acts
on, unless a qubit at rest tells it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qrexplore.core import Uniform
from qrexplore.experiments import Experiment, lines_of
from qrexplore.learn.placing import placed
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.optimize import LeastSquares, LevenbergMarquardt, Stop, search
from qrexplore.twin import Twin

LANDMARKS, ONE_QUBIT, ALL = "landmarks", "one qubit at a time", "first look at all data"
# a stage only has to come near: it ends when it no longer gets ahead
_STOP, _FIRST_LOOK = Stop(steps=15, patience=4, share=1e-2), Stop(steps=4)
# places along the range of a parameter of which only its bounds are known, and what the others are given to follow to each
_PLACES, _STEP = 10, Stop(steps=1)
# valleys that are followed to their ends, and the share of the information on the parameter that what is looked at must hold
_FOLLOWED, _TELLING = 2, 0.9
_FOLLOW = Stop(steps=10, patience=3, share=1e-4)


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
        (ALL, list(problem.datasets), _FIRST_LOOK),
    ):
        if names:
            began = time.perf_counter()
            here = replace(problem, twin=twin)
            end = search(kernel.only(names).least_squares(here), LevenbergMarquardt(), stop=stop)
            twin = problem.moved(_values(kernel, here, end.coordinates))
            note(stage, end.loss, began)
    at_rest = {name for name, experiment in named if not _pulses_flux(experiment)}
    for path, bounds in _bounded_only(problem).items():
        reached = kernel.reached_by(path)
        # what a qubit at rest tells has been found by then
        if reached and not at_rest & set(reached):
            began = time.perf_counter()
            here = replace(problem, twin=twin)
            point, loss = _scouted(kernel, here, path, bounds)
            twin = problem.moved(_values(kernel, here, point))
            note(f"range of {path}", loss, began)
    return Staged(twin, tuple(stages))


def _pulses_flux(experiment: Experiment) -> bool:
    return any(line.startswith("flux_") for line in lines_of(experiment.first_blocks()))


def _bounded_only(problem: LearnProblem) -> dict[str, Uniform]:
    """Give the parameters that move and of which only bounds are known, with these."""
    return {row.path: row.prior for row in problem.table if isinstance(row.prior, Uniform)}


def _scouted(
    kernel: Kernel, problem: LearnProblem, path: str, bounds: Uniform
) -> tuple[Float[np.ndarray, " moving"], float]:
    """Look for the best valley along one parameter, and give a point in it with half the sum of squares there.

    The parameter is led along its range, from where it is to both ends, and the others follow: what makes up for an echo at the
    wrong place is let go of little by little. The experiments that tell most of it are computed; of all others the linear model
    about the start says what they allow.
    """
    whole = kernel.least_squares(problem)
    start = whole.start
    residual, jacobian = whole.linearize(start)
    column = problem.table.paths.index(path)
    ends = np.cumsum(list(kernel.sizes.values()))
    told = [float(np.sum(rows**2)) for rows in np.split(jacobian[: ends[-1], column], ends[:-1])]
    telling = _most(dict(zip(kernel.sizes, told, strict=True)))
    others = np.concatenate([
        np.arange(end - size, end) for end, (name, size) in zip(ends, kernel.sizes.items(), strict=True) if name not in telling
    ]).astype(int)  # fmt: skip
    # along the range of the parameter itself their linear model would lead astray
    slopes = jacobian[others]
    slopes[:, column] = 0.0
    part = kernel.only(telling).least_squares(problem)

    def linearize(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found, rows = part.linearize(point)
        return np.append(found, residual[others] + slopes @ (point - start)), np.vstack([rows, slopes])

    def gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
        found, rows = linearize(point)
        return float(found @ found) / 2, rows.T @ found

    posed = LeastSquares(linearize, gradient, start)
    profile = _led(posed, column, _places(kernel, problem, column, bounds))
    # where nothing can be computed there is no bottom
    losses = np.nan_to_num([np.inf, *(loss for loss, _ in profile), np.inf], nan=np.inf)
    bottoms = [one for k, one in enumerate(profile, 1) if losses[k] <= min(losses[k - 1], losses[k + 1])]
    tried = sorted(bottoms, key=lambda one: one[0] if np.isfinite(one[0]) else np.inf)[:_FOLLOWED]
    found = [search(posed, LevenbergMarquardt(), stop=_FOLLOW, start=place) for _, place in tried]
    best = min(found, key=lambda end: end.loss if np.isfinite(end.loss) else np.inf)
    return best.coordinates, best.loss


def _places(kernel: Kernel, problem: LearnProblem, column: int, bounds: Uniform) -> Float[np.ndarray, " places"]:
    """Give the free coordinate of a parameter at places along its range, in their order."""
    found = []
    for share in (np.arange(_PLACES) + 0.5) / _PLACES:
        values = problem.candidates.values.copy()
        values[problem.moving[column]] = bounds.low + share * (bounds.high - bounds.low)
        found.append(kernel.coordinates.free(values)[problem.moving][column])
    return np.sort(found)


def _led(
    posed: LeastSquares, column: int, places: Float[np.ndarray, " places"]
) -> list[tuple[float, Float[np.ndarray, " moving"]]]:
    """Lead one coordinate from where it is over all places, and give the loss and the point that the others come to at each."""

    def settled(point: np.ndarray) -> tuple[float, np.ndarray]:
        """Let the others follow from a point, for a step."""

        def linearize(others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            found, rows = posed.linearize(np.insert(others, column, point[column]))
            return found, np.delete(rows, column, axis=1)

        def gradient(others: np.ndarray) -> tuple[float, np.ndarray]:
            found, rows = linearize(others)
            return float(found @ found) / 2, rows.T @ found

        held = LeastSquares(linearize, gradient, np.delete(point, column))
        end = search(held, LevenbergMarquardt(), stop=_STEP)
        return end.loss, np.insert(end.coordinates, column, point[column])

    def along(way: np.ndarray, point: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
        for place in way:
            point = point.copy()
            point[column] = place
            loss, point = settled(point)
            yield loss, point

    here = settled(posed.start)
    below, above = np.split(places, [np.searchsorted(places, posed.start[column])])
    return [*reversed([*along(below[::-1], here[1])]), here, *along(above, here[1])]


def _most(told: Mapping[str, float]) -> tuple[str, ...]:
    """Give the names that hold most of some sum, the largest first."""
    order = sorted(told, key=lambda name: -told[name])
    shares = np.cumsum([told[name] for name in order]) / max(sum(told.values()), np.finfo(float).tiny)
    return tuple(order[: int(np.searchsorted(shares, _TELLING)) + 1])


def _values(kernel: Kernel, problem: LearnProblem, point: Float[np.ndarray, " moving"]) -> dict[str, float]:
    """Give the parameters that move at some free coordinates."""
    values = np.asarray(kernel.coordinates.values(jnp.asarray(kernel.point(problem, point))))
    known = dict(zip(problem.candidates.paths, values, strict=True))
    return {path: float(known[path]) for path in problem.table.paths}
