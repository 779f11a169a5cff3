"""How sure: expected Fisher information and the covariance at the optimum (Laplace), with priors or without."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

# directions whose singular value is below this share of the largest (columns at unit length) carry no information
_RANK = 1e-7


@dataclass(frozen=True)
class Laplace:
    """Gaussian approximation of the posterior.

    Attributes
    ----------
    covariance
        Of the parameters, in products of their units. Directions that neither data nor priors determine are left out of
        it; the parameters they contain have the standard error infinity.
    stderr
        Standard errors.
    """

    covariance: Float[np.ndarray, "parameters parameters"]
    stderr: Float[np.ndarray, " parameters"]


def laplace(
    jacobian: Float[np.ndarray, "residuals parameters"],
    slopes: Float[np.ndarray, " parameters"],
    inflation: float = 1.0,
    *,
    prior: Float[np.ndarray, " parameters"] | None = None,
) -> Laplace:
    r"""Give the covariance from the Jacobian J of whitened residuals, :math:`C = (J^T J/s + P^{-1})^{-1}`.

    Parameters
    ----------
    jacobian
        Derivative of the residuals with respect to free coordinates.
    slopes
        Derivative of each parameter with respect to its coordinate; ones give the covariance of the coordinates.
    inflation
        The s of the equation, at least 1: chi2 per degree of freedom where the misfit exceeds the noise. Priors are not
        inflated.
    prior
        Standard deviation of the prior of each parameter in its unit, infinity where there is none; P is diagonal.
        None: no prior at all. A prior that is Gaussian in the logarithm has its width there, and `slopes` are then those of
        the logarithm.

    Raises
    ------
    ValueError
        If a prior has no positive width.
    """
    sigma = np.full(len(slopes), np.inf) if prior is None else np.asarray(prior, dtype=np.float64)
    require_widths(sigma, endless=True)
    told = np.isfinite(sigma)
    # the root of the prior's precision in the coordinate; on a bound, where the slope is 0, the prior says nothing of it
    rows = np.diag(np.where(told, np.abs(slopes) / np.where(told, sigma, 1.0), 0.0))
    stacked = np.vstack([jacobian / np.sqrt(inflation), rows[told]])
    length = np.linalg.norm(stacked, axis=0)
    scale = np.where(length > 0, length, 1.0)
    _, singular, directions = np.linalg.svd(stacked / scale, full_matrices=False)
    # priors on everything leave no direction open, however little the data say of it
    rank = 0.0 if np.all(told & (length > 0)) else _RANK
    seen = singular > max(rank * float(singular.max()), np.finfo(float).tiny)
    whitened = directions[seen].T / singular[seen]
    covariance = (whitened @ whitened.T) / np.outer(scale, scale) * np.outer(slopes, slopes)
    stderr = np.sqrt(np.diag(covariance))
    hidden = np.sum(directions[~seen] ** 2, axis=0) > 1e-6 if not np.all(seen) else np.zeros(len(scale), dtype=bool)
    # a parameter that was driven onto a bound has no slope left, and no error that could be read off a curvature
    stderr[hidden | (length == 0) | (slopes == 0) | ~(stderr > 0)] = np.inf
    return Laplace(covariance, stderr)


def in_units(
    jacobian: Float[np.ndarray, "residuals parameters"],
    slopes: Float[np.ndarray, " parameters"],
    unit: Float[np.ndarray, " parameters"],
) -> Float[np.ndarray, "residuals parameters"]:
    """Give the Jacobian with respect to parameters that are measured in units of their own, for example prior widths.

    Parameters
    ----------
    jacobian
        Derivative of the residuals with respect to free coordinates.
    slopes
        Derivative of each parameter with respect to its coordinate; a column with slope 0 becomes 0.
    unit
        Size of the new unit of each parameter, in its old one.
    """
    slopes = np.asarray(slopes, dtype=np.float64)
    return jacobian * np.where(slopes == 0, 0.0, unit / np.where(slopes == 0, 1.0, slopes))


def fisher(
    jacobian: Float[np.ndarray, "residuals parameters"], slopes: Float[np.ndarray, " parameters"] | None = None
) -> Float[np.ndarray, "parameters parameters"]:
    r"""Give the expected Fisher information :math:`F = J^T J` of whitened residuals.

    Parameters
    ----------
    jacobian
        Derivative of the residuals with respect to free coordinates, where prediction and data agree to the noise.
    slopes
        Derivative of each parameter with respect to its coordinate: F is then per product of the parameters' units. None
        leaves it in coordinates.
    """
    columns = jacobian if slopes is None else in_units(jacobian, slopes, np.ones(len(slopes)))
    return columns.T @ columns


def require_widths(prior: Float[np.ndarray, " parameters"], *, endless: bool) -> None:
    """Raise ValueError unless prior widths are above zero, and finite unless they may be endless."""
    wrong = ~(prior > 0) if endless else ~((prior > 0) & np.isfinite(prior))
    if np.any(wrong):
        allowed = "positive, or infinity where there is none," if endless else "positive and finite,"
        msg = (
            f"`prior` must hold standard deviations that are {allowed} got {prior[wrong][0]:g} at position "
            f"{int(np.flatnonzero(wrong)[0])}. Give what was known before the data, for example the half width of the bounds."
        )
        raise ValueError(msg)
