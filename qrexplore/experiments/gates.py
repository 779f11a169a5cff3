"""Gate pulses: what is played where an experiment is about the pulses themselves, instead of ideal rotations.

A half turn is a Gaussian of the amplitude ``drive_amplitude`` (V), a quarter turn one of half that amplitude; `Train` and
start times put them next to each other without a gap.
"""

from collections.abc import Mapping

from jaxtyping import Array, Float

from qrexplore.core import require_finite, require_positive
from qrexplore.experiments.experiment import NOMINAL_FREQUENCY, Experiment
from qrexplore.pulses import Gaussian

# s, standard deviations in the duration, s, Hz; lines settle for a while before the qubit is read
GATE_SETTINGS: Mapping[str, float] = {
    "pulse_duration": 20e-9,
    "pulse_sigmas": 4.0,
    "drag": 0.0,
    "settling_time": 6e-9,
    "drive_frequency": NOMINAL_FREQUENCY,
}


def gate_envelope(experiment: Experiment, drag: Float[Array, ""] | float | None = None) -> Gaussian:
    """Give the shape of a gate pulse, with the DRAG coefficient (s) of the settings unless another is given."""
    duration = experiment.setting("pulse_duration")
    sigma = duration / experiment.setting("pulse_sigmas")
    return Gaussian(duration, sigma, experiment.setting("drag") if drag is None else drag)


def gate_settings(
    *,
    drive_amplitude: float,
    drive_frequency: float,
    pulse_duration: float,
    pulse_sigmas: float,
    drag: float = 0.0,
) -> dict[str, float]:
    """Give the settings of gate pulses by name.

    Raises
    ------
    ValueError
        If a length is not positive or a number is not finite.
    """
    require_positive(pulse_duration, "pulse_duration", "s")
    require_positive(pulse_sigmas, "pulse_sigmas", "1")
    found = {
        "drive_amplitude": float(drive_amplitude),
        "drive_frequency": float(drive_frequency),
        "pulse_duration": float(pulse_duration),
        "pulse_sigmas": float(pulse_sigmas),
        "drag": float(drag),
    }
    for name, value in found.items():
        require_finite(value, name)
    return found
