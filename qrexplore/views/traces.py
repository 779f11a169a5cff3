"""How a run goes, as rows of numbers: what streams to a monitor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from qrexplore.core import Step, prefix_for
from qrexplore.learn import LearnProblem

METHOD_LABELS: Mapping[str, str] = {
    "levenberg-marquardt": "Levenberg-Marquardt",
    "gauss-newton": "Gauss-Newton",
    "l-bfgs": "L-BFGS",
    "adam": "Adam",
    "nadam": "NAdam",
    "rmsprop": "RMSProp",
    "sgd": "SGD with momentum",
    "cma-es": "CMA-ES",
    "nelder-mead": "Nelder-Mead",
    "hybrid": "hybrid (CMA-ES, then Levenberg-Marquardt)",
    "multi-start": "Levenberg-Marquardt from 8 starts",
}


@dataclass(frozen=True)
class TracedDataset:
    """A dataset: its name, and how many independent numbers were measured; chi2 is told per number."""

    name: str
    points: int


@dataclass(frozen=True)
class TracedParameter:
    """A parameter whose value is traced as ``(value - start) / factor``, in `unit`, which is a multiple of `base`."""

    path: str
    label: str
    unit: str
    base: str
    factor: float
    start: float


@dataclass(frozen=True)
class TraceTable:
    """The columns of a run: loss, gradient norm, seconds, chi2 of each dataset, and each parameter.

    Parameters are told by their change, so that 32-bit numbers show a hertz in five gigahertz.
    """

    datasets: tuple[TracedDataset, ...]
    parameters: tuple[TracedParameter, ...]

    def numbers(self, steps: Sequence[Step]) -> Float[np.ndarray, "steps columns"]:
        """Give a row for each step; NaN where a step does not tell."""
        nan = float("nan")
        rows = [
            [
                step.loss,
                step.gradient_norm,
                step.seconds,
                *(step.chi2.get(one.name, nan) / one.points for one in self.datasets),
                *((step.parameters.get(one.path, nan) - one.start) / one.factor for one in self.parameters),
            ]
            for step in steps
        ]
        return np.array(rows, dtype=np.float64).reshape(len(steps), 3 + len(self.datasets) + len(self.parameters))


def trace_table(problem: LearnProblem) -> TraceTable:
    """Give the columns of the runs of a problem; what it holds is among them, since a run may free it."""
    datasets = [
        TracedDataset(name, max(1, part.independent))
        for name, part in zip(problem.datasets, problem.measured, strict=True)
    ]
    parameters = []
    for row in problem.candidates:
        factor, unit = prefix_for(row.value or max(map(abs, row.bounds)), row.unit)
        parameters.append(TracedParameter(row.path, row.label, unit, row.unit, factor, row.value))
    return TraceTable(tuple(datasets), tuple(parameters))
