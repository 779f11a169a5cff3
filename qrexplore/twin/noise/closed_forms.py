"""Decays by slow noise that have a formula; times in s, rates in 1/s, sensitivities in rad/s per unit of the noise.

``S(f) = A/|f|``, two-sided; `amplitude` is ``sqrt(A)``.

References
----------
Ithier et al., PRB 72, 134519 (2005), eqs. (18) to (27); Bylander et al., Nat. Phys. 7, 565 (2011).
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

Number = Float[Array, "*shape"] | float
_EULER_GAMMA = 0.57721566490153286


def ramsey_exponent(time: Number, amplitude: Number, sensitivity: Number, lowest: Number) -> Float[Array, "*shape"]:
    """Give chi of a Ramsey sequence in 1/f noise: ``D^2 A t^2 (ln(1/(omega_ir t)) + 3/2 - gamma)``.

    Parameters
    ----------
    time
        Length t, s; far below ``1/omega_ir``.
    amplitude, sensitivity
        ``sqrt(A)`` and D.
    lowest
        Infrared cutoff in Hz, ``omega_ir/(2 pi)``: one over the time over which is averaged.
    """
    cutoff = 2 * jnp.pi * jnp.asarray(lowest) * time
    return (sensitivity * amplitude * time) ** 2 * (-jnp.log(cutoff) + 1.5 - _EULER_GAMMA)


def echo_exponent(time: Number, amplitude: Number, sensitivity: Number) -> Float[Array, "*shape"]:
    """Give chi of a Hahn echo in 1/f noise: ``D^2 A t^2 ln 2``."""
    return (jnp.asarray(sensitivity) * amplitude * time) ** 2 * jnp.log(2.0)


def echo_time(amplitude: Number, sensitivity: Number) -> Float[Array, "*shape"]:
    """Give when the echo has decayed to 1/e in 1/f noise: ``1/(D sqrt(A ln 2))``, a Gaussian decay."""
    return 1 / (jnp.asarray(sensitivity) * amplitude * jnp.sqrt(jnp.log(2.0)))


def telegraph_coherence(time: Number, shift: Number, rate: Number) -> Float[Array, "*shape"]:
    """Give the mean coherence in telegraph noise, ``exp(-r t) (cosh(mu r t) + sinh(mu r t)/mu)``, ``mu^2 = 1 - (v/r)^2``.

    Parameters
    ----------
    time
        s.
    shift
        v: the angular frequency jumps between plus and minus this, rad/s.
    rate
        r: jumps a second, each way.
    """
    # of mu^2, both functions are entire; away from 0 by as little as double precision can tell
    square = 1 - (jnp.asarray(shift) / rate) ** 2
    square = jnp.where(jnp.abs(square) < 1e-12, 1e-12, square)
    mu = jnp.sqrt(square.astype(complex))
    decay = jnp.exp(-(jnp.asarray(rate) * time).astype(complex))
    return jnp.real(decay * (jnp.cosh(mu * rate * time) + jnp.sinh(mu * rate * time) / mu))


def sweet_spot_coherence(time: Number, deviation: Number, curvature: Number) -> Float[Array, "*shape"]:
    """Give the coherence where quasi-static Gaussian noise acts to second order only, ``(1 + i k sigma^2 t)^(-1/2)``.

    Parameters
    ----------
    time
        s.
    deviation
        sigma, standard deviation of the noise.
    curvature
        k: the angular frequency falls by ``k x^2/2``, rad/s.
    """
    return (1 + 1j * jnp.asarray(curvature) * deviation**2 * time) ** -0.5
