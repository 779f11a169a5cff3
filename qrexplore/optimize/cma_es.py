"""CMA-ES, by cmaes: generations of random points whose spread learns the shape of the valley; no derivatives asked."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from cmaes import CMA
from jaxtyping import Float

from qrexplore.core import Status
from qrexplore.optimize.objective import LeastSquares, Progress

# differences of losses below this share of the first are rounding
_ROUNDING = 1e-12


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Memory:
    state: dict[str, Any]  # arrays and numbers of the library's object
    first: float  # loss of the start
    scale: Float[np.ndarray, " parameters"]  # the library works in units of it
    quiet: int = 0  # generations in a row whose losses were all but the same
    lost: bool = False  # no point of the last generation had a finite loss


@dataclass(frozen=True)
class CmaEs:
    """CMA-ES in free coordinates, in units of their scales.

    A point where the loss is not finite ranks last; a generation of only such ends the search.

    Attributes
    ----------
    seed
        Of all random points; those of a generation follow from it and the number of the generation.
    width
        Standard deviation of the first generation.
    population
        Points in a generation; None for ``4 + 3 ln(parameters)``. More for a rough or noisy loss.
    tolerance, patience
        Converged when the losses of each of so many generations in a row differ by less than this share. The method knows no
        gradient: that the points have gathered is all it can tell.

    References
    ----------
    Hansen, The CMA evolution strategy: a tutorial, arXiv:1604.00772.
    """

    seed: int = 0
    width: float = 0.5
    population: int | None = None
    tolerance: float = 1e-6
    patience: int = 5

    def init(self, problem: LeastSquares) -> Progress:
        """Evaluate the start."""
        start = np.asarray(problem.start, dtype=np.float64)
        loss = problem.value(start)
        state = _asleep(self._fresh(start / problem.lengths))
        return Progress(start, loss, np.nan, 0, 1, _Memory(state, loss, problem.lengths))

    def advance(self, problem: LeastSquares, progress: Progress) -> Progress:
        """Evaluate one generation, and learn from its ranks."""
        memory: _Memory = progress.memory
        search = self._fresh(progress.coordinates / memory.scale)
        _wake(search, memory.state)
        search.reseed_rng(int(np.random.SeedSequence([self.seed, progress.iteration]).generate_state(1)[0]))
        points = [search.ask() for _ in range(search.population_size)]
        losses = np.array([problem.value(point * memory.scale) for point in points])
        progress = replace(
            progress, iteration=progress.iteration + 1, evaluations=progress.evaluations + search.population_size
        )
        if not np.any(np.isfinite(losses)):
            return replace(progress, memory=replace(memory, lost=True))
        losses = np.where(np.isfinite(losses), losses, np.inf)
        search.tell([(point, float(loss)) for point, loss in zip(points, losses, strict=True)])
        best = int(np.argmin(losses))
        level = np.max(losses) - losses[best] <= self.tolerance * losses[best] + _ROUNDING * memory.first
        memory = replace(memory, state=_asleep(search), quiet=memory.quiet + 1 if level else 0)
        if losses[best] < progress.loss:
            progress = replace(progress, coordinates=points[best] * memory.scale, loss=float(losses[best]))
        return replace(progress, memory=memory)

    def done(self, progress: Progress) -> Status | None:
        """Say whether the search has ended, and how."""
        memory: _Memory = progress.memory
        if memory.lost or not np.isfinite(progress.loss):
            return Status.NONFINITE
        return Status.CONVERGED if memory.quiet >= self.patience else None

    def _fresh(self, mean: np.ndarray) -> CMA:
        return CMA(mean=mean.copy(), sigma=self.width, seed=0, population_size=self.population)


def _asleep(search: CMA) -> dict[str, Any]:
    """Give what the library would pickle, less what it makes anew."""
    state = {}
    for name, value in search.__getstate__().items():
        if isinstance(value, np.ndarray):
            # the library leaves the history of losses unset where there is none yet
            state[name] = np.zeros_like(value) if search.generation == 0 and name == "_funhist_values" else value.copy()
        elif isinstance(value, int | float):
            state[name] = value
    return state


def _wake(search: CMA, state: dict[str, Any]) -> None:
    copies = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}
    search.__setstate__(copies)  # what unpickling would do, without a pickle
