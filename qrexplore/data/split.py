"""Parts of a measurement: rows that are kept out of a fit to score it, and some of the points for a quick look.

Whole rows are kept out, never single points: neighbours of a point tell nearly what it does, so that a model that fits them
too well would still be right about it.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from qrexplore.data.errors import DatasetError
from qrexplore.data.schema import APART, observable

# points that are left along a sweep at least, so that its curve can still be told
_FEWEST = 6


def _size(data: xr.Dataset, dim: str) -> int:
    if dim not in data.dims or dim == "qubit":
        sweeps = [str(name) for name in data.dims if name != "qubit"]
        msg = f"`dim` must be a sweep of the data, got {dim!r}; there are {', '.join(sweeps)}."
        raise DatasetError(msg, "Name one of them.")
    return data.sizes[dim]


def split(data: xr.Dataset, dim: str, *, every: int = 3, first: int = 1) -> tuple[xr.Dataset, xr.Dataset]:
    """Keep whole rows out of a fit.

    Parameters
    ----------
    data
        What was measured.
    dim
        Dimension of the sweep along which rows are kept out.
    every, first
        One row in so many, beginning with this one.

    Returns
    -------
    fitted, held
        Two datasets with all rows between them, in their order.

    Raises
    ------
    DatasetError
        If there is no such sweep, or one of the two parts would be empty.
    """
    size = _size(data, dim)
    if every < 2 or not 0 <= first < min(every, size):
        msg = (
            f"`every` must be at least 2 and `first` from 0 to below it and below {size} rows, got {every} and {first}."
        )
        raise DatasetError(msg, "Leave them out for every third row.")
    held = np.arange(first, size, every)
    return data.isel({dim: np.setdiff1d(np.arange(size), held)}), data.isel({dim: held})


def thinned(data: xr.Dataset, steps: Mapping[str, int]) -> xr.Dataset:
    """Keep every so many points along some sweeps, both ends of each as far as the step allows.

    Parameters
    ----------
    data
        What was measured.
    steps
        Step along each dimension, by its name: ``{"flux_amplitude": 2}``.

    Raises
    ------
    DatasetError
        If there is no such sweep, or a step is no whole number from 1.
    """
    chosen = {}
    for dim, step in steps.items():
        size = _size(data, dim)
        if step != int(step) or step < 1:
            msg = f"`steps[{dim!r}]` must be a whole number from 1, got {step!r}."
            raise DatasetError(msg, "Take 2 for every second point.")
        chosen[dim] = slice(0, size, int(step))
    return data.isel(chosen)


def drawn_rows(data: xr.Dataset, share: float, *, seed: int) -> dict[str, np.ndarray]:
    """Draw rows of each sweep for a share of the points: in random places, so that no fringe is taken for another one.

    Parameters
    ----------
    data
        What was measured.
    share
        Of the points, in (0, 1]. Sweeps of names (``control``, ``quadrature``) stay whole, others keep 6 rows at least.
    seed
        Of the draw; which rows it takes does not depend on what was measured, so that a fit to them is not biased.

    Returns
    -------
    dict
        Positions along each sweep, rising, for ``data.isel``.

    Raises
    ------
    DatasetError
        If the share is none.
    """
    if not 0 < share <= 1:
        msg = f"`share` must be above 0 and at most 1, got {share!r}."
        raise DatasetError(msg, "Take 0.2 for every fifth point.")
    array = observable(data)
    sweeps = [str(dim) for dim in array.dims if dim not in APART and array.sizes[dim] > _FEWEST]
    sweeps.sort(key=lambda dim: array.sizes[dim])
    random, found, left = np.random.default_rng(seed), {}, share
    for place, dim in enumerate(sweeps):
        size = array.sizes[dim]
        # the longer sweeps make up for what a short one keeps
        count = min(size, max(_FEWEST, round(size * left ** (1 / (len(sweeps) - place)))))
        left = min(1.0, left * size / count)
        found[dim] = np.sort(random.choice(size, count, replace=False))
    return found


def subsampled(data: xr.Dataset, share: float, *, seed: int = 0) -> xr.Dataset:
    """Keep a share of the points, in rows that are drawn.

    Parameters
    ----------
    data, share, seed
        As in `drawn_rows`.
    """
    return data.isel(drawn_rows(data, share, seed=seed))
