import pytest

import qrexplore as qx
from qrexplore.core import Parameter, format_quantity
from qrexplore.views import parameter_rows, slider_range

TWIN = qx.library.two_transmons()
TABLE = TWIN.parameters
ROWS = parameter_rows(TABLE, free={"q0.t1"}, stderr={"q0.t1": 1e-7, "q1.t1": float("inf")}, initial=TABLE)


def row(path):
    return next(row for row in ROWS if row.path == path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_a_slider_lies_within_the_bounds_and_holds_its_value(row):
    assert row.low <= row.slider_low < row.slider_high <= row.high
    assert row.slider_low <= row.value <= row.slider_high
    assert not row.logarithmic or row.slider_low > 0


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_the_number_shown_is_the_value_in_the_unit_shown(row):
    if row.value:
        assert format_quantity(row.value, row.unit) == f"{row.value / row.factor:.6g} {row.display_unit}".strip()


def test_a_frequency_of_gigahertz_moves_by_five_percent():
    found = row("q0.frequency")
    assert (found.slider_low, found.slider_high) == pytest.approx((0.95 * 4.8e9, 1.05 * 4.8e9))
    assert (found.display_unit, found.factor) == ("GHz", 1e9)
    assert not found.logarithmic


def test_a_positive_number_of_wide_range_moves_by_a_factor():
    found = row("q0.t1")
    assert found.logarithmic
    assert (found.slider_low, found.slider_high) == pytest.approx((0.3 * 40e-6, 40e-6 / 0.3))


def test_another_number_moves_by_a_quarter_or_by_a_share_of_its_range():
    narrow = Parameter("a.b", 0.4, "1", (-1.0, 1.0), "number")
    assert slider_range(narrow) == pytest.approx((0.3, 0.5))
    assert slider_range(Parameter("a.b", 0.0, "1", (-1.0, 1.0), "number")) == pytest.approx((-0.1, 0.1))
    assert slider_range(Parameter("a.b", 0.95, "1", (-1.0, 1.0), "number")) == pytest.approx((0.7125, 1.0))


def test_a_value_beyond_its_bounds_still_has_a_slider_within_them():
    low, high = slider_range(Parameter("a.b", 3.0, "1", (-1.0, 1.0), "number"))
    assert -1 <= low < high == 1


def test_a_slider_stays_while_its_value_is_well_inside():
    moved = TWIN.replace({"q0.frequency": 4.9e9}).parameters
    again = parameter_rows(moved, free=(), stderr={}, initial=TABLE, shown=ROWS)
    found = next(row for row in again if row.path == "q0.frequency")
    assert found.slider_low == row("q0.frequency").slider_low
    assert found.changed


def test_a_slider_is_laid_anew_when_its_value_leaves_it():
    moved = TWIN.replace({"q0.frequency": 5.4e9}).parameters
    again = parameter_rows(moved, free=(), stderr={}, initial=TABLE, shown=ROWS)
    found = next(row for row in again if row.path == "q0.frequency")
    assert found.slider_low < 5.4e9 < found.slider_high


def test_rows_say_what_is_free_known_and_changed():
    assert row("q0.t1").free
    assert row("q0.t1").stderr == 1e-7
    assert row("q1.t1").stderr is None
    assert not row("q1.t1").free
    assert row("flux_q1.transfer.gain").group == "flux_q1"
    assert not any(row.changed for row in ROWS)
