"""Fidelity of a CZ with free virtual z rotations: exact cases, and a search over both angles."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import unitary_group

from qrexplore.quantum import (
    average_gate_fidelity,
    average_unitary_fidelity,
    controlled_z_fidelity,
    controlled_z_map_fidelity,
)

CZ = np.diag([1.0, 1.0, 1.0, -1.0])


def turned(first, second):
    return np.diag(np.exp(1j * np.array([0, second, first, first + second])))


@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (0.7, -2.9), (3.1, 1.3)])
def test_a_cz_with_any_virtual_rotations_is_perfect_and_the_angles_undo_them(first, second):
    fidelity, angles = controlled_z_fidelity(np.exp(0.4j) * CZ @ turned(first, second))
    assert fidelity == pytest.approx(1, abs=1e-12)
    undone = CZ @ turned(first, second) @ turned(*angles)
    np.testing.assert_allclose(undone / undone[0, 0], CZ, atol=1e-6)


@pytest.mark.parametrize("error", [0.1, 0.5])
def test_an_error_of_the_conditional_phase_costs_what_is_known(error):
    # of a diagonal gate (4 + |Tr|^2)/20, with |Tr| = 4 cos(error/4) at the best angles
    found, _ = controlled_z_fidelity(np.diag([1, 1, 1, -np.exp(1j * error)]))
    assert found == pytest.approx((4 + (4 * np.cos(error / 4)) ** 2) / 20, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_angles_are_better(seed):
    inside = unitary_group.rvs(9, random_state=seed)[:4, :4]

    def lost(angles):
        return 1 - float(average_unitary_fidelity(turned(*angles) @ inside, CZ, np.eye(4)))

    starts = np.random.default_rng(seed).uniform(-np.pi, np.pi, size=(12, 2))
    best = min(minimize(lost, start, method="BFGS").fun for start in starts)
    assert 1 - controlled_z_fidelity(inside)[0] == pytest.approx(best, abs=1e-8)


def images_of(*operators):
    """Give ``<k|E(|i><j|)|l>`` of a map with these Kraus operators."""
    return sum(np.einsum("ki,lj->ijkl", one, one.conj()) for one in operators)


@pytest.mark.parametrize("seed", range(3))
def test_the_map_of_a_unitary_has_its_fidelity(seed):
    inside = CZ @ turned(0.3, -1.2) @ unitary_group.rvs(9, random_state=seed)[:4, :4]
    assert controlled_z_map_fidelity(images_of(inside))[0] == pytest.approx(controlled_z_fidelity(inside)[0], abs=1e-10)


def test_a_map_with_losses_has_the_fidelity_of_its_best_angles():
    decay, angles = 0.1, (0.9, -2.0)
    kept, lost = np.diag([1, np.sqrt(1 - decay)]), np.array([[0, np.sqrt(decay)], [0, 0]])
    gate = CZ @ turned(*angles)
    images = images_of(*(np.kron(one, np.eye(2)) @ gate for one in (kept, lost)))
    fidelity, found = controlled_z_map_fidelity(images)
    np.testing.assert_allclose(np.exp(1j * (np.array(found) + angles)), 1, atol=1e-5)
    assert fidelity == pytest.approx(float(average_gate_fidelity(images, gate, np.eye(4))), abs=1e-9)
