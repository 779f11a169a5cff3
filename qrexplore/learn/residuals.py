"""Residuals of a learning problem and their derivatives, compiled once for each experiment and what can influence it."""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from itertools import compress

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from qrexplore.core import influential, side_by_side
from qrexplore.experiments import Experiment
from qrexplore.learn.compiled import Functions, Posed, functions, predicted
from qrexplore.learn.likelihood import Measured
from qrexplore.learn.problem import LearnProblem
from qrexplore.optimize import Coordinates, LeastSquares
from qrexplore.twin import Twin, resolution, step_error
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.neutral import Neutral, neutral
from qrexplore.twin.resolution import refined

# a held parameter may stand on its bound; its coordinate there is far out, but finite
_AT_BOUND = 1e-12
# evaluations that are remembered
_RECENT = 8
# derivatives from which on it pays to compile the residuals alone, too, for an optimiser that then asks less often for a Jacobian
_DEAR = 100_000
# of a population, due to the steps of the solver: small against the noise of any data
TOLERANCE = 1e-3


def _shown(twin: Twin, posed: Posed) -> Array:
    """Give what a twin predicts, however finely it is solved."""
    return predicted(twin, posed, 1)[0]


def _ignore(*_: object) -> None:
    """Take no notice."""


@dataclass(frozen=True)
class Evaluation:
    """A learning problem at one point: residuals, their Jacobian in free coordinates, and what was predicted.

    `chi2` is the sum of the squared residuals of each dataset.
    """

    residual: Float[np.ndarray, " residuals"]
    jacobian: Float[np.ndarray, "residuals parameters"]
    predictions: tuple[np.ndarray, ...]
    chi2: Float[np.ndarray, " datasets"]


@dataclass(frozen=True, eq=False)
class _Part:
    """One dataset: its experiment in neutral names, its numbers, and the parameters that can influence it."""

    name: str
    neutral: Neutral
    measured: Measured
    present: Int[np.ndarray, " present"]
    used: Int[np.ndarray, " used"]
    functions: Functions

    @property
    def size(self) -> int:
        """Number of derivatives, as a measure of what they cost."""
        return len(self.present) * len(self.used)


