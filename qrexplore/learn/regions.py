"""The region of a sweep where a model fails worst, searched over all blocks and judged against shuffled residuals.

Two things can stand out in a block of n points: the sum of squares (scatter), or the sum (all on one side, which is how a
weak stripe shows). Each block gets the larger of the two likelihood ratios, and the best block of the grid is compared
with the best blocks of the same residuals in random order, so that the search itself raises no alarm.

References
----------
Kulldorff, Commun. Stat. Theory Methods 26, 1481 (1997) (scan statistics).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import xlogy

from qrexplore.core import format_quantity

# lengths of blocks grow by this, so that any stretch is half filled by one of them at least
_GROWTH = 1.5
# of the grid at most: what fills more of it is no region
_LARGEST_SHARE = 0.5
_FEWEST_POINTS = 16
# shuffles that the tail of the search in noise is fitted to
_SHUFFLES = 200
# p-values from here are counted, smaller ones extrapolated
_COUNTED = 0.05
# numbers that one pass of the search holds at a time: few enough for the cache of a processor
_BATCH = 30_000


@dataclass(frozen=True, eq=False)
class Axis:
    """An axis of a sweep.

    Attributes
    ----------
    name
        For example ``duration``.
    values
        Numbers, rising or falling, or names (of qubits) that have no order.
    unit
        SI unit of the numbers.
    """

    name: str
    values: Sequence[Any] | np.ndarray
    unit: str = "1"

    @property
    def ordered(self) -> bool:
        """Whether neighbors on the axis are near each other."""
        return np.issubdtype(np.asarray(self.values).dtype, np.number)

    def stretch(self, begin: int, end: int) -> str:
        """Write the part from one position to before another; empty if it is the whole axis."""
        if end - begin == len(self.values):
            return ""
        ends = [self.values[begin], self.values[end - 1]]
        if not self.ordered:
            return f"{self.name} {ends[0]}"
        low, high = sorted(float(one) for one in ends)
        if end - begin == 1:
            return f"{self.name} {format_quantity(low, self.unit, digits=4)}"
        return (
            f"{self.name} {format_quantity(low, self.unit, digits=4)} to {format_quantity(high, self.unit, digits=4)}"
        )


@dataclass(frozen=True)
class Region:
    """A block of a sweep.

    Attributes
    ----------
    text
        Where it is, in the sweep's coordinates and units.
    slices
        Begin and end positions along each axis, the end not included.
    points
        Number of points in it.
    rms, mean
        Of the residuals in it.
    p_value
        Chance that the best block of noise stands out as much.
    """

    text: str
    slices: tuple[tuple[int, int], ...]
    points: int
    rms: float
    mean: float
    p_value: float

    def __str__(self) -> str:
        """Write it, for example ``duration 20 ns to 31 ns: residuals 4.1 sigma rms``."""
        return f"{self.text}: residuals {self.rms:.1f} sigma rms, mean {self.mean:+.1f}"


def worst_region(residuals: Float[np.ndarray, " *sweep"], axes: Sequence[Axis], *, seed: int = 0) -> Region | None:
    """Give the block of a sweep whose residuals stand out most, or None if there are fewer than 16 points.

    Parameters
    ----------
    residuals
        Whitened residuals on the grid; NaN where a point is missing.
    axes
        Of the grid, in order.
    seed
        Of the 200 shuffles; p-values beyond what they reach are those of the Gumbel distribution fitted to them.
    """
    present = np.isfinite(residuals)
    if int(present.sum()) < _FEWEST_POINTS:
        return None
    # in units of its rms: a wrong scale of the noise is seen by chi2, and is no region
    power = float(np.mean(residuals[present] ** 2))
    if power == 0:
        return None
    whitened = np.where(present, residuals, 0.0) / math.sqrt(power)
    shapes = list(_shapes(axes))
    best, slices = _scan(whitened[None], present, shapes)
    random = np.random.default_rng(seed)
    null = []
    batch = max(1, _BATCH // residuals.size)
    for begin in range(0, _SHUFFLES, batch):
        shuffled = _shuffled(whitened, present, axes, min(batch, _SHUFFLES - begin), random)
        null.append(_scan(shuffled, present, shapes)[0])
    p_value = _tail(float(best[0]), np.concatenate(null))
    slices = _sharpened(whitened, present, slices)
    block = residuals[tuple(slice(*ends) for ends in slices)]
    inside = block[np.isfinite(block)]
    words = [axis.stretch(*ends) for axis, ends in zip(axes, slices, strict=True)]
    return Region(
        text=", ".join(word for word in words if word),
        slices=slices,
        points=len(inside),
        rms=float(np.sqrt(np.mean(inside**2))),
        mean=float(np.mean(inside)),
        p_value=p_value,
    )


def unordered(axes: Sequence[Axis]) -> list[int]:
    """Give the positions of axes without an order: outcomes and qubits of one point, whose residuals may be correlated."""
    return [position for position, axis in enumerate(axes) if not axis.ordered]


def _shuffled(
    field: Float[np.ndarray, " *sweep"],
    present: Bool[np.ndarray, " *sweep"],
    axes: Sequence[Axis],
    count: int,
    random: np.random.Generator,
) -> Float[np.ndarray, "count *sweep"]:
    """Give a field some times with its points in another order; what belongs to one point stays together."""
    beside = unordered(axes)
    first = range(len(beside))

    def flat(array: np.ndarray) -> np.ndarray:
        moved = np.moveaxis(array, beside, first)
        return moved.reshape(math.prod(moved.shape[: len(beside)]), -1)

    rows = flat(field)
    found = np.zeros((count, *rows.shape))
    # points change places with those that have the same of their numbers missing
    kinds, kind = np.unique(flat(present), axis=1, return_inverse=True)
    for one in range(kinds.shape[1]):
        places = np.flatnonzero(kind.reshape(-1) == one)
        order = random.permuted(np.tile(places, (count, 1)), axis=1)
        found[:, :, places] = np.moveaxis(rows[:, order], 1, 0)
    shape = np.moveaxis(field, beside, first).shape
    return np.moveaxis(found.reshape(count, *shape), [1 + k for k in first], [1 + k for k in beside])


def _shapes(axes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
    """Give the shapes of blocks that are searched."""
    total = math.prod(len(axis.values) for axis in axes)
    lengths = []
    for axis in axes:
        count = len(axis.values)
        some, length = {1, count}, 1.0
        while axis.ordered and length < count:
            some.add(int(length))
            length = max(length + 1, length * _GROWTH)
        lengths.append(sorted(some))
    for shape in product(*lengths):
        if math.prod(shape) <= _LARGEST_SHARE * total:
            yield shape


def _scan(
    fields: np.ndarray, present: np.ndarray, shapes: list[tuple[int, ...]]
) -> tuple[np.ndarray, tuple[tuple[int, int], ...]]:
    """Give the largest likelihood ratio over all blocks of each field, and where it is in the first."""
    best, where = np.full(len(fields), -np.inf), ()
    counts, sums, squares = _summed(present[None].astype(float)), _summed(fields), _summed(fields**2)
    for shape in shapes:
        n = _blocks(counts, shape)
        ratio = _likelihood_ratio(n, _blocks(sums, shape), _blocks(squares, shape))
        flat = ratio.reshape(len(fields), -1)
        place = int(np.argmax(flat[0]))
        if flat[0, place] > best[0]:
            corner = np.unravel_index(place, ratio.shape[1:])
            where = tuple((int(begin), int(begin) + length) for begin, length in zip(corner, shape, strict=True))
        best = np.maximum(best, flat.max(axis=1))
    return best, where


def _likelihood_ratio(n: np.ndarray, total: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Give twice the log likelihood ratio of more scatter, or of a mean, whichever is larger, in blocks of n points."""
    safe = np.maximum(n, 1.0)
    scatter = np.where(square > n, square - n - xlogy(n, np.maximum(square, 1e-300) / safe), 0.0)
    return np.where(n > 0, np.maximum(scatter, total**2 / safe), 0.0)


