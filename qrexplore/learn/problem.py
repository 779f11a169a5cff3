"""The learning problem: a twin, measured data, and which parameters are free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from jaxtyping import Int

from qrexplore.core import ParameterTable, require_choice
from qrexplore.experiments import Experiment, from_dataset
from qrexplore.learn.likelihood import LIKELIHOODS, Measured, measured
from qrexplore.optimize import METHODS
from qrexplore.twin import Twin


@dataclass(frozen=True, eq=False)
class LearnProblem:
    """The question which parameters of a twin make it reproduce the data.

    Parameters
    ----------
    twin
        The start: its values are where the search begins, and stay for parameters that are not free.
    data
        One dataset, or several (a mapping by name or an ``xarray.DataTree``) that belong to the same device.
    free
        Patterns of paths to learn, for example ``["q*.frequency", "flux_q1.distortion.*"]``.
    hold
        Patterns of free paths to hold at their start for now. Releasing them later compiles nothing anew.
    likelihood
        ``gaussian``, ``binomial`` or ``mse``.
    method
        ``levenberg-marquardt`` or ``adam``.
    max_steps
        Steps at most, at least 1.
    learning_rate
        Step length of Adam in free coordinates; None for its default.

    Raises
    ------
    ValueError
        If a pattern matches nothing, a value is outside its bounds, an option is unknown, or there are fewer points than
        free parameters.
    DatasetError
        If a dataset is not the result of an experiment that a twin can predict.
    """

    twin: Twin
    data: xr.Dataset | xr.DataTree | Mapping[str, xr.Dataset]
    free: Sequence[str] = ("*",)
    hold: Sequence[str] = ()
    likelihood: str = "gaussian"
    method: str = "levenberg-marquardt"
    max_steps: int = 200
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        """Check everything that can be wrong before anything compiles."""
        require_choice(self.likelihood, "likelihood", LIKELIHOODS)
        require_choice(self.method, "method", tuple(METHODS))
        if self.max_steps < 1:
            msg = f"`max_steps` must be at least 1, got {self.max_steps!r}. Give for example 200."
            raise ValueError(msg)
        if not len(self.table):
            msg = (
                f"`free` less `hold` leaves no parameter to learn, got free {self.free!r} and hold {self.hold!r}. "
                "Free at least one."
            )
            raise ValueError(msg)
        for row in self.table:
            low, high = row.bounds
            if not low <= row.value <= high:
                msg = (
                    f"the start of {row.path!r} must be within {low:g} ... {high:g} {row.unit}, got {row.value:g}. "
                    "Move it with twin.replace."
                )
                raise ValueError(msg)
        points = sum(int(part.present.sum()) for part in self.measured)
        if points < len(self.table):
            msg = f"{len(self.table)} free parameters cannot be learned from {points} measured points. Free fewer."
            raise ValueError(msg)

    @cached_property
    def datasets(self) -> dict[str, xr.Dataset]:
        """The datasets by name."""
        if isinstance(self.data, xr.Dataset):
            return {self.data.attrs.get("experiment", "data"): self.data}
        if isinstance(self.data, xr.DataTree):
            return {node.path.strip("/"): node.to_dataset() for node in self.data.subtree if node.data_vars}
        return dict(self.data)

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """What was done, for each dataset."""
        return tuple(from_dataset(data) for data in self.datasets.values())

    @cached_property
    def measured(self) -> tuple[Measured, ...]:
        """What came out, for each dataset."""
        return tuple(measured(data, self.likelihood) for data in self.datasets.values())

    @cached_property
    def candidates(self) -> ParameterTable:
        """The parameters named by `free`, held ones included, at the start."""
        return self.twin.parameters.select(self.free)

    @cached_property
    def moving(self) -> Int[np.ndarray, " free"]:
        """Positions of the parameters in `candidates` that are not held."""
        held = set(self.candidates.select(self.hold).paths) if self.hold else set()
        return np.array(
            [position for position, path in enumerate(self.candidates.paths) if path not in held], dtype=int
        )

    @cached_property
    def table(self) -> ParameterTable:
        """The parameters that move, at the start."""
        return ParameterTable(self.candidates[int(position)] for position in self.moving)

    @property
    def missing_points(self) -> int:
        """Number of measured points that are NaN and therefore left out."""
        return int(np.sum([np.size(part.values) - part.present.sum() for part in self.measured]))
