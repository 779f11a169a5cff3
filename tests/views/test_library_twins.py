"""Rows and comparisons for every ready-made twin and what it measures."""

import numpy as np
import pytest

import qrexplore as qx
from qrexplore.core import format_quantity
from qrexplore.learn import measured, misfit
from qrexplore.views import comparison, parameter_rows

RNG = np.random.default_rng(11)
CASES = {
    "ramsey": (qx.experiments.ramsey(np.linspace(0, 4e-6, 9)), (1, 9)),
    "cryoscope": (qx.experiments.cryoscope(np.linspace(0, 20e-9, 5), flux_amplitude=0.1), (1, 2, 5)),
    "chevron": (qx.experiments.chevron(np.linspace(0.45, 0.5, 3), np.linspace(0, 30e-9, 4)), (2, 3, 4)),
}
TWINS = {
    "transmon": qx.library.transmon(),
    "transmon without losses": qx.library.transmon(name="left", dissipative=False),
    "two transmons": qx.library.two_transmons(),
    "three transmons": qx.library.three_transmons(),
    "two transmons with a coupler": qx.library.two_transmons_with_coupler(),
    "two transmons with a mediated coupling": qx.library.two_transmons_with_coupler(mediated=True),
    "three transmons behind their wiring": qx.library.wired_transmons(count=3),
    "two transmons without losses": qx.library.two_transmons(dissipative=False),
} | {
    f"for a {name}": qx.library.for_data(experiment.dataset(RNG.uniform(size=shape)))
    for name, (experiment, shape) in CASES.items()
}
WRITTEN = {"1": "", "Phi0": "Φ0", "Phi0/V": "Φ0/V"}


@pytest.mark.parametrize("name", TWINS)
def test_every_slider_of_every_library_twin_holds_its_value_within_the_bounds(name):
    table = TWINS[name].parameters
    rows = parameter_rows(table, free=(), stderr={}, initial=table)
    assert [row.path for row in rows] == list(table.paths)
    for row in rows:
        assert row.low <= row.slider_low <= row.value <= row.slider_high <= row.high, row.path
        assert row.slider_low < row.slider_high, row.path
        assert not row.logarithmic or row.slider_low > 0, row.path


@pytest.mark.parametrize("name", TWINS)
def test_every_row_shows_its_value_in_a_unit_that_people_write(name):
    table = TWINS[name].parameters
    for row in parameter_rows(table, free=(), stderr={}, initial=table):
        assert row.factor > 0
        assert row.display_unit.endswith(WRITTEN.get(row.unit, row.unit)), row.path
        if row.value:
            assert format_quantity(row.value, row.unit) == f"{row.value / row.factor:.6g} {row.display_unit}".strip()
        if row.value and row.unit in {"Hz", "s", "V"}:
            assert 1 <= abs(row.value / row.factor) < 1000, row.path


@pytest.mark.parametrize("name", TWINS)
def test_sliders_hold_their_values_at_both_bounds_too(name):
    twin = TWINS[name]
    for end in (0, 1):
        for row in twin.parameters:
            moved = twin.replace({row.path: row.bounds[end]}).parameters
            rows = parameter_rows(moved, free=(), stderr={}, initial=twin.parameters)
            (found,) = [each for each in rows if each.path == row.path]
            assert found.low <= found.slider_low <= found.value <= found.slider_high <= found.high, row.path
            assert found.slider_low < found.slider_high, row.path


def of_plain_numbers(values, prediction):
    """Give rms(residual) / rms(data about their mean) with one scale a qubit, skipping what is missing."""
    shares = []
    for row, predicted in zip(values, prediction, strict=True):
        seen = np.isfinite(row)
        shares.append(np.mean((predicted - row)[seen] ** 2) / np.mean((row[seen] - row[seen].mean()) ** 2))
    return np.sqrt(np.mean(shares))


@pytest.mark.parametrize("holed", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_the_summary_gives_the_misfit_of_learn_and_of_plain_numbers(name, holed):
    experiment, shape = CASES[name]
    values, prediction = RNG.uniform(size=shape), RNG.uniform(size=shape)
    if holed:
        values[(0,) * len(shape)] = np.nan
    data = experiment.dataset(values)
    found = comparison(experiment, data)
    expected = misfit([measured(data, "gaussian")], [prediction])
    assert found.misfit(prediction) == pytest.approx(expected)
    assert expected == pytest.approx(of_plain_numbers(values, prediction))
    assert found.summary(prediction).startswith(f"rms misfit / rms data {expected:.4f}")
    assert "nan" not in found.summary(prediction)


@pytest.mark.parametrize("name", CASES)
def test_data_and_prediction_are_the_plain_numbers_in_32_bits_with_a_series_in_front(name):
    experiment, shape = CASES[name]
    values, prediction = RNG.uniform(size=shape), RNG.uniform(size=shape)
    found = comparison(experiment, experiment.dataset(values))
    series = shape[0] * (shape[1] if name == "cryoscope" else 1)
    swept = shape[2:] if name == "cryoscope" else shape[1:]
    assert len(found.series) == series
    assert np.array_equal(found.data, values.reshape(series, *swept).astype(np.float32))
    assert np.array_equal(found.arranged(prediction), prediction.reshape(series, *swept).astype(np.float32))


def test_a_curve_that_breaks_off_still_has_an_axis():
    experiment, shape = CASES["ramsey"]
    values = np.full(shape, np.nan)
    values[0, :6] = RNG.uniform(size=6)
    found = comparison(experiment, experiment.dataset(values))
    assert np.isfinite(found.y.factor)
    assert np.isnan(found.data[0, 6:]).all()
