"""From the field in a readout resonator to clouds in the IQ plane and errors of assignment.

What leaves the resonator is weighted and integrated, ``s = int w* sqrt(eta kappa) alpha dt`` with ``int |w|^2 dt = 1``, in
roots of photons. Its noise along an axis has the variance 1/4 for homodyne detection of the quadrature in which the levels
differ, and 1/2 for phase-preserving amplification, which adds half a quantum.

References
----------
Gambetta et al., PRA 76, 012325 (2007), for weights and for decay during integration;
Bultink et al., APL 112, 092601 (2018), for efficiency.
"""

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.stats import norm
from jaxtyping import Array, Complex, Float

from qrexplore.core import Scalar, parameter, require_choice, require_positive
from qrexplore.twin.readout.clouds import AbstractCloudReadout
from qrexplore.twin.readout.dispersive import cavity_field

WEIGHTS = ("matched", "boxcar")


def integration_weights(
    fields: Complex[Array, "levels times"], sample_rate: float, *, kind: str = "matched"
) -> Complex[Array, " times"]:
    """Give the weights of the integration, of norm 1.

    Parameters
    ----------
    fields
        Field in the resonator for each level, see `cavity_field`.
    sample_rate
        Samples per s.
    kind
        ``matched`` to what tells levels 0 and 1 apart, ``alpha_1 - alpha_0``, or constant (``boxcar``).

    Raises
    ------
    ValueError
        If `kind` is neither.
    """
    require_choice(kind, "kind", WEIGHTS)
    shape = fields[1] - fields[0] if kind == "matched" else jnp.ones(fields.shape[-1], dtype=complex)
    return shape / jnp.sqrt(jnp.trapezoid(jnp.abs(shape) ** 2, dx=1 / sample_rate))


def integrated_signal(
    fields: Complex[Array, "levels times"],
    weights: Complex[Array, " times"],
    linewidth: Float[Array, ""] | float,
    sample_rate: float,
    *,
    efficiency: Float[Array, ""] | float = 1.0,
) -> Complex[Array, " levels"]:
    """Give the integrated signal of each level, in roots of photons.

    Parameters
    ----------
    fields, linewidth, sample_rate
        See `cavity_field`.
    weights
        See `integration_weights`.
    efficiency
        Quantum efficiency of the chain behind, from 0 to 1.
    """
    leaving = jnp.sqrt(efficiency * 2 * jnp.pi * linewidth) * fields
    return jnp.trapezoid(jnp.conj(weights) * leaving, dx=1 / sample_rate, axis=-1)


def assignment_error(signal_to_noise: Float[Array, "*any"] | float) -> Float[Array, "*any"]:
    """Give the share of shots on the wrong side of the middle, ``erfc(SNR/(2 sqrt 2))/2``; no level decays meanwhile.

    Parameters
    ----------
    signal_to_noise
        Distance of the centers over the standard deviation of a shot.
    """
    return norm.cdf(-jnp.asarray(signal_to_noise) / 2)


def decay_error(
    signal_to_noise: Float[Array, "*any"] | float, duration: Float[Array, "*any"] | float, t1: Float[Array, ""] | float
) -> Float[Array, "*any"]:
    r"""Give the share of shots of level 1 that are read as 0, where the level decays while a boxcar integrates.

    .. math:: P(0|1) = e^{-x} \Phi(-s/2) + x \int_0^1 e^{-ux} \Phi(s(1/2 - u)) \, du
        = \Phi(s/2) - e^{-x/2 + x^2/2s^2} \left[\Phi(s/2 + x/s) - \Phi(-s/2 + x/s)\right], \quad x = T/T_1

    Parameters
    ----------
    signal_to_noise
        s, above 0, of a level that does not decay.
    duration
        T of the integration, s.
    t1
        Relaxation time, s.

    Notes
    -----
    The second form is the first integrated by parts. The field is taken to follow the qubit at once (``kappa T >> 1``).

    References
    ----------
    Gambetta et al., PRA 76, 012325 (2007).
    """
    s = jnp.asarray(signal_to_noise)
    x = jnp.asarray(duration) / t1
    between = norm.cdf(s / 2 + x / s) - norm.cdf(-s / 2 + x / s)
    return norm.cdf(s / 2) - jnp.exp(-x / 2 + (x / s) ** 2 / 2) * between


