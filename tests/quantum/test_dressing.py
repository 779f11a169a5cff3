"""Dressed states: labels, signs and derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.quantum import Register, dressed_states, label_overlaps

SCALE = 2 * np.pi * 1e9


def coupled(detuning=0.8, coupling=0.009):
    """Two three-level transmons in GHz, in a frame in which the first is at 4.8."""
    register = Register((3, 3))
    n0, n1, one = register.number(0), register.number(1), np.eye(9)
    a, b = register.lowering(0), register.lowering(1)
    return (
        4.8 * n0 + (4.8 + detuning) * n1 - 0.115 * n0 @ (n0 - one) - 0.11 * n1 @ (n1 - one)
        + coupling * (a.T @ b + a @ b.T)
    )  # fmt: skip


def random_symmetric(seed, size=7, spread=1.0):
    matrix = np.random.default_rng(seed).normal(size=(size, size))
    return np.diag(np.arange(size)) + spread * (matrix + matrix.T) / 2


@pytest.mark.parametrize("seed", range(8))
def test_every_label_is_given_once_even_to_strongly_mixed_states(seed):
    hamiltonian = random_symmetric(seed, spread=2.0)
    dressed = np.asarray(dressed_states(jnp.asarray(SCALE * hamiltonian)))
    np.testing.assert_allclose(dressed.T @ dressed, np.eye(7), atol=1e-12)
    diagonal = dressed.T @ hamiltonian @ dressed
    np.testing.assert_allclose(diagonal, np.diag(np.diag(diagonal)), atol=1e-10)
    np.testing.assert_allclose(np.sort(np.diag(diagonal)), np.linalg.eigvalsh(hamiltonian), atol=1e-10)


def test_label_goes_to_the_largest_overlap_and_its_sign_is_positive():
    dressed = np.asarray(dressed_states(jnp.asarray(SCALE * coupled())))
    np.testing.assert_array_equal(np.argmax(np.abs(dressed), axis=0), np.arange(9))
    assert np.all(np.diag(dressed) > 0.99)
    np.testing.assert_allclose(label_overlaps(jnp.asarray(dressed)), np.diag(dressed) ** 2)


def test_dressing_of_an_uncoupled_register_changes_nothing():
    np.testing.assert_allclose(dressed_states(jnp.asarray(SCALE * coupled(coupling=0.0))), np.eye(9), atol=1e-15)


def test_mixing_is_that_of_perturbation_theory():
    dressed = np.asarray(dressed_states(jnp.asarray(SCALE * coupled())))
    register = Register((3, 3))
    # |01> lies above |10> by the detuning: its admixture of |10> is +g/detuning
    assert dressed[register.index((1, 0)), register.index((0, 1))] == pytest.approx(0.009 / 0.8, rel=1e-3)


@pytest.mark.parametrize("name", ["detuning", "coupling"])
def test_derivative_agrees_with_finite_differences(name):
    value, step = {"detuning": (0.8, 1e-4), "coupling": (0.009, 1e-5)}[name]
    base, other = coupled(**{name: 0.0}), coupled(**{name: 1.0})

    def states(x):
        return dressed_states(SCALE * (jnp.asarray(base) + x * jnp.asarray(other - base)))

    slope = jax.jacfwd(states)(value)
    at = [states(value + shift * step) for shift in (-2, -1, 1, 2)]
    measured = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)
    np.testing.assert_allclose(slope, measured, atol=1e-6 * np.max(np.abs(slope)))
    reverse = jax.grad(lambda x: jnp.sum(states(x) * jnp.arange(81.0).reshape(9, 9)))(value)
    assert float(reverse) == pytest.approx(float(jnp.sum(slope * jnp.arange(81.0).reshape(9, 9))), rel=1e-10)


def test_derivative_at_a_degeneracy_is_finite():
    def states(x):
        return dressed_states(SCALE * (jnp.diag(jnp.array([0.0, 1.0, 1.0])) + x * jnp.ones((3, 3))))

    assert np.all(np.isfinite(jax.jacfwd(states)(0.0)))
    assert np.all(np.isfinite(jax.jacrev(states)(0.0)))


def test_many_are_dressed_one_after_the_other():
    # two batches of eigenvalues at once, from two threads, waited for each other for ever
    program = jax.jit(jax.vmap(dressed_states)).lower(jnp.ones((32, 9, 9))).as_text()
    asked = [line for line in program.splitlines() if "syevd" in line]
    assert asked
    assert all('num_batch_dims = "0"' in line and "(tensor<9x9xf64>)" in line for line in asked)
