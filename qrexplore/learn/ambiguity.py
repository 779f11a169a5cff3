"""Distinct answers: which of the optima that several starts ended in the data cannot tell apart.

End points are sorted twice: by what they predict, in units of the noise, and by their parameters, in units of what is
known of them. Two that predict differently but fit about equally well are an ambiguity, which a further measurement can
resolve; two that predict the same with different parameters are a symmetry, or a direction that these data never tell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

# of log likelihood: what is closer than this is not resolved
UNRESOLVED = 5.0
# predictions whose difference has this norm, in units of the noise, are told apart at one sigma
_SAME_PREDICTION = 1.0
# parameters that differ by less than this, in their widths, are the same
_SAME_PARAMETERS = 1.0


@dataclass(frozen=True, eq=False)
class Optimum:
    """A distinct answer.

    Attributes
    ----------
    coordinates, loss
        Of its best end point.
    excess
        Loss above that of the best of all.
    starts
        Positions of the starts that ended here, best first.
    twins
        Coordinates of end points that predict the same with other parameters: symmetries and untold directions.
    distance
        Difference to the predictions of the best of all, in units of the noise (root of the sum of squares).
    """

    coordinates: Float[np.ndarray, " parameters"]
    loss: float
    excess: float
    starts: tuple[int, ...]
    twins: tuple[np.ndarray, ...]
    distance: float


@dataclass(frozen=True, eq=False)
class Ambiguity:
    """The distinct answers that several starts ended in.

    Attributes
    ----------
    optima
        Best first.
    failed
        Positions of the starts that ended nowhere (loss not finite).
    threshold
        Loss above the best below which an answer is not ruled out.
    paths
        The parameters.
    widths
        What counts as a difference of each coordinate.
    """

    optima: tuple[Optimum, ...]
    failed: tuple[int, ...]
    threshold: float
    paths: tuple[str, ...]
    widths: Float[np.ndarray, " parameters"]

    @property
    def unresolved(self) -> tuple[Optimum, ...]:
        """Answers that fit about as well as the best but predict otherwise."""
        return tuple(one for one in self.optima[1:] if one.excess < self.threshold)

    @property
    def resolved(self) -> bool:
        """Whether there is one answer: no other optimum is near, and no other parameters predict the same."""
        return not self.unresolved and not self.optima[0].twins

    def __repr__(self) -> str:
        """Print the answers, and in which parameters they differ most."""
        count = sum(len(one.starts) for one in self.optima)
        verdict = "one answer" if self.resolved else "more than one answer"
        lines = [f"{verdict}: {len(self.optima)} optima from {count} starts, {len(self.failed)} starts failed"]
        for one in self.optima:
            text = f"loss {one.loss:.4g} (+{one.excess:.3g}), {len(one.starts)} starts"
            if one is not self.optima[0]:
                words = "not ruled out" if one.excess < self.threshold else "ruled out"
                text += f", {words}, {one.distance:.1f} sigma from the best in predictions; {self._differences(one.coordinates)}"
            lines.append(text)
            lines += [f"  the same predictions with {self._differences(other, one.coordinates)}" for other in one.twins]
        return "\n".join(lines)

    def _differences(self, coordinates: np.ndarray, reference: np.ndarray | None = None) -> str:
        origin = self.optima[0].coordinates if reference is None else reference
        gaps = (coordinates - origin) / self.widths
        largest = [k for k in np.argsort(-np.abs(gaps), kind="stable")[:3] if abs(gaps[k]) > _SAME_PARAMETERS]
        return ", ".join(f"{self.paths[k]} {gaps[k]:+.1f} widths" for k in largest) or "the same parameters"


def ambiguity(
    coordinates: Float[np.ndarray, "starts parameters"],
    losses: Float[np.ndarray, " starts"],
    residuals: Float[np.ndarray, "starts residuals"],
    *,
    widths: Float[np.ndarray, " parameters"],
    paths: Sequence[str],
    threshold: float = UNRESOLVED,
    canonical: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Ambiguity:
    """Sort the end points of several starts into distinct answers.

    Parameters
    ----------
    coordinates, losses
        Where each start ended, and half the sum of squares there; a start with a loss that is not finite has failed.
    residuals
        Whitened residuals of the data there, priors left out; two of them differ by what is predicted.
    widths
        What counts as a difference of each coordinate, positive: standard errors, or prior widths where there are none.
    paths
        Names of the parameters.
    threshold
        Loss above the best below which an answer is not ruled out.
    canonical
        Gives the representative of coordinates under known symmetries, for example with time constants sorted.

    Raises
    ------
    ValueError
        If every start has failed, or a width is not positive.
    """
    losses, widths = np.asarray(losses, dtype=np.float64), np.asarray(widths, dtype=np.float64)
    if not np.any(np.isfinite(losses)):
        msg = f"all {len(losses)} starts failed: no loss is finite. Begin nearer to what is known of the device."
        raise ValueError(msg)
    if not np.all(widths > 0):
        msg = f"`widths` must be positive, got {widths[~(widths > 0)][0]:g}. Give standard errors or prior widths."
        raise ValueError(msg)
    ends = np.array([canonical(one) if canonical else one for one in coordinates])
    order = [int(k) for k in np.argsort(losses, kind="stable") if np.isfinite(losses[k])]
    by_prediction = _clusters(order, lambda a, b: np.linalg.norm(residuals[a] - residuals[b]) < _SAME_PREDICTION)
    best = order[0]
    optima = []
    for members in by_prediction:
        by_parameters = _clusters(members, lambda a, b: np.all(np.abs(ends[a] - ends[b]) < _SAME_PARAMETERS * widths))
        first = members[0]
        optima.append(
            Optimum(
                coordinates=ends[first],
                loss=float(losses[first]),
                excess=float(losses[first] - losses[best]),
                starts=tuple(members),
                twins=tuple(ends[group[0]] for group in by_parameters[1:]),
                distance=float(np.linalg.norm(residuals[first] - residuals[best])),
            )
        )
    failed = tuple(int(k) for k in np.flatnonzero(~np.isfinite(losses)))
    return Ambiguity(tuple(optima), failed, threshold, tuple(paths), widths)


def _clusters(members: Sequence[int], same: Callable[[int, int], bool | np.bool_]) -> list[list[int]]:
    """Put each member to the first group whose best it equals; groups and members stay best first."""
    groups: list[list[int]] = []
    for one in members:
        home = next((group for group in groups if same(group[0], one)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    return groups
