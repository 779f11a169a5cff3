"""How sure: covariance from the curvature at the optimum (Laplace)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

# directions whose singular value is below this share of the largest (columns at unit length) carry no information
_RANK = 1e-7


@dataclass(frozen=True)
class Laplace:
    """Gaussian approximation of the posterior without priors.

    Attributes
    ----------
    covariance
        Of the parameters, in products of their units. Directions that the data do not determine are left out of it; the
        parameters they contain have the standard error infinity.
    stderr
        Standard errors.
    """

    covariance: Float[np.ndarray, "parameters parameters"]
    stderr: Float[np.ndarray, " parameters"]


def laplace(
    jacobian: Float[np.ndarray, "residuals parameters"], slopes: Float[np.ndarray, " parameters"], inflation: float
) -> Laplace:
    """Give the covariance from the Jacobian of whitened residuals.

    Parameters
    ----------
    jacobian
        Derivative of the residuals with respect to free coordinates.
    slopes
        Derivative of each parameter with respect to its coordinate.
    inflation
        Factor on the covariance, at least 1: chi2 per degree of freedom where the misfit exceeds the noise.
    """
    length = np.linalg.norm(jacobian, axis=0)
    scale = np.where(length > 0, length, 1.0)
    _, singular, directions = np.linalg.svd(jacobian / scale, full_matrices=False)
    seen = singular > _RANK * max(float(singular.max()), np.finfo(float).tiny)
    whitened = directions[seen].T / singular[seen]
    covariance = inflation * (whitened @ whitened.T) / np.outer(scale, scale) * np.outer(slopes, slopes)
    stderr = np.sqrt(np.diag(covariance))
    hidden = np.sum(directions[~seen] ** 2, axis=0) > 1e-6 if not np.all(seen) else np.zeros(len(scale), dtype=bool)
    # a parameter that was driven onto a bound has no slope left, and no error that could be read off a curvature
    stderr[hidden | (length == 0) | (slopes == 0) | ~(stderr > 0)] = np.inf
    return Laplace(covariance, stderr)
