"""Data against the twin: arrays, labels and units ready to draw, and how far apart the two are."""

from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Float32

from qrexplore.core import prefix_for
from qrexplore.data import PARTS, observable
from qrexplore.experiments import PART_NAMES, Experiment
from qrexplore.learn import Measured, measured, misfit

# swept levels, of which there are two or three
_LEVELS = ("control", "prepared_level", "prepared_state")


@dataclass(frozen=True)
class Axis:
    """An axis: words, the unit as written, and the factor by which SI numbers are divided."""

    label: str
    unit: str
    factor: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """What is drawn of a measurement, apart from the prediction.

    Attributes
    ----------
    kind
        ``curve`` (one sweep) or ``heatmap`` (two).
    title
        What was measured.
    series
        One name a curve or map: the qubit, and the quadrature, axis or level of a control if there is one.
    x, y, z
        Axes; z is the observable of a heat map, y that of a curve.
    x_values, y_values
        Swept numbers in SI units; `y_values` is empty for curves.
    data, errors
        Measured numbers and standard errors in 32 bits, which is finer than any screen: ``(series, x)`` or
        ``(series, y, x)``. `errors` is None if unknown, and 0 for a point whose stated error is none above 0.
    experiment, measured
        What was done, and the numbers that predictions are judged against.
    """

    kind: str
    title: str
    series: tuple[str, ...]
    x: Axis
    y: Axis
    z: Axis | None
    x_values: Float[np.ndarray, " x"]
    y_values: Float[np.ndarray, " y"]
    data: Float32[np.ndarray, "series *sweep"]
    errors: Float32[np.ndarray, "series *sweep"] | None
    experiment: Experiment
    measured: Measured

    @property
    def frame(self) -> dict[str, Any]:
        """Axes, labels and swept numbers as plain words and numbers, as the data view takes them."""
        plain: dict[str, Any] = {
            "kind": self.kind,
            "title": self.title,
            "series": list(self.series),
            "x": asdict(self.x),
            "y": asdict(self.y),
            "x_values": self.x_values.tolist(),
        }
        if self.z is not None:
            plain |= {"z": asdict(self.z), "y_values": self.y_values.tolist()}
        return plain

    def arranged(self, prediction: Float[np.ndarray, "qubit *sweep"]) -> Float32[np.ndarray, "series *sweep"]:
        """Give a prediction in the order of `data`."""
        return _arranged(self.experiment, np.asarray(prediction)).astype(np.float32)

    def misfit(self, prediction: Float[np.ndarray, "qubit *sweep"]) -> float:
        """Give rms(data - prediction) / rms(data about their mean), each qubit with its own scale."""
        return misfit([self.measured], [np.asarray(prediction)])

    def summary(self, prediction: Float[np.ndarray, "qubit *sweep"]) -> str:
        """Say in numbers how far a prediction is from the data."""
        words = f"rms misfit / rms data {self.misfit(prediction):.4f}"
        if self.measured.noise == "unknown" or not self.measured.present.any():
            return words
        deviation = (np.asarray(prediction) - self.measured.values) / self.measured.sigma
        chi2 = float(np.nanmean(deviation**2))
        noise = "stated" if self.measured.noise == "file" else "estimated"
        return f"{words}    chi²/N {chi2:.2f} ({noise} noise)"


