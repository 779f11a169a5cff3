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
    outside_dof
        Degrees of freedom of the held-out points.
    p_value
        Chance of a ratio of the two as large as this without over-fitting (F test).
    inside_p
        Chance of so large a misfit of the fitted points, if all that is left is noise (chi2 test).
    """

    inside: float
    outside: float
    inside_chi2: float
    outside_chi2: float
    outside_dof: float
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
    freedom: tuple[float, float] | None = None,
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
    freedom
        What noise alone makes of the sum of squares, in and out of sample, before any fit; the numbers of residuals where left
        out. Outcomes of the same shots, whose shares sum to 1, have less.

    Raises
    ------
    ValueError
        If there are no held-out points, or no more fitted points than parameters.
    """
    fitted, held = freedom or (len(inside), len(outside))
    if len(outside) == 0 or fitted <= parameters:
        msg = (
            f"a comparison needs held-out points and more fitted points than parameters, got {len(outside)} held out, "
            f"{len(inside)} fitted, {parameters:.3g} parameters. Hold out whole experiments or rows of a sweep."
        )
        raise ValueError(msg)
    squares, spread = float(outside @ outside), 0.0
    if outside_jacobian is not None and covariance is not None:
        # residuals of held-out points share the errors of the parameters: their covariance is 1 + R R^T
        values, vectors = np.linalg.eigh(covariance)
        shared = outside_jacobian @ (vectors * np.sqrt(np.maximum(values, 0.0)))
        left, singular, _ = np.linalg.svd(shared, full_matrices=False)
        along = left.T @ outside
        squares -= float(np.sum(along**2 * singular**2 / (1 + singular**2)))
        spread = float(np.sum(np.log1p(singular**2))) / len(outside)
    degrees = fitted - parameters
    first, second = float(inside @ inside) / degrees, squares / held
    return HeldOut(
        inside=-float(np.mean(inside**2)) / 2,
        outside=-(squares / len(outside) + spread) / 2,
        inside_chi2=first,
        outside_chi2=second,
        outside_dof=float(held),
        p_value=float(fdtrc(held, degrees, second / first)) if first > 0 else 0.0,
        inside_p=float(chdtrc(degrees, degrees * first)),
    )


def predictive_density(residuals: Float[np.ndarray, "draws points"]) -> Float[np.ndarray, " points"]:
    """Give the log predictive density of each point, averaged over draws, relative to a perfect prediction.

    Parameters
    ----------
    residuals
        Whitened residuals of the points at each draw from the posterior.
    """
    return logsumexp(-(np.asarray(residuals) ** 2) / 2, axis=0) - np.log(len(residuals))
