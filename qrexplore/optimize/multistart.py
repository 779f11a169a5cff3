"""Several starts, and what they found: every end is kept, and ends that predict the same are one optimum."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from qrexplore.optimize.driver import End, Method, search
from qrexplore.optimize.objective import LeastSquares
from qrexplore.optimize.stop import Stop

Distance = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Optimum:
    """Ends that are the same but for the distance between their predictions; `ends` holds their positions, best first."""

    ends: tuple[int, ...]
    coordinates: Float[np.ndarray, " parameters"]
    loss: float


@dataclass(frozen=True)
class MultiStart:
    """What several starts found.

    Attributes
    ----------
    ends
        Every end, in the order of the starts, those without a finite loss included.
    optima
        The distinct ones among them, lowest loss first.
    """

    ends: tuple[End, ...]
    optima: tuple[Optimum, ...]

    @property
    def best(self) -> End:
        """The end of lowest loss.

        Raises
        ------
        ValueError
            If no search ended with a finite loss.
        """
        if not self.optima:
            msg = f"none of {len(self.ends)} searches ended with a finite loss. Start elsewhere, or narrow the bounds."
            raise ValueError(msg)
        return self.ends[self.optima[0].ends[0]]


def starts(
    center: Float[np.ndarray, " parameters"], width: float | Float[np.ndarray, " parameters"], count: int, *, seed: int
) -> Float[np.ndarray, "count parameters"]:
    """Give starting points that fill a box evenly (Sobol's sequence, scrambled), the center first.

    Parameters
    ----------
    center
        Free coordinates of the middle of the box.
    width
        Half its edge, for all coordinates or for each.
    count
        Number of points, at least 1.
    seed
        Of the scrambling.

    Raises
    ------
    ValueError
        If the count is below 1.
    """
    if count < 1:
        msg = f"`count` must be at least 1, got {count!r}. Give for example 8."
        raise ValueError(msg)
    center = np.asarray(center, dtype=np.float64)
    power = int(np.ceil(np.log2(max(count - 1, 1))))
    # its points are even in numbers that are powers of 2, and nearly so in the first of them
    cube = qmc.Sobol(len(center), rng=np.random.default_rng(seed)).random_base2(power)[: count - 1]
    return np.vstack([center, center + width * (2 * cube - 1)])


def residual_distance(problem: LeastSquares) -> Distance:
    """Give the distance between two points as the rms difference of their residuals.

    Where a residual is in units of its noise, a distance well below 1 is one that the data cannot tell.
    """

    @functools.cache
    def residuals(key: bytes) -> np.ndarray:
        return problem.linearize(np.frombuffer(key))[0]

    def distance(one: np.ndarray, other: np.ndarray) -> float:
        difference = residuals(np.asarray(one).tobytes()) - residuals(np.asarray(other).tobytes())
        return float(np.sqrt(np.mean(difference**2)))

    return distance


def distinct(ends: Sequence[End], distance: Distance, apart: float) -> tuple[Optimum, ...]:
    """Give the optima among some ends: each end joins the lowest one it is not `apart` from, or is one of its own."""
    finite = [position for position, end in enumerate(ends) if np.isfinite(end.loss)]
    groups: list[list[int]] = []
    for position in sorted(finite, key=lambda each: ends[each].loss):
        near = (g for g in groups if distance(ends[g[0]].coordinates, ends[position].coordinates) < apart)
        group = next(near, None)
        if group is None:
            groups.append([position])
        else:
            group.append(position)
    return tuple(Optimum(tuple(group), ends[group[0]].coordinates, ends[group[0]].loss) for group in groups)


def multi_start(
    problem: LeastSquares,
    method: Method,
    points: Iterable[Float[np.ndarray, " parameters"]],
    *,
    stop: Stop | None = None,
    distance: Distance | None = None,
    apart: float = 0.1,
    on_end: Callable[[End], None] | None = None,
) -> MultiStart:
    """Search from several points.

    Parameters
    ----------
    problem, method
        What to minimise, and how.
    points
        Where to begin, for example from `starts`.
    stop
        Limits of each search.
    distance
        Between the predictions of two points; `residual_distance` of the problem if left out.
    apart
        Ends this far from each other are distinct.
    on_end
        Called with each end.

    Returns
    -------
    MultiStart
        All ends, and the optima among them.
    """
    ends = []
    for point in points:
        ends.append(search(problem, method, stop=stop, start=point))
        if on_end is not None:
            on_end(ends[-1])
    return MultiStart(tuple(ends), distinct(ends, distance or residual_distance(problem), apart))
