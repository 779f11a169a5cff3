"""Exponentials of many small matrices at once.

An exponent whose structure falls into blocks is exponentiated block by block: populations and the coherences of each order of
a qubit that idles. Each matrix is halved until little happens in it, a Taylor polynomial is taken, and the result is squared
as often; batches come last, so that small products run as long loops over the batch.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Inexact, Int

# of a series whose exponent has a norm of 1/2 at most: the next term is below 1e-16
_ORDER = 13
_SMALL = 0.5
# 2^40 half radians: a delay of seconds at a detuning of GHz
_MOST_SQUARINGS = 40


def _blocks_of(links: Bool[np.ndarray, "n n"]) -> list[Int[np.ndarray, " block"]]:
    """Give the positions of the coordinates of each block of matrices that may be non-zero where `links` says."""
    reach = (links | links.T | np.eye(len(links), dtype=bool)).astype(float)
    for _ in range(len(links).bit_length()):
        reach = (reach @ reach > 0).astype(float)
    first = np.argmax(reach, axis=1)
    return [np.flatnonzero(first == number) for number in np.unique(first)]


def matrix_exponentials(
    exponents: Inexact[Array, "n n batch"], links: Bool[np.ndarray, "n n"]
) -> Inexact[Array, "n n batch"]:
    """Give the exponential of each matrix of a batch.

    Parameters
    ----------
    exponents
        One matrix for each member of the batch; norms up to 2^39.
    links
        Where the matrices may differ from zero.

    Notes
    -----
    Differentiable forwards and backwards. The error is that of rounding, times the norm.

    References
    ----------
    Moler and Van Loan, SIAM Review 45, 3 (2003), methods 1 and 3.
    """
    found = jnp.zeros_like(exponents)
    for block in _blocks_of(links):
        rows, columns = np.ix_(block, block)
        found = found.at[rows, columns].set(_exponentials(exponents[rows, columns]))
    return found


def _product(left: Inexact[Array, "k k batch"], right: Inexact[Array, "k k batch"]) -> Inexact[Array, "k k batch"]:
    return jnp.sum(left[:, :, None] * right[None, :, :], axis=1)


def _exponentials(exponents: Inexact[Array, "k k batch"]) -> Inexact[Array, "k k batch"]:
    norm = jax.lax.stop_gradient(jnp.max(jnp.sum(jnp.abs(exponents), axis=1), axis=0))
    halvings = jnp.ceil(jnp.maximum(jnp.log2(jnp.maximum(norm, _SMALL) / _SMALL), 0.0))
    small = exponents * 2.0**-halvings
    one = jnp.broadcast_to(jnp.eye(len(exponents), dtype=exponents.dtype)[:, :, None], exponents.shape)

    def term(total: Array, inverse: Array) -> tuple[Array, None]:
        return one + _product(small, total) * inverse, None

    begun, _ = jax.lax.scan(term, one, 1.0 / jnp.arange(_ORDER, 0, -1))

    def square(power: Array, number: Array) -> tuple[Array, None]:
        return jnp.where(number < halvings, _product(power, power), power), None

    return jax.lax.scan(square, begun, jnp.arange(float(_MOST_SQUARINGS)))[0]