def comparison(experiment: Experiment, data: xr.Dataset) -> Comparison:
    """Arrange a measurement for drawing.

    Parameters
    ----------
    experiment
        What was done.
    data
        What came out.
    """
    array = observable(data)
    branches = _branches(experiment)
    part = measured(data, "gaussian")
    values = _arranged(experiment, part.values)
    amount = _axis(array.attrs.get("long_name", str(array.name)), array.attrs.get("units", "1"), values)
    sweeps = [_sweep(data, dim) for dim in experiment.protocol.dims if dim not in branches]
    axes = [_axis(words, units, found) for words, units, found in sweeps]
    heatmap = len(sweeps) == 2
    # a point whose stated error is none is drawn, without a bar
    errors = _arranged(experiment, np.nan_to_num(part.sigma)) if part.noise == "file" else None
    title = f"{experiment.name.replace('_', ' ')} of {', '.join(experiment.qubits)}"
    source = str(data.attrs.get("source", ""))
    return Comparison(
        kind="heatmap" if heatmap else "curve",
        title=f"{title} · {source}" if source else title,
        series=_series(experiment),
        x=axes[-1],
        y=axes[0] if heatmap else amount,
        z=amount if heatmap else None,
        x_values=sweeps[-1][2],
        y_values=sweeps[0][2] if heatmap else np.zeros(0),
        data=values.astype(np.float32),
        errors=None if errors is None else errors.astype(np.float32),
        experiment=experiment,
        measured=part,
    )


def _branches(experiment: Experiment) -> tuple[str, ...]:
    """Give the dimensions that tell series apart instead of being an axis: words, levels, and what exceeds two axes."""
    dims = experiment.protocol.dims
    few = [dim for dim in dims if dim in experiment.protocol.codes or dim in _LEVELS]
    axes = [dim for dim in dims if dim not in few][-2:] or [dims[-1]]
    return tuple(dim for dim in dims if dim not in axes)


def _series(experiment: Experiment) -> tuple[str, ...]:
    parts = [[str(part) for part in PART_NAMES.get(experiment.observable, [""])]]
    branches = [_names(experiment, dim) for dim in _branches(experiment)]
    return tuple(" ".join(filter(None, words)) for words in product(experiment.qubits, *branches, *parts))


def _names(experiment: Experiment, dim: str) -> list[str]:
    """Give a name for each value along a dimension: the word itself, or what it is of."""
    coordinate = experiment.coordinates[dim]
    if dim in experiment.protocol.codes:
        return [str(word) for word in coordinate.values]
    factor, written = prefix_for(float(np.max(np.abs(coordinate.values))), coordinate.units)
    unit = "" if written == "1" else f" {written}"
    return [f"{dim.replace('_', ' ')} {value / factor:g}{unit}" for value in coordinate.values]


def _arranged(experiment: Experiment, values: np.ndarray) -> np.ndarray:
    """Give values as (series, axes): what tells series apart comes before the axes, and all of it is one dimension."""
    dims, branches = experiment.protocol.dims, _branches(experiment)
    parts = [len(dims) + 1] if experiment.observable in PARTS else []
    first = [0, *(1 + dims.index(dim) for dim in branches), *parts]
    axes = [1 + place for place, dim in enumerate(dims) if dim not in branches]
    moved = np.transpose(values, [*first, *axes])
    return moved.reshape(-1, *moved.shape[len(first) :])


def _sweep(data: xr.Dataset, dim: str) -> tuple[str, str, np.ndarray]:
    if dim in data.coords:
        coordinate = data.coords[dim]
    elif (common := _common(data, dim)) is not None:
        coordinate = common
    else:  # the points of a frequency grid that moves with the bias have no common value
        return f"{dim} of the row", "1", np.arange(data.sizes[dim], dtype=np.float64)
    words = coordinate.attrs.get("long_name", dim)
    return words, coordinate.attrs.get("units", "1"), np.asarray(coordinate.values, dtype=np.float64)


def _common(data: xr.Dataset, dim: str) -> xr.DataArray | None:
    """Give the row of a grid of sweep values whose rows are all the same."""
    for coordinate in data.coords.values():
        if coordinate.ndim == 2 and coordinate.dims[-1] == dim and (coordinate == coordinate[0]).all():
            return coordinate[0]
    return None


def _axis(words: str, units: str, values: np.ndarray) -> Axis:
    finite: Any = np.abs(values[np.isfinite(values)])
    factor, written = prefix_for(float(finite.max()) if finite.size else 0.0, units)
    return Axis(words, written, factor)
