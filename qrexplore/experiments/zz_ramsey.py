"""ZZ: how much the frequency of a target depends on the level of its neighbour.

`zz_ramsey` is a Ramsey experiment on the target for both levels of the control; its fringes differ in frequency by
``zeta = E11 - E10 - E01 + E00``. `jazz` turns both qubits over in the middle, which takes every detuning away but the ZZ: its
fringes move by plus and minus ``zeta/2`` for a control that begins in level 0 and 1.

References
----------
Garbow, Weitekamp, Pines, Chem. Phys. Lett. 93, 504 (1982).
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from qrexplore.experiments.blocks import Block, Idle, Rotation
from qrexplore.experiments.conditional import (
    BOTH_LEVELS,
    CONTROL,
    ends,
    prepared_control,
    quarter_turn,
    with_carriers,
)
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build


def _advance(experiment: Experiment, point: Point) -> Any:
    return 2 * jnp.pi * experiment.setting("artificial_detuning") * point["delay"]


def _ramsey(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    _, target = ends(experiment)
    wait = Idle(point["delay"], framed=target)
    second = quarter_turn(target, _advance(experiment, point))
    return (prepared_control(experiment, point), quarter_turn(target), wait, second)


def _jazz(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    control, target = ends(experiment)
    half = Idle(point["delay"] / 2, framed=target)
    over = (Rotation(control, jnp.pi), Rotation(target, jnp.pi))
    second = quarter_turn(target, _advance(experiment, point))
    return (prepared_control(experiment, point), quarter_turn(target), half, *over, half, second)


_SWEPT = {"control": CONTROL, "delay": ("s", "delay between the two quarter turns")}

ZZ_RAMSEY = Protocol(
    name="zz_ramsey",
    dims=("control", "delay"),
    coordinates=_SWEPT,
    preparation=0,
    sequence=_ramsey,
    settings={"artificial_detuning": 0.0},
)

JAZZ = Protocol(
    name="jazz",
    dims=("control", "delay"),
    coordinates=_SWEPT,
    preparation=0,
    sequence=_jazz,
    settings={"artificial_detuning": 0.0},
)


def zz_ramsey(
    delay: Any,
    *,
    control: str = "q0",
    target: str = "q1",
    artificial_detuning: float = 0.0,
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a Ramsey experiment for both levels of a neighbour; usual: 101 delays, 1000 shots.

    Parameters
    ----------
    delay
        Swept free evolution time, s.
    control, target
        Neighbour and the qubit of the Ramsey sequence; both are measured.
    artificial_detuning
        Rate at which the phase of the second quarter turn advances with the delay, Hz.
    drive_frequencies
        Carriers of control and target, Hz; they follow the qubits of the twin if not given.
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.
    """
    settings = with_carriers({"artificial_detuning": float(artificial_detuning)}, drive_frequencies)
    sweeps = {"control": BOTH_LEVELS, "delay": delay}
    return build(ZZ_RAMSEY, (control, target), sweeps, settings, signal=signal, shots=shots)


def jazz(
    delay: Any,
    *,
    control: str = "q0",
    target: str = "q1",
    artificial_detuning: float = 0.0,
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a ZZ measurement with half turns of both qubits in the middle.

    Parameters
    ----------
    delay
        Swept total free evolution time, s.
    control, target, artificial_detuning, drive_frequencies, signal, shots
        See `zz_ramsey`.
    """
    settings = with_carriers({"artificial_detuning": float(artificial_detuning)}, drive_frequencies)
    sweeps = {"control": BOTH_LEVELS, "delay": delay}
    return build(JAZZ, (control, target), sweeps, settings, signal=signal, shots=shots)
