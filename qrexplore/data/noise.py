r"""How noisy measured data are, told by the data alone.

Third differences remove every parabola, so what is left of a well-sampled curve is noise: for white noise of variance
:math:`\sigma^2`, :math:`y_{k+3} - 3 y_{k+2} + 3 y_{k+1} - y_k` has the variance :math:`20 \sigma^2`.
"""

import numpy as np
import xarray as xr

from qrexplore.data.errors import DatasetError

_KEPT = ("qubit", "quadrature", "outcome")
_MEDIAN_TO_SIGMA = 1.482602  # of a Gaussian: its standard deviation over the median of its magnitude


def third_differences(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Give ``y[k+3] - 3 y[k+2] + 3 y[k+1] - y[k]`` along an axis of evenly spaced points."""
    return np.diff(values, n=3, axis=axis)


def estimate_noise(data: xr.DataArray, dim: str, *, robust: bool = True) -> xr.DataArray:
    r"""Estimate the noise of each qubit (and quadrature, outcome) from third differences along a dimension.

    .. math:: \hat\sigma = 1.4826 \, \mathrm{median} |\Delta^3 y| / \sqrt{20}
        \quad\text{or}\quad \sqrt{\langle (\Delta^3 y)^2 \rangle / 20}

    Both are right for white Gaussian noise; an upper bound where the curve itself bends within four points.

    Parameters
    ----------
    data
        Measured values, evenly spaced along `dim`; NaN are left out.
    dim
        Dimension with at least 4 points.
    robust
        Take the median, which passes over outliers and the stretches where the curve bends; otherwise the mean square,
        which scatters less in short data.

    Returns
    -------
    xarray.DataArray
        Standard deviation of one point in the unit of the data, with the dimensions ``qubit``, ``quadrature`` and
        ``outcome`` as far as the data have them.

    Raises
    ------
    DatasetError
        If the dimension is missing or too short.
    """
    if dim not in data.dims or data.sizes[dim] < 4:
        msg = f"`dim` must be a dimension with at least 4 points, got {dim!r} of {dict(data.sizes)}."
        raise DatasetError(msg, "Choose the finest sweep of the data.")
    differences = xr.apply_ufunc(
        third_differences, data, input_core_dims=[[dim]], output_core_dims=[["difference"]], keep_attrs=False
    )
    kept = [str(name) for name in data.dims if name in _KEPT and name != dim]
    averaged = [name for name in differences.dims if name not in kept]
    # coordinates that vary along an averaged dimension mean nothing afterwards
    if robust:
        result = np.abs(differences).median(averaged) * (_MEDIAN_TO_SIGMA / np.sqrt(20))
    else:
        result = np.sqrt((differences**2).mean(averaged) / 20)
    result = result.reset_coords(drop=True)
    result.attrs = {"units": data.attrs.get("units", "1"), "long_name": "noise (standard deviation of one point)"}
    return result.rename("noise")
