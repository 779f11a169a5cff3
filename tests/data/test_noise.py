"""The noise of data, told by third differences."""

import numpy as np
import pytest
import xarray as xr

import qrexplore.data as qd


@pytest.mark.parametrize("robust", [True, False])
def test_white_noise_is_found_per_qubit_and_quadrature(*, robust: bool) -> None:
    scale = np.array([[0.1, 0.2], [0.3, 0.4], [1.0, 2.0]])
    noise = np.random.default_rng(5).normal(size=(3, 2, 4000)) * scale[..., None]
    data = xr.DataArray(noise, dims=("qubit", "quadrature", "duration"), attrs={"units": "V"})
    found = qd.estimate_noise(data, "duration", robust=robust)
    assert found.dims == ("qubit", "quadrature")
    assert found.attrs["units"] == "V"
    np.testing.assert_allclose(found, scale, rtol=0.06)


def test_the_square_is_unbiased() -> None:
    noise = np.random.default_rng(6).normal(size=(20_000, 6))
    data = xr.DataArray(noise, dims=("qubit", "delay"))
    assert float((qd.estimate_noise(data, "delay", robust=False) ** 2).mean()) == pytest.approx(1, abs=0.03)


def test_outliers_and_a_step_hardly_count_by_default() -> None:
    noise = np.random.default_rng(8).normal(size=(1, 20_000))
    noise[0, 500:] += 50
    noise[0, [100, 700]] = 1e3
    data = xr.DataArray(noise, dims=("qubit", "delay"))
    assert float(qd.estimate_noise(data, "delay")[0]) == pytest.approx(1, abs=0.05)


def test_a_parabola_is_no_noise() -> None:
    x = np.arange(20.0)
    data = xr.DataArray((3 * x**2 - x + 1)[None], dims=("qubit", "delay"), coords={"delay": x})
    found = qd.estimate_noise(data, "delay")
    assert float(found[0]) < 1e-10
    assert list(found.coords) == []


def test_other_sweeps_are_averaged_and_missing_points_left_out() -> None:
    noise = np.random.default_rng(7).normal(size=(2, 300, 40))
    noise[0, 5, 6] = np.nan
    data = xr.DataArray(noise, dims=("qubit", "flux_amplitude", "duration"))
    found = qd.estimate_noise(data, "flux_amplitude")
    assert found.dims == ("qubit",)
    np.testing.assert_allclose(found, 1, rtol=0.05)


@pytest.mark.parametrize(("dim", "size"), [("delay", 3), ("tea", 9)])
def test_a_dimension_too_short_or_missing_is_refused(dim: str, size: int) -> None:
    data = xr.DataArray(np.zeros((1, size)), dims=("qubit", "delay"))
    with pytest.raises(qd.DatasetError, match="at least 4 points"):
        qd.estimate_noise(data, dim)
