"""Fidelities: closed forms of idle errors, a Monte Carlo average over states, and leakage."""

import numpy as np
import pytest
from scipy.linalg import expm

from qrexplore.quantum import (
    Register,
    average_gate_fidelity,
    average_unitary_fidelity,
    commutator,
    dissipator,
    hermitian_basis,
    leakage,
    process_fidelity,
)
from qrexplore.twin import Transmon, noise

RNG = np.random.default_rng(5)


def images_of(superoperator, computational):
    """E(|i><j|) for a superoperator in real coordinates, which holds for complex ones by linearity."""
    basis = hermitian_basis(len(computational))
    count = computational.shape[1]
    found = np.zeros((count, count, *basis.shape[1:]), dtype=complex)
    for i in range(count):
        for j in range(count):
            operator = np.outer(computational[:, i], computational[:, j].conj())
            weights = superoperator @ np.einsum("aij,ji->a", basis, operator)
            found[i, j] = np.einsum("a,aij->ij", weights, basis)
    return found


def idle(register, transmons, duration):
    generator = np.zeros((register.dimension**2,) * 2)
    for mode, transmon in enumerate(transmons):
        for rate, jump in zip(noise.rates(transmon), noise.jumps(register, mode), strict=True):
            generator += float(rate) * dissipator(jump)
    return expm(generator * duration)


@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.parametrize(
    ("times", "duration", "known"),
    [(((50, 100),), 20e-9, 1.9996e-4), (((50, 60), (30, 40)), 40e-9, 1.51829e-3)],
)
def test_idle_error_is_the_closed_form_of_relaxation_and_dephasing(times, duration, known, levels):
    transmons = [Transmon(frequency=5e9, t1=t1 * 1e-6, t_phi=t_phi * 1e-6) for t1, t_phi in times]
    register = Register((levels,) * len(times))
    states = np.eye(register.dimension)[:, [register.index(n) for n in np.ndindex((2,) * len(times))]]
    images, one = images_of(idle(register, transmons, duration), states), np.eye(states.shape[1])
    expected = 1.0
    for t1, t_phi in times:
        t2 = 1 / (1 / (2 * t1) + 1 / t_phi)
        expected *= (1 + np.exp(-duration * 1e6 / t1) + 2 * np.exp(-duration * 1e6 / t2)) / 4
    size = len(one)
    assert float(process_fidelity(images, one, states)) == pytest.approx(expected, abs=1e-12)
    found = 1 - float(average_gate_fidelity(images, one, states))
    assert found == pytest.approx(1 - (size * expected + 1) / (size + 1), abs=1e-12)
    assert found == pytest.approx(known, rel=1e-5)
    assert float(leakage(images, states)) == pytest.approx(0.0, abs=1e-12)


def random_unitary(size):
    matrix = RNG.normal(size=(size, size)) + 1j * RNG.normal(size=(size, size))
    return np.linalg.qr(matrix)[0]


def test_average_over_states_is_that_of_a_monte_carlo_and_leaked_population_counts_as_error():
    dimension, size = 5, 3
    states = random_unitary(dimension)[:, :size]
    mixing = RNG.normal(size=(dimension, dimension)) + 1j * RNG.normal(size=(dimension, dimension))
    unitary = expm(0.2j * (mixing + mixing.conj().T))
    target = states.conj().T @ unitary @ states
    target = np.linalg.svd(target)[0] @ np.linalg.svd(target)[2]
    images = images_of(expm(0.2 * commutator(-(mixing + mixing.conj().T))), states)
    np.testing.assert_allclose(
        images[0, 1], unitary @ np.outer(states[:, 0], states[:, 1].conj()) @ unitary.conj().T, atol=1e-10
    )
    vectors = RNG.normal(size=(200_000, size)) + 1j * RNG.normal(size=(200_000, size))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    after = vectors @ (states.conj().T @ unitary @ states).T
    kept = np.abs(np.sum((vectors @ target.T).conj() * after, axis=1)) ** 2
    found = float(average_gate_fidelity(images, target, states))
    assert 0.2 < found < 0.99
    assert found == pytest.approx(kept.mean(), abs=5 * kept.std() / np.sqrt(len(kept)))
    assert float(average_unitary_fidelity(unitary, target, states)) == pytest.approx(found, abs=1e-10)
    outside = 1 - np.mean(np.sum(np.abs(after) ** 2, axis=1))
    assert float(leakage(images, states)) == pytest.approx(outside, abs=2e-3)
    assert outside > 0.05


