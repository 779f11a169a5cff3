"""Operators of a register."""

import numpy as np
import pytest

from qrexplore.quantum import Register


def test_last_mode_runs_fastest():
    register = Register((2, 3))
    assert register.index((1, 2)) == 5
    assert register.labels.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    np.testing.assert_array_equal(np.diag(register.number(0)), register.labels[:, 0])
    np.testing.assert_array_equal(np.diag(register.number(1)), register.labels[:, 1])


def test_lowering_operator_takes_one_excitation():
    register = Register((3, 4))
    for mode in (0, 1):
        lowering = register.lowering(mode)
        np.testing.assert_allclose(lowering.T @ lowering, register.number(mode), atol=1e-15)
    state = np.eye(12)[register.index((1, 3))]
    np.testing.assert_allclose(register.lowering(1) @ state, np.sqrt(3) * np.eye(12)[register.index((1, 2))])


def test_commutator_of_ladder_operators_is_one_below_the_last_level():
    lowering = Register((5,)).lowering(0)
    np.testing.assert_allclose((lowering @ lowering.T - lowering.T @ lowering)[:4, :4], np.eye(4), atol=1e-14)


def test_rotation_generator_is_half_a_pauli_matrix_of_levels_0_and_1():
    register = Register((3,))
    x, y = register.rotation_generator(0, 0.0), register.rotation_generator(0, np.pi / 2)
    np.testing.assert_allclose(2 * x[:2, :2], [[0, 1], [1, 0]], atol=1e-15)
    np.testing.assert_allclose(2 * y[:2, :2], [[0, -1j], [1j, 0]], atol=1e-15)
    np.testing.assert_array_equal(x[2], 0)


def test_projectors_of_a_mode_add_up_to_one():
    register = Register((2, 3))
    np.testing.assert_array_equal(sum(register.projector(1, level) for level in range(3)), np.eye(6))


@pytest.mark.parametrize("levels", [(), (3, 1)])
def test_register_without_levels_is_refused(levels):
    with pytest.raises(ValueError, match=r"`levels` must hold at least one mode of 2 or more levels.*Use for example"):
        Register(levels)
