"""Cross-entropy benchmarking of channels that are known."""

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.quantum import conjugation, coordinates

DEPTHS = np.array([2, 5, 10, 18, 30])
OUTCOMES = np.array([coordinates(np.diag(row)) for row in np.eye(4)])


def measured(benchmark, gates, *, kept=1.0):
    """Probabilities of all outcomes where each CZ keeps a state with some probability and else forgets it."""
    mixed = np.asarray(coordinates(np.eye(4)))
    forgetting = kept * np.eye(16) + (1 - kept) * np.outer(mixed, mixed) / 4
    channels = {gate: conjugation(unitary) for gate, unitary in gates.items()}
    channels["cz", None] = forgetting @ channels["cz", None]
    return np.asarray(benchmark.outcomes(channels, OUTCOMES[0], OUTCOMES))


def test_perfect_channels_give_the_perfect_outcomes():
    benchmark = experiments.cross_entropy_benchmarking(DEPTHS, 4, seed=1)
    gates = experiments.perfect_gates(benchmark)
    np.testing.assert_allclose(measured(benchmark, gates), experiments.perfect_outcomes(benchmark, gates), atol=1e-12)


def test_circuits_follow_from_their_seed_and_never_turn_twice_about_one_axis():
    one, same, other = (experiments.cross_entropy_benchmarking([7], 30, seed=seed).played for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)
    cycles = one.reshape(30, 7, 3)
    assert np.all(np.diff(cycles[..., :2], axis=1) != 0)
    assert {tuple(np.unique(cycles[..., place])) for place in range(3)} == {(0, 1, 2), (3, 4, 5), (6,)}
    single = experiments.cross_entropy_benchmarking([0, 3], 5, seed=1, qubits=1)
    assert single.played.shape == (2, 5, 3)
    assert np.all(single.played[0] == -1)


def test_forgetting_is_found_as_fidelity_and_as_purity():
    benchmark, kept = experiments.cross_entropy_benchmarking(DEPTHS, 60, seed=4), 0.98
    gates = experiments.perfect_gates(benchmark)
    perfect, found = experiments.perfect_outcomes(benchmark, gates), measured(benchmark, gates, kept=kept)
    fidelity = experiments.cross_entropy_fidelity(found, perfect)
    np.testing.assert_allclose(fidelity[:, 0], kept**DEPTHS, rtol=1e-10)
    # of as many random circuits the purity is known to a few hundredths, and shrinks as the fidelity does
    ratio = experiments.speckle_purity(found) / experiments.speckle_purity(perfect)
    np.testing.assert_allclose(ratio, kept**DEPTHS, rtol=1e-10)
    np.testing.assert_allclose(experiments.speckle_purity(perfect)[1:], 1.0, atol=0.15)


def test_shot_noise_leaves_the_error_of_a_cycle_within_its_interval():
    benchmark, kept = experiments.cross_entropy_benchmarking(DEPTHS, 30, seed=5), 0.985
    gates = experiments.perfect_gates(benchmark)
    chances = measured(benchmark, gates, kept=kept)
    counted = np.random.default_rng(8).multinomial(1000, chances / chances.sum(axis=-1, keepdims=True)) / 1000
    perfect = experiments.perfect_outcomes(benchmark, gates)
    decay = experiments.fit_decay(DEPTHS, experiments.cross_entropy_fidelity(counted, perfect, groups=6), floor=0.0)
    assert abs(decay.base - kept) < 3 * decay.base_error < 0.01


def test_a_wrong_conditional_phase_costs_fidelity_but_no_purity_and_is_found():
    benchmark, phase = experiments.cross_entropy_benchmarking(DEPTHS, 30, seed=6), np.pi + 0.3
    perfect = experiments.perfect_outcomes(benchmark, experiments.perfect_gates(benchmark))
    found = measured(benchmark, experiments.perfect_gates(benchmark, phase=phase), kept=0.99)
    assert experiments.cross_entropy_fidelity(found, perfect)[-1, 0] < 0.8 * 0.99 ** DEPTHS[-1]
    pure = measured(benchmark, experiments.perfect_gates(benchmark, phase=phase))
    np.testing.assert_allclose(
        experiments.speckle_purity(found) / experiments.speckle_purity(pure), 0.99**DEPTHS, rtol=1e-10
    )
    counted = np.random.default_rng(9).multinomial(2000, found / found.sum(axis=-1, keepdims=True)) / 2000
    estimate, error = experiments.conditional_phase_of(benchmark, counted)
    assert abs(estimate - phase) < 3 * error < 0.02


def test_wrong_depths_gates_and_shapes_are_refused():
    with pytest.raises(ValueError, match="`depths` must hold whole numbers"):
        experiments.cross_entropy_benchmarking([1.5], 2, seed=0)
    with pytest.raises(ValueError, match="`circuits` must hold whole numbers from 1"):
        experiments.cross_entropy_benchmarking([1], 0, seed=0)
    benchmark = experiments.cross_entropy_benchmarking([1], 2, seed=0, cycle=[("iswap", None)])
    with pytest.raises(ValueError, match=r"got \('iswap', None\)"):
        experiments.perfect_gates(benchmark)
    with pytest.raises(ValueError, match="must have one shape"):
        experiments.cross_entropy_fidelity(np.ones((1, 2, 4)), np.ones((1, 3, 4)))
