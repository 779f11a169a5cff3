r"""Thermal population: a Rabi experiment between levels 1 and 2, with and without exchanging levels 0 and 1 before.

At the end levels 0 and 1 are exchanged, and what the pulse moved shows as the contrast of levels 0 and 2. Without the first
exchange the amplitude of the oscillation is that of the thermal population of level 1, with it that of level 0, both less
level 2. Whatever preparation of the readout and confusion do, they scale both alike, so that the ratio gives the bath:

.. math:: \frac{A_0}{A_1} = \frac{p_1 - p_2}{p_0 - p_2} = \frac{n}{1 + 2n}, \qquad p_k \propto \left(\frac{n}{1+n}\right)^k.

Only a twin whose qubits begin in a thermal mixture shows it.

References
----------
Geerlings et al., PRL 110, 120501 (2013); Jin et al., PRL 114, 240501 (2015), who neglect level 2.
"""

from typing import Any

import jax.numpy as jnp

from qrexplore.experiments.blocks import Block, Play, Rotation
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment, Point, Protocol, build
from qrexplore.experiments.preparation import prepared
from qrexplore.pulses import Gaussian, Pulse, Schedule


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    duration = experiment.setting("pulse_duration")
    pulse = Pulse(f"drive_{qubit}", Gaussian(duration, duration / 5), point["drive_amplitude"])
    exchanged = prepared(experiment, point, qubit, "prepared_state")
    return (exchanged, Play(Schedule((pulse,), window=duration)), Rotation(qubit, jnp.pi))


PROTOCOL = Protocol(
    name="thermal_population",
    dims=("prepared_state", "drive_amplitude"),
    coordinates={
        "prepared_state": ("1", "prepared level"),
        "drive_amplitude": ("V", "amplitude of the drive pulse"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"pulse_duration": 200e-9, "drive_frequency": NOMINAL_FREQUENCY - 0.22e9},
)


def thermal_population(
    drive_amplitude: Any,
    *,
    drive_frequency: float = NOMINAL_FREQUENCY - 0.22e9,
    prepared_state: Any = (0, 1),
    qubit: str = "q0",
    pulse_duration: float = 200e-9,
    report: str = "population",
    shots: int | None = None,
) -> Experiment:
    """Describe the measurement of the thermal population apart from errors of preparation and readout.

    Parameters
    ----------
    drive_amplitude
        Swept amplitude of the pulse between levels 1 and 2, V.
    drive_frequency
        Its carrier, the 1-2 frequency of the qubit, Hz.
    prepared_state
        1 for the first exchange of levels 0 and 1, 0 for none.
    qubit
        Driven and measured qubit.
    pulse_duration
        Length of the Gaussian pulse, s; its standard deviation is a fifth of it. Long enough to spare levels 0 and 1.
    report
        ``population``, ``signal``, ``iq`` or ``probability``.
    shots
        Repetitions a point.
    """
    sweeps = {"prepared_state": prepared_state, "drive_amplitude": drive_amplitude}
    settings = {"drive_frequency": drive_frequency, "pulse_duration": pulse_duration}
    return build(PROTOCOL, qubit, sweeps, settings, report=report, shots=shots)
