"""Randomized benchmarking of channels that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from qrexplore import experiments
from qrexplore.quantum import conjugation, coordinates, one_qubit_cliffords, two_qubit_cliffords

LENGTHS = np.array([1, 3, 6, 12, 20, 30])


def ground(dimension):
    state = np.zeros((dimension, dimension))
    state[0, 0] = 1.0
    return np.asarray(coordinates(state))


def depolarized(dimension, base):
    """Give the channel that keeps a state with some probability and else forgets it."""
    mixed = np.asarray(coordinates(np.eye(dimension)))
    return base * np.eye(dimension**2) + (1 - base) * np.outer(mixed, mixed) / dimension


def perfect(group):
    gates = {gate for word in group.words for gate in word}
    return {gate: conjugation(group.gate_unitary(gate)) for gate in gates}


@pytest.mark.parametrize("qubits", [1, 2])
def test_sequences_of_perfect_gates_do_nothing(qubits):
    group = one_qubit_cliffords() if qubits == 1 else two_qubit_cliffords()
    benchmark = experiments.randomized_benchmarking([0, 4, 9], 3, seed=5, qubits=qubits)
    state = ground(2**qubits)
    survival = benchmark.outcomes(perfect(group), state, state[None])
    np.testing.assert_allclose(survival, 1.0, atol=1e-10)


def test_sequences_follow_from_their_seed():
    made = [experiments.randomized_benchmarking([5, 8], 2, seed=seed).played for seed in (1, 1, 2)]
    np.testing.assert_array_equal(made[0], made[1])
    assert made[0].shape != made[2].shape or np.any(made[0] != made[2])


def test_depolarizing_gates_of_one_qubit_give_their_error():
    group = one_qubit_cliffords()
    # forgetting commutes with all gates, so a sequence of n gates keeps base^n of the state
    base = 0.995
    noisy = {gate: depolarized(2, base) @ channel for gate, channel in perfect(group).items()}
    benchmark = experiments.randomized_benchmarking(LENGTHS, 20, seed=3)
    state = ground(2)
    survival = np.asarray(benchmark.outcomes(noisy, state, state[None]))[..., 0]
    count = (benchmark.played >= 0).sum(axis=-1)
    np.testing.assert_allclose(survival, 0.5 + 0.5 * base**count, atol=1e-12)
    decay = experiments.fit_decay(LENGTHS, survival, floor=0.5)
    # 44 gates in 24 elements
    each = np.mean([base ** len(word) for word in group.words])
    assert abs(decay.base - each) < 3 * decay.base_error
    assert experiments.error_per_clifford(each, 1) == (1 - each) / 2


def test_interleaving_finds_an_error_of_cz_of_one_and_a_half_percent():
    group, bare = two_qubit_cliffords(), {}
    for gate, channel in perfect(two_qubit_cliffords()).items():
        bare[gate] = depolarized(4, 0.999 if gate[0] != "cz" else 1.0) @ channel
    injected = 0.015
    bare["cz", None] = depolarized(4, 1 - injected * 4 / 3) @ conjugation(group.gate_unitary(("cz", None)))
    state, bases = ground(4), []
    for interleaved in ((), (("cz", None),)):
        benchmark = experiments.randomized_benchmarking(LENGTHS, 20, seed=11, qubits=2, interleaved=interleaved)
        survival = np.asarray(benchmark.outcomes(bare, state, state[None]))[..., 0]
        bases.append(experiments.fit_decay(LENGTHS, survival, floor=0.25))
    reference, with_gate = bases
    error, bound = experiments.interleaved_error(reference.base, with_gate.base, 2)
    spread = 0.75 * np.hypot(reference.base_error, with_gate.base_error)
    assert abs(error - injected) < 3 * spread < 0.15 * injected
    assert bound > 0
    assert experiments.error_per_clifford(reference.base, 2) == 0.75 * (1 - reference.base)


def test_leakage_benchmarking_finds_leakage_and_seepage():
    """Three levels; after each element a bit of the population of both computational levels goes to level 2 and back."""
    group = one_qubit_cliffords()

    def embedded(unitary):
        whole = np.eye(3, dtype=complex)
        whole[:2, :2] = unitary
        return conjugation(whole)

    leak, seep = 4e-3, 9e-3
    rates = np.array([[-leak, 0, seep / 2], [0, -leak, seep / 2], [leak, leak, -seep]])
    # populations mix, coherences with level 2 do not matter
    channel = np.eye(9)
    channel[:3, :3] = np.eye(3) + rates
    gates = {gate: embedded(group.gate_unitary(gate)) for word in group.words for gate in word}
    marked = ("x", 0)
    lengths = np.array([1, 5, 15, 40, 80, 150, 250])
    benchmark = experiments.randomized_benchmarking(lengths, 4, seed=2, interleaved=(marked, marked))
    # the marked pair is a full turn, which carries the leakage of an element
    state = ground(3)
    inside = np.asarray(coordinates(np.diag([1.0, 1.0, 0.0])))
    half = np.eye(9)
    half[:3, :3] = expm(np.real(logarithm(channel[:3, :3])) / 2)
    gates[marked] = half @ gates[marked]
    survival = np.asarray(benchmark.outcomes(gates, state, inside[None]))[..., 0]
    decay = experiments.fit_decay(lengths, survival)
    found = experiments.leakage_and_seepage(decay)
    # random elements hold the marked gate, too, in 1 of 8 places: compare with the rates of all that was played
    count = (benchmark.played == benchmark.gates.index(marked)).sum(axis=-1) / 2
    exact = [(np.linalg.matrix_power(half[:3, :3], round(2 * n)) @ [1, 0, 0])[:2].sum() for n in count.ravel()]
    np.testing.assert_allclose(survival.ravel(), exact, atol=1e-12)
    per_element = np.polyfit(np.repeat(lengths, 4), count.ravel(), 1)[0]
    np.testing.assert_allclose(found, [leak * per_element, seep * per_element], rtol=0.03)


def logarithm(matrix):
    from scipy.linalg import logm

    return logm(matrix)


def test_survival_has_derivatives_in_the_error_of_a_gate():
    group = one_qubit_cliffords()
    benchmark, state = experiments.randomized_benchmarking([4, 9], 3, seed=8), ground(2)
    still = {gate: jnp.asarray(channel) for gate, channel in perfect(group).items()}
    shrink = jnp.diag(jnp.array([0.0, 0.0, 1.0, 1.0]))

    def mean(rate):
        return benchmark.outcomes(
            {g: (jnp.eye(4) - rate * shrink) @ c for g, c in still.items()}, state, state[None]
        ).mean()

    step = 1e-5
    slope = (mean(0.01 + step) - mean(0.01 - step)) / (2 * step)
    assert float(jax.grad(mean)(0.01)) == pytest.approx(float(slope), rel=1e-6)
    assert slope < -0.1


def test_wrong_lengths_and_missing_channels_are_refused():
    with pytest.raises(ValueError, match="`lengths` must be whole numbers"):
        experiments.randomized_benchmarking([1.5], 2, seed=0)
    benchmark = experiments.randomized_benchmarking([3], 2, seed=0)
    with pytest.raises(ValueError, match="`channels` must have one for each"):
        benchmark.outcomes({}, ground(2), ground(2)[None])
    with pytest.raises(ValueError, match="must have shape"):
        experiments.fit_decay([1, 2], np.ones((2, 3)))
