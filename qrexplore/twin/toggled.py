"""1/f noise as one Gaussian number for a whole sequence: its filter-function form.

What slow noise x leaves of a superposition is its phase ``phi = D int F(t) x(t) dt``, where F is 1 and changes sign at each
half turn. For Gaussian noise phi is Gaussian, so a sequence of ideal turns and idles that is followed with the constant noise

    x(t) -> F(t) z sqrt(var(int F x dt))/T,    T the whole length, z standard normal,

has the same average, exactly where the frequency is linear in the noise and nothing but the phase depends on it. A few
Gauss-Hermite nodes of z then take the place of hundreds of paths, and there is no sampling error. Through real pulses F stays
what it is: noise that stands still meanwhile.

References
----------
Cywinski et al., PRB 77, 174509 (2008), eqs. (11) to (14).
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.experiments import Block, Rotation
from qrexplore.twin.noise import OneOverF

# a turn by more than this (rad) swaps the levels
_SWAPS = 3 * np.pi / 4
# below this rate times length closed forms lose digits, and series take their place
_SMALL = 1e-2

Lengths = list[Float[Array, " batch"] | None]


def signs(blocks: tuple[Block, ...], qubit: str, batch: int) -> list[Float[Array, " batch"]]:
    """Give the sign that noise of a qubit has during each block, at each point."""
    now, found = jnp.ones(batch), []
    for block in blocks:
        if isinstance(block, Rotation) and block.qubit == qubit:
            now = now * jnp.where(jnp.abs(block.angle) > _SWAPS, -1.0, 1.0)
        found.append(now)
    return found


def deviation(process: OneOverF, lengths: Lengths, signs: list[Float[Array, " batch"]]) -> Float[Array, " batch"]:
    """Give the standard deviation of the signed mean of noise of amplitude 1 over a sequence.

    Parameters
    ----------
    process
        Sum of Ornstein-Uhlenbeck processes.
    lengths
        Of each block, s; None for one that takes no time.
    signs
        See `signs`.
    """
    rates = process.rates[:, None]
    strength = jnp.asarray(process.deviations)[:, None] ** 2
    # of each process: variance of the signed integral so far, and how it is correlated with where the process stands now
    variance = carried = jnp.zeros((len(rates), len(signs[0])))
    total = jnp.zeros(len(signs[0]))
    for length, sign in zip(lengths, signs, strict=True):
        if length is None:
            continue
        u = rates * length
        mean = _mean_decay(u) * length
        variance = variance + length**2 * _doubled_bridge(u) + 2 * sign * mean * carried
        carried = carried * jnp.exp(-u) + sign * mean
        total = total + length
    square = jnp.sum(strength * variance, axis=0) / jnp.where(total > 0, total, 1.0) ** 2
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)


def _mean_decay(u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Give ``(1 - exp(-u))/u``."""
    safe = jnp.where(u > _SMALL, u, 1.0)
    return jnp.where(u > _SMALL, -jnp.expm1(-safe) / safe, 1 - u / 2 + u**2 / 6 - u**3 / 24)


def _doubled_bridge(u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Give ``2 (u - 1 + exp(-u))/u^2``."""
    safe = jnp.where(u > _SMALL, u, 1.0)
    return jnp.where(u > _SMALL, 2 * (safe + jnp.expm1(-safe)) / safe**2, 1 - u / 3 + u**2 / 12 - u**3 / 60)