class Kernel:
    """The compiled functions of a learning problem over all its free paths, held ones included.

    Each dataset has functions of its own, over the parameters that can influence it. Values, held parameters, data and the
    measured start may change without anything being compiled anew, and problems with the same experiments share what was
    compiled. Where a step of the solver turns out too coarse for the frequencies on the way, it is shortened and the point
    evaluated again.

    Parameters
    ----------
    problem
        Experiments, data, free paths, priors and ties are taken from it.

    Raises
    ------
    ValueError
        If a dataset is one that no free parameter can influence.
    """

    def __init__(self, problem: LearnProblem) -> None:
        self.coordinates = Coordinates(problem.candidates)
        self._recent: dict[tuple[bytes, bytes, tuple[int, ...]], Evaluation] = {}
        self._renamed: tuple[Twin, list[Twin]] | None = None
        # followers come after the candidates that they are tied to
        self._paths = (*problem.candidates.paths, *problem.followers)
        leads = [problem.candidates.paths.index(leader) for leader in problem.followers.values()]
        self._leads = np.array([*range(len(problem.candidates)), *leads], dtype=int)

        def known(name: str, experiment: Experiment, measured: Measured) -> tuple[_Part, int]:
            part = self._part(problem.twin, name, experiment, measured)
            alike = part.neutral.twin(problem.twin)
            # found out at a few points, since each number of substeps compiles the large functions anew
            return part, resolution(alike, part.neutral.experiment, tolerance=TOLERANCE).substeps

        found = side_by_side(known, problem.datasets, problem.experiments, problem.measured)
        self._parts, self.substeps = (tuple(each) for each in zip(*found, strict=True))

    def _part(self, twin: Twin, name: str, experiment: Experiment, measured: Measured) -> _Part:
        alike = neutral(twin, experiment)
        posed = Posed(alike.twin(twin), measured, alike.experiment)
        try:
            reached = influential(_shown, posed.twin, posed)
        except ValueError:
            # what is wrong is said in the names that were given
            influential(_shown, twin, Posed(twin, measured, experiment))
            raise
        used = alike.placed(twin, self._paths, reached)
        if not used:
            could = sorted(path for path, name in alike.paths(twin).items() if name in reached)
            msg = (
                f"no free parameter can influence the dataset {name!r} ({experiment.name} of "
                f"{', '.join(experiment.qubits)}). Leave it out, or free one of: {', '.join(could[:6])}."
            )
            raise ValueError(msg)
        places, present = np.array([*used.values()]), np.flatnonzero(measured.present.reshape(-1))
        return _Part(name, alike, measured, present, places, functions(alike.experiment.outline, tuple(used)))

    def only(self, names: Iterable[str]) -> "Kernel":
        """Give a kernel of some datasets only, which shares what is compiled; parameters without influence keep their priors."""
        wanted = set(names)
        kept = [part.name in wanted for part in self._parts]
        found = copy(self)
        found._recent, found._renamed = {}, None  # noqa: SLF001 (one of its own kind)
        found._parts = tuple(compress(self._parts, kept))  # noqa: SLF001
        found.substeps = tuple(compress(self.substeps, kept))
        return found

    @property
    def sizes(self) -> dict[str, int]:
        """Number of residuals of each dataset, in their order."""
        return {part.name: len(part.present) for part in self._parts}

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

    def forget(self) -> None:
        """Forget the evaluations that are remembered."""
        self._recent.clear()

    def _evaluate(self, point: Float[np.ndarray, " candidates"], twin: Twin) -> Evaluation:
        values, slopes = self._values(point), self.coordinates.slopes(point)
        residuals, jacobians, predictions = [], [], []
        for part, (residual, columns, model) in zip(self._parts, self._all("linearize", values, twin), strict=True):
            jacobian = np.zeros((len(part.present), len(slopes)))
            np.add.at(jacobian.T, self._leads[part.used], np.asarray(columns).T[:, part.present])
            residuals.append(np.asarray(residual)[part.present])
            jacobians.append(jacobian * slopes)
            predictions.append(np.asarray(model))
        chi2 = np.array([residual @ residual for residual in residuals])
        return Evaluation(np.concatenate(residuals), np.concatenate(jacobians), tuple(predictions), chi2)

    def gradient(self, point: Float[np.ndarray, " candidates"], twin: Twin) -> tuple[np.ndarray, np.ndarray]:
        """Give the sum of squares of each dataset, and the gradient of half of all."""
        values, slopes = self._values(point), self.coordinates.slopes(point)
        chi2, gradient = np.zeros(len(self._parts)), np.zeros(len(slopes))
        found = zip(self._parts, self._all("gradient", values, twin), strict=True)
        for place, (part, (loss, slope)) in enumerate(found):
            chi2[place] = 2 * float(loss)
            np.add.at(gradient, self._leads[part.used], np.asarray(slope))
        return chi2, gradient * slopes

    def residual(self, point: Float[np.ndarray, " candidates"], twin: Twin) -> list[Float[np.ndarray, " present"]]:
        """Give the residuals of each dataset."""
        found = zip(self._parts, self._all("residual", self._values(point), twin), strict=True)
        return [np.asarray(residual)[part.present] for part, (residual,) in found]

    def value(self, point: Float[np.ndarray, " candidates"], twin: Twin) -> Float[np.ndarray, " datasets"]:
        """Give the sum of squares of each dataset."""
        return np.array([residual @ residual for residual in self.residual(point, twin)])

    def _values(self, point: Float[np.ndarray, " candidates"]) -> Float[np.ndarray, " paths"]:
        return np.asarray(self.coordinates.values(jnp.asarray(point)))[self._leads]

    def _all(self, name: str, values: Float[np.ndarray, " paths"], twin: Twin) -> list[tuple]:
        """Run a function of every dataset, in steps that are fine enough for the solver."""

        def run(part: _Part, alike: Twin, substeps: int) -> tuple[tuple, int]:
            posed = Posed(alike, part.measured, part.neutral.experiment)
            at = jnp.asarray(values[part.used])
            while True:
                found, norm = getattr(part.functions, name)(at, posed, substeps)
                excess = float(norm) / LARGEST_NORM
                # a NaN passes: the optimiser sees the NaN loss and stops with the status that says so
                if not excess > 1:
                    return found, substeps
                substeps = refined(substeps, excess)

        # the longest first, so that no core waits for one that was begun last
        order = sorted(range(len(self._parts)), key=lambda k: -self._parts[k].size)
        alike = self._alike(twin)
        found = side_by_side(run, *zip(*((self._parts[k], alike[k], self.substeps[k]) for k in order), strict=True))
        placed = dict(zip(order, found, strict=True))
        self.substeps = tuple(placed[k][1] for k in range(len(self._parts)))
        return [placed[k][0] for k in range(len(self._parts))]

    def _alike(self, twin: Twin) -> list[Twin]:
        """Give a twin in the neutral names of each dataset; a search asks for the same one again and again."""
        if self._renamed is None or self._renamed[0] is not twin:
            self._renamed = twin, [part.neutral.twin(twin) for part in self._parts]
        return self._renamed[1]

    def point(self, problem: LearnProblem, moving: Float[np.ndarray, " free"]) -> Float[np.ndarray, " candidates"]:
        """Give the coordinates of all candidates for given coordinates of those that move; held ones stay where they are."""
        spread = self.coordinates.free(problem.candidates.values, inside=_AT_BOUND)
        spread[problem.moving] = moving
        return spread

    def loss(self, problem: LearnProblem) -> float:
        """Give half the sum of squares at the start of a problem, priors included."""
        posed = self.least_squares(problem)
        residual, _ = posed.linearize(posed.start)
        return float(residual @ residual) / 2

    def step_error(self, twin: Twin) -> float:
        """Give an estimate of the largest error of a population that the steps of the solver make."""
        parts = zip(self._parts, self._alike(twin), self.substeps, strict=True)
        return max(step_error(alike, part.neutral.experiment, steps)[0] for part, alike, steps in parts)

    def least_squares(
        self, problem: LearnProblem, on_chi2: Callable[[np.ndarray, np.ndarray], None] = _ignore
    ) -> LeastSquares:
        """Pose a problem to an optimiser: only the parameters that are not held move, and their priors are data, too.

        `on_chi2` is called at each point that is evaluated, with its coordinates and the sum of squares of each dataset.
        """
        moving = problem.moving
        start = self.coordinates.free(problem.candidates.values)
        known = np.flatnonzero(self.coordinates.whitened[moving])
        told = np.eye(len(moving))[known]

        def linearize(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            found = self.evaluate(self.point(problem, point), problem.twin)
            on_chi2(point, found.chi2)
            return np.append(found.residual, point[known]), np.vstack([found.jacobian[:, moving], told])

        def gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
            chi2, slope = self.gradient(self.point(problem, point), problem.twin)
            on_chi2(point, chi2)
            return float(chi2.sum() + point[known] @ point[known]) / 2, slope[moving] + told.T @ point[known]

        def residual(point: np.ndarray) -> np.ndarray:
            found = self.residual(self.point(problem, point), problem.twin)
            on_chi2(point, np.array([part @ part for part in found]))
            return np.concatenate([*found, point[known]])

        def value(point: np.ndarray) -> float:
            found = residual(point)
            return float(found @ found) / 2

        dear = sum(part.size for part in self._parts) > _DEAR
        return LeastSquares(linearize, gradient, start[moving], loss=value, residual=residual if dear else None)