class DispersiveReadout(AbstractCloudReadout):
    """Clouds in the IQ plane that follow from a resonator: a constant probe fills it, what leaves it is integrated.

    Levels above 2 pull the resonator like level 2.

    Attributes
    ----------
    duration
        Of probe and integration, s. Static.
    sample_rate
        Resolution of the integration, samples per s; a few hundred over the duration or more. Static.
    weights
        One of `WEIGHTS`. Static.
    phase_preserving
        Whether both quadratures are amplified, which doubles the variance; else the best one is. Static.
    """

    pull_1: Scalar = parameter(-2e6, unit="Hz", bounds=(-100e6, 100e6), label="shift of the resonance by level 1")
    pull_2: Scalar = parameter(-3.5e6, unit="Hz", bounds=(-200e6, 200e6), label="shift of the resonance by level 2")
    linewidth: Scalar = parameter(2e6, unit="Hz", bounds=(1e3, 100e6), label="linewidth of the resonator")
    detuning: Scalar = parameter(1e6, unit="Hz", bounds=(-100e6, 100e6), label="resonance in level 0 less the probe")
    drive: Scalar = parameter(1e6, unit="Hz", bounds=(0.0, 1e9), label="strength of the probe")
    efficiency: Scalar = parameter(0.3, unit="1", bounds=(1e-3, 1.0), label="quantum efficiency of the readout chain")
    gain: Scalar = parameter(1e-3, unit="V", bounds=(1e-9, 10.0), label="signal of one photon, integrated")
    phase: Scalar = parameter(0.0, unit="rad", bounds=(-10.0, 10.0), label="phase of the readout line")
    duration: float = eqx.field(static=True, default=1e-6)
    sample_rate: float = eqx.field(static=True, default=1e9)
    weights: str = eqx.field(static=True, default="matched")
    phase_preserving: bool = eqx.field(static=True, default=True)
    observable: str = eqx.field(static=True, default="iq")
    units: str = eqx.field(static=True, default="V")

    def __check_init__(self) -> None:
        """Refuse times that are not positive, and weights that are not known."""
        require_positive(self.duration, "duration", "s")
        require_positive(self.sample_rate, "sample_rate", "Hz")
        require_choice(self.weights, "weights", WEIGHTS)

    def fields(self, levels: int) -> Complex[Array, "levels times"]:
        """Give the field in the resonator for each level of the qubit, in roots of photons, at the edges of the samples."""
        pulls = jnp.stack([jnp.zeros(()), self.pull_1, *[self.pull_2] * (levels - 2)])
        samples = max(1, round(self.duration * self.sample_rate))
        drive = jnp.broadcast_to(self.drive, (samples,))
        return cavity_field(self.detuning + pulls, self.linewidth, drive, self.sample_rate)

    def responses(self, levels: int) -> Float[Array, "levels 2"]:
        """Give the center (V) of the cloud of each level: in-phase, quadrature."""
        fields = self.fields(levels)
        weights = integration_weights(fields, self.sample_rate, kind=self.weights)
        signal = integrated_signal(fields, weights, self.linewidth, self.sample_rate, efficiency=self.efficiency)
        signal = self.gain * jnp.exp(1j * self.phase) * signal
        return jnp.stack([jnp.real(signal), jnp.imag(signal)], axis=-1)

    @property
    def width(self) -> Float[Array, ""]:
        """Give the noise (V) of one shot along an axis."""
        return self.gain * jnp.sqrt(0.5 if self.phase_preserving else 0.25)
