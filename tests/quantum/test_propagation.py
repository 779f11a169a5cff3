"""The propagator: order, accuracy, unitarity, trace, and the pruning of coordinates."""

import math
from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from qrexplore.quantum import (
    GAUSS_NODES,
    ControlSystem,
    Propagator,
    Register,
    commutator,
    coordinates,
    dissipator,
    hermitian_basis,
    norms_of_orders,
    propagation,
    relevant_coordinates,
    taylor_order,
)

NODES = np.asarray(GAUSS_NODES)


def propagator(system):
    """Give a propagator whose series are as exact as numbers are."""
    return Propagator(system, largest_norm=6.0, tolerance=1e-15)


def random_hermitian(size, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return (matrix + matrix.conj().T) / 2


DRIFT, FIRST, SECOND = (random_hermitian(4, seed) for seed in (1, 2, 3))
CLOSED = ControlSystem((-1j * DRIFT,), (-1j * FIRST, -1j * SECOND))
JUMP = np.diag(np.sqrt([1.0, 2.0, 3.0]), 1)
OPEN = ControlSystem((commutator(DRIFT), dissipator(JUMP)), (commutator(FIRST), commutator(SECOND)))
LENGTH = 3.0


def waves(steps):
    """Two smooth waves at the nodes of each step, for a batch of two points."""
    time = (np.arange(steps)[:, None] + NODES) * LENGTH / steps
    pair = np.stack([np.sin(2 * time), 0.7 * np.cos(3 * time + 0.4)], axis=-1)
    return np.stack([pair, -0.5 * pair[..., ::-1]], axis=-1)


def evolved(system, weights, start, steps):
    return np.asarray(propagator(system).evolve(np.asarray(weights), waves(steps), LENGTH / steps, start)[0])


def closed_start():
    return np.repeat(np.eye(4, dtype=complex)[:, [0]], 2, axis=1)


def open_start():
    return np.repeat(np.asarray(coordinates(np.eye(4)[:, [0]] @ np.eye(4)[[0]]))[:, None], 2, axis=1)


@pytest.mark.parametrize(
    ("system", "weights", "start"), [(CLOSED, [1.0], closed_start()), (OPEN, [1.0, 0.1], open_start())]
)
def test_error_falls_with_the_fourth_power_of_the_step(system, weights, start):
    exact = evolved(system, weights, start, 1600)
    errors = [np.max(np.abs(evolved(system, weights, start, steps) - exact)) for steps in (25, 50, 100)]
    slopes = -np.diff(np.log2(errors))
    assert np.all(np.abs(slopes - 4) < 0.2), slopes
    assert errors[-1] < 1e-5


def test_constant_generator_is_the_matrix_exponential():
    controls = np.full((5, 2, 2, 1), 0.3)
    found, _ = propagator(CLOSED).evolve(np.array([0.8]), controls, 0.2, closed_start()[:, :1])
    exact = expm(-1j * (0.8 * DRIFT + 0.3 * FIRST + 0.3 * SECOND))[:, 0]
    np.testing.assert_allclose(found[:, 0], exact, atol=1e-13)


def test_amplitudes_keep_their_norm_and_density_matrices_their_trace_and_positivity():
    closed = evolved(CLOSED, [1.0], closed_start(), 400)
    np.testing.assert_allclose(np.sum(np.abs(closed) ** 2, axis=0), 1.0, atol=1e-10)
    state = evolved(OPEN, [1.0, 0.1], open_start(), 400)
    np.testing.assert_allclose(state[:4].sum(axis=0), 1.0, atol=1e-12)
    matrices = np.einsum("ab,aij->bij", state, hermitian_basis(4))
    assert np.min(np.linalg.eigvalsh(matrices)) > -1e-10


def test_density_matrix_without_jumps_is_the_outer_product_of_amplitudes():
    amplitudes = evolved(CLOSED, [1.0], closed_start(), 400)
    state = evolved(OPEN, [1.0, 0.0], open_start(), 400)
    for point in range(2):
        outer = np.outer(amplitudes[:, point], amplitudes[:, point].conj())
        np.testing.assert_allclose(state[:, point], coordinates(outer), atol=1e-8)


def test_saved_states_are_those_on_the_way():
    step = LENGTH / 60
    saved, norm = propagator(CLOSED).evolve(np.array([1.0]), waves(60), step, closed_start(), save_every=20)
    assert saved.shape == (3, 4, 2)
    for index, end in enumerate((20, 40, 60)):
        state, _ = propagator(CLOSED).evolve(np.array([1.0]), waves(60)[:end], step, closed_start())
        np.testing.assert_allclose(saved[index], state, atol=1e-14)
    _, direct = propagator(CLOSED).evolve(np.array([1.0]), waves(60), step, closed_start())
    assert float(norm) == pytest.approx(float(direct), rel=1e-14)


def test_reported_norm_is_the_largest_row_sum_of_an_exponent():
    controls = np.zeros((3, 2, 2, 1))
    controls[1] = 2.0
    _, norm = propagator(CLOSED).evolve(np.array([1.0]), controls, 0.1, closed_start()[:, :1])
    largest = np.max(np.sum(np.abs(0.1 * (DRIFT + 2 * FIRST + 2 * SECOND)), axis=1))
    assert float(norm) == pytest.approx(largest, rel=1e-12)


def test_taking_off_the_mean_of_the_diagonals_changes_a_common_phase_only():
    bare, centered = (evolved(s, [1.0], closed_start(), 400) for s in (CLOSED, CLOSED.without_common_phase()))
    np.testing.assert_allclose(np.abs(bare), np.abs(centered), atol=1e-8)
    for matrix in (*CLOSED.without_common_phase().drift, *CLOSED.without_common_phase().controls):
        assert abs(np.trace(matrix)) < 1e-14


def test_derivatives_of_the_propagator_are_those_of_the_exponential():
    controls = jnp.full((4, 2, 2, 1), 0.2)

    def amplitude(weight):
        found, _ = propagator(CLOSED).evolve(jnp.array([weight]), controls, 0.25, closed_start()[:, :1])
        return jnp.abs(found[:, 0]) ** 2

    slope, step = jax.jacfwd(amplitude)(1.0), 1e-3
    at = [np.abs(expm(-1j * ((1 + k * step) * DRIFT + 0.2 * (FIRST + SECOND)))[:, 0]) ** 2 for k in (-2, -1, 1, 2)]
    np.testing.assert_allclose(slope, (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step), atol=1e-9)


OFTEN = (("closed", np.inf, None), ("open", 0, 10))


@pytest.mark.parametrize(
    ("name", "kept", "save_every"),
    [
        case if case in OFTEN else pytest.param(*case, marks=pytest.mark.slow)
        for case in product(["closed", "open"], [np.inf, 0], [None, 10])
    ],
)
def test_derivatives_taken_forwards_and_backwards_are_those_of_plain_differentiation(
    monkeypatch, name, kept, save_every
):
    monkeypatch.setattr(propagation, "_KEPT", kept)
    system, start, nodes = {
        "closed": (CLOSED, closed_start(), [0.9]), "open": (OPEN, open_start(), [0.9, 0.2])
    }[name]  # fmt: skip
    # no symmetric starts: a transpose mistaken for the matrix must show
    start = start + 0.1 * np.random.default_rng(4).normal(size=start.shape)

    def total(weights, controls, start, step, *, derivatives):
        states, _ = propagator(system).evolve(
            weights, controls, step, start, save_every=save_every, derivatives=derivatives
        )
        weight = np.cos(np.arange(states.size)).reshape(states.shape)
        return jnp.sum(weight * jnp.abs(states + 0.3) ** 2)

    arguments = (jnp.array(nodes), jnp.asarray(waves(40)), jnp.asarray(start), jnp.full(40, LENGTH / 40))
    plain, backward = (
        jax.value_and_grad(partial(total, derivatives=which), argnums=(0, 1, 2, 3))(*arguments)
        for which in ("any", "backward")
    )
    assert float(backward[0]) == pytest.approx(float(plain[0]), rel=1e-13)
    for ours, theirs in zip(backward[1], plain[1], strict=True):
        assert np.max(np.abs(theirs)) > 1e-3
        np.testing.assert_allclose(ours, theirs, atol=1e-12 * np.max(np.abs(theirs)))
    slopes = jax.jacfwd(partial(total, derivatives="forward"), argnums=(0, 3))(*arguments)
    np.testing.assert_allclose(slopes[0], plain[1][0], rtol=1e-11)
    np.testing.assert_allclose(slopes[1], plain[1][3], rtol=1e-11, atol=1e-11 * np.max(np.abs(plain[1][3])))


def test_a_series_is_as_long_as_its_step_needs():
    reach = norms_of_orders(2.5, 1e-9)
    assert len(reach) == taylor_order(2.5, 1e-9) - 1
    for order, norm in enumerate(reach, start=1):
        assert norm == 0.0 or taylor_order(norm, 1e-9) <= order
        assert taylor_order(norm + 2 * 2.5 / 2000, 1e-9) > order


def test_steps_may_differ_in_length():
    lengths, controls = np.array([0.1, 0.3, 0.2]), np.full((3, 2, 2, 1), 0.3)
    found, _ = propagator(CLOSED).evolve(np.array([0.8]), controls, lengths, closed_start()[:, :1])
    exact = expm(-1j * 0.6 * (0.8 * DRIFT + 0.3 * FIRST + 0.3 * SECOND))[:, 0]
    np.testing.assert_allclose(found[:, 0], exact, atol=1e-13)


@pytest.mark.parametrize("norm", [0.1, 0.7, 2.0, 5.0])
@pytest.mark.parametrize("tolerance", [1e-6, 1e-10])
def test_taylor_order_reaches_its_tolerance_and_hardly_more(norm, tolerance):
    order = taylor_order(norm, tolerance)
    rest = math.exp(norm) - sum(norm**k / math.factorial(k) for k in range(order + 1))
    assert rest <= tolerance
    shorter = math.exp(norm) - sum(norm**k / math.factorial(k) for k in range(order - 2))
    assert shorter > tolerance / 100


class TestRelevantCoordinates:
    """Two three-level modes that exchange excitations."""

    REGISTER = Register((3, 3))

    def generators(self):
        a, b = (self.REGISTER.lowering(mode) for mode in (0, 1))
        return [self.REGISTER.number(0), a.T @ b + a @ b.T]

    def test_amplitudes_that_conserve_excitations_are_three_of_nine(self):
        start = np.arange(9) == self.REGISTER.index((1, 1))
        kept = relevant_coordinates(self.generators(), start, np.ones(9, dtype=bool))
        assert {tuple(label) for label in self.REGISTER.labels[kept]} == {(0, 2), (1, 1), (2, 0)}

    def test_direction_of_the_links_matters(self):
        lowering = self.REGISTER.lowering(1)
        start = np.arange(9) == self.REGISTER.index((0, 1))
        kept = relevant_coordinates([lowering], start, np.ones(9, dtype=bool))
        assert {tuple(label) for label in self.REGISTER.labels[kept]} == {(0, 1), (0, 0)}
        observed = np.arange(9) == self.REGISTER.index((0, 0))
        assert len(relevant_coordinates([lowering], np.ones(9, dtype=bool), observed)) == 3

    def test_pruned_and_full_systems_give_the_same_answer(self):
        drift = [commutator(term) for term in self.generators()]
        drift += [dissipator(self.REGISTER.lowering(mode)) for mode in (0, 1)]
        control = commutator(self.REGISTER.number(1))
        system = ControlSystem(tuple(drift), (control,))
        projector = np.zeros((9, 9))
        projector[self.REGISTER.index((1, 1)), self.REGISTER.index((1, 1))] = 1.0
        first = np.asarray(coordinates(projector))
        observed = np.arange(81) < 9
        kept = relevant_coordinates([*drift, control], first != 0, observed)
        assert len(kept) < 40
        wave = np.sin(np.linspace(0, 3, 80)).reshape(40, 2, 1, 1)
        weights = np.array([1.0, 0.8, 0.1, 0.05])
        full, _ = propagator(system).evolve(weights, wave, 0.1, first[:, None])
        pruned, _ = propagator(system.restricted(kept)).evolve(weights, wave, 0.1, first[kept][:, None])
        np.testing.assert_allclose(np.asarray(full)[kept][kept < 9], np.asarray(pruned)[kept < 9], atol=1e-12)
        unseen = np.setdiff1d(np.arange(9), kept)
        np.testing.assert_allclose(np.asarray(full)[unseen], 0.0, atol=1e-12)
