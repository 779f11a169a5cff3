"""Evolution under one constant generator for many durations: ``x -> exp(t G) x``.

The durations are written as whole numbers of a step in which little happens, plus a rest. Powers of the exponential of the
step by 2, 4, 8 ... are computed once for all of them and act where the binary digit of the number is 1; the rest acts as a
Taylor series.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

# of a series whose exponent has a norm of 1 at most: the next term is below 1e-16
_ORDER = 18
# 2^42 steps of a generator of 10 GHz last minutes
_DIGITS = 42


def idled(
    generator: Inexact[Array, "n n"], durations: Float[Array, " batch"], state: Inexact[Array, "n batch"]
) -> Inexact[Array, "n batch"]:
    """Give ``exp(t G) x`` for each column x of the state and its own duration t.

    Parameters
    ----------
    generator
        G, in 1/s.
    durations
        In s; what is below zero counts as zero.
    state
        One column for each duration.

    Notes
    -----
    Differentiable in all three. Takes as many operations as 42 products of matrices and 60 products with each column. A
    scaled and squared Padé approximant for each duration takes a hundred times more, and that of JAX 0.10 has an error of 1e-6
    at delays of microseconds, since it scales to twice the norm that its approximant is good for.
    """
    norm = jnp.maximum(jax.lax.stop_gradient(jnp.max(jnp.sum(jnp.abs(generator), axis=1))), 1.0)
    durations = jnp.maximum(durations, 0.0)
    number = jax.lax.stop_gradient(jnp.floor(durations * norm))
    rest = durations - number / norm
    inverses = 1.0 / jnp.arange(_ORDER, 0, -1)

    def on_columns(total: Array, inverse: Array) -> tuple[Array, None]:
        return state + (generator @ total) * (rest * inverse), None

    def on_matrix(total: Array, inverse: Array) -> tuple[Array, None]:
        return one + (generator @ total) * (inverse / norm), None

    one = jnp.eye(len(generator), dtype=generator.dtype)
    power = jax.lax.scan(on_matrix, one, inverses)[0]
    begin = jax.lax.scan(on_columns, state, inverses)[0]

    def digit(carry: tuple[Array, Array], place: Array) -> tuple[tuple[Array, Array], None]:
        power, state = carry
        acts = jnp.floor(number / 2.0**place) % 2 == 1
        return (power @ power, jnp.where(acts, power @ state, state)), None

    return jax.lax.scan(digit, (power, begin), jnp.arange(_DIGITS))[0][1]
