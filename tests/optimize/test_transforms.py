"""Bounded parameters as free coordinates."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qrexplore.core import Parameter, ParameterTable
from qrexplore.optimize import Coordinates

BOUNDS = {"linear": (1e9, 12e9), "logarithmic": (10e-9, 10e-3), "signed": (-0.6, 0.6), "from zero": (0.0, 0.5),
          "narrow": (0.01, 0.9)}  # fmt: skip
TABLE = ParameterTable(Parameter(name, low, "1", (low, high), name) for name, (low, high) in BOUNDS.items())
LOW, HIGH = (np.array([bounds[side] for bounds in BOUNDS.values()]) for side in (0, 1))
COORDINATES = Coordinates(TABLE)


def between(shares):
    """Give values at shares of the range, on the logarithmic scale where that is used."""
    shares = np.asarray(shares)
    values = LOW + (HIGH - LOW) * shares
    scale = COORDINATES.logarithmic
    values[scale] = LOW[scale] * (HIGH[scale] / LOW[scale]) ** shares[scale]
    return values


def test_scale_is_logarithmic_where_bounds_are_positive_and_more_than_two_decades_apart():
    assert COORDINATES.logarithmic.tolist() == [False, True, False, False, False]


@settings(deadline=None, derandomize=True)
@given(shares=st.lists(st.floats(0.002, 0.998), min_size=5, max_size=5))
def test_values_lead_to_coordinates_and_back(shares):
    values = between(shares)
    np.testing.assert_allclose(COORDINATES.values(jnp.asarray(COORDINATES.free(values))), values, rtol=1e-9, atol=1e-12)


@settings(deadline=None, derandomize=True)
@given(coordinates=st.lists(st.floats(allow_nan=False, allow_infinity=True), min_size=5, max_size=5))
def test_no_coordinates_lead_out_of_the_bounds(coordinates):
    values = np.asarray(COORDINATES.values(jnp.asarray(coordinates)))
    assert np.all(values >= LOW * (1 - 1e-12 * np.sign(LOW)))
    assert np.all(values <= HIGH * (1 + 1e-12))


def test_start_on_a_bound_is_moved_inside():
    for edge in (LOW, HIGH):
        coordinates = COORDINATES.free(edge)
        assert np.all(np.isfinite(coordinates))
        values = np.asarray(COORDINATES.values(jnp.asarray(coordinates)))
        assert np.all((values > LOW) & (values < HIGH))


def test_slopes_are_the_derivatives_of_the_values():
    for point in (np.zeros(5), np.array([-2.0, 1.5, 0.3, -4.0, 2.2])):
        exact = np.diag(jax.jacfwd(COORDINATES.values)(jnp.asarray(point)))
        np.testing.assert_allclose(COORDINATES.slopes(point), exact, rtol=1e-12)
        step = 1e-4
        up, down = (np.asarray(COORDINATES.values(jnp.asarray(point + s * step))) for s in (1, -1))
        np.testing.assert_allclose(COORDINATES.slopes(point), (up - down) / (2 * step), rtol=1e-6)