def _summed(fields: np.ndarray) -> np.ndarray:
    """Give sums over all that lies before each corner."""
    table = np.pad(fields, [(0, 0)] + [(1, 0)] * (fields.ndim - 1))
    for axis in range(1, fields.ndim):
        table = np.cumsum(table, axis=axis)
    return table


def _blocks(table: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Give the sums over all blocks of a shape."""
    for axis, length in enumerate(shape, start=1):
        before = (slice(None),) * axis
        table = table[(*before, slice(length, None))] - table[(*before, slice(None, -length))]
    return table


def _sharpened(
    field: np.ndarray, present: np.ndarray, slices: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    """Move the edges of a block, one position at a time, as long as it stands out more."""

    def score(ends: tuple[tuple[int, int], ...]) -> float:
        if any(begin >= end or begin < 0 or end > size for (begin, end), size in zip(ends, field.shape, strict=True)):
            return -np.inf
        block = tuple(slice(*one) for one in ends)
        inside = field[block][present[block]]
        return float(_likelihood_ratio(np.asarray(float(inside.size)), inside.sum(), np.asarray(inside @ inside)))

    best, here = score(slices), slices
    while True:
        moves = [
            tuple((begin + (axis == k) * one, end + (axis == k) * two) for axis, (begin, end) in enumerate(here))
            for k, length in enumerate(field.shape)
            for one, two in ((-1, 0), (1, 0), (0, -1), (0, 1))
            if here[k] != (0, length)
        ]
        scores = [score(move) for move in moves]
        if not moves or max(scores) <= best:
            return here
        best, here = max(scores), moves[int(np.argmax(scores))]


def _tail(best: float, null: np.ndarray) -> float:
    """Give the chance of a value in noise: by counting, and where that ends by the Gumbel distribution of the maxima."""
    counted = (1 + int(np.sum(null >= best))) / (1 + len(null))
    if counted > _COUNTED:
        return counted
    scale = float(np.std(null, ddof=1)) * math.sqrt(6) / math.pi
    location = float(np.mean(null)) - np.euler_gamma * scale
    return float(-np.expm1(-np.exp(-(best - location) / scale)))
