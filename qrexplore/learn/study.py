"""The study of one measured dataset: closed-form start, ideal model, learned model, and what remains unexplained."""

import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass

import xarray as xr

from qrexplore.core import Status, Step, format_with_error, run
from qrexplore.experiments import Experiment, from_dataset
from qrexplore.learn.derived import Derived, derived
from qrexplore.learn.fit import LearnResult
from qrexplore.learn.guided import guided
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.starts import completed, recipe_of
from qrexplore.twin import Twin

# chi2 per degree of freedom above this is signal that the model does not have, not noise
_GOOD_FIT = 1.3
# of a printed line
_WIDTH = 100


@dataclass(frozen=True, eq=False)
class Study:
    """What one dataset says of a device.

    Attributes
    ----------
    data, experiment
        The measurement.
    ideal
        Best fit with undistorted pulses.
    learned
        Best fit with everything free; the same as `ideal` where the experiment has no distortion to learn.
    derived
        Quantities that people quote, computed from the learned parameters.
    seconds
        Wall time of everything, compilation included.
    """

    data: xr.Dataset
    experiment: Experiment
    ideal: LearnResult
    learned: LearnResult
    derived: tuple[Derived, ...]
    seconds: float

    @property
    def explained(self) -> bool:
        """Whether what remains is no more than the noise of the data."""
        known = self.learned.problem.measured[0].noise != "unknown"
        return known and self.learned.status is Status.CONVERGED and self.learned.chi2_per_dof < _GOOD_FIT

    def verdict(self) -> str:
        """Say in a sentence how well the learned model explains the data."""
        chi2 = self.learned.chi2_per_dof
        origin = self.learned.problem.measured[0].noise
        if origin == "unknown":
            return (
                "How noisy the data are is neither stated nor visible in them, so goodness of fit cannot be judged; "
                "the standard errors assume that all that is left is noise."
            )
        noise = "the standard errors in the file" if origin == "file" else "the scatter of neighboring points"
        if self.explained:
            return f"The model explains the data down to the noise (chi2 per degree of freedom {chi2:.2f} against {noise})."
        return (
            f"chi2 per degree of freedom is {chi2:.2f} against {noise}: what is left is signal that this model does not have. "
            "The standard errors are inflated accordingly and do not cover what a richer model would change."
        )

    def __repr__(self) -> str:
        """Print the report."""
        lines = [f"{self.experiment.name} of {', '.join(self.experiment.qubits)}", repr(self.learned)]
        lines += [f"{item.path}  {format_with_error(item.value, item.stderr, item.unit)}" for item in self.derived]
        if self.ideal is not self.learned:
            lines.append(f"ideal pulse: misfit {self.ideal.misfit:.4f}, learned pulse: {self.learned.misfit:.4f}")
        return "\n".join([*lines, *textwrap.wrap(self.verdict(), _WIDTH)])


def study(
    data: xr.Dataset,
    twin: Twin,
    *,
    seeded: bool = True,
    on_step: Callable[[Step], None] | None = None,
) -> Study:
    """Learn what one dataset says of a device.

    Stage 1 fits an ideal device (no distortion) from a start read off the data; stage 2 frees the distortion.

    Parameters
    ----------
    data
        Result of one experiment.
    twin
        Model with the names of its qubits, for example from `qrexplore.library.for_data`.
    seeded
        Whether to read the start off the data; if not, the twin's values are the start.
    on_step
        Called with each `Step`, which names its stage.

    Raises
    ------
    DatasetError
        If no twin can predict the experiment.
    """
    began = time.perf_counter()
    learned = run(guided(question(data, twin), seeded=seeded, by_ideal=True), on_step=on_step)
    return concluded(learned, seconds=time.perf_counter() - began)


def question(data: xr.Dataset, twin: Twin) -> LearnProblem:
    """Give the problem of a study: the experiment says what is free."""
    data = completed(twin, data)
    experiment = from_dataset(data)
    return LearnProblem(twin, data, free=recipe_of(experiment).paths(twin, experiment))


def concluded(learned: LearnResult, *, seconds: float) -> Study:
    """Give the study whose problem was learned, in so many seconds of wall time."""
    (data,), (experiment,) = learned.problem.datasets.values(), learned.problem.experiments
    return Study(data, experiment, learned.ideal or learned, learned, derived(experiment, learned), seconds)
