"""Conditional oscillation: a flux pulse between two quarter turns of the target, with the control in level 0 and in 1.

The fringes of the target against the phase of the second quarter turn are shifted by the phase that it gained; the shift
between both is the conditional phase of the gate, which is pi for a CZ. What leaves |11> for |02> is missing in the control:
its population is less, by half of what leaks, if it was prepared in level 1. Sensitive to the coupling, the flux pulse at the
chip and the crosstalk of the flux lines.

References
----------
Rol et al., PRL 123, 120502 (2019).
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from qrexplore.data import observable
from qrexplore.experiments.blocks import Block, Play
from qrexplore.experiments.chevron import pulsed_qubit
from qrexplore.experiments.conditional import (
    BOTH_LEVELS,
    CONTROL,
    ends,
    prepared_control,
    quarter_turn,
    with_carriers,
)
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.pulses import Pulse, Schedule, Square

_PHASE = ("rad", "phase of the second quarter turn")
_SETTINGS = {"settling_time": 10e-9}


def _gate(experiment: Experiment, point: Point, duration: Array, longest: float, height: Array) -> tuple[Block, ...]:
    _, target = ends(experiment)
    pulse = Pulse(f"flux_{pulsed_qubit(experiment)}", Square(duration), height)
    schedule = Schedule((pulse,), window=longest + experiment.setting("settling_time"))
    first, second = quarter_turn(target), quarter_turn(target, point["phase"])
    return (prepared_control(experiment, point), first, Play(schedule, shared=("phase",)), second)


def _of_amplitude(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    duration = experiment.setting("flux_duration")
    return _gate(experiment, point, jnp.asarray(duration), duration, point["flux_amplitude"])


def _of_duration(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    height = jnp.asarray(experiment.setting("flux_amplitude"))
    return _gate(experiment, point, point["duration"], experiment.largest("duration"), height)


PROTOCOL = Protocol(
    name="conditional_oscillation",
    dims=("control", "flux_amplitude", "phase"),
    coordinates={"control": CONTROL, "flux_amplitude": ("V", "amplitude of the flux pulse"), "phase": _PHASE},
    preparation=0,
    sequence=_of_amplitude,
    settings=_SETTINGS,
)

CONDITIONAL_OSCILLATION_DURATION = Protocol(
    name="conditional_oscillation_duration",
    dims=("control", "duration", "phase"),
    coordinates={"control": CONTROL, "duration": ("s", "duration of the flux pulse"), "phase": _PHASE},
    preparation=0,
    sequence=_of_duration,
    settings=_SETTINGS,
)


def conditional_oscillation(
    flux_amplitude: Any,
    phase: Any,
    *,
    flux_duration: float,
    control: str = "q0",
    target: str = "q1",
    flux_qubit: str | None = None,
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a conditional oscillation against the height of the flux pulse; usual: 21 by 17 phases, 1000 shots.

    Parameters
    ----------
    flux_amplitude
        Swept height of the flux pulse at the generator, V.
    phase
        Swept phase of the second quarter turn, rad.
    flux_duration
        Length of the flux pulse, s.
    control, target
        The two qubits, both measured.
    flux_qubit
        Which of them is pulsed; the target if not given.
    drive_frequencies
        Carriers of control and target, Hz; they follow the qubits of the twin if not given.
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.
    """
    settings = {"flux_qubit": flux_qubit or target, "flux_duration": float(flux_duration)}
    sweeps = {"control": BOTH_LEVELS, "flux_amplitude": flux_amplitude, "phase": phase}
    settings = with_carriers(settings, drive_frequencies)
    return build(PROTOCOL, (control, target), sweeps, settings, signal=signal, shots=shots)


def conditional_oscillation_duration(
    duration: Any,
    phase: Any,
    *,
    flux_amplitude: float,
    control: str = "q0",
    target: str = "q1",
    flux_qubit: str | None = None,
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a conditional oscillation against the length of the flux pulse; the quarter turns stay where they are.

    Parameters
    ----------
    duration
        Swept length of the flux pulse, s.
    phase
        Swept phase of the second quarter turn, rad.
    flux_amplitude
        Height of the flux pulse at the generator, V.
    control, target, flux_qubit, drive_frequencies, signal, shots
        See `conditional_oscillation`.
    """
    settings = {"flux_qubit": flux_qubit or target, "flux_amplitude": float(flux_amplitude)}
    sweeps = {"control": BOTH_LEVELS, "duration": duration, "phase": phase}
    settings = with_carriers(settings, drive_frequencies)
    return build(CONDITIONAL_OSCILLATION_DURATION, (control, target), sweeps, settings, signal=signal, shots=shots)


def conditional_phase(data: xr.Dataset) -> xr.Dataset:
    """Give the conditional phase (rad, -pi to pi) and the missing fraction of a conditional oscillation.

    Parameters
    ----------
    data
        Result of one of the two experiments, with three phases or more and populations as observable.

    Returns
    -------
    dataset
        ``conditional_phase`` from the least-squares fringes of the target, and ``missing_fraction``, the mean population of
        the control prepared in level 1 below that of one that does not leak (1 as read, less what readout and relaxation
        take). The leakage out of |11> is twice that.
    """
    control, target = (observable(data).isel(qubit=place, drop=True) for place in (0, 1))
    phase = data["phase"].values
    design = np.stack([np.ones_like(phase), np.cos(phase), np.sin(phase)], axis=1)
    weights = xr.DataArray(np.linalg.pinv(design), dims=("part", "phase"))
    parts = xr.dot(weights, target, dim="phase")
    theta = np.arctan2(-parts.isel(part=2), parts.isel(part=1))
    off, on = (theta.sel(control=level, drop=True) for level in BOTH_LEVELS)
    difference = np.angle(np.exp(1j * (on - off)))
    missing = 1 - control.sel(control=1.0, drop=True).mean("phase")
    found = xr.Dataset({"conditional_phase": on.copy(data=difference), "missing_fraction": missing})
    found["conditional_phase"].attrs = {"units": "rad", "long_name": "conditional phase"}
    found["missing_fraction"].attrs = {"units": "1", "long_name": "missing fraction"}
    return found
