"""What does not fit a stored search is refused in words."""

import numpy as np
import pytest

from qrexplore.optimize import LeastSquares, Optax, pack, unpack


def search(parameters):
    problem = LeastSquares(linearize=None, gradient=lambda x: (float(x @ x) / 2, x), start=np.ones(parameters))
    return Optax().init(problem)


def test_names_that_are_missing_or_unknown_are_listed():
    arrays = pack(search(2))
    arrays["memory/other"] = arrays.pop("memory/point")
    with pytest.raises(
        ValueError, match=r"got missing \['memory/point'\] and unknown \['memory/other'\]. Make `template`"
    ):
        unpack(search(2), arrays)


def test_another_number_of_parameters_is_told_with_both_shapes():
    with pytest.raises(
        ValueError, match=r"at 'coordinates' the shape \(2,\) and type float64 .* got \(3,\) and float64"
    ):
        unpack(search(2), pack(search(3)))


def test_another_type_is_told():
    arrays = pack(search(2))
    arrays["iteration"] = np.asarray(1.5)
    with pytest.raises(ValueError, match=r"at 'iteration' the shape \(\) and type int64 .* got \(\) and float64"):
        unpack(search(2), arrays)


def test_unpacked_arrays_are_not_those_of_the_file():
    arrays = pack(search(2))
    found = unpack(search(2), arrays)
    arrays["coordinates"][0] = 7.0
    np.testing.assert_array_equal(found.coordinates, [1.0, 1.0])
