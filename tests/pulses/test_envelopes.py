"""Envelopes: areas, edges and derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrexplore.pulses import Gaussian, Samples, Square, Succession, Train

CELL = 1e-9
EDGES = jnp.arange(41) * CELL


@settings(deadline=None, derandomize=True, max_examples=60)
@given(duration=st.floats(0.0, 30e-9), start=st.floats(0.0, 10e-9))
def test_square_keeps_its_area_wherever_its_edges_fall(duration, start):
    cells = np.asarray(Square(duration).cells(EDGES - start))
    assert np.sum(cells) * CELL == pytest.approx(duration, abs=1e-20)
    assert np.all((cells >= 0) & (cells <= 1 + 1e-12))


def test_square_fills_cells_by_the_share_it_covers():
    cells = np.asarray(Square(2.75e-9).cells(EDGES - 1.5e-9))
    np.testing.assert_allclose(cells[:6], [0.0, 0.5, 1.0, 1.0, 0.25, 0.0], atol=1e-9)


def test_square_is_differentiable_in_its_duration():
    slope = jax.jacfwd(lambda duration: Square(duration).cells(EDGES))(7.3e-9)
    assert float(slope[7]) == pytest.approx(1e9)
    assert np.count_nonzero(slope) == 1


def test_gaussian_is_zero_at_its_ends_and_one_in_the_middle():
    pulse = Gaussian(20e-9, 5e-9)
    fine = jnp.linspace(-2e-9, 22e-9, 24001)
    value = np.asarray(pulse.cells(fine))
    middle = np.asarray((fine[1:] + fine[:-1]) / 2)
    assert np.max(np.abs(value[(middle < 0) | (middle > 20e-9)])) == 0
    inside = value[(middle > 0) & (middle < 20e-9)]
    assert abs(inside[0]) < 1e-4
    assert abs(inside[-1]) < 1e-4
    assert np.max(inside.real) == pytest.approx(1.0, abs=1e-6)
    assert np.max(np.abs(value.imag)) == 0


def test_second_quadrature_is_drag_times_the_slope_of_the_first():
    pulse = Gaussian(20e-9, 5e-9, 0.7e-9)
    fine = jnp.linspace(0.0, 20e-9, 20001)
    value, step = np.asarray(pulse.cells(fine)), 1e-12
    slope = (value.real[2:] - value.real[:-2]) / (2 * step)
    np.testing.assert_allclose(value.imag[1:-1], 0.7e-9 * slope, atol=1e-6)


def test_samples_are_held_for_their_period():
    values = jnp.array([0.2, -0.5, 1.0])
    pulse = Samples(values, period=2e-9)
    assert float(pulse.length()) == pytest.approx(6e-9)
    np.testing.assert_array_equal(pulse.cells(EDGES - 3e-9)[:11], [0, 0, 0, 0.2, 0.2, -0.5, -0.5, 1, 1, 0, 0])
    assert jnp.iscomplexobj(Samples(values + 1j, period=1e-9).cells(EDGES))


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_train_is_the_sum_of_its_pulses(count, alternating):
    shape, edges = Gaussian(20e-9, 5e-9, 0.4e-9), jnp.arange(91) * 1e-9
    train = Train(shape, 22e-9, count, most=4, alternating=alternating)
    signs = [(-1) ** place if alternating else 1 for place in range(count)]
    expected = sum((s * shape.cells(edges - k * 22e-9) for k, s in enumerate(signs)), jnp.zeros(90))
    np.testing.assert_allclose(train.cells(edges), expected, atol=1e-15)
    assert float(train.length()) == pytest.approx(max(0, count * 22e-9 - 2e-9))


def test_a_succession_plays_each_pulse_at_its_time_with_its_height():
    pulse = Gaussian(6e-9, 2e-9, 0.3e-9)
    heights = [0.5, 0.0, -1j]
    found = Succession(pulse, 7e-9, jnp.asarray(heights)).cells(EDGES)
    expected = sum(height * pulse.cells(EDGES - 7e-9 * place) for place, height in enumerate(heights))
    np.testing.assert_allclose(found, expected, atol=1e-15)
    assert float(Succession(pulse, 7e-9, jnp.asarray(heights)).length()) == pytest.approx(20e-9)
    same = Succession(pulse, 7e-9, jnp.ones(3)).cells(EDGES)
    np.testing.assert_allclose(same, Train(pulse, 7e-9, 3, most=3).cells(EDGES), atol=1e-15)
