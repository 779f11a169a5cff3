"""How well a map does what a gate should, on the computational states of a larger space.

With P the projector on d computational states and E the map,

    F_pro = 1/d^2 sum_ij Tr[(U |i><j| U^+)^+ P E(|i><j|) P],   L_1 = 1 - Tr[P E(P/d)],   F = (d F_pro + 1 - L_1)/(d + 1).

References
----------
Pedersen, Moller, Molmer, PLA 367, 47 (2007); Wood and Gambetta, PRA 97, 032306 (2018), for leakage.
"""

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, Inexact


def process_fidelity(
    images: Inexact[Array, "d d n n"], target: Inexact[Array, "d d"], computational: Inexact[Array, "n d"]
) -> Float[Array, ""]:
    """Give the process fidelity of a map with a gate.

    Parameters
    ----------
    images
        ``E(|i><j|)`` for the computational states i and j.
    target
        The gate U on the computational states.
    computational
        These states as columns, orthonormal: dressed ones for a device.
    """
    return (
        jnp.real(jnp.einsum("ki,ijkl,lj->", jnp.conj(target), _projected(images, computational), target))
        / len(target) ** 2
    )


def leakage(images: Inexact[Array, "d d n n"], computational: Inexact[Array, "n d"]) -> Float[Array, ""]:
    """Give the population that a map takes out of the computational states, averaged over them.

    Parameters
    ----------
    images, computational
        See `process_fidelity`.
    """
    return 1 - jnp.real(jnp.einsum("iikk->", _projected(images, computational))) / len(images)


def average_gate_fidelity(
    images: Inexact[Array, "d d n n"], target: Inexact[Array, "d d"], computational: Inexact[Array, "n d"]
) -> Float[Array, ""]:
    """Give the fidelity of a map with a gate, averaged over all pure computational states; leakage counts as error.

    Parameters
    ----------
    images, target, computational
        See `process_fidelity`.
    """
    size = len(target)
    inside = 1 - leakage(images, computational)
    return (size * process_fidelity(images, target, computational) + inside) / (size + 1)


def average_unitary_fidelity(
    unitary: Inexact[Array, "n n"], target: Inexact[Array, "d d"], computational: Inexact[Array, "n d"]
) -> Float[Array, ""]:
    """Give the average fidelity of a unitary with a gate, ``(|Tr U^+ M|^2 + Tr M^+ M)/(d (d + 1))`` with ``M = P V P``.

    Parameters
    ----------
    unitary
        V, on the whole space.
    target, computational
        See `process_fidelity`.
    """
    inside = jnp.conj(computational).T @ unitary @ computational
    size = len(target)
    overlap = jnp.abs(jnp.sum(jnp.conj(target) * inside)) ** 2
    return (overlap + jnp.sum(jnp.abs(inside) ** 2)) / (size * (size + 1))


def _projected(images: Inexact[Array, "d d n n"], computational: Inexact[Array, "n d"]) -> Complex[Array, "d d d d"]:
    """Give the images between computational states."""
    return jnp.einsum("nk,ijnm,ml->ijkl", jnp.conj(computational), images, computational)
