"""The master equation in real coordinates, against the formulas with matrices."""

import numpy as np
import pytest

from qrexplore.quantum import commutator, conjugation, coordinates, dissipator, hermitian_basis


def random_matrix(size, seed, *, hermitian=False):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return (matrix + matrix.conj().T) / 2 if hermitian else matrix


@pytest.mark.parametrize("size", [2, 3, 4, 9])
def test_basis_is_orthonormal_and_hermitian_and_complete(size):
    basis = hermitian_basis(size)
    assert len(basis) == size**2
    np.testing.assert_allclose(basis, basis.conj().transpose(0, 2, 1), atol=0)
    np.testing.assert_allclose(np.einsum("aij,bji->ab", basis, basis), np.eye(size**2), atol=1e-14)
    # the first members are the populations
    np.testing.assert_array_equal(np.einsum("aii->ai", basis[:size]), np.eye(size))


def test_basis_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        hermitian_basis(3)[0, 0, 0] = 2.0


@pytest.mark.parametrize("size", [2, 3, 5])
def test_coordinates_lead_back_to_the_matrix(size):
    matrix = random_matrix(size, 1, hermitian=True)
    found = np.asarray(coordinates(matrix))
    np.testing.assert_allclose(np.einsum("a,aij->ij", found, hermitian_basis(size)), matrix, atol=1e-14)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_commutator_acts_as_on_matrices(size):
    hamiltonian, state = random_matrix(size, 2, hermitian=True), random_matrix(size, 3, hermitian=True)
    direct = -1j * (hamiltonian @ state - state @ hamiltonian)
    np.testing.assert_allclose(commutator(hamiltonian) @ coordinates(state), coordinates(direct), atol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_dissipator_acts_as_on_matrices(size):
    jump, state = random_matrix(size, 4), random_matrix(size, 5, hermitian=True)
    decay = jump.conj().T @ jump
    direct = jump @ state @ jump.conj().T - (decay @ state + state @ decay) / 2
    np.testing.assert_allclose(dissipator(jump) @ coordinates(state), coordinates(direct), atol=1e-12)


def test_conjugation_acts_as_on_matrices():
    unitary, _ = np.linalg.qr(random_matrix(3, 6))
    state = random_matrix(3, 7, hermitian=True)
    direct = unitary @ state @ unitary.conj().T
    np.testing.assert_allclose(conjugation(unitary) @ coordinates(state), coordinates(direct), atol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_generators_keep_the_trace(size):
    trace = np.asarray(coordinates(np.eye(size)))
    for matrix in (commutator(random_matrix(size, 8, hermitian=True)), dissipator(random_matrix(size, 9))):
        np.testing.assert_allclose(trace @ matrix, 0.0, atol=1e-13)


def test_commutator_turns_and_never_stretches():
    matrix = commutator(random_matrix(4, 10, hermitian=True))
    np.testing.assert_allclose(matrix, -matrix.T, atol=1e-13)
