"""Spectroscopy of level 2 by a weak, long pulse: from level 1 to 2, or from 0 to 2 by two photons.

The first finds ``f01 + anharmonicity`` and maps what stayed in level 1 back to 0, so that it shows however level 2 is read.
The second finds ``f01 + anharmonicity/2``; lines of a Gaussian pulse have no side lobes. Sensitive to the anharmonicity.
"""

from typing import Any

import jax.numpy as jnp

from qrexplore.core import require_positive
from qrexplore.experiments.blocks import Block, Play, Rotation
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build
from qrexplore.pulses import Gaussian, Pulse, Schedule


def _probe(experiment: Experiment, point: Point) -> Play:
    (qubit,) = experiment.qubits
    duration = experiment.setting("pulse_duration")
    envelope = Gaussian(duration, duration / experiment.setting("pulse_sigmas"))
    pulse = Pulse(f"drive_{qubit}", envelope, experiment.setting("drive_amplitude"))
    return Play(Schedule((pulse,), window=duration), carrier=point["drive_frequency"])


def _from_one(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    return (_probe(experiment, point), Rotation(experiment.qubits[0], jnp.pi))


def _from_zero(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    return (_probe(experiment, point),)


COORDINATES = {"drive_frequency": ("Hz", "drive frequency")}
EF_SPECTROSCOPY = Protocol(
    name="ef_spectroscopy",
    dims=("drive_frequency",),
    coordinates=COORDINATES,
    preparation=1,
    sequence=_from_one,
    settings={"drive_amplitude": 5e-3, "pulse_duration": 1e-6, "pulse_sigmas": 5.0},
)
TWO_PHOTON_SPECTROSCOPY = Protocol(
    name="two_photon_spectroscopy",
    dims=("drive_frequency",),
    coordinates=COORDINATES,
    preparation=0,
    sequence=_from_zero,
    settings={"drive_amplitude": 0.1, "pulse_duration": 1e-6, "pulse_sigmas": 5.0},
)


def ef_spectroscopy(
    drive_frequency: Any,
    *,
    qubit: str = "q0",
    drive_amplitude: float = 5e-3,
    pulse_duration: float = 1e-6,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe spectroscopy of the 1-2 transition: prepare 1, a weak pulse, a half turn of 0 and 1, read.

    Parameters
    ----------
    drive_frequency
        Swept carrier of the pulse, Hz. Usual: 201 around the 1-2 transition, 1000 shots each.
    qubit
        Driven and measured qubit.
    drive_amplitude
        Height of the pulse, V.
    pulse_duration
        Its length, s; its standard deviation is a fifth of it.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.
    """
    settings = _settings(drive_amplitude, pulse_duration)
    sweeps = {"drive_frequency": drive_frequency}
    return build(EF_SPECTROSCOPY, qubit, sweeps, settings, signal=signal, shots=shots)


def two_photon_spectroscopy(
    drive_frequency: Any,
    *,
    qubit: str = "q0",
    drive_amplitude: float = 0.1,
    pulse_duration: float = 1e-6,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe spectroscopy of level 2 from level 0, half way between the 0-1 and the 1-2 transition.

    Parameters
    ----------
    drive_frequency
        Swept carrier of the pulse, Hz. Usual: 201 around half the 0-2 transition, 1000 shots each.
    qubit
        Driven and measured qubit.
    drive_amplitude
        Height of the pulse, V; the line is ``Omega^2/(sqrt(2) anharmonicity)`` wide.
    pulse_duration
        Its length, s; its standard deviation is a fifth of it.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.
    """
    settings = _settings(drive_amplitude, pulse_duration)
    sweeps = {"drive_frequency": drive_frequency}
    return build(TWO_PHOTON_SPECTROSCOPY, qubit, sweeps, settings, signal=signal, shots=shots)


def _settings(drive_amplitude: float, pulse_duration: float) -> dict[str, float]:
    require_positive(pulse_duration, "pulse_duration", "s")
    return {"drive_amplitude": float(drive_amplitude), "pulse_duration": float(pulse_duration)}
