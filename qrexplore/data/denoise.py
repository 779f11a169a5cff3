r"""Denoised data, for the recipe of the white paper: smooth, rescale, then compare by mean squared error.

Two sweeps of evenly spaced points are written as a sum of products and what is below the noise is left out, by the hard
threshold that is best for white noise of a known size. One sweep is smoothed by local polynomials over a window whose length
has the least risk by Stein's estimate,

.. math:: R = \lVert y - H y \rVert^2 + 2 \sigma^2 \operatorname{tr} H - n \sigma^2 .

What is left of the noise is correlated and no longer known, so a likelihood cannot be made of it.

References
----------
Gavish and Donoho, IEEE Trans. Inf. Theory 60, 5040 (2014), eq. (11); Stein, Ann. Statist. 9, 1135 (1981); Savitzky and Golay,
Anal. Chem. 36, 1627 (1964).
"""

from itertools import product

import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.signal import savgol_filter

from qrexplore.data.errors import DatasetError
from qrexplore.data.noise import estimate_noise
from qrexplore.data.schema import APART, observable

DENOISED = "denoised"
_ORDER = 3
_SHORTEST = 8


def denoised(data: xr.Dataset) -> xr.Dataset:
    """Give a dataset with the noise taken off its observable as well as the data alone allow.

    Parameters
    ----------
    data
        Evenly spaced along its one or two longest sweeps, with at least 8 points each; no point missing.

    Returns
    -------
    Dataset
        Without standard errors, and with the attribute ``denoised``.

    Raises
    ------
    DatasetError
        If a point is missing, or no sweep is long enough.
    """
    array = observable(data)
    values = np.asarray(array.values, dtype=np.float64)
    missing = int(np.sum(~np.isfinite(values)))
    if missing:
        msg = f"`data` must have all its points to be denoised, got {missing} that are missing."
        raise DatasetError(msg, "Cut the rows that hold them, for example with data.isel.")
    sweeps = [str(dim) for dim in array.dims if dim not in APART and array.sizes[dim] >= _SHORTEST]
    if not sweeps:
        msg = f"`data` must have a sweep of at least {_SHORTEST} points, got {dict(array.sizes)}."
        raise DatasetError(msg, "Data that short are better left as they are.")
    along = sorted(sweeps, key=lambda dim: array.sizes[dim])[-2:]
    noise = min((estimate_noise(array, dim) for dim in along), key=lambda one: float(one.mean()))
    ordered = array.transpose(..., *along)
    found = np.array(ordered.values, dtype=np.float64)
    sizes = np.broadcast_to(
        noise.broadcast_like(ordered.isel(dict.fromkeys(along, 0))).values, found.shape[: found.ndim - len(along)]
    )
    for place in product(*map(range, sizes.shape)):
        sigma = float(sizes[place])
        found[place] = _low_rank(found[place], sigma) if len(along) > 1 else _smooth(found[place], sigma)
    kept = data.drop_vars([name for name in (f"{array.name}_stderr",) if name in data])
    smooth = ordered.copy(data=found).transpose(*array.dims)
    return kept.assign({str(array.name): smooth}).assign_attrs({DENOISED: 1})


def _low_rank(values: Float[np.ndarray, "rows columns"], sigma: float) -> Float[np.ndarray, "rows columns"]:
    """Keep the singular values above the best threshold for white noise."""
    center = values.mean()
    left, singular, right = np.linalg.svd(values - center, full_matrices=False)
    short, long = sorted(values.shape)
    beta = short / long
    threshold = np.sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + np.sqrt(beta**2 + 14 * beta + 1)))
    strong = singular > threshold * np.sqrt(long) * sigma
    return center + (left[:, strong] * singular[strong]) @ right[strong]


def _smooth(values: Float[np.ndarray, " points"], sigma: float) -> Float[np.ndarray, " points"]:
    """Take the window with the least estimated risk; none at all is one of them."""
    best, found = len(values) * sigma**2, values
    for window in range(_ORDER + 2, len(values) + 1, 2):
        hat = np.asarray(savgol_filter(np.eye(len(values)), window, _ORDER, axis=0))
        smooth = hat @ values
        risk = np.sum((values - smooth) ** 2) + 2 * sigma**2 * np.trace(hat) - len(values) * sigma**2
        if risk < best:
            best, found = risk, smooth
    return found
