"""What the data can tell: the spectrum of the Fisher information in units of the priors.

With each parameter in units of its prior width, the information F of the data has eigenvalues λ, and the posterior is
``(1 + λ)^(-1/2)`` times as wide as the prior along their directions. Where that is near 1, only the combinations of
parameters across the direction are known, never those along it, and no number along it is worth quoting.

References
----------
Brown and Sethna, Phys. Rev. E 68, 021904 (2003) (sloppy directions).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from qrexplore.learn.uncertainty import in_units, require_widths

# posterior width over prior width below which a parameter counts as learned
LEARNED = 0.3
# above which the data say less of it than the prior did: λ < 1
NOT_TOLD = 2**-0.5
# above which a direction is listed as sloppy
SLOPPY = 0.5
# directions above this are not told at all; any rotation among them is as good, so that the simplest is shown
_OPEN = 0.99
_MEMBERS = 3
# members with less weight than this are not worth a name
_FAINT = 0.1


@dataclass(frozen=True)
class Direction:
    """A combination of parameters that the data do not tell.

    Attributes
    ----------
    ratio
        Posterior width over prior width along it.
    members
        Its largest members, at most three: path and weight (in prior widths; all weights of a direction have the sum of
        squares 1).
    participants
        Number of parameters that take part, ``1/Σ weight^4``: 1 if it is one parameter alone.
    """

    ratio: float
    members: tuple[tuple[str, float], ...]
    participants: float

    def __str__(self) -> str:
        """Write it as a sum, for example ``+0.71 q0.gain −0.70 q0.a3``."""
        terms = " ".join(f"{'+' if w >= 0 else '−'}{abs(w):.2f} {path}" for path, w in self.members)
        return f"{terms} (posterior/prior {self.ratio:.2f})"


@dataclass(frozen=True, eq=False)
class Identifiability:
    """What the data can tell of each parameter and of their combinations.

    Attributes
    ----------
    paths
        The parameters.
    eigenvalues
        Of the Fisher information in prior units, falling, at least 0.
    directions
        Their eigenvectors as columns.
    ratios
        Posterior width over prior width of each parameter, in (0, 1].
    sloppy
        Directions along which the posterior is more than half as wide as the prior, widest first.
    """

    paths: tuple[str, ...]
    eigenvalues: Float[np.ndarray, " directions"]
    directions: Float[np.ndarray, "parameters directions"]
    ratios: Float[np.ndarray, " parameters"]
    sloppy: tuple[Direction, ...]

    @property
    def verdicts(self) -> dict[str, str]:
        """Whether each parameter was ``learned``, ``weak`` or ``not learned``."""
        return {path: verdict(ratio) for path, ratio in zip(self.paths, self.ratios, strict=True)}

    @property
    def learned(self) -> tuple[str, ...]:
        """The parameters that were learned."""
        return tuple(path for path, verdict in self.verdicts.items() if verdict == "learned")

    @property
    def participation(self) -> Float[np.ndarray, "parameters directions"]:
        """Share of each parameter in each direction; rows and columns have the sum 1."""
        return self.directions**2

    def __repr__(self) -> str:
        """Print the table of parameters and the sloppy directions."""
        width = max(len(path) for path in self.paths)
        spectrum = f"1 + λ from {1 + self.eigenvalues[-1]:.3g} to {1 + self.eigenvalues[0]:.3g}"
        lines = [f"{len(self.learned)} of {len(self.paths)} parameters learned; {spectrum}"]
        lines += [
            f"{path.ljust(width)}  posterior/prior {ratio:<8.2g} {verdict(ratio)}"
            for path, ratio in zip(self.paths, self.ratios, strict=True)
        ]
        if self.sloppy:
            lines.append("combinations (in prior widths) along which the data say little:")
            lines += [f"  {direction}" for direction in self.sloppy]
        return "\n".join(lines)


def identifiability(
    jacobian: Float[np.ndarray, "residuals parameters"],
    slopes: Float[np.ndarray, " parameters"],
    prior: Float[np.ndarray, " parameters"],
    paths: Sequence[str],
) -> Identifiability:
    """Say what the data can tell, from the Jacobian of whitened residuals.

    Parameters
    ----------
    jacobian
        Derivative of the residuals with respect to free coordinates; rows of priors left out.
    slopes
        Derivative of each parameter with respect to its coordinate.
    prior
        Standard deviation of each parameter before the data, in its unit; of its logarithm where `slopes` are those of it.
    paths
        Names of the parameters.

    Raises
    ------
    ValueError
        If a prior has no positive finite width, or the names do not fit the columns.
    """
    paths, prior = tuple(paths), np.asarray(prior, dtype=np.float64)
    require_widths(prior, endless=False)
    if len(paths) != jacobian.shape[1]:
        msg = f"`paths` must name the {jacobian.shape[1]} columns of `jacobian`, got {len(paths)}. Give one name each."
        raise ValueError(msg)
    scaled = in_units(jacobian, slopes, prior)
    # the triangular factor has the same singular values and is small; rows of zeros where there are fewer points
    triangular = np.linalg.qr(scaled, mode="r")
    padded = np.vstack([triangular, np.zeros((max(0, len(paths) - len(triangular)), len(paths)))])
    _, singular, rows = np.linalg.svd(padded)
    eigenvalues = singular**2
    along = (1 + eigenvalues) ** -0.5
    unseen = along > _OPEN
    directions = rows.T.copy()
    directions[:, unseen] = _simplest(directions[:, unseen])
    ratios = np.sqrt((directions**2) @ along**2)
    order = np.argsort(-along, kind="stable")
    sloppy = tuple(_named(directions[:, k], float(along[k]), paths) for k in order if along[k] > SLOPPY)
    return Identifiability(paths, eigenvalues, directions, ratios, sloppy)


def verdict(ratio: float) -> str:
    """Give the word for a posterior that is so many times as wide as the prior."""
    if ratio < LEARNED:
        return "learned"
    return "weak" if ratio < NOT_TOLD else "not learned"


def _named(direction: np.ndarray, ratio: float, paths: tuple[str, ...]) -> Direction:
    largest = np.argsort(-np.abs(direction), kind="stable")[:_MEMBERS]
    sign = 1.0 if direction[largest[0]] >= 0 else -1.0
    members = tuple((paths[k], sign * float(direction[k])) for k in largest if abs(direction[k]) > _FAINT)
    return Direction(ratio, members, float(1 / np.sum(direction**4)))


def _simplest(basis: np.ndarray, sweeps: int = 100) -> np.ndarray:
    """Rotate orthonormal columns so that each has few large members (varimax; Kaiser, Psychometrika 23, 187 (1958))."""
    rotation = np.eye(basis.shape[1])
    gain = 0.0
    for _ in range(sweeps if basis.shape[1] > 1 else 0):
        turned = basis @ rotation
        left, singular, right = np.linalg.svd(basis.T @ (turned**3 - turned * np.mean(turned**2, axis=0)))
        rotation = left @ right
        if singular.sum() < gain * (1 + 1e-10):
            break
        gain = float(singular.sum())
    return basis @ rotation
