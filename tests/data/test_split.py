"""Parts of a measurement."""

import numpy as np
import pytest
import xarray as xr

from qrexplore import experiments
from qrexplore.data import DatasetError, drawn_rows, split, subsampled, thinned, validate
from qrexplore.twin import library, predict


@pytest.fixture(scope="module")
def chevron():
    experiment = experiments.chevron(np.linspace(0.45, 0.54, 7), np.arange(1, 9) * 1e-9)
    return experiment.dataset(np.random.default_rng(1).random((2, 7, 8)))


def test_every_third_row_is_kept_out_and_none_is_lost(chevron):
    fitted, held = split(chevron, "flux_amplitude")
    np.testing.assert_array_equal(held["flux_amplitude"], chevron["flux_amplitude"][[1, 4]])
    together = xr.concat([fitted, held], "flux_amplitude").sortby("flux_amplitude")
    xr.testing.assert_equal(together["population"], chevron["population"])
    for part in (fitted, held):
        validate(part)


@pytest.mark.slow
def test_what_is_kept_out_is_an_experiment_of_its_own(chevron):
    _, held = split(chevron, "flux_amplitude", every=4, first=0)
    whole = np.asarray(predict(library.two_transmons(dissipative=False), experiments.from_dataset(chevron)))
    rows = np.asarray(predict(library.two_transmons(dissipative=False), experiments.from_dataset(held)))
    np.testing.assert_allclose(rows, whole[:, [0, 4]], atol=2e-4)


def test_thinned_data_have_every_so_many_points(chevron):
    found = thinned(chevron, {"flux_amplitude": 3, "duration": 2})
    np.testing.assert_array_equal(found["population"], chevron["population"].values[:, ::3, ::2])


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (
            lambda d: split(d, "delay"),
            r"`dim` must be a sweep of the data, got 'delay'; there are flux_amplitude, duration",
        ),
        (lambda d: split(d, "qubit"), "got 'qubit'"),
        (lambda d: split(d, "duration", every=1), "`every` must be at least 2"),
        (lambda d: split(d, "duration", every=3, first=3), "`first` from 0 to below it"),
        (lambda d: thinned(d, {"duration": 0}), r"`steps\['duration'\]` must be a whole number from 1, got 0"),
        (lambda d: thinned(d, {"phase": 2}), "got 'phase'"),
    ],
)
def test_parts_that_are_none_are_refused(chevron, function, words):
    with pytest.raises(DatasetError, match=words):
        function(chevron)


def grid(heights, durations):
    experiment = experiments.chevron(np.linspace(0.45, 0.54, heights), np.arange(1, durations + 1) * 1e-9)
    return experiment.dataset(np.full((2, heights, durations), 0.5))


def test_drawn_rows_are_a_share_of_the_points_in_random_places():
    data = grid(30, 40)
    rows = drawn_rows(data, 0.2, seed=1)
    count = np.prod([len(one) for one in rows.values()])
    assert count / 1200 == pytest.approx(0.2, abs=0.03)
    for dim, one in rows.items():
        assert np.array_equal(one, np.unique(one))
        assert one[0] >= 0
        assert one[-1] < data.sizes[dim]
        # a period would alias
        assert len(set(np.diff(one))) > 1
    assert any(not np.array_equal(one, drawn_rows(data, 0.2, seed=2)[dim]) for dim, one in rows.items())
    found = subsampled(data, 0.2, seed=1)
    assert found.sizes["duration"] == len(rows["duration"])
    validate(found)


def test_every_row_is_drawn_as_often_as_any_other():
    data = grid(30, 40)
    hits = np.zeros(40)
    for seed in range(400):
        hits[drawn_rows(data, 0.2, seed=seed)["duration"]] += 1
    # binomial counts scatter by no more than 4.5 standard deviations
    share = hits.mean() / 400
    assert np.abs(hits - hits.mean()).max() < 4.5 * np.sqrt(400 * share * (1 - share))


def test_short_sweeps_keep_six_rows_and_a_share_must_be_one():
    assert drawn_rows(grid(5, 40), 0.1, seed=0).keys() == {"duration"}
    assert len(drawn_rows(grid(8, 40), 0.01, seed=0)["flux_amplitude"]) == 6
    with pytest.raises(DatasetError, match=r"`share` must be above 0 and at most 1, got 2\. Take 0\.2 for every fifth"):
        drawn_rows(grid(8, 40), 2, seed=0)
