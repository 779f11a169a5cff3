"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrexplore.core import format_quantity, format_with_error, prefix_for


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (5.012e9, "Hz", "5.012 GHz"),
        (40e-6, "s", "40 µs"),
        (-0.22e9, "Hz", "-220 MHz"),
        (0.31, "Phi0", "0.31 Φ0"),
        (2e-6, "Phi0", "2 µΦ0"),
        (0.4, "Phi0/V", "0.4 Φ0/V"),
        (100e6, "Hz/V", "100 MHz/V"),
        (0.02, "1", "0.02"),
        (1.5, "rad", "1.5 rad"),
        (0.0, "Hz", "0 Hz"),
        (1e3, "Hz", "1 kHz"),
        (999.9999999999, "Hz", "1 kHz"),
        (1e-18, "s", "0.001 fs"),
        (1e16, "Hz", "10000 THz"),
        (1.7976931348623157e308, "V", "1.79769e+296 TV"),
        (float("nan"), "V", "nan V"),
        (float("inf"), "s", "inf s"),
    ],
)
def test_quantity_is_written_with_a_suitable_prefix(value, unit, text):
    assert format_quantity(value, unit) == text


def test_number_of_digits_can_be_chosen():
    assert format_quantity(5.0123456e9, "Hz", digits=3) == "5.01 GHz"


@given(value=st.floats(1e-14, 1e14), unit=st.sampled_from(["Hz", "s", "V", "Hz/V"]))
def test_written_number_has_one_to_three_digits_before_the_point(value, unit):
    factor, written = prefix_for(value, unit)
    assert written.endswith(unit)
    assert 0.999 < value / factor < 1000 * (1 + 1e-6)


@pytest.mark.parametrize(
    ("value", "error", "unit", "text"),
    [
        (7.4231e6, 9.1e3, "Hz", "(7.4231 ± 0.0091) MHz"),
        (7.4231e6, 12e3, "Hz", "(7.423 ± 0.012) MHz"),
        (40.2e-6, 3e-6, "s", "(40.2 ± 3.0) µs"),
        (-220.4e6, 1.5e6, "Hz", "(-220.4 ± 1.5) MHz"),
        (0.0213, 0.0004, "1", "(0.02130 ± 0.00040)"),
        (5e-9, 120e-9, "s", "(5 ± 120) ns"),
        (0.0, 2e3, "Hz", "(0.0 ± 2.0) kHz"),
        (5e9, math.inf, "Hz", "5 GHz (error unknown)"),
        (5e9, 0.0, "Hz", "5 GHz (error unknown)"),
        (5e9, math.nan, "Hz", "5 GHz (error unknown)"),
    ],
)
def test_number_with_error_shows_two_digits_of_the_error(value, error, unit, text):
    assert format_with_error(value, error, unit) == text


def test_error_far_below_the_number_is_written_without_endless_zeros():
    assert format_with_error(5e9, 1e-9, "Hz") == "5 ± 1e-18 GHz"
