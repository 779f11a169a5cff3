"""Making and checking datasets, and units."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import qrexplore.data as qd
from qrexplore.data.units import TABLE, si, to_si


def decay(**changes: object) -> xr.Dataset:
    delay = np.arange(5.0)
    values = qd.labelled(("qubit", "delay"), np.linspace(1, 0, 5)[None], "1", "population")
    arguments: dict[str, object] = {"qubits": ["q0"], "experiment": "t1"}
    coordinates = {"delay": qd.axis("delay", delay, "us")}
    return qd.dataset({"population": values}, coordinates, **(arguments | changes))  # type: ignore[arg-type]


def test_a_dataset_has_units_and_words_everywhere() -> None:
    data = decay(settings={"shots": 7})
    for variable in data.variables.values():
        assert variable.attrs["units"]
        assert variable.attrs["long_name"]
    assert qd.settings(data) == {"shots": 7}
    assert data.attrs["missing_points"] == 0
    np.testing.assert_allclose(data["delay"], np.arange(5) * 1e-6)


def test_the_observable_is_the_first_that_is_present() -> None:
    data = decay()
    assert qd.observable(data).name == "population"
    data["counts"] = data["population"]
    assert qd.observable(data).name == "counts"
    with pytest.raises(qd.DatasetError, match="counts, probability, population, iq, signal, transmission, got 'x'"):
        qd.observable(data[["population"]].rename(population="x"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"experiment": "tea"}, "attribute `experiment` must be one of"),
        ({"qubits": ["q0", "q0"]}, "dimension"),
        ({"source_format": "excel"}, "attribute `source_format`"),
    ],
)
def test_wrong_arguments_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises((qd.DatasetError, ValueError), match=words):
        decay(**change)


def test_names_of_qubits_are_made_safe() -> None:
    assert qd.qubit_name("Q 1/a") == "Q_1_a"
    assert qd.qubit_name(3) == "3"
    assert decay(qubits=["Q-1"])["qubit"].values.tolist() == ["Q_1"]


@pytest.mark.parametrize(
    ("values", "words"),
    [([-1.0, 0, 1, 2, 3], "must not be negative"), ([np.nan, 0, 1, 2, 3], "finite numbers in s")],
)
def test_an_axis_of_time_is_finite_and_not_negative(values: list[float], words: str) -> None:
    data = decay().assign_coords(delay=qd.axis("delay", values, "s"))
    with pytest.raises(qd.DatasetError, match=words):
        qd.validate(data)


def test_percent_without_a_unit_is_no_population() -> None:
    data = decay()
    data["population"] = data["population"] * 100
    data["population"].attrs = {"units": "1", "long_name": "population"}
    with pytest.raises(qd.DatasetError, match=r"from 0 to 1, got median 50"):
        qd.validate(data)


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(qd.DatasetError, match="real numbers or words"):
        qd.labelled("x", [1j], "V", "iq")


def test_a_tree_is_no_dataset() -> None:
    with pytest.raises(qd.DatasetError, match=r"must be an xarray.Dataset, got DataTree"):
        qd.validate(xr.DataTree(decay()))  # type: ignore[arg-type]


@given(st.sampled_from(sorted(TABLE)), st.floats(-1e6, 1e6))
def test_conversion_is_a_factor_and_si_stays(unit: str, value: float) -> None:
    factor, found = si(unit, "x")
    numbers, again = to_si(np.array([value]), unit, "x")
    assert found == again
    assert math.isclose(numbers[0], value * factor)
    assert si(found, "x") == (1.0, found)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("ns", (1e-9, "s")),
        ("GHz", (1e9, "Hz")),
        ("GHz/V", (1e9, "Hz/V")),
        ("mPhi0/mV", (1.0, "Phi0/V")),
        ("%", (0.01, "1")),
    ],
)
def test_known_units(unit: str, expected: tuple[float, str]) -> None:
    factor, found = si(unit, "x")
    assert (pytest.approx(factor), found) == expected


@pytest.mark.parametrize("unit", ["furlong", "V/furlong", "NA", "/", "s/", "x" * 10_000])
def test_unknown_units_are_refused(unit: str) -> None:
    with pytest.raises(qd.DatasetError, match="units of `x` must be known") as error:
        si(unit, "x")
    assert len(str(error.value)) <= 500


def test_a_long_message_is_cut() -> None:
    assert len(str(qd.DatasetError("x" * 2000))) == 500
