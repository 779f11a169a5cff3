r"""Averaged readout in the IQ plane as one signal: the projection on an axis.

All levels 0 and 1 and their mixtures lie on a line, so that what is measured scatters along it by the population and across it
by noise alone. An axis told by the points themselves has an error, by which signals of different axes differ in offset and
scale. Measurements that share one readout are best put on one axis.
"""

import json

import numpy as np
import xarray as xr

from qrexplore.data.errors import DatasetError
from qrexplore.data.schema import settings, validate, with_missing_points


def principal_angle(*data: xr.Dataset) -> float:
    r"""Give the direction in the IQ plane along which readout varies most.

    .. math:: \theta = \tfrac{1}{2} \mathrm{atan2}(2 C_{iq}, C_{ii} - C_{qq})

    with the covariance C of all points together.

    Parameters
    ----------
    data
        Datasets of one qubit with the variables ``i`` and ``q`` in V, any shape; points that are not finite are left out.

    Returns
    -------
    float
        Angle from the I axis, from -π/2 to π/2 rad: a signal along it grows with I.

    Raises
    ------
    DatasetError
        If a dataset has no ``i`` and ``q``, or all have fewer than two points.
    """
    for one in data:
        _require_quadratures(one)
    points = [np.stack([np.ravel(one[part].values) for part in "iq"]) for one in data]
    both = np.concatenate(points, axis=1) if points else np.zeros((2, 0))
    both = both[:, np.isfinite(both).all(axis=0)]
    if both.shape[1] < 2:
        msg = f"`data` must hold two finite points at least, got {both.shape[1]}."
        raise DatasetError(msg, "Give the results of one measurement at least.")
    both = both - both.mean(axis=1, keepdims=True)
    (ii, iq), (_, qq) = both @ both.T
    return float(np.arctan2(2 * iq, ii - qq) / 2)


def along(data: xr.Dataset, angle: float) -> xr.Dataset:
    r"""Give the dataset with its ``signal`` along an axis of the IQ plane, :math:`I \cos\theta + Q \sin\theta`.

    Parameters
    ----------
    data
        With the variables ``i`` and ``q``, V.
    angle
        From the I axis, rad; see `principal_angle`. It is kept as the setting ``iq_angle``.

    Raises
    ------
    DatasetError
        If there are no ``i`` and ``q``, or nothing finite comes out.
    """
    _require_quadratures(data)
    signal = data["i"] * np.cos(angle) + data["q"] * np.sin(angle)
    signal.attrs = data["i"].attrs | {"long_name": "readout signal, projected"}
    dropped = data.drop_vars("signal_stderr", errors="ignore")  # of another axis
    found = dropped.assign(signal=signal).assign_attrs(settings=json.dumps({**settings(data), "iq_angle": angle}))
    found = with_missing_points(found)
    validate(found)
    return found


def _require_quadratures(data: xr.Dataset) -> None:
    missing = [part for part in "iq" if part not in data]
    if missing:
        msg = f"`data` must have the variables i and q, got {', '.join(map(str, data.data_vars))}."
        raise DatasetError(msg, "Open a file that keeps both quadratures of the readout.")
