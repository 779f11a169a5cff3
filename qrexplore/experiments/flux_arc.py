"""Flux arc: spectroscopy of a qubit against a static flux bias, on a frequency grid that may follow the arc.

Sensitive to the sweet-spot frequency, the asymmetry, the flux offset and the gain of the bias line; where the line of
another qubit is swept, to the static crosstalk.
"""

from typing import Any

from qrexplore.experiments.blocks import Block, SteadyDrive
from qrexplore.experiments.experiment import Experiment, Point, Protocol, spectra


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    amplitude = experiment.setting("drive_amplitude")
    biased = experiment.settings.get("flux_qubit")
    return (SteadyDrive(qubit, point["drive_frequency"], amplitude, point["flux_bias"], biased),)


PROTOCOL = Protocol(
    name="flux_arc",
    dims=("flux_bias", "point"),
    coordinates={
        "flux_bias": ("V", "static flux bias"),
        "drive_frequency": ("Hz", "drive frequency"),
    },
    preparation=0,
    sequence=_sequence,
    settings={"drive_amplitude": 1e-3},
)


def flux_arc(
    flux_bias: Any,
    drive_frequency: Any,
    *,
    qubit: str = "q0",
    flux_qubit: str | None = None,
    drive_amplitude: float = 1e-3,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Describe qubit spectroscopy against a static flux bias.

    Parameters
    ----------
    flux_bias
        Swept static bias, V.
    drive_frequency
        Drive frequencies in Hz: one axis for all biases, or one row for each bias.
    qubit
        Driven and measured qubit.
    flux_qubit
        Whose bias line is swept; the measured qubit's where left out. That of another shows static crosstalk.
    drive_amplitude
        Amplitude of the long drive, V.
    signal
        Report the readout signal in V instead of a population.
    shots
        Repetitions a point.
    """
    settings = {"drive_amplitude": float(drive_amplitude), **({"flux_qubit": flux_qubit} if flux_qubit else {})}
    return spectra(PROTOCOL, qubit, {"flux_bias": flux_bias}, drive_frequency, settings, signal=signal, shots=shots)
