"""What experiments share in which the phase of a target depends on the level of a control.

The first of the two qubits is the control, the second the target. Phases refer to the carrier of the target.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from qrexplore.experiments.blocks import Prepare, Rotation
from qrexplore.experiments.experiment import Experiment, Point
from qrexplore.experiments.preparation import prepared

CONTROL = ("1", "level of the control")
BOTH_LEVELS = (0.0, 1.0)


def ends(experiment: Experiment) -> tuple[str, str]:
    """Give the names of control and target."""
    control, target = experiment.qubits
    return control, target


def prepared_control(experiment: Experiment, point: Point) -> Prepare:
    """Give the block that prepares the control in its level."""
    return prepared(experiment, point, ends(experiment)[0], "control")


def quarter_turn(qubit: str, phase: Any = 0.0) -> Rotation:
    """Give a quarter turn about an axis at a phase (rad)."""
    return Rotation(qubit, jnp.pi / 2, phase)


def with_carriers(settings: dict[str, Any], drive_frequencies: Sequence[float] | None) -> dict[str, Any]:
    """Give settings with the carriers (Hz) of control and target, if they do not follow the qubits."""
    if drive_frequencies is None:
        return settings
    return {**settings, "drive_frequencies": [float(frequency) for frequency in drive_frequencies]}
