"""Cryoscope: a flux pulse of varied length between the quarter turns of a Ramsey sequence of fixed length.

The phase after the pulse counts the detuning it caused, its slope in time the step response of the flux line.

References
----------
Rol et al., Appl. Phys. Lett. 116, 054001 (2020).
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qrexplore.experiments.blocks import Block, Play, Rotation
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.pulses import Pulse, Schedule, Square

# phase (rad) of the second quarter turn
QUADRATURES = {"x": 0.0, "y": -float(np.pi / 2)}


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    swept = "flux_amplitude" in point
    height = point["flux_amplitude"] if swept else experiment.setting("flux_amplitude")
    pulse = Pulse(f"flux_{qubit}", Square(point["duration"]), height)
    window = experiment.largest("duration") + experiment.setting("settling_time")
    phase = experiment.setting("quadrature_sign") * point["quadrature"]
    play = Play(Schedule((pulse,), window=window), shared=("quadrature",))
    return (Rotation(qubit, jnp.pi / 2), play, Rotation(qubit, jnp.pi / 2, phase))


PROTOCOL = Protocol(
    name="cryoscope",
    dims=("quadrature", "duration"),
    coordinates={
        "quadrature": ("1", "measured quadrature"),
        "duration": ("s", "duration of the flux pulse"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"drive_frequency": NOMINAL_FREQUENCY, "settling_time": 20e-9, "quadrature_sign": 1.0},
    codes={"quadrature": QUADRATURES},
)


CRYOSCOPE_AMPLITUDES = Protocol(
    name="cryoscope_amplitudes",
    dims=("quadrature", "flux_amplitude", "duration"),
    coordinates={
        "quadrature": PROTOCOL.coordinates["quadrature"],
        "flux_amplitude": ("V", "amplitude of the flux pulse"),
        "duration": PROTOCOL.coordinates["duration"],
    },
    preparation=0,
    sequence=_sequence,
    settings=PROTOCOL.settings,
    codes=PROTOCOL.codes,
)


def cryoscope(
    duration: Any,
    *,
    flux_amplitude: float,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    shots: int | None = None,
) -> Experiment:
    """Describe a cryoscope measurement.

    Parameters
    ----------
    duration
        Swept length of the flux pulse, s.
    flux_amplitude
        Its height at the generator, V.
    qubit
        Pulsed and measured qubit.
    drive_frequency
        Carrier of the quarter turns, Hz.
    shots
        Repetitions a point.
    """
    sweeps = {"quadrature": np.array(list(QUADRATURES)), "duration": duration}
    settings = {"flux_amplitude": float(flux_amplitude), "drive_frequency": drive_frequency}
    return build(PROTOCOL, qubit, sweeps, settings, shots=shots)


def cryoscope_amplitudes(
    flux_amplitude: Any,
    duration: Any,
    *,
    qubit: str = "q0",
    drive_frequency: float = NOMINAL_FREQUENCY,
    shots: int | None = None,
) -> Experiment:
    """Describe cryoscope measurements with pulses of several heights, which tell the gain from slow distortion.

    Parameters
    ----------
    flux_amplitude
        Swept height of the flux pulse at the generator, V. Usual: 2 or 3.
    duration
        Swept length of the flux pulse, s. Usual: 1 ns to 240 ns, 2000 shots each.
    qubit
        Pulsed and measured qubit.
    drive_frequency
        Carrier of the quarter turns, Hz.
    shots
        Repetitions a point.
    """
    quadrature = np.array(list(QUADRATURES))
    sweeps = {"quadrature": quadrature, "flux_amplitude": flux_amplitude, "duration": duration}
    return build(CRYOSCOPE_AMPLITUDES, qubit, sweeps, {"drive_frequency": drive_frequency}, shots=shots)
