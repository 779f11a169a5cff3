"""What a readout resonator shows of its qubit, and what it does to it.

The field in it, in the frame of a probe at ``f_p`` and for the qubit in level k, follows

    d alpha_k/dt = -(kappa/2 + i delta_k) alpha_k - i epsilon,    delta_k = 2 pi (f_k - f_p).

References
----------
Gambetta et al., PRA 74, 042318 (2006); Clerk and Utami, PRA 75, 042302 (2007), for the dephasing by photons;
Bultink et al., APL 112, 092601 (2018), for the signal-to-noise ratio.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, Inexact

from qrexplore.twin.chip import AbstractResonator, Transmon

_TURN = 2 * jnp.pi


def pulls(resonator: AbstractResonator, transmon: Transmon) -> Float[Array, " levels"]:
    """Give how far (Hz) each level of the transmon pulls the resonator from where level 0 has it; ``2 chi`` for level 1."""
    frequencies = resonator.frequencies(transmon)
    return frequencies - frequencies[0]


def critical_photon_number(resonator: AbstractResonator, transmon: Transmon) -> Float[Array, ""]:
    """Give the photon number ``Delta^2/(4 g^2)`` at which the dispersive picture ends."""
    detuning = transmon.at_flux(jnp.zeros(()))[0] - resonator.frequency
    return detuning**2 / (4 * resonator.squared_coupling(transmon))


def purcell_rate(resonator: AbstractResonator, transmon: Transmon) -> Float[Array, ""]:
    """Give the rate (1/s) ``kappa (g/Delta)^2`` at which the qubit decays through an unfiltered resonator."""
    detuning = transmon.at_flux(jnp.zeros(()))[0] - resonator.frequency
    return _TURN * resonator.linewidth * resonator.squared_coupling(transmon) / detuning**2


def shot_noise_dephasing(
    resonator: AbstractResonator, transmon: Transmon, photons: Float[Array, ""] | float
) -> Float[Array, ""]:
    """Give the rate (1/s) at which thermal photons in the resonator dephase the qubit.

    ``(kappa/2) Re[sqrt((1 + 2 i chi/kappa)^2 + 8 i chi n/kappa) - 1]``, with ``2 chi`` the full pull.

    Parameters
    ----------
    resonator, transmon
        The pair.
    photons
        Mean thermal photon number n of the resonator.
    """
    ratio = pulls(resonator, transmon)[1] / resonator.linewidth
    root = jnp.sqrt((1 + 1j * ratio) ** 2 + 4j * ratio * photons)
    return _TURN * resonator.linewidth / 2 * (jnp.real(root) - 1)


def cavity_field(
    detuning: Float[Array, " levels"],
    linewidth: Float[Array, ""] | float,
    drive: Inexact[Array, " samples"],
    sample_rate: float,
) -> Complex[Array, "levels samples+1"]:
    """Give the field in the resonator for each level of the qubit, empty at first, at the edges of the held samples.

    Parameters
    ----------
    detuning
        Resonance for each level less the frequency of the probe, Hz.
    linewidth
        ``kappa/2 pi``, Hz.
    drive
        ``epsilon/2 pi``, Hz; each sample is held, for which the result is exact.
    sample_rate
        Samples per s.
    """
    rate = _TURN * (linewidth / 2 + 1j * detuning)
    decay = jnp.exp(-rate / sample_rate)

    def step(field: Array, sample: Array) -> tuple[Array, Array]:
        steady = -1j * _TURN * sample / rate
        later = steady + (field - steady) * decay
        return later, later

    empty = jnp.zeros(len(detuning), dtype=complex)
    _, later = jax.lax.scan(step, empty, drive.astype(complex))
    return jnp.concatenate([empty[None], later]).T


def signal_to_noise(
    fields: Complex[Array, "levels samples+1"],
    linewidth: Float[Array, ""] | float,
    sample_rate: float,
    *,
    efficiency: Float[Array, ""] | float = 1.0,
) -> Float[Array, ""]:
    """Give the separation of levels 0 and 1 over the noise of one shot, ``sqrt(4 eta kappa int |alpha_1 - alpha_0|^2 dt)``.

    Parameters
    ----------
    fields
        See `cavity_field`.
    linewidth, sample_rate
        See `cavity_field`.
    efficiency
        Quantum efficiency of the chain behind, from 0 to 1.

    Notes
    -----
    For homodyne detection of the best quadrature with matched weights; phase-preserving amplification gives ``1/sqrt 2`` of it.
    """
    return jnp.sqrt(4 * efficiency * _TURN * linewidth * _distance(fields, sample_rate))


def measurement_coherence(
    fields: Complex[Array, "levels samples+1"], linewidth: Float[Array, ""] | float, sample_rate: float
) -> Float[Array, ""]:
    """Give what a measurement leaves of the coherence of levels 0 and 1, ``exp(-(kappa/2) int |alpha_1 - alpha_0|^2 dt)``.

    Parameters
    ----------
    fields, linewidth, sample_rate
        See `cavity_field`. What the fields still take with them after their window is not counted.
    """
    return jnp.exp(-_TURN * linewidth / 2 * _distance(fields, sample_rate))


def _distance(fields: Complex[Array, "levels samples+1"], sample_rate: float) -> Float[Array, ""]:
    """Give the integral of ``|alpha_1 - alpha_0|^2`` (s) by the trapezoidal rule."""
    return jnp.trapezoid(jnp.abs(fields[1] - fields[0]) ** 2, dx=1 / sample_rate)
