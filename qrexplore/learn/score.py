r"""Which term is missing: the score test of candidate terms at the fit, without fitting any of them.

For a term with the coefficient c, 0 at the fit, ``g = d log L/dc`` and ``F = F_cc - F_cθ F_θθ^-1 F_θc``, the information on
c that the free parameters θ leave: ``g^2/F`` is chi2 with one degree of freedom if the term is not there, and ``g/F`` is
what the coefficient would be. One column of derivatives a term is all it costs.

References
----------
Rao, Proc. Camb. Phil. Soc. 44, 50 (1948); Self and Liang, J. Am. Stat. Assoc. 82, 605 (1987) (at a bound).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import chdtrc

# share of a column's length that must be left beside the free parameters for a test of it to mean anything
_LEFT = 1e-6
# correlation above which two terms explain the same residuals
_ALIKE = 0.9
SIGNIFICANT = 0.01


@dataclass(frozen=True)
class Candidate:
    """A term that the model may lack.

    Attributes
    ----------
    name
        Of the term.
    coefficient, stderr
        What its coefficient would be, to first order, and its standard error; infinity where the term cannot be told from
        the free parameters.
    statistic
        ``g^2/F``; 0 for a rate that wants to be negative.
    p_value
        Chance of so large a statistic without the term.
    corrected
        The same, for the whole list of terms that were looked at.
    mimics
        Other terms of the list that would explain the same residuals.
    """

    name: str
    coefficient: float
    stderr: float
    statistic: float
    p_value: float
    corrected: float
    mimics: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether it is significant after the correction."""
        return self.corrected < SIGNIFICANT

    def __str__(self) -> str:
        """Write the verdict in a line."""
        if not np.isfinite(self.stderr):
            return f"{self.name}: cannot be told from the free parameters"
        text = (
            f"{self.name}: {self.coefficient:.3g} ± {self.stderr:.2g}, score {self.statistic:.1f}, "
            f"p = {self.corrected:.2g} {'found' if self.found else 'not found'}"
        )
        return text + (f"; {', '.join(self.mimics)} would look alike" if self.mimics else "")


def score_test(
    residual: Float[np.ndarray, " residuals"],
    jacobian: Float[np.ndarray, "residuals parameters"],
    columns: Float[np.ndarray, "residuals candidates"],
    names: Sequence[str],
    *,
    rates: Bool[np.ndarray, " candidates"] | None = None,
    trials: int | None = None,
) -> tuple[Candidate, ...]:
    """Test candidate terms at the fit.

    Parameters
    ----------
    residual, jacobian
        Whitened residuals at the fit and their derivative with respect to the free coordinates. Priors are rows of both,
        with zeros in `columns`.
    columns
        Derivative of the residuals with respect to each candidate's coefficient, at 0.
    names
        Of the candidates.
    rates
        Which of them cannot be negative: their test is one-sided, and half of the chance lies at 0. None: none of them.
    trials
        Number of independent looks that p-values are corrected for (Bonferroni); None for the number of candidates. A term
        with an inner parameter that was scanned, a frequency for example, counts once a resolvable value.

    Returns
    -------
    tuple of Candidate
        Most significant first.

    Raises
    ------
    ValueError
        If the names do not fit the columns, or a column is not finite.
    """
    names = tuple(names)
    if columns.shape != (len(residual), len(names)):
        msg = (
            f"`columns` must have the shape ({len(residual)}, {len(names)}) of residuals and names, got {columns.shape}. "
            "Give a column of derivatives for each name."
        )
        raise ValueError(msg)
    broken = ~np.all(np.isfinite(columns), axis=0)
    if np.any(broken):
        msg = f"the column of {names[int(np.flatnonzero(broken)[0])]!r} is not finite. Leave this candidate out."
        raise ValueError(msg)
    one_sided = np.zeros(len(names), dtype=bool) if rates is None else np.asarray(rates, dtype=bool)
    beside = _complement(jacobian)
    left = beside(columns)
    information = np.sum(left**2, axis=0)
    testable = information > _LEFT**2 * np.sum(columns**2, axis=0)
    safe = np.where(testable, information, 1.0)
    slope = -(left.T @ residual)
    kept = testable & ~(one_sided & (slope < 0))
    statistic = np.where(kept, slope**2 / safe, 0.0)
    p_value = np.where(kept, chdtrc(1, statistic) / np.where(one_sided, 2, 1), 1.0)
    corrected = np.minimum(1.0, p_value * (len(names) if trials is None else trials))
    coefficient, stderr = np.where(testable, slope / safe, 0.0), np.where(testable, safe**-0.5, np.inf)
    unit = left / np.sqrt(safe)
    alike = (np.abs(unit.T @ unit) > _ALIKE) & np.outer(testable, testable) & ~np.eye(len(names), dtype=bool)
    found = [
        Candidate(
            name=name,
            coefficient=float(coefficient[k]),
            stderr=float(stderr[k]),
            statistic=float(statistic[k]),
            p_value=float(p_value[k]),
            corrected=float(corrected[k]),
            mimics=tuple(names[j] for j in np.flatnonzero(alike[k])),
        )
        for k, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda one: (one.p_value, -one.statistic)))


def _complement(jacobian: np.ndarray):  # noqa: ANN202 (a local function)
    """Give the projection of columns on what no free parameter can explain."""
    length = np.linalg.norm(jacobian, axis=0)
    left, singular, _ = np.linalg.svd(jacobian[:, length > 0] / length[length > 0], full_matrices=False)
    span = left[:, singular > 1e-10 * max(float(singular.max(initial=0.0)), 1.0)]
    return lambda columns: columns - span @ (span.T @ columns)
