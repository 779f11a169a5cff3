"""Cross resonance: a tone on the line of the control at the frequency of the target, which is read along x, y and z.

The target turns at a rate that depends on the level of the control: half the difference of the two rates is ZX, their mean IX.
``ZX = -(J Omega/Delta) alpha/(alpha + Delta)`` to first order in the drive, with Delta the frequency of the control above that
of the target and alpha the anharmonicity of the control.

References
----------
Magesan and Gambetta, PRA 101, 052308 (2020).
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from qrexplore.experiments.blocks import Block, Play, Rotation
from qrexplore.experiments.conditional import BOTH_LEVELS, CONTROL, ends, prepared_control, with_carriers
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.pulses import Pulse, Schedule, Square

AXES = {"x": 0.0, "y": 1.0, "z": 2.0}


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    control, target = ends(experiment)
    tone = Pulse(
        f"drive_{control}",
        Square(point["duration"]),
        experiment.setting("drive_amplitude"),
        phase=experiment.setting("drive_phase"),
    )
    window = experiment.largest("duration") + experiment.setting("settling_time")
    play = Play(Schedule((tone,), window=window), stop="duration", carrier_of=target)
    # brings the axis to z, so that the population of level 1 is (1 - <axis>)/2
    angle = jnp.where(point["axis"] == AXES["z"], 0.0, jnp.pi / 2)
    phase = jnp.where(point["axis"] == AXES["x"], -jnp.pi / 2, 0.0)
    return (prepared_control(experiment, point), play, Rotation(target, angle, phase))


PROTOCOL = Protocol(
    name="cross_resonance",
    dims=("control", "axis", "duration"),
    coordinates={
        "control": CONTROL,
        "axis": ("1", "axis along which the target is read"),
        "duration": ("s", "duration of the tone"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"drive_phase": 0.0, "settling_time": 4e-9},
    codes={"axis": AXES},
)


def cross_resonance(
    duration: Any,
    *,
    drive_amplitude: float,
    drive_phase: float = 0.0,
    control: str = "q0",
    target: str = "q1",
    drive_frequencies: Sequence[float] | None = None,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe a tomography of cross resonance; usual: 40 durations, 1000 shots.

    Parameters
    ----------
    duration
        Swept length of the tone, s.
    drive_amplitude, drive_phase
        Its height at the generator of the control's line, V, and its phase, rad.
    control, target
        The qubit on whose line the tone plays and the one whose carrier it has; both are measured.
    drive_frequencies
        Carriers of control and target, Hz; they follow the qubits of the twin if not given.
    signal
        Report the readout signals in V instead of populations.
    shots
        Repetitions a point.
    """
    settings = {"drive_amplitude": float(drive_amplitude), "drive_phase": float(drive_phase)}
    sweeps = {"control": BOTH_LEVELS, "axis": np.array(list(AXES)), "duration": duration}
    settings = with_carriers(settings, drive_frequencies)
    return build(PROTOCOL, (control, target), sweeps, settings, signal=signal, shots=shots)
