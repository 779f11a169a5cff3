"""How well a model explains an experiment: chi2, runs, correlations, and the region where it fails worst.

A mean chi2 of 1 does not show that nothing is left: a stripe of residuals on one side of zero may cost less than its
points. So neighbors are compared with each other along each axis, and `qrexplore.learn.regions` searches for the block
that stands out.

References
----------
Wald and Wolfowitz, Ann. Math. Stat. 11, 147 (1940) (runs).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import chdtrc, ndtr

from qrexplore.learn.regions import Axis, Region, unordered, worst_region

FALSE_ALARM = 0.01
# steps between neighbors below which a test along an axis says nothing
_FEWEST = 10


@dataclass(frozen=True)
class AxisTest:
    """Whether neighbors along one axis know of each other.

    Attributes
    ----------
    axis
        Name of the axis.
    changes, expected
        Changes of sign between neighbors, and how many there would be in noise.
    runs_p
        Chance of so few changes in noise: of so long runs on one side.
    correlation
        Correlation of neighboring residuals (about zero).
    correlation_p
        Chance of so large a correlation, of either sign, in noise.
    """

    axis: str
    changes: int
    expected: float
    runs_p: float
    correlation: float
    correlation_p: float


@dataclass(frozen=True)
class Goodness:
    """How well a model explains one experiment.

    Attributes
    ----------
    name
        Of the experiment.
    chi2, dof, p_value
        Sum of squared residuals, degrees of freedom, and the chance of so much or more in noise.
    points, missing
        Numbers of points that were compared, and that were left out.
    axes
        Tests along each axis that has neighbors enough.
    worst
        The region that stands out most; None where there are too few points to search.
    false_alarm
        Chance that noise alone is called unexplained.
    """

    name: str
    chi2: float
    dof: float
    p_value: float
    points: int
    missing: int
    axes: tuple[AxisTest, ...]
    worst: Region | None
    false_alarm: float

    @property
    def flags(self) -> tuple[str, ...]:
        """What speaks against noise; empty if nothing does. The false alarm is shared evenly by all tests."""
        trials = 1 + 2 * len(self.axes) + (self.worst is not None)
        each = self.false_alarm / trials
        found = []
        if self.p_value < each:
            found.append(f"chi2 per degree of freedom {self.chi2 / self.dof:.3f} ({_chance(self.p_value)})")
        for one in self.axes:
            if one.runs_p < each:
                found.append(
                    f"long runs along {one.axis}: {one.changes} changes of sign, {one.expected:.0f} expected "
                    f"({_chance(one.runs_p)})"
                )
            if one.correlation_p < each:
                found.append(
                    f"neighbors along {one.axis} correlated by {one.correlation:.2f} ({_chance(one.correlation_p)})"
                )
        if self.worst is not None and self.worst.p_value < each:
            found.append(f"{self.worst} ({_chance(self.worst.p_value)})")
        return tuple(found)

    @property
    def explained(self) -> bool:
        """Whether what is left looks like noise."""
        return not self.flags

    def __repr__(self) -> str:
        """Print the verdict, what speaks against noise, and the worst region."""
        missing = f", {self.missing} missing" if self.missing else ""
        head = (
            f"{self.name}: chi2 {self.chi2:.1f} for {self.dof:.1f} degrees of freedom ({self.points} points{missing}), "
        )
        lines = [head + ("explained" if self.explained else "not explained")]
        lines += [f"  {flag}" for flag in self.flags]
        if self.worst is not None and not any(flag.startswith(str(self.worst)) for flag in self.flags):
            lines.append(f"  worst region, within noise: {self.worst}")
        return "\n".join(lines)


def _chance(p_value: float) -> str:
    # below what a number can hold there is no telling
    return f"p = {p_value:.1g}" if p_value > 0 else "p < 1e-300"


def goodness(
    residuals: Float[np.ndarray, " *sweep"],
    axes: Sequence[Axis],
    *,
    name: str = "data",
    parameters: float = 0.0,
    false_alarm: float = FALSE_ALARM,
    seed: int = 0,
) -> Goodness:
    """Judge the residuals of one experiment.

    Parameters
    ----------
    residuals
        Whitened residuals on the grid of the sweep; NaN where a point is missing.
    axes
        Of the grid, in order.
    name
        Of the experiment.
    parameters
        Degrees of freedom that the fit spent on this experiment (see `parameters_spent`).
    false_alarm
        Chance that noise alone is called unexplained, all tests together, in (0, 1).
    seed
        Of the shuffles that the worst region is compared with.

    Raises
    ------
    ValueError
        If the axes do not fit the residuals, or no degree of freedom is left.
    """
    shape = tuple(len(axis.values) for axis in axes)
    if residuals.shape != shape:
        msg = f"`residuals` must have the shape {shape} of the axes, got {residuals.shape}. Give one axis a dimension."
        raise ValueError(msg)
    present = np.isfinite(residuals)
    points = int(present.sum())
    dof = points - parameters
    if dof <= 0:
        msg = (
            f"{points} points of {name!r} leave no degree of freedom beside {parameters:.3g} parameters. "
            "Measure more points, or free fewer parameters."
        )
        raise ValueError(msg)
    chi2 = float(np.sum(residuals[present] ** 2))
    tests = [_along(residuals, present, axes, k) for k, axis in enumerate(axes) if axis.ordered]
    return Goodness(
        name=name,
        chi2=chi2,
        dof=float(dof),
        p_value=float(chdtrc(dof, chi2)),
        points=points,
        missing=int(residuals.size - points),
        axes=tuple(test for test in tests if test is not None),
        worst=worst_region(residuals, axes, seed=seed),
        false_alarm=false_alarm,
    )


def parameters_spent(
    jacobian: Float[np.ndarray, "residuals parameters"],
    covariance: Float[np.ndarray, "parameters parameters"],
    sizes: Sequence[int],
) -> Float[np.ndarray, " experiments"]:
    """Give how many degrees of freedom a joint fit spends on each experiment: the trace of its part of the hat matrix.

    Parameters
    ----------
    jacobian
        Derivative of the whitened residuals with respect to the coordinates, the experiments one after the other.
    covariance
        Of the coordinates, priors included.
    sizes
        Number of residuals of each experiment.
    """
    leverage = np.einsum("ri,ij,rj->r", jacobian, covariance, jacobian)
    return np.array([part.sum() for part in np.split(leverage, np.cumsum(sizes)[:-1])])


def _along(residuals: np.ndarray, present: np.ndarray, axes: Sequence[Axis], position: int) -> AxisTest | None:
    # first what belongs to one point, last the axis
    beside = unordered(axes)
    places = (*beside, position), (*range(len(beside)), -1)
    lines, there = np.moveaxis(residuals, *places), np.moveaxis(present, *places)
    pairs = there[..., 1:] & there[..., :-1]
    count = int(pairs.sum())
    if count < _FEWEST:
        return None
    products = np.where(pairs, np.nan_to_num(lines[..., 1:]) * np.nan_to_num(lines[..., :-1]), 0.0)
    above = lines > 0
    changed = pairs & (above[..., 1:] != above[..., :-1])
    changes = int(np.sum(changed))
    expected, variance = _runs(above, there, pairs)
    variance *= _in_step(np.where(pairs, changed - changes / count, 0.0), len(beside))
    score = (changes + 0.5 - expected) / np.sqrt(variance) if variance > 1e-9 else 0.0
    power = float(np.mean(residuals[present] ** 2))
    correlation = float(products.sum()) / count / power if power > 0 else 0.0
    independent = count / _in_step(products, len(beside))
    return AxisTest(
        axis=axes[position].name,
        changes=changes,
        expected=expected,
        runs_p=float(ndtr(score)),
        correlation=correlation,
        correlation_p=float(2 * ndtr(-abs(correlation) * np.sqrt(independent))),
    )


def _in_step(numbers: np.ndarray, beside: int) -> float:
    """Give how many times the variance of a sum is that of numbers that are independent along the first axes; 1 at least.

    Outcomes of one point share its shots, and of two that come, each misses what the other has too much.
    """
    apart = float(np.sum(numbers**2))
    together = float(np.sum(np.sum(numbers, axis=tuple(range(beside))) ** 2))
    return max(1.0, together / apart) if apart > 0 else 1.0


def _runs(above: np.ndarray, there: np.ndarray, pairs: np.ndarray) -> tuple[float, float]:
    """Give mean and variance of the changes of sign if each line held its own signs in any order (Wald and Wolfowitz).

    Line by line, since the share of signs is another one where few counts come. With points missing, for the pairs that are
    left: those that share a point change together with the chance q/2, others with that of drawing two pairs.
    """
    n, plus = there.sum(axis=-1).astype(float), (above & there).sum(axis=-1).astype(float)
    minus, m = n - plus, pairs.sum(axis=-1).astype(float)
    triples = np.sum(pairs[..., 1:] & pairs[..., :-1], axis=-1)
    q = 2 * plus * minus / np.maximum(n * (n - 1), 1)
    apart = 4 * plus * (plus - 1) * minus * (minus - 1) / np.maximum(n * (n - 1) * (n - 2) * (n - 3), 1)
    variance = m * q + triples * q + (m * (m - 1) - 2 * triples) * apart - (m * q) ** 2
    return float(np.sum(m * q)), float(np.sum(variance))
