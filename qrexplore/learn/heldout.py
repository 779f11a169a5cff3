"""Over-fitting: how well a model predicts data that it was not fitted to, next to those that it was."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import chdtrc, fdtrc, logsumexp

SIGNIFICANT = 0.01


@dataclass(frozen=True)
class HeldOut:
    """Scores in and out of sample.

    Attributes
    ----------
    inside, outside
        Mean log predictive density of a point that was fitted, and of one that was held out, relative to a perfect
        prediction: about -0.5 each if all that is left is noise.
    inside_chi2, outside_chi2
        Sum of squares per degree of freedom; what the parameters took from the fitted and what their uncertainty adds to
        the held-out points is allowed for.
    p_value
        Chance of a ratio of the two as large as this without over-fitting (F test).
    inside_p
        Chance of so large a misfit of the fitted points, if all that is left is noise (chi2 test).
    """

    inside: float
    outside: float
    inside_chi2: float
    outside_chi2: float
    p_value: float
    inside_p: float

    @property
    def overfitted(self) -> bool:
        """Whether the held-out points are predicted significantly worse than the fit promises."""
        return self.p_value < SIGNIFICANT

    def verdict(self) -> str:
        """Say it in a sentence."""
        numbers = (
            f"chi2 per degree of freedom {self.inside_chi2:.2f} in sample and {self.outside_chi2:.2f} out of sample"
        )
        if self.overfitted:
            return f"Over-fitting, or a model that does not carry over: {numbers} (p = {self.p_value:.1g})."
        if self.inside_p < SIGNIFICANT:
            return f"No over-fitting, but the model explains neither: {numbers}."
        return f"No over-fitting seen: {numbers} (p = {self.p_value:.2g})."

    def __str__(self) -> str:
        """Write both scores and the verdict."""
        return (
            f"log predictive density a point {self.inside:.3f} in, {self.outside:.3f} out of sample. {self.verdict()}"
        )


def held_out(
    inside: Float[np.ndarray, " fitted"],
    outside: Float[np.ndarray, " held"],
    *,
    parameters: float,
    outside_jacobian: Float[np.ndarray, "held parameters"] | None = None,
    covariance: Float[np.ndarray, "parameters parameters"] | None = None,
) -> HeldOut:
    """Compare whitened residuals in and out of sample.

    Parameters
    ----------
    inside, outside
        Residuals of the fitted and of the held-out points, both at the fit.
    parameters
        Degrees of freedom that the fit spent; with priors fewer than there are parameters (`parameters_spent`).
    outside_jacobian, covariance
        Derivative of the held-out residuals with respect to the coordinates, and the coordinates' covariance: with them the
        uncertainty of the prediction is allowed for, without them it counts against the model.

    Raises
    ------
    ValueError
        If there are no held-out points, or no more fitted points than parameters.
    """
    if len(outside) == 0 or len(inside) <= parameters:
        msg = (
            f"a comparison needs held-out points and more fitted points than parameters, got {len(outside)} held out, "
            f"{len(inside)} fitted, {parameters:.3g} parameters. Hold out whole experiments or rows of a sweep."
        )
        raise ValueError(msg)
    if outside_jacobian is None or covariance is None:
        whitened, spread = outside, 0.0
    else:
        # residuals of held-out points share the errors of the parameters: made independent by the root of 1 + J C J^T
        total = np.eye(len(outside)) + outside_jacobian @ covariance @ outside_jacobian.T
        root = np.linalg.cholesky(total)
        whitened = np.linalg.solve(root, outside)
        spread = 2 * float(np.sum(np.log(np.diag(root)))) / len(outside)
    freedom = len(inside) - parameters
    first, second = float(inside @ inside) / freedom, float(whitened @ whitened) / len(outside)
    return HeldOut(
        inside=-float(np.mean(inside**2)) / 2,
        outside=-(second + spread) / 2,
        inside_chi2=first,
        outside_chi2=second,
        p_value=float(fdtrc(len(outside), freedom, second / first)) if first > 0 else 0.0,
        inside_p=float(chdtrc(freedom, freedom * first)),
    )


def predictive_density(residuals: Float[np.ndarray, "draws points"]) -> Float[np.ndarray, " points"]:
    """Give the log predictive density of each point, averaged over draws, relative to a perfect prediction.

    Parameters
    ----------
    residuals
        Whitened residuals of the points at each draw from the posterior.
    """
    return logsumexp(-(np.asarray(residuals) ** 2) / 2, axis=0) - np.log(len(residuals))
