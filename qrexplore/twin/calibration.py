"""Calibration as a lab begins it: the height of a pulse whose area is a half turn."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.pulses import Gaussian, Pulse, Schedule, sample
from qrexplore.twin.electronics import SignalChain
from qrexplore.twin.model import Twin

# cells of the wave in a sample; the line settles for as many samples as the pulse has
_FINE = 4


def half_turn_amplitude(
    twin: Twin, qubit: str = "q0", *, pulse_duration: float = 20e-9, pulse_sigmas: float = 4.0
) -> float:
    """Give the height (V) of a resonant Gaussian pulse whose area at the chip is a half turn.

    Parameters
    ----------
    twin
        Model of the device; its drive line is taken to be linear around no signal.
    qubit
        Driven qubit.
    pulse_duration
        Length of the pulse, s.
    pulse_sigmas
        Its length in standard deviations.

    Notes
    -----
    Level 2 makes the best height differ from this one by a share of the order of ``(Omega/alpha)^2``; that is what a fine
    calibration is for.
    """
    return float(0.5 / _area(twin.lines[f"drive_{qubit}"], pulse_duration, pulse_sigmas))


@jit
def _area(line: SignalChain, duration: float, sigmas: float) -> Float[Array, ""]:
    """Give the integral at the chip of a pulse, over its height, where that is small."""
    small = 1e-6
    pulse = Pulse("drive", Gaussian(duration, duration / sigmas), small)
    samples = sample(Schedule((pulse,), window=2 * duration), line.sample_rate)["drive"]
    # offsets of a mixer are there without a pulse, too
    wave = line.forward(samples, _FINE) - line.forward(jnp.zeros_like(samples), _FINE)
    return jnp.abs(jnp.sum(jnp.mean(wave, axis=-1))) * line.cell(_FINE) / small
