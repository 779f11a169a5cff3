"""Foundations without physics: parameters, units, checks, status, compilation, the iterate contract.

Nothing here knows what a qubit is. 64-bit numbers are switched on once, when `qrexplore` is imported.
"""

from qrexplore.core.checks import (
    require_axis,
    require_choice,
    require_counts,
    require_finite,
    require_positive,
    require_shots,
)
from qrexplore.core.compilation import jit, side_by_side
from qrexplore.core.dependence import influential
from qrexplore.core.environment import changes, environment
from qrexplore.core.files import write_whole
from qrexplore.core.iterate import Step, Task, run
from qrexplore.core.named import Named
from qrexplore.core.parameters import (
    Declaration,
    Parameter,
    ParameterTable,
    Scalar,
    parameter,
    replace,
    table,
    transparent,
    walk,
)
from qrexplore.core.priors import LogNormal, Normal, Prior, Uniform
from qrexplore.core.status import Status
from qrexplore.core.units import format_quantity, format_with_error, prefix_for

__all__ = [
    "Declaration",
    "LogNormal",
    "Named",
    "Normal",
    "Parameter",
    "ParameterTable",
    "Prior",
    "Scalar",
    "Status",
    "Step",
    "Task",
    "Uniform",
    "changes",
    "environment",
    "format_quantity",
    "format_with_error",
    "influential",
    "jit",
    "parameter",
    "prefix_for",
    "replace",
    "require_axis",
    "require_choice",
    "require_counts",
    "require_finite",
    "require_positive",
    "require_shots",
    "run",
    "side_by_side",
    "table",
    "transparent",
    "walk",
    "write_whole",
]
