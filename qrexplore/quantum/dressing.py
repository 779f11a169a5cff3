"""Dressed states: eigenstates at the idle point, labelled by the bare product state they resemble most."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# gaps (rad/s) far below this are treated as degenerate in the derivative, which would diverge there
_GAP = 2 * np.pi * 1e3


@jax.custom_batching.sequential_vmap
def _one_by_one(hamiltonian: Float[Array, "n n"]) -> tuple[Float[Array, " n"], Float[Array, "n n"]]:
    energies, vectors = jnp.linalg.eigh(hamiltonian)
    return energies, vectors


def _eigenstates(hamiltonian: Float[Array, "n n"]) -> tuple[Float[Array, " n"], Float[Array, "n n"]]:
    """Give eigenvalues and eigenvectors.

    Notes
    -----
    On a CPU, those of many matrices are found one after the other. jaxlib up to 0.10 shares a batch out over the threads of its
    pool and waits for them inside one of these: two batches at once, from two threads, were seen to wait for each other for ever.
    """
    return (_one_by_one if jax.default_backend() == "cpu" else jnp.linalg.eigh)(hamiltonian)


@jax.custom_jvp
def _eigenvectors(hamiltonian: Float[Array, "n n"]) -> Float[Array, "n n"]:
    return _eigenstates(hamiltonian)[1]


@_eigenvectors.defjvp
def _eigenvectors_jvp(
    primals: tuple[Float[Array, "n n"]], tangents: tuple[Float[Array, "n n"]]
) -> tuple[Float[Array, "n n"], Float[Array, "n n"]]:
    energies, vectors = _eigenstates(primals[0])
    gaps = energies[None, :] - energies[:, None]
    mixing = gaps / (gaps**2 + _GAP**2) * (vectors.T @ tangents[0] @ vectors)
    return vectors, vectors @ mixing


def dressed_states(hamiltonian: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Give the dressed states as columns, in the order and with the names of the bare product states.

    Parameters
    ----------
    hamiltonian
        Real symmetric Hamiltonian in rad/s at the idle point, in the bare product basis.

    Returns
    -------
    array
        Column k is the eigenvector that carries the label of bare state k: labels are given in order of falling overlap
        and each only once, so they are a permutation. The largest component of each column is positive.

    Notes
    -----
    The labels do not depend smoothly on parameters and carry no derivative; the vectors do. Eigenvector derivatives
    diverge at a degeneracy; gaps below 1 kHz are regularised.
    """
    vectors = _eigenvectors(hamiltonian)
    overlaps = jax.lax.stop_gradient(vectors**2)
    size = len(hamiltonian)

    def assign(_: int, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        remaining, chosen = carry
        bare, eigen = jnp.unravel_index(jnp.argmax(remaining), remaining.shape)
        taken = (jnp.arange(size)[:, None] == bare) | (jnp.arange(size)[None, :] == eigen)
        return jnp.where(taken, -1.0, remaining), chosen.at[bare].set(eigen)

    _, chosen = jax.lax.fori_loop(0, size, assign, (overlaps, jnp.zeros(size, dtype=int)))
    ordered = vectors[:, chosen]
    largest = jax.lax.stop_gradient(jnp.argmax(jnp.abs(ordered), axis=0))
    signs = jnp.sign(jax.lax.stop_gradient(ordered[largest, jnp.arange(size)]))
    return ordered * signs


def dressed_energies(hamiltonian: Float[Array, "n n"]) -> Float[Array, " n"]:
    """Give the energies of the dressed states, in the order and with the names of the bare product states.

    Parameters
    ----------
    hamiltonian
        Real symmetric Hamiltonian in the bare product basis; the energies are in its unit.

    Notes
    -----
    They are the mean energies of the vectors of `dressed_states`: first derivatives are those of Hellmann and Feynman,
    which stay finite where levels meet.
    """
    vectors = dressed_states(hamiltonian)
    return jnp.einsum("ik,ij,jk->k", vectors, hamiltonian, vectors)


def label_overlaps(dressed: Float[Array, "n n"]) -> Float[Array, " n"]:
    """Give how much each dressed state is the bare state whose name it carries; below 0.5 the name means little."""
    return jnp.diag(dressed) ** 2
