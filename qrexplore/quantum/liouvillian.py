"""The master equation in real coordinates.

A density matrix is written as ``rho = sum_a x_a B_a`` over the orthonormal Hermitian matrices ``B_a``
(``|j><j|``, then ``(|j><k| + |k><j|)/sqrt 2`` and ``i(|j><k| - |k><j|)/sqrt 2``). Every Hermiticity-preserving map is then
a real matrix, half the work of complex numbers, and the state cannot become non-Hermitian.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

_ROUNDING = 1e-14


@lru_cache(maxsize=32)
def hermitian_basis(dimension: int) -> Complex[np.ndarray, "coordinates dimension dimension"]:
    """Give the orthonormal Hermitian basis; the first `dimension` members are the populations."""
    basis = np.zeros((dimension**2, dimension, dimension), dtype=complex)
    basis[np.arange(dimension), np.arange(dimension), np.arange(dimension)] = 1.0
    upper = np.stack(np.triu_indices(dimension, k=1), axis=1)
    for position, (row, column) in enumerate(upper):
        real, imaginary = dimension + 2 * position, dimension + 2 * position + 1
        basis[real, row, column] = basis[real, column, row] = 1 / np.sqrt(2)
        basis[imaginary, row, column], basis[imaginary, column, row] = -1j / np.sqrt(2), 1j / np.sqrt(2)
    basis.setflags(write=False)
    return basis


def _superoperator(image: Complex[np.ndarray, "coordinates n n"]) -> Float[np.ndarray, "coordinates coordinates"]:
    basis = hermitian_basis(image.shape[-1])
    found = np.real(basis.reshape(len(basis), -1).conj() @ image.reshape(len(image), -1).T)
    # where entries cancel, rounding must not pretend that coordinates are linked
    return np.where(np.abs(found) < _ROUNDING * np.max(np.abs(found), initial=0.0), 0.0, found)


def commutator(hamiltonian: np.ndarray) -> Float[np.ndarray, "coordinates coordinates"]:
    """Give the real matrix of ``rho -> -i [H, rho]``."""
    basis = hermitian_basis(len(hamiltonian))
    return _superoperator(-1j * (hamiltonian @ basis - basis @ hamiltonian))


def dissipator(jump: np.ndarray) -> Float[np.ndarray, "coordinates coordinates"]:
    """Give the real matrix of ``rho -> L rho L^+ - (L^+ L rho + rho L^+ L)/2``."""
    basis = hermitian_basis(len(jump))
    decay = jump.conj().T @ jump
    return _superoperator(jump @ basis @ jump.conj().T - (decay @ basis + basis @ decay) / 2)


def mixed_dissipator(first: np.ndarray, second: np.ndarray) -> Float[np.ndarray, "coordinates coordinates"]:
    """Give what two parts of one jump operator do together: ``D[x A + y B] = x^2 D[A] + x y M[A, B] + y^2 D[B]``, x, y real."""
    return dissipator(first + second) - dissipator(first) - dissipator(second)


def conjugation(unitary: np.ndarray) -> Float[np.ndarray, "coordinates coordinates"]:
    """Give the real matrix of ``rho -> U rho U^+``."""
    basis = hermitian_basis(len(unitary))
    return _superoperator(unitary @ basis @ unitary.conj().T)


def coordinates(matrix: Any) -> Any:
    """Give the real coordinates, shape (n^2,), of a Hermitian matrix (n, n); traced matrices stay traced."""
    basis = hermitian_basis(matrix.shape[-1])
    flat = basis.reshape(len(basis), -1)
    return (flat.conj() @ matrix.reshape(-1)).real
