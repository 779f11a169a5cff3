"""What every number of every twin in the library carries, because sliders, scaling and reports are made from it."""

import inspect
import math

import pytest

from qrexplore.core import format_quantity
from qrexplore.twin import Twin, library

UNITS = {"1", "rad", "Hz", "s", "V", "K", "dB", "Phi0", "Phi0/V", "Hz/V"}


def library_twins() -> list[str]:
    """Functions of the library that give a twin without being told anything."""
    return [
        name
        for name, function in inspect.getmembers(library, inspect.isfunction)
        if inspect.signature(function).return_annotation in (Twin, "Twin")
        and all(one.default is not one.empty for one in inspect.signature(function).parameters.values())
    ]


def test_the_library_has_twins():
    assert {"transmon", "two_transmons"} <= set(library_twins())


@pytest.mark.parametrize("name", library_twins())
def test_every_parameter_has_a_unit_a_label_and_bounds_around_its_value(name):
    for row in getattr(library, name)().parameters:
        low, high = row.bounds
        assert row.unit in UNITS, row
        assert row.label.strip(), row
        assert math.isfinite(low), row
        assert math.isfinite(high), row
        assert low < high, row
        assert low <= row.value <= high, row
        assert format_quantity(row.value, row.unit), row
        if row.prior is not None:
            assert low <= row.prior.center <= high, row


@pytest.mark.parametrize("name", library_twins())
def test_no_two_parameters_share_a_path(name):
    paths = getattr(library, name)().parameters.paths
    assert paths
    assert len(set(paths)) == len(paths)