def test_a_phase_and_an_angle_too_much_cost_what_the_formulas_say():
    phase = 0.03
    cz, off = np.diag([1, 1, 1, -1]).astype(complex), np.diag([1, 1, 1, -np.exp(1j * phase)])
    assert 1 - float(average_unitary_fidelity(off, cz, np.eye(4))) == pytest.approx(3 * phase**2 / 20, rel=1e-3)
    turn = np.array([[0, 1], [1, 0]]) / 2
    over = expm(-1j * np.pi * 1.01 * turn)
    error = 1 - float(average_unitary_fidelity(over, expm(-1j * np.pi * turn), np.eye(2)))
    assert error == pytest.approx(1.645e-4, rel=1e-3)


def conditional_phase(rates):
    """Images of the computational states under a CZ gate by one swap of 11 with 02 and back, with decay meanwhile.

    `rates` (1/s) are those of `noise.rates`, of the qubit that stays and of the one that is pulsed.
    """
    coupling, register = 9e6, Register((3, 3))
    duration = 1 / (2 * np.sqrt(2) * coupling)
    hamiltonian = np.zeros((9, 9))
    both, second = register.index((1, 1)), register.index((0, 2))
    hamiltonian[both, second] = hamiltonian[second, both] = 2 * np.pi * np.sqrt(2) * coupling
    generator = commutator(hamiltonian)
    for mode, values in enumerate(rates):
        for rate, jump in zip(values, noise.jumps(register, mode), strict=True):
            generator = generator + float(rate) * dissipator(jump)
    states = np.eye(9)[:, [register.index(n) for n in np.ndindex(2, 2)]]
    return images_of(expm(generator * duration), states), states, duration


def cost(rates):
    """Error and leakage of that gate."""
    images, states, duration = conditional_phase(rates)
    error = 1 - float(average_gate_fidelity(images, np.diag([1, 1, 1, -1]), states))
    return error, float(leakage(images, states)), duration


def test_error_of_cz_by_the_second_level_is_that_of_the_master_equation():
    still, pulsed = (Transmon(frequency=5e9, t1=t1, t_phi=t_phi) for t1, t_phi in ((40e-6, 50e-6), (30e-6, 20e-6)))
    error, leaked, duration = cost([noise.rates(still), noise.rates(pulsed)])
    assert duration == pytest.approx(39.28e-9, rel=1e-4)
    assert error == pytest.approx(2.7595e-3, rel=1e-4)
    assert leaked == pytest.approx(1.713e-4, rel=1e-3)


@pytest.mark.parametrize(
    ("qubit", "decay", "coefficient", "leaking"),
    [(0, "t1", 0.3, 0.0), (1, "t1", 0.5, 0.0), (0, "t_phi", 0.375, 1 / 16), (1, "t_phi", 0.775, 1 / 16)],
)
def test_each_decay_during_cz_costs_its_coefficient(qubit, decay, coefficient, leaking):
    long = {"t1": 1e6, "t_phi": 1e6}
    times = [long, long]
    times[qubit] = {**long, decay: 1e-3}
    error, leaked, duration = cost([noise.rates(Transmon(frequency=5e9, **one)) for one in times])
    assert error * 1e-3 / duration == pytest.approx(coefficient, abs=1e-4)
    assert leaked * 1e-3 / duration == pytest.approx(leaking, abs=1e-4)


def test_population_that_leaks_costs_a_quarter_of_it():
    states, leaked = np.eye(9)[:, [0, 1, 3, 4]], 1e-3
    turn = np.eye(9)
    angle = np.arcsin(np.sqrt(leaked))
    turn[np.ix_([4, 2], [4, 2])] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    error = 1 - float(average_unitary_fidelity(turn, np.eye(4), states))
    assert error == pytest.approx(leaked / 4, rel=1e-3)
