"""How a long computation stands or ended; the members' values are the words shown to people."""

from enum import Enum


class Status(Enum):
    """State of a learning, control or sampling run."""

    RUNNING = "running"
    CONVERGED = "converged: the loss and the parameters stopped changing"
    STALLED = "stalled: no step lowers the loss any more, but the gradient is not small"
    TARGET = "reached the loss that was asked for"
    STAGNANT = "stopped: the loss hardly fell within the steps it was given to fall"
    TIME_BOX = "stopped at the end of its time before it converged"
    MAX_EVALUATIONS = "stopped at the largest allowed number of calls of the model before it converged"
    MAX_STEPS = "stopped at the largest allowed number of steps before it converged"
    STOPPED = "stopped by the user"
    NONFINITE = "stopped: the loss or its gradient is not a finite number"

    @property
    def succeeded(self) -> bool:
        """Whether the answer may be used without a warning."""
        return self in {Status.CONVERGED, Status.TARGET}
