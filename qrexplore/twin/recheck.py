"""A second opinion on a prediction, by the adaptive solver of `qrexplore.twin.second_solver`."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from qrexplore.experiments import Experiment
from qrexplore.twin.ensemble import still_members
from qrexplore.twin.model import Twin
from qrexplore.twin.second_solver import SecondSolver


@dataclass(frozen=True, eq=False)
class Recheck:
    """What the second solver found at some points of an experiment.

    Attributes
    ----------
    positions
        Of the points, counted over the whole sweep.
    first, second
        What both solvers say, in the units of the experiment; one row a qubit.
    """

    positions: Int[np.ndarray, " points"]
    first: Float[np.ndarray, "qubit points"]
    second: Float[np.ndarray, "qubit points"]

    @property
    def deviation(self) -> float:
        """Largest difference, in the units of the experiment."""
        return float(np.max(np.abs(self.first - self.second)))


def second_opinion(twin: Twin, experiment: Experiment, values: np.ndarray, *, points: int = 8) -> Recheck:
    """Solve some points of an experiment again, independently.

    Parameters
    ----------
    twin, experiment
        What is simulated.
    values
        What the first solver says, in the dimensions of the experiment.
    points
        How many points, at least 1: the corners of the sweep and others spread over it.

    Raises
    ------
    ValueError
        If `points` is less than 1.
    """
    if points < 1:
        msg = f"`points` must be at least 1, got {points!r}. Give for example 8."
        raise ValueError(msg)
    flat = np.asarray(values, dtype=np.float64)
    flat = flat.reshape(len(experiment.qubits), -1, *flat.shape[1 + len(experiment.sweep_shape) :])
    grid = {name: np.asarray(column) for name, column in experiment.points().items()}
    positions = _spread(experiment.sweep_shape, points)
    solvers = [(SecondSolver(member, experiment), weight) for member, weight in still_members(twin, experiment)]
    at_points = [{n: float(column[at]) for n, column in grid.items()} for at in positions]
    found = np.stack([sum(w * solver.populations(point) for solver, w in solvers) for point in at_points], axis=-1)
    if experiment.observable == "transmission":
        return Recheck(positions, flat[:, positions], found[:, 1])
    responses = [np.asarray(twin.readout[f"readout_{name}"].responses(found.shape[1])) for name in experiment.qubits]
    return Recheck(positions, flat[:, positions], np.einsum("ql...,qlp->qp...", np.stack(responses), found))


def _spread(shape: tuple[int, ...], points: int) -> Int[np.ndarray, " points"]:
    """Give positions of the corners of a sweep first, then of points that fill it evenly (golden-ratio sequence)."""
    total = int(np.prod(shape))
    ends = [np.array([0, size - 1]) for size in shape]
    corners = np.ravel_multi_index(np.meshgrid(*ends, indexing="ij"), shape).reshape(-1)
    others = (np.arange(1, 4 * points + 1) * 0.6180339887 % 1 * total).astype(int)
    chosen = list(dict.fromkeys([*corners.tolist(), *others.tolist()]))[: min(points, total)]
    return np.sort(np.array(chosen))
