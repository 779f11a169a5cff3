"""Which method suits a problem, with the reason in words."""

from dataclasses import dataclass

# MiB of a Jacobian; to solve for a step takes about four times as much
_LARGEST = 256
# a Jacobian costs about as many runs of the model as there are parameters: more than this, and gradients are cheaper
_MANY = 300


@dataclass(frozen=True, kw_only=True)
class Features:
    """What decides about the method.

    Attributes
    ----------
    parameters
        Free parameters, at least 1.
    residuals
        Residuals, or None for a loss that is no sum of squares.
    stochastic
        Whether the loss changes from call to call (data or noise drawn anew for each).
    differentiable
        Whether there are derivatives.
    """

    parameters: int
    residuals: int | None = None
    stochastic: bool = False
    differentiable: bool = True

    def __post_init__(self) -> None:
        """Check the counts."""
        for name in ("parameters", "residuals"):
            count = getattr(self, name)
            if count is not None and count < 1:
                msg = f"`{name}` must be at least 1, got {count!r}. Give the number of free parameters and measured points."
                raise ValueError(msg)


@dataclass(frozen=True)
class Choice:
    """A method by its name in `METHODS`, and why."""

    method: str
    reason: str


def automatic(features: Features) -> Choice:
    """Choose a method.

    Parameters
    ----------
    features
        Of the problem.

    Returns
    -------
    Choice
        Adam for a loss that changes from call to call, CMA-ES without derivatives, L-BFGS where there are no residuals or the
        Jacobian would be too large or too slow, else Levenberg-Marquardt.
    """
    parameters, residuals = features.parameters, features.residuals
    megabytes = 8 * parameters * (residuals or 0) / 2**20
    rules = (
        (
            not features.differentiable,
            Choice("cma-es", "the loss has no derivatives; the ranks of random points need none"),
        ),
        (
            features.stochastic,
            Choice("adam", "the loss changes from call to call; the averaged gradients of Adam bear that"),
        ),
        (
            residuals is None,
            Choice("l-bfgs", "the loss is one number without residuals; L-BFGS learns its curvature from gradients"),
        ),
        (
            parameters > _MANY,
            Choice(
                "l-bfgs",
                f"a Jacobian of {parameters} parameters would cost about as many runs of the model; a gradient costs a few",
            ),
        ),
        (
            megabytes > _LARGEST,
            Choice("l-bfgs", f"the Jacobian ({residuals} x {parameters}, {megabytes:.0f} MiB) would be too large"),
        ),
    )
    least_squares = Choice(
        "levenberg-marquardt",
        f"residuals and their Jacobian ({residuals} x {parameters}, {megabytes:.1f} MiB) are at hand; their curvature takes "
        "the fewest steps",
    )
    return next((choice for holds, choice in rules if holds), least_squares)
