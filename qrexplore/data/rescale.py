r"""A signal as population by two calibration points, with the errors that these bring along.

With the signal v and what was measured of levels 0 and 1, a and b,

.. math:: P = (v - a)/(b - a), \qquad
    \mathrm{d}P = \frac{\mathrm{d}v - (1 - P)\,\mathrm{d}a - P\,\mathrm{d}b}{b - a}.

The first part is each point's own; the other two are common to all points of the sweep. They are an offset and a scale,
``P = offset + scale p``, and so are best left to the readout model `RescaledReadout`, whose parameters they are: the dataset
holds the standard deviations and the correlation of both. To first order in the errors of a and b over ``b - a``.
"""

import json

import numpy as np
import xarray as xr
from jaxtyping import Float

from qrexplore.data.errors import DatasetError
from qrexplore.data.schema import settings, validate, with_missing_points

_SETTINGS = ("offset_stderr", "scale_stderr", "offset_scale_correlation")
# beyond it the first order is wrong by more than a tenth of the error
_LARGEST = 0.1


def rescaled(
    data: xr.Dataset, zero: tuple[float, float], one: tuple[float, float], *, qubit: str | None = None
) -> xr.Dataset:
    """Turn the signal of one qubit into a population.

    Parameters
    ----------
    data
        With a ``signal``, and a ``signal_stderr`` if known.
    zero, one
        Signal measured in level 0 and in level 1 with its standard error, V.
    qubit
        Which of the qubits; may be left out if there is one.

    Returns
    -------
    Dataset
        With ``population``, its own errors as ``population_stderr``, the two points as ``signal_calibration``, and the
        settings ``offset_stderr``, ``scale_stderr`` and ``offset_scale_correlation`` of the errors that all points share.

    Raises
    ------
    DatasetError
        If there is no signal, several qubits and no name, or the two points are not told apart.
    """
    names = data["qubit"].values.tolist()
    if "signal" not in data or (qubit is None and len(names) != 1) or (qubit is not None and qubit not in names):
        msg = f"`data` must have a signal of the qubit to rescale, got {list(data.data_vars)} of qubits {names}."
        raise DatasetError(msg, "Name one of the qubits in `qubit`.")
    (low, low_error), (high, high_error) = zero, one
    contrast, largest = high - low, float(np.hypot(low_error, high_error))
    if not (np.isfinite(contrast) and min(low_error, high_error) >= 0 and largest <= _LARGEST * abs(contrast)):
        msg = f"`zero` and `one` must lie ten times their error apart, got {zero} and {one} in V."
        raise DatasetError(msg, "Measure the calibration points with more shots.")
    data = data.sel(qubit=[names[0] if qubit is None else qubit])
    signal, stderr = data["signal"], data.get("signal_stderr")
    attributes = {"units": "1", "long_name": "population of level 1, rescaled"}
    new: dict[str, xr.Variable] = {"population": xr.Variable(signal.dims, (signal.values - low) / contrast, attributes)}
    if stderr is not None:
        words = {"units": "1", "long_name": "standard error of each point alone"}
        new["population_stderr"] = xr.Variable(signal.dims, stderr.values / abs(contrast), words)
    words = {"units": "V", "long_name": "readout signal of levels 0 and 1"}
    new["signal_calibration"] = xr.Variable(("qubit", "level"), [[low, high]], words)
    offset, scale = low_error / abs(contrast), largest / abs(contrast)
    # offset = -da/(b - a) and scale = 1 - (db - da)/(b - a)
    correlation = -low_error / largest if largest else 0.0
    shared = dict(zip(_SETTINGS, (offset, scale, correlation), strict=True))
    found = data.drop_vars(["signal", *([] if stderr is None else ["signal_stderr"])]).assign(new)
    found = with_missing_points(found.assign_attrs(settings=json.dumps({**settings(data), **shared})))
    validate(found)
    return found


def shared_covariance(data: xr.Dataset) -> Float[np.ndarray, "2 2"]:
    """Give the covariance of the offset and the scale of rescaled populations.

    Raises
    ------
    DatasetError
        If the dataset does not come from `rescaled`.
    """
    known = settings(data)
    missing = [name for name in _SETTINGS if name not in known]
    if missing:
        msg = f"`data` must have the settings {', '.join(_SETTINGS)}, got none for {', '.join(missing)}."
        raise DatasetError(msg, "Rescale a signal with qrexplore.data.rescaled.")
    offset, scale, correlation = (float(known[name]) for name in _SETTINGS)
    return np.array([[offset**2, correlation * offset * scale], [correlation * offset * scale, scale**2]])


def population_covariance(data: xr.Dataset) -> Float[np.ndarray, "points points"]:
    """Give the whole covariance of rescaled populations, points in the order of the flattened sweep.

    Notes
    -----
    The shared part is taken at the measured populations. To fit, rather free offset and scale under `shared_covariance`.
    """
    population = np.asarray(data["population"].values, dtype=np.float64).reshape(-1)
    shape = np.stack([np.ones_like(population), population], axis=1)
    own = np.asarray(data["population_stderr"].values).reshape(-1) if "population_stderr" in data else 0 * population
    return np.diag(own**2) + shape @ shared_covariance(data) @ shape.T
