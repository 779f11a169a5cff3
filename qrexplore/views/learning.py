"""What a learning run found, in rows, words and curves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from qrexplore.core import Step, format_quantity, format_with_error
from qrexplore.learn import LearnResult


@dataclass(frozen=True)
class LearnedRow:
    """A learned parameter: path, words and its value with the standard error as text."""

    path: str
    label: str
    text: str


@dataclass(frozen=True, eq=False)
class LossCurve:
    """How a run went: number, loss, norm of the gradient and wall time (s) of each step."""

    iteration: Int[np.ndarray, " steps"]
    loss: Float[np.ndarray, " steps"]
    gradient_norm: Float[np.ndarray, " steps"]
    seconds: Float[np.ndarray, " steps"]


def learned_rows(result: LearnResult) -> tuple[LearnedRow, ...]:
    """Give a row for each learned parameter; what the data do not determine says so."""
    rows = []
    for row in result.parameters:
        error = result.stderr[row.path]
        text = format_with_error(row.value, error, row.unit)
        if not math.isfinite(error):
            text = f"{format_quantity(row.value, row.unit, digits=4)}, not determined by these data"
        rows.append(LearnedRow(row.path, row.label, text))
    return tuple(rows)


def loss_curve(history: Sequence[Step]) -> LossCurve:
    """Give the steps of a run as arrays."""
    return LossCurve(
        iteration=np.array([step.iteration for step in history], dtype=int),
        loss=np.array([step.loss for step in history], dtype=np.float64),
        gradient_norm=np.array([step.gradient_norm for step in history], dtype=np.float64),
        seconds=np.array([step.seconds for step in history], dtype=np.float64),
    )


def outcome(result: LearnResult) -> str:
    """Say how a run ended and how well the twin fits."""
    words = f"{result.status.value}. misfit {result.misfit:.4f}"
    if all(part.noise != "unknown" for part in result.problem.measured):
        words += f", chi² per degree of freedom {result.chi2_per_dof:.2f}"
    return words
