"""When a search ends that its method would let go on: at a target, at stagnation, at the end of its time or of its calls."""

from dataclasses import dataclass

import jax
import numpy as np

from qrexplore.core import Status
from qrexplore.optimize.objective import Progress


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Mark:
    """The last notable fall of the loss: where the loss stood, and at which step."""

    loss: float
    iteration: int


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Limits of a search. None is no limit.

    Attributes
    ----------
    target
        Loss (half the sum of squares) that is low enough.
    seconds
        Time for the search, in s. The step that is under way when it ends is finished.
    evaluations, steps
        Calls of the model, and steps of the method.
    patience, share
        Stagnant when the loss has fallen by less than this share of itself within so many steps.

    Raises
    ------
    ValueError
        If a limit is not above 0, or NaN.
    """

    target: float | None = None
    seconds: float | None = None
    evaluations: int | None = None
    steps: int | None = None
    patience: int | None = None
    share: float = 1e-4

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing."""
        for name in ("target", "seconds", "evaluations", "steps", "patience", "share"):
            limit = getattr(self, name)
            if limit is not None and not limit > 0:
                msg = f"`{name}` must be above 0, got {limit!r}. Leave it out for no limit."
                raise ValueError(msg)

    def mark(self, progress: Progress, last: Mark | None = None) -> Mark:
        """Give the last notable fall of the loss, after a step; without the one before, the search begins here."""
        # a loss that is NaN is no fall; that of the start may be
        fell = last is None or progress.loss < (1 - self.share) * last.loss
        return Mark(progress.loss, progress.iteration) if fell or last is None else last

    def reached(self, progress: Progress, mark: Mark, seconds: float) -> Status | None:
        """Say which limit has been reached, if any.

        Parameters
        ----------
        progress
            Where the search stands.
        mark
            From `mark`, after the last step.
        seconds
            Time since the search began, in s.

        Returns
        -------
        Status or None
            None if the search may go on. A loss that is not finite is told first.
        """
        if not np.isfinite(progress.loss):
            return Status.NONFINITE
        limits = (
            (Status.TARGET, self.target is not None and progress.loss <= self.target),
            (Status.STAGNANT, self.patience is not None and progress.iteration - mark.iteration >= self.patience),
            (Status.TIME_BOX, self.seconds is not None and seconds >= self.seconds),
            (Status.MAX_EVALUATIONS, self.evaluations is not None and progress.evaluations >= self.evaluations),
            (Status.MAX_STEPS, self.steps is not None and progress.iteration >= self.steps),
        )
        return next((status for status, reached in limits if reached), None)
