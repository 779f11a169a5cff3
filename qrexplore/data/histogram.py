"""Single shots in the IQ plane as counts in the bins of a grid: all that a mixture of clouds is fitted to, in few numbers."""

import numpy as np
import xarray as xr

from qrexplore.data.errors import DatasetError

BINS = 14
# shares of the shots beyond the inner edges, at either side
_OUTSIDE = 2e-3


def binned(data: xr.Dataset, *, bins: int = BINS) -> xr.Dataset:
    """Count single shots in bins of the IQ plane.

    Parameters
    ----------
    data
        Holds ``iq_shots`` with the last dimensions ``component`` and ``shot``.
    bins
        Along each axis, at least 4. The outermost have no end; the others are as wide as each other and hold all but a few shots.
        Bins of half the width of a cloud lose next to nothing.

    Returns
    -------
    Dataset
        With ``iq_counts`` (columns along the in-phase signal, rows along the quadrature) and ``iq_edges`` (V) in place of the
        shots. A point with a shot that is NaN is left out: its counts are NaN.

    Raises
    ------
    DatasetError
        If there are no single shots, no point where all of them are finite, or too few bins.
    """
    if "iq_shots" not in data:
        msg = f"`data` must hold single shots ('iq_shots'), got {', '.join(map(str, data.data_vars))}."
        raise DatasetError(msg, "Keep them in the measurement, or in simulate with single_shots=True.")
    if bins < 4:
        msg = f"`bins` must be at least 4, got {bins}."
        raise DatasetError(msg, f"Take {BINS}.")
    shots = data["iq_shots"].transpose("qubit", ..., "component", "shot")
    if not np.isfinite(shots.values).all(axis=(-2, -1)).any():
        msg = "`iq_shots` must have a point whose shots are all finite, got none."
        raise DatasetError(msg, "Leave the dataset out, or measure it again.")
    counts, edges = [], []
    for one in shots.values:
        flat = one.reshape(-1, *one.shape[-2:])
        ends = [np.nanquantile(flat[:, k], [_OUTSIDE, 1 - _OUTSIDE]) for k in range(2)]
        inner = np.stack([np.linspace(low, high, bins - 1) for low, high in ends])
        places = [np.searchsorted(inner[k], flat[:, k]) for k in range(2)]
        joint = places[0] * bins + places[1]
        found = np.stack([np.bincount(row, minlength=bins**2) for row in joint]).astype(np.float64)
        found[~np.all(np.isfinite(flat), axis=(1, 2))] = np.nan
        counts.append(found.reshape(*one.shape[:-2], bins, bins))
        edges.append(inner)
    units, sweep = shots.attrs["units"], tuple(shots.dims[:-2])
    words = {"units": "1", "long_name": "shots in each bin of the IQ plane"}
    lines = {"units": units, "long_name": "inner edges of the bins of the IQ plane"}
    return data.drop_vars("iq_shots").assign(
        iq_counts=((*sweep, "column", "row"), np.stack(counts), words),
        iq_edges=(("qubit", "component", "edge"), np.stack(edges), lines),
    )
