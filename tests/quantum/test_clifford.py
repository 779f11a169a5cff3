"""Clifford groups: their order, their words, and that they permute Pauli matrices."""

from itertools import product

import numpy as np
import pytest

from qrexplore.quantum import one_qubit_cliffords, two_qubit_cliffords

GROUPS = (one_qubit_cliffords, two_qubit_cliffords)
PAULIS = [np.eye(2), [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]


def test_groups_have_the_order_and_the_gates_that_are_known():
    one, two = (make() for make in GROUPS)
    assert (one.size, two.size) == (24, 11520)
    assert one.gates_each == 1.875
    entangling = [sum(name == "cz" for name, _ in word) for word in two.words]
    assert np.mean(entangling) == 1.5
    assert np.bincount(entangling).tolist() == [576, 5184, 5184, 576]


@pytest.mark.parametrize("make", GROUPS)
def test_every_element_takes_pauli_matrices_to_pauli_matrices(make):
    group = make()
    sample = group.unitaries[:: max(1, group.size // 400)]
    paulis = np.array([np.kron(a, b) if group.qubits == 2 else np.array(a)
                       for a, b in (product(PAULIS, PAULIS) if group.qubits == 2 else ((p, 1) for p in PAULIS))])  # fmt: skip
    d = 2**group.qubits
    table = np.einsum("pij,njk,qkl,nil->npq", paulis.conj().transpose(0, 2, 1), sample, paulis, sample.conj()) / d
    np.testing.assert_allclose(np.sort(np.abs(table), axis=-1)[..., -1], 1.0, atol=1e-12)
    np.testing.assert_allclose((np.abs(table) ** 2).sum(axis=-1), 1.0, atol=1e-12)


@pytest.mark.parametrize("make", GROUPS)
def test_words_make_their_elements_and_inverses_undo_them(make):
    group, generator = make(), np.random.default_rng(1)
    for element in generator.integers(group.size, size=20):
        total = np.eye(2**group.qubits)
        for gate in group.words[element]:
            total = group.gate_unitary(gate) @ total
        assert group.index(np.exp(0.7j) * total) == element
    drawn = generator.integers(group.size, size=9)
    total = np.eye(2**group.qubits)
    for element in (*drawn, group.inverse_of(drawn)):
        total = group.unitaries[element] @ total
    np.testing.assert_allclose(abs(np.trace(total)), 2**group.qubits, atol=1e-10)


def test_what_is_no_clifford_operation_is_refused():
    group = one_qubit_cliffords()
    with pytest.raises(ValueError, match="must be a Clifford operation of 1 qubit"):
        group.index(np.diag([1, np.exp(0.3j)]))
    with pytest.raises(ValueError, match="`gate` must be one of x, y"):
        group.gate_unitary(("cz", None))
