r"""Which of several models the data prefer, in numbers with the words that belong to them.

All take losses, half the sum of squares of whitened residuals, which are minus log likelihoods up to a constant that all
models of the same data share.

References
----------
Schwarz, Ann. Stat. 6, 461 (1978) (BIC); MacKay, Neural Comput. 4, 415 (1992) (evidence by Laplace's method); Vehtari,
Gelman and Gabry, Stat. Comput. 27, 1413 (2017) (PSIS-LOO).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import chdtrc

from qrexplore.learn.optional import require_extra
from qrexplore.learn.uncertainty import in_units, require_widths

# differences of log evidence below and above which the words change
NO_PREFERENCE = 2.0
STRONG = 5.0
# share above which importance sampling cannot be believed
LARGEST_TAIL = 0.7
SIGNIFICANT = 0.01


def bic(loss: float, *, parameters: int, points: int) -> float:
    """Give the Bayesian information criterion, ``2 loss + k log n``; the smaller the better.

    Parameters
    ----------
    loss
        Half the sum of squared residuals at the fit, without priors.
    parameters, points
        Numbers of free parameters and of independent points, at least 1.
    """
    return 2 * loss + parameters * float(np.log(points))


def log_evidence(
    loss: float,
    jacobian: Float[np.ndarray, "residuals parameters"],
    slopes: Float[np.ndarray, " parameters"],
    *,
    shifts: Float[np.ndarray, " parameters"],
    prior: Float[np.ndarray, " parameters"],
) -> float:
    r"""Give the logarithm of the evidence by Laplace's method, up to the constant that all models of the data share.

    With Gaussian priors and the Fisher information F in units of their widths it is
    ``-loss - |z|^2/2 - log det(1 + F)/2``, z the distances of the fit from the prior means in prior widths.

    Parameters
    ----------
    loss
        Half the sum of squared residuals at the fit, without priors.
    jacobian
        Derivative of the residuals with respect to free coordinates at the fit, without rows of priors.
    slopes
        Derivative of each parameter with respect to its coordinate.
    shifts
        Fit less prior mean, in the unit of each parameter.
    prior
        Standard deviation of each prior, positive and finite.

    Raises
    ------
    ValueError
        If a prior has no positive finite width.
    """
    prior = np.asarray(prior, dtype=np.float64)
    require_widths(prior, endless=False)
    strength = np.linalg.svd(in_units(jacobian, slopes, prior), compute_uv=False)
    distance = np.asarray(shifts) / prior
    return float(-loss - distance @ distance / 2 - np.sum(np.log1p(strength**2)) / 2)


def preference(difference: float, first: str = "first", second: str = "second") -> str:
    """Say what a difference of log evidence (first less second) means: below 2 nothing, above 5 much.

    Parameters
    ----------
    difference
        Log evidence of the first model less that of the second; half the difference of BIC, with the sign turned, will do.
    first, second
        Names of the models.
    """
    size = abs(difference)
    if not np.isfinite(difference):
        msg = f"`difference` must be a number, got {difference!r}. Compare models whose evidence is known."
        raise ValueError(msg)
    if size < NO_PREFERENCE:
        return f"no preference between {first} and {second} (difference of log evidence {difference:+.1f})"
    winner = first if difference > 0 else second
    word = "strongly" if size > STRONG else "weakly"
    return f"{winner} is {word} preferred (difference of log evidence {difference:+.1f})"


@dataclass(frozen=True)
class LikelihoodRatio:
    """Whether a richer model, of which the simpler one is a special case, explains significantly more.

    Attributes
    ----------
    statistic, dof, p_value
        Twice the gain in log likelihood, the number of further parameters, and the chance of so much without them.
    """

    statistic: float
    dof: int
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether the chance is below 1 %."""
        return self.p_value < SIGNIFICANT

    def __str__(self) -> str:
        """Write the verdict in a line."""
        verdict = "the further parameters are needed" if self.significant else "the further parameters are not needed"
        return f"{verdict}: deviance falls by {self.statistic:.1f} for {self.dof} of them (p = {self.p_value:.2g})"


