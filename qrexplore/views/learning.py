"""What a learning run found, in words and rows."""

import math
from dataclasses import dataclass

from qrexplore.core import format_quantity, format_with_error
from qrexplore.learn import LearnResult


@dataclass(frozen=True)
class LearnedRow:
    """A learned parameter: path, words and its value with the standard error as text."""

    path: str
    label: str
    text: str


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


def outcome(result: LearnResult) -> str:
    """Say how a run ended and how well the twin fits."""
    words = f"{result.status.value}. misfit {result.misfit:.4f}"
    if all(part.noise != "unknown" for part in result.problem.measured):
        words += f", chi² per degree of freedom {result.chi2_per_dof:.2f}"
    return words
