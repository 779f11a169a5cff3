"""Sample paths of 1/f noise: exact steps of Ornstein-Uhlenbeck processes, from standard normal numbers.

For a step of length h at rate g, with ``u = g h``, ends x, x' and independent normal numbers,

    x' = exp(-u) x + sigma sqrt(1 - exp(-2 u)) xi_1,
    mean over the step = tanh(u/2)/u (x + x') + sigma sqrt((2 u - 4 tanh(u/2))/u^2) xi_2,

exactly, whatever the length of the step. So phases that a linear noise gives are exact for any number of steps, and paths
are differentiable in amplitude, cutoff and length.

References
----------
Gillespie, PRE 54, 2084 (1996), for the joint distribution of such a process and its integral.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.twin.noise.processes import OneOverF

# below this u/2 the closed forms lose digits and a series takes their place
_SMALL = 0.05


def _root(square: Array) -> Array:
    """Give the square root, with the derivative 0 where there is none."""
    positive = square > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)


def _end_weight(u: Array) -> Array:
    """Give ``tanh(u/2)/u``."""
    y = jnp.where(u < 2 * _SMALL, 1.0, u / 2)
    half = u / 2
    series = (1 - half**2 / 3 + 2 * half**4 / 15 - 17 * half**6 / 315) / 2
    return jnp.where(u < 2 * _SMALL, series, jnp.tanh(y) / (2 * y))


def _bridge_variance(u: Array) -> Array:
    """Give ``(2 u - 4 tanh(u/2))/u^2``."""
    y = jnp.where(u < 2 * _SMALL, 1.0, u / 2)
    half = u / 2
    series = half / 3 - 2 * half**3 / 15 + 17 * half**5 / 315
    return jnp.where(u < 2 * _SMALL, series, (y - jnp.tanh(y)) / y**2)


def start(process: OneOverF, key: Array) -> Float[Array, " processes"]:
    """Draw where the processes stand at the beginning of a repetition, for an amplitude of 1."""
    return jnp.asarray(process.deviations) * jax.random.normal(key, (len(process.deviations),))


def follow(
    process: OneOverF, at: Float[Array, "processes *batch"], length: Float[Array, "*batch"], key: Array, *, steps: int
) -> tuple[Float[Array, "processes *batch"], Float[Array, "steps *batch"]]:
    """Follow 1/f noise of amplitude 1 through equal steps.

    Parameters
    ----------
    process
        Its rates.
    at
        Where the processes stand.
    length
        Of one step, s, 0 or more. All members of a batch take the same normal numbers, so results are smooth in it.
    key
        Of the random numbers.
    steps
        How many.

    Returns
    -------
    at, means
        Where the processes stand at the end, and the mean of the noise over each step.
    """
    ones = (1,) * jnp.ndim(length)
    u = process.rates.reshape(-1, *ones) * length
    deviation = jnp.asarray(process.deviations).reshape(-1, *ones)
    kept, spread = jnp.exp(-u), deviation * _root(-jnp.expm1(-2 * u))
    ends, bridge = _end_weight(u), deviation * _root(_bridge_variance(u))
    normal = jax.random.normal(key, (steps, 2, len(process.deviations), *ones))

    def step(now: Array, drawn: Array) -> tuple[Array, Array]:
        after = kept * now + spread * drawn[0]
        return after, jnp.sum(ends * (now + after) + bridge * drawn[1], axis=0)

    at = jnp.broadcast_to(at, u.shape)
    return jax.lax.scan(step, at, normal)