def likelihood_ratio(simple: float, rich: float, *, further: int) -> LikelihoodRatio:
    """Compare nested models by their losses.

    Parameters
    ----------
    simple, rich
        Losses at the fits of the simpler and of the richer model.
    further
        Number of parameters that the richer one has more, at least 1. Where some lie on a bound in the simpler model the
        p-value is too large, at most by a factor 2 for each.

    Raises
    ------
    ValueError
        If the richer model fits worse than the simpler one, which it contains, or has no further parameter.
    """
    if further < 1:
        msg = f"`further` must be at least 1, got {further}. Compare models that differ by parameters."
        raise ValueError(msg)
    if rich > simple + 0.05:
        msg = (
            f"the richer model fits worse than the simpler one that it contains, got losses {rich:.6g} and {simple:.6g}. "
            "Fit it again, from where the simpler one ended."
        )
        raise ValueError(msg)
    statistic = max(0.0, 2 * (simple - rich))
    return LikelihoodRatio(statistic, further, float(chdtrc(further, statistic)))


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """How well each block of data is predicted from the others, estimated by PSIS-LOO.

    Attributes
    ----------
    names
        The blocks: experiments.
    densities
        Expected log predictive density of each.
    tails
        Pareto k of each; above 0.7 the estimate of that block cannot be believed, and it should be really left out.
    spent
        Effective number of parameters.
    """

    names: tuple[str, ...]
    densities: Float[np.ndarray, " blocks"]
    tails: Float[np.ndarray, " blocks"]
    spent: float

    @property
    def total(self) -> float:
        """Sum over all blocks."""
        return float(self.densities.sum())

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Blocks whose estimate cannot be believed."""
        return tuple(name for name, k in zip(self.names, self.tails, strict=True) if not k <= LARGEST_TAIL)

    def against(self, other: "LeaveOneOut") -> tuple[float, float]:
        """Give the difference to another model of the same blocks, and its standard error (infinity for a single block).

        Raises
        ------
        ValueError
            If the blocks differ.
        """
        if self.names != other.names:
            msg = f"both models must predict the same blocks, got {self.names} and {other.names}. Fit both to all."
            raise ValueError(msg)
        gaps = self.densities - other.densities
        error = float(np.sqrt(len(gaps)) * np.std(gaps, ddof=1)) if len(gaps) > 1 else float("inf")
        return float(gaps.sum()), error

    def __repr__(self) -> str:
        """Print the sum and the blocks."""
        width = max(len(name) for name in self.names)
        lines = [f"log predictive density {self.total:.1f}, {self.spent:.1f} effective parameters"]
        lines += [
            f"{name.ljust(width)}  {density:10.1f}  k {k:.2f}{'' if k <= LARGEST_TAIL else '  leave it out and fit again'}"
            for name, density, k in zip(self.names, self.densities, self.tails, strict=True)
        ]
        return "\n".join(lines)


def leave_one_out(
    log_likelihoods: Float[np.ndarray, "chains draws blocks"], names: Sequence[str], *, efficiency: float = 1.0
) -> LeaveOneOut:
    """Estimate how well each block of data is predicted from the others, without fitting anew.

    Parameters
    ----------
    log_likelihoods
        Of each block at each draw from the posterior of all data: minus half the sum of its squared residuals.
    names
        Of the blocks. Leave out whole experiments or rows: neighboring points predict each other.
    efficiency
        Effective over real number of draws.

    Raises
    ------
    ModuleNotFoundError
        If the extra ``sampling`` is not installed.
    """
    judge = require_extra("arviz_stats.base", "sampling").array_stats
    blocks = np.moveaxis(np.asarray(log_likelihoods), -1, 0)
    density, tail, spent = (np.atleast_1d(one) for one in judge.loo(blocks, r_eff=efficiency))
    return LeaveOneOut(tuple(names), density, tail, float(np.sum(spent)))
