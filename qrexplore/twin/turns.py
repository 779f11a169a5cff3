"""Ideal rotations of one of several coupled qubits.

A pulse that a lab has calibrated turns the states that the qubit really has, which are dressed: ``U = D R D^T``, with R the
rotation of the levels 0 and 1 of one qubit in the product space and D the dressed states at the idle point.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Inexact, Int

from qrexplore.quantum import Register, hermitian_basis


def turn_links(
    register: Register, modes: tuple[int, ...], component: Int[np.ndarray, " n"], *, dissipative: bool
) -> Bool[np.ndarray, "coordinates coordinates"]:
    """Give which coordinates of a state may feed which, when levels 0 and 1 of some modes are rotated.

    Parameters
    ----------
    register
        The product space.
    modes
        Which are rotated.
    component
        Number of the block of the idle Hamiltonian to which each product state belongs; dressing mixes within blocks.
    dissipative
        Whether coordinates are those of density matrices, or amplitudes.
    """
    same = (component[:, None] == component[None, :]).astype(float)
    turned = sum(np.abs(register.rotation_generator(mode, 0.0)) for mode in modes)
    links = (same @ turned @ same + np.eye(len(same)) > 0).astype(float)
    if not dissipative:
        return links > 0
    pairs = (np.abs(hermitian_basis(register.dimension)) > 0).astype(float)
    images = links @ pairs @ links.T
    return pairs.reshape(len(pairs), -1) @ images.reshape(len(images), -1).T > 0


def _turn(levels: int, angle: Float[Array, " batch"], phase: Float[Array, " batch"]) -> Complex[Array, "n n batch"]:
    """Give ``exp(-i angle (cos(phase) X + sin(phase) Y)/2)`` on levels 0 and 1, and 1 on all others."""
    matrix = jnp.broadcast_to(jnp.eye(levels, dtype=complex)[:, :, None], (levels, levels, len(angle)))
    matrix = matrix.at[np.array([0, 1]), np.array([0, 1])].set(jnp.cos(angle / 2))
    across = -1j * jnp.sin(angle / 2) * jnp.exp(1j * phase)
    return matrix.at[1, 0].set(across).at[0, 1].set(-jnp.conj(across))


def _on_mode(matrix: Complex[Array, "l l batch"], state: Array, register: Register, mode: int) -> Array:
    """Give the matrix times the first axis of ``(n, ..., batch)``, on one mode of it."""
    before = int(np.prod(register.levels[:mode]))
    shape = (before, register.levels[mode], -1, *state.shape[1:-1], state.shape[-1])
    return jnp.einsum("ijb,xj...b->xi...b", matrix, state.reshape(shape)).reshape(state.shape)


def turn(
    register: Register,
    kept: Int[np.ndarray, " kept"],
    dressed: Float[Array, "n n"],
    state: Inexact[Array, "kept batch"],
    *,
    mode: int,
    angle: Float[Array, " batch"],
    phase: Float[Array, " batch"],
) -> Inexact[Array, "kept batch"]:
    """Rotate the dressed levels 0 and 1 of one qubit.

    Parameters
    ----------
    register, kept
        The product space, and the coordinates that are followed: amplitudes, or those of a density matrix if the state is
        real.
    dressed
        Dressed states as columns.
    state
        What is rotated.
    mode
        Position of the qubit.
    angle, phase
        Angle and axis in the frame of the simulation, rad.
    """
    matrix = _turn(register.levels[mode], angle, phase)
    if jnp.iscomplexobj(state):
        full = jnp.zeros((register.dimension, state.shape[1]), dtype=complex).at[kept].set(state)
        return (dressed @ _on_mode(matrix, dressed.T @ full, register, mode))[kept]
    size = register.dimension
    basis = jnp.asarray(hermitian_basis(size)[kept].reshape(len(kept), -1))
    density = (basis.T @ state).reshape(size, size, -1)
    density = jnp.einsum("ki,klb,lj->ijb", dressed, density, dressed)
    half = _on_mode(matrix, density, register, mode)
    # the other side is the adjoint of the same
    half = _on_mode(matrix, jnp.conj(jnp.swapaxes(half, 0, 1)), register, mode)
    density = jnp.einsum("ik,klb,jl->ijb", dressed, half, dressed)
    return jnp.real(jnp.conj(basis) @ density.reshape(size**2, -1))
