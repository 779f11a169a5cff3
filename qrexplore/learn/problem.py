"""The learning problem: a twin, measured data, and which parameters are free."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Int

from qrexplore.core import LogNormal, ParameterTable, Prior, require_choice, require_positive
from qrexplore.data import PARTS, DatasetError, drawn_rows, observable, stated_shots
from qrexplore.experiments import Experiment, from_dataset
from qrexplore.learn.likelihood import LIKELIHOODS, Measured, Missing, measured, missing
from qrexplore.optimize import METHODS, Choice, Features, Stop, automatic
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
    priors
        What is known beforehand: pattern of free paths to `Normal`, `LogNormal` or `Uniform`, a later pattern before an
        earlier one, both before what a parameter declares. A prior counts as a datum of its own; a `Uniform` one is a pair
        of narrower bounds.
    ties
        Paths that follow a free one: ``{"q1.t1": "q0.t1"}`` learns one relaxation time for both.
    weights
        Factor on the logarithm of the likelihood of a dataset, by its name; 1 where left out.
    likelihood
        One of `qrexplore.learn.LIKELIHOODS`; ``counts`` takes for each dataset the one that fits it.
    robust
        Residual (in standard errors) from which on outliers pull less, usually 3; None for none.
    subsample
        Share of the points that are fitted, for a quick first look (see `qrexplore.data.drawn_rows`); None for all. What the
        whole data tell of their noise is kept.
    seed
        Of that draw, and of the random points of ``cma-es``, ``hybrid`` and ``multi-start``; from 0.
    method
        ``auto``, which takes what suits the problem (see `choice`), or one of `qrexplore.optimize.METHODS`.
    stop
        Limits beside those of the method: a loss that is low enough, time, calls of the model, stagnation.
    max_steps
        Steps at most, at least 1; for ``multi-start`` of all searches together.
    learning_rate
        Step length of ``adam``, ``nadam`` and ``rmsprop`` as a share of how far each parameter could be off (see
        `qrexplore.optimize.misfit_scale`), and for ``sgd`` the factor on its gradient; None for their default.

    Raises
    ------
    ValueError
        If a pattern or name matches nothing, a value is outside its bounds, an option is unknown or out of its range, or
        there are fewer points than free parameters.
    DatasetError
        If a dataset is not the result of an experiment that a twin can predict, does not fit the likelihood, is said to be of no
        shots, or has no point with a finite number and, if errors are stated, one above 0. The message names the dataset.
    """

    twin: Twin
    data: xr.Dataset | xr.DataTree | Mapping[str, xr.Dataset]
    free: Sequence[str] = ("*",)
    hold: Sequence[str] = ()
    priors: Mapping[str, Prior] = field(default_factory=dict)
    ties: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    likelihood: str = "gaussian"
    robust: float | None = None
    subsample: float | None = None
    seed: int = 0
    method: str = "auto"
    stop: Stop = field(default_factory=Stop)
    max_steps: int = 200
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        """Check everything that can be wrong before anything compiles."""
        require_choice(self.likelihood, "likelihood", LIKELIHOODS)
        require_choice(self.method, "method", ("auto", *METHODS))
        if self.max_steps < 1:
            msg = f"`max_steps` must be at least 1, got {self.max_steps!r}. Give for example 200."
            raise ValueError(msg)
        if not len(self.table):
            msg = (
                f"`free` less `hold` leaves no parameter to learn, got free {self.free!r} and hold {self.hold!r}. "
                "Free at least one."
            )
            raise ValueError(msg)
        self._check_options()
        for row in self.table:
            low, high = row.range
            if not low <= row.value <= high:
                msg = (
                    f"the start of {row.path!r} must be within {low:g} ... {high:g} {row.unit}, got {row.value:g}. "
                    "Move it with twin.replace."
                )
                raise ValueError(msg)
            if isinstance(row.prior, LogNormal) and not row.value > 0:
                msg = (
                    f"the start of {row.path!r} must be above 0 for its LogNormal prior, got {row.value:g}. "
                    f"Move it with twin.replace, for example to {row.prior.center:g}, or leave it out of `priors`."
                )
                raise ValueError(msg)
        self._check_numbers()
        known = sum(row.prior is not None for row in self.table)
        if self.independent + known < len(self.table):
            msg = f"{len(self.table)} free parameters cannot be learned from {self.independent} measured points. Free fewer."
            raise ValueError(msg)

    def _check_numbers(self) -> None:
        for name, lost in self.missing.items():
            if lost.count < lost.points:
                continue
            if lost.no_error:
                error = f"{observable(self.datasets[name]).name}_stderr"
                msg = f"dataset {name!r} must have stated errors above 0, but has {error!r} without any where a number is."
                advice = f"Put them right, or leave them out with data.drop_vars({error!r})."
            else:
                msg = f"dataset {name!r} must hold a finite number, got {lost.points} points that are NaN or infinite."
                advice = "Leave it out, or measure it again."
            raise DatasetError(msg, advice)

    def _check_options(self) -> None:
        for name, weight in self.weights.items():
            require_choice(name, "weights", tuple(self.datasets))
            require_positive(weight, f"weights[{name!r}]", "1")
        if self.subsample is not None and not 0 < self.subsample <= 1:
            msg = f"`subsample` must be above 0 and at most 1, got {self.subsample!r}. Take 0.2 for every fifth point."
            raise ValueError(msg)
        if not isinstance(self.seed, int | np.integer) or self.seed < 0:
            msg = f"`seed` must be a whole number from 0, got {self.seed!r}. Give for example seed=7."
            raise ValueError(msg)
        if self.robust is not None:
            require_positive(self.robust, "robust", "standard errors")
        for follower, leader in self.ties.items():
            if leader not in self.candidates:
                msg = f"`ties` lets {follower!r} follow {leader!r}, which is not free. Add {leader!r} to `free`."
                raise ValueError(msg)

    @cached_property
    def whole(self) -> dict[str, xr.Dataset]:
        """The datasets by name, with all their points."""
        if isinstance(self.data, xr.Dataset):
            return {self.data.attrs.get("experiment", "data"): self.data}
        if isinstance(self.data, xr.DataTree):
            return {node.path.strip("/"): node.to_dataset() for node in self.data.subtree if node.data_vars}
        return dict(self.data)

    @cached_property
    def rows(self) -> dict[str, dict[str, Int[np.ndarray, " rows"]]]:
        """The rows that are fitted, by dataset and sweep, where they are not all."""
        if self.subsample is None:
            return {}
        # each dataset has a draw of its own, whatever the others are
        return {
            name: drawn_rows(data, self.subsample, seed=self.seed + zlib.crc32(name.encode()))
            for name, data in self.whole.items()
        }

    @cached_property
    def datasets(self) -> dict[str, xr.Dataset]:
        """The datasets that are fitted, by name."""
        return {name: data.isel(self.rows.get(name, {})) for name, data in self.whole.items()}

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """What was done, for each dataset."""
        return tuple(from_dataset(data) for data in self.datasets.values())

    @cached_property
    def measured(self) -> tuple[Measured, ...]:
        """What came out, for each dataset."""
        found = []
        for name, data in self.whole.items():
            try:
                stated_shots(data)
                part = measured(data, self.likelihood, weight=self.weights.get(name, 1.0), robust=self.robust)
            except ValueError as error:
                msg = f"dataset {name!r}: {error}"
                raise DatasetError(msg) from error
            rows = self.rows.get(name, {})
            taken = [rows.get(str(dim), slice(None)) for dim in observable(data).dims if dim not in PARTS.values()]
            found.append(part.taken(taken) if rows else part)
        return tuple(found)

    @cached_property
    def candidates(self) -> ParameterTable:
        """The parameters named by `free`, held ones included, at the start and with their priors."""
        found = self.twin.parameters.select(self.free)
        given: dict[str, Prior] = {}
        for pattern, prior in self.priors.items():
            given |= dict.fromkeys(found.select(pattern).paths, prior)
        return ParameterTable(
            replace(row, prior=given.get(row.path, row.prior)) for row in found if row.path not in self.followers
        )

    @cached_property
    def followers(self) -> dict[str, str]:
        """The tied paths, each with the path that it follows."""
        return {path: leader for path, leader in self.ties.items() if self.twin.parameters.select(path)}

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
    def held(self) -> tuple[str, ...]:
        """Paths of the candidates that do not move."""
        return tuple(path for path in self.candidates.paths if path not in self.table)

    @cached_property
    def choice(self) -> Choice:
        """How it is looked for, and why."""
        if self.method != "auto":
            return Choice(self.method, "as asked for")
        return automatic(Features(parameters=len(self.table), residuals=max(self.independent, 1)))

    def moved(self, values: Mapping[str, float]) -> Twin:
        """Give the twin with other values of parameters that move; tied ones follow."""
        twin = self.twin.replace(values)
        table = twin.parameters
        return twin.replace({path: table[leader].value for path, leader in self.followers.items()})

    @property
    def independent(self) -> int:
        """Number of independent measured numbers."""
        return sum(part.independent for part in self.measured)

    @property
    def fitted_share(self) -> float:
        """Share of the measured points that are fitted."""
        sizes = [[observable(data).size for data in some.values()] for some in (self.datasets, self.whole)]
        return sum(sizes[0]) / sum(sizes[1])

    @cached_property
    def missing(self) -> dict[str, Missing]:
        """What is left out of each dataset, for those of which anything is."""
        pairs = zip(self.datasets.items(), self.measured, strict=True)
        found = {name: missing(part, data) for (name, data), part in pairs}
        return {name: lost for name, lost in found.items() if lost.count}

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is missing, in a line for each dataset of which anything is."""
        return tuple(
            f"{lost.count} of {lost.points} points of {name} are missing ({lost.reasons})"
            for name, lost in self.missing.items()
        )

    @property
    def missing_points(self) -> int:
        """Number of measured points that are left out, since they are not finite or have no error above 0."""
        return sum(lost.count for lost in self.missing.values())


def with_values(problem: LearnProblem, values: Sequence[float] | np.ndarray, **changes: Any) -> LearnProblem:
    """Give a problem whose twin has other numbers, all of them in the order of its table."""
    paths = problem.twin.parameters.paths
    twin = problem.twin.replace(dict(zip(paths, np.asarray(values, dtype=np.float64).tolist(), strict=True)))
    return replace(problem, twin=twin, **changes)


def steered(problem: LearnProblem, arrays: Mapping[str, np.ndarray]) -> LearnProblem:
    """Give a problem as it was when `steering` kept which parameters are held, and where they stand."""
    # what an earlier version has kept tells nothing of that
    held = tuple(map(str, arrays.get("held", problem.held)))
    values = arrays.get("values", problem.twin.parameters.values)
    if held == problem.held and np.array_equal(values, problem.twin.parameters.values):
        return problem
    return with_values(problem, values, hold=held)


def steering(problem: LearnProblem) -> dict[str, np.ndarray]:
    """Give as arrays by name which parameters a problem holds, and where its twin stands."""
    return {"held": np.array(problem.held, dtype=np.str_), "values": problem.twin.parameters.values}
