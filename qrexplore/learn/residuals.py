"""Residuals of a learning problem and their derivatives, compiled once for its experiments and free paths."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.learn.problem import LearnProblem
from qrexplore.optimize import Coordinates, LeastSquares
from qrexplore.quantum import Derivatives
from qrexplore.twin import Twin, populations, read, resolution, step_error
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.resolution import refined

_READOUT = "readout_"
# a held parameter may stand on its bound; its coordinate there is far out, but finite
_AT_BOUND = 1e-12
# evaluations that are remembered
_RECENT = 8
# of a population, due to the steps of the solver: small against the noise of any data
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Evaluation:
    """A learning problem at one point: residuals, their Jacobian in free coordinates, and what was predicted."""

    residual: Float[np.ndarray, " residuals"]
    jacobian: Float[np.ndarray, "residuals parameters"]
    predictions: tuple[np.ndarray, ...]


class Kernel:
    """The compiled functions of a learning problem over all its free paths, held ones included.

    Values, held parameters and the measured start may change without anything being compiled anew. Where a step of
    the solver turns out too coarse for the frequencies on the way, it is shortened and the point evaluated again.

    Parameters
    ----------
    problem
        Experiments, data and free paths are taken from it.
    """

    def __init__(self, problem: LearnProblem) -> None:
        self.coordinates = Coordinates(problem.candidates)
        self._recent: dict[tuple[bytes, bytes, tuple[int, ...]], Evaluation] = {}
        self._points = tuple(
            {name: jnp.asarray(values) for name, values in experiment.points().items()}
            for experiment in problem.experiments
        )
        self._experiments = problem.experiments
        self._linearize, self._gradient = _compile(problem, self.coordinates)
        # found out at a few points, since each number of substeps compiles the large functions anew
        self.substeps = tuple(resolution(problem.twin, e, tolerance=TOLERANCE).substeps for e in problem.experiments)

    def evaluate(self, point: Float[np.ndarray, " candidates"], twin: Twin) -> Evaluation:
        """Give residuals, Jacobian and predictions of a twin moved to some free coordinates."""
        # a search asks again for where it starts and where it ends
        asked = np.asarray(point).tobytes(), twin.parameters.values.tobytes()
        if (*asked, self.substeps) not in self._recent:
            found = self._evaluate(point, twin)
            # under the steps it was found with: one that is resumed remembers nothing, and must come to the same bits
            self._recent[*asked, self.substeps] = found
            while len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]
        return self._recent[*asked, self.substeps]

    def _evaluate(self, point: Float[np.ndarray, " candidates"], twin: Twin) -> Evaluation:
        while True:
            found, norms = self._linearize(jnp.asarray(point), twin, self._points, self.substeps)
            if self._fine_enough(norms):
                residual, jacobian, predictions = found
                return Evaluation(np.asarray(residual), np.asarray(jacobian), tuple(map(np.asarray, predictions)))

    def gradient(self, point: Float[np.ndarray, " candidates"], twin: Twin) -> tuple[float, np.ndarray]:
        """Give half the sum of squares and its gradient."""
        while True:
            (loss, norms), gradient = self._gradient(jnp.asarray(point), twin, self._points, self.substeps)
            if self._fine_enough(norms):
                return float(loss), np.asarray(gradient)

    def point(self, problem: LearnProblem, moving: Float[np.ndarray, " free"]) -> Float[np.ndarray, " candidates"]:
        """Give the coordinates of all candidates for given coordinates of those that move; held ones stay where they are."""
        spread = self.coordinates.free(problem.candidates.values, inside=_AT_BOUND)
        spread[problem.moving] = moving
        return spread

    def loss(self, problem: LearnProblem) -> float:
        """Give half the sum of squares at the start of a problem."""
        start = self.coordinates.free(problem.candidates.values)[problem.moving]
        residual = self.evaluate(self.point(problem, start), problem.twin).residual
        return float(residual @ residual) / 2

    def step_error(self, twin: Twin) -> float:
        """Give an estimate of the largest error of a population that the steps of the solver make."""
        return max(step_error(twin, e, n)[0] for e, n in zip(self._experiments, self.substeps, strict=True))

    def _fine_enough(self, norms: list[Array]) -> bool:
        # a NaN passes: the optimiser sees the NaN loss and stops with the status that says so
        excess = [float(norm) / LARGEST_NORM for norm in norms]
        if not any(e > 1 for e in excess):
            return True
        self.substeps = tuple(refined(n, e) if e > 1 else n for n, e in zip(self.substeps, excess, strict=True))
        return False

    def least_squares(self, problem: LearnProblem) -> LeastSquares:
        """Pose a problem to an optimiser: only the parameters that are not held move."""
        start = self.coordinates.free(problem.candidates.values)
        moving = problem.moving

        def linearize(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            found = self.evaluate(self.point(problem, point), problem.twin)
            return found.residual, found.jacobian[:, moving]

        def gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
            loss, slope = self.gradient(self.point(problem, point), problem.twin)
            return loss, slope[moving]

        return LeastSquares(linearize, gradient, start[moving])


def _compile(problem: LearnProblem, coordinates: Coordinates) -> tuple:  # noqa: C901 (small functions over shared traces)
    paths = problem.candidates.paths
    readout = np.array([path.startswith(_READOUT) for path in paths])

    def twin_at(point: Array, twin: Twin) -> Twin:
        return twin.replace(dict(zip(paths, coordinates.values(point), strict=True)))

    def found(
        point: Array, twin: Twin, points: tuple, substeps: tuple[int, ...], derivatives: Derivatives = "forward"
    ) -> tuple[list[Array], list[Array]]:
        moved = twin_at(point, twin)
        results = [
            populations(moved, experiment, grid, substeps=steps, derivatives=derivatives)
            for experiment, grid, steps in zip(problem.experiments, points, substeps, strict=True)
        ]
        return [result for result, _ in results], [norm for _, norm in results]

    def predictions(point: Array, twin: Twin, populated: list[Array]) -> list[Array]:
        moved = twin_at(point, twin)
        return [read(moved, e, p) for e, p in zip(problem.experiments, populated, strict=True)]

    def compare(point: Array, twin: Twin, populated: list[Array]) -> Array:
        pairs = zip(problem.measured, predictions(point, twin, populated), strict=True)
        return jnp.concatenate([data.residuals(prediction) for data, prediction in pairs])

    @jit
    def linearize(point: Array, twin: Twin, points: tuple, substeps: tuple[int, ...]) -> tuple[tuple, list[Array]]:
        # columns of readout parameters do not need the dynamics, which are nearly all of the work
        basis = jnp.eye(len(paths))

        def along(direction: Array) -> tuple[tuple[list[Array], list[Array]], list[Array]]:
            values, (tangent, _) = jax.jvp(lambda p: found(p, twin, points, substeps), (point,), (direction,))
            return values, tangent

        if np.all(readout):
            (populated, norms), tangents = found(point, twin, points, substeps), []
        else:
            (populated, norms), tangents = jax.vmap(along, out_axes=(None, 0))(basis[~readout])
        residual = compare(point, twin, populated)
        columns = jnp.zeros((len(residual), len(paths)))
        if not np.all(readout):
            through = jax.vmap(lambda t: jax.jvp(lambda p: compare(point, twin, p), (populated,), (t,))[1])
            columns = columns.at[:, ~readout].set(through(tangents).T)
        if np.any(readout):
            direct = jax.vmap(lambda d: jax.jvp(lambda p: compare(p, twin, populated), (point,), (d,))[1])
            columns = columns.at[:, readout].set(direct(basis[readout]).T)
        return (residual, columns, predictions(point, twin, populated)), norms

    @jit
    def gradient(
        point: Array, twin: Twin, points: tuple, substeps: tuple[int, ...]
    ) -> tuple[tuple[Array, list[Array]], Array]:
        def loss(moved: Array) -> tuple[Array, list[Array]]:
            populated, norms = found(moved, twin, points, substeps, "backward")
            return jnp.sum(compare(moved, twin, populated) ** 2) / 2, norms

        return jax.value_and_grad(loss, has_aux=True)(point)

    return linearize, gradient
