"""Experiments: a protocol, the swept coordinates and the settings; no data and no results."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from qrexplore.core import require_axis, require_choice, require_finite, require_shots
from qrexplore.data import COMPONENTS, PARTS, DatasetError, observable, stated_shots
from qrexplore.experiments.blocks import Block

# frame of experiments whose file does not say at which frequency the qubit was driven
NOMINAL_FREQUENCY = 5e9

# what is reported: unit and words
REPORTS = {
    "population": ("1", "population of level 1 as read"),
    "signal": ("V", "readout signal"),
    "iq": ("V", "readout signal in the IQ plane"),
    "probability": ("1", "share of each outcome"),
    "transmission": ("1", "modulus of what comes out of the probed resonator"),
}
# names along the last dimension of observables that are more than one number
PART_NAMES = {"iq": list(COMPONENTS), "probability": [0, 1, 2]}

# settings that are numbers to a compiler, as are coordinates in these units; all else shapes what is computed
_NUMBERS = (
    "drive_frequency", "drive_frequencies", "drive_amplitude", "drive_phase", "flux_amplitude", "artificial_detuning",
)  # fmt: skip
_NUMBER_UNITS = ("V", "Hz", "rad")

Point = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Coordinate:
    """A swept quantity: values along one or more dimensions of the sweep, with unit and words."""

    dims: tuple[str, ...]
    values: np.ndarray
    units: str
    long_name: str


@dataclass(frozen=True, eq=False)
class Protocol:
    """What an experiment does at one point of its sweep.

    Attributes
    ----------
    name
        As in the attribute ``experiment`` of a dataset.
    dims
        Dimensions of the sweep, slowest first.
    coordinates
        Unit and words of each swept quantity.
    preparation
        Level in which each qubit starts (dressed states), where no `Prepare` block says otherwise.
    sequence
        Gives the blocks at one point. It reads fixed lengths from the experiment and traced numbers from the point.
    settings
        Settings that a dataset may leave out, with the value taken then and its meaning.
    codes
        For coordinates that are words: the number that stands for each word in a point.
    single_shots
        Whether results keep every single shot beside the mean.
    """

    name: str
    dims: tuple[str, ...]
    coordinates: Mapping[str, tuple[str, str]]
    preparation: int
    sequence: "Callable[[Experiment, Point], tuple[Block, ...]]"
    settings: Mapping[str, float] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    single_shots: bool = False


@dataclass(frozen=True, eq=False)
class Experiment:
    """A protocol with its sweep: what a backend runs and a twin predicts.

    It is a pytree: voltages, frequencies and phases, swept or set, are leaves, and what a compiled function is handed may have
    others. Durations, counts and names shape what is computed; each of them takes a compilation of its own.

    Attributes
    ----------
    protocol
        What happens at each point.
    qubits
        Measured qubits, in the order of the dimension ``qubit``.
    coordinates
        Swept quantities by name.
    settings
        Numbers and names that do not vary, in SI units.
    observable, units
        What is reported: ``population`` ("1"), ``signal`` ("V"), ``iq`` ("V", with the dimension ``component``),
        ``probability`` ("1", with the dimension ``outcome``), or ``transmission`` ("1") of a probed resonator.
    shots
        Repetitions behind each point, at least 1, if known.
    traced
        Swept quantities as the leaves of this pytree, while it is one; `points` are made of them.
    """

    protocol: Protocol
    qubits: tuple[str, ...]
    coordinates: Mapping[str, Coordinate]
    settings: Mapping[str, Any] = field(default_factory=dict)
    observable: str = "population"
    units: str = "1"
    shots: int | None = None
    traced: Mapping[str, Array] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Check the number of shots, or ValueError."""
        require_shots(self.shots)

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        swept = tuple((name, c.dims, c.values.tobytes()) for name, c in self.coordinates.items())
        settings = json.dumps(dict(self.settings), sort_keys=True)
        return (self.protocol.name, self.qubits, swept, settings, self.observable, self.units, self.shots)

    def __eq__(self, other: object) -> bool:
        """Whether two experiments do the same, so that what was compiled for one serves the other."""
        return isinstance(other, Experiment) and self._key == other._key

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self._key)

    @cached_property
    def outline(self) -> "Experiment":
        """The experiment with 0 for all numbers that do not shape what is computed; it tells what is compiled together."""
        settings = {
            name: np.zeros(np.shape(value)).tolist() if name in _NUMBERS else value
            for name, value in self.settings.items()
        }
        coordinates = {
            name: replace(c, values=np.zeros(c.values.shape)) if c.units in _NUMBER_UNITS else c
            for name, c in self.coordinates.items()
        }
        return replace(self, settings=settings, coordinates=coordinates)

    def leaves(self) -> tuple[dict[str, Array], Mapping[str, Array]]:
        """Give the settings and the swept quantities that may vary without anything being compiled anew."""
        settings = {name: jnp.asarray(self.settings[name], dtype=float) for name in _NUMBERS if name in self.settings}
        coordinates = {name: jnp.asarray(self._number(name)) for name in self.coordinates}
        return settings, self.traced or coordinates

    def given(self, settings: Mapping[str, Array], coordinates: Mapping[str, Array]) -> "Experiment":
        """Give the experiment with other leaves; those that shape what is computed stay as they are beside them."""
        free = {
            name: replace(self.coordinates[name], values=values)
            for name, values in coordinates.items()
            if self.coordinates[name].units in _NUMBER_UNITS
        }
        return replace(
            self, settings={**self.settings, **settings}, coordinates={**self.coordinates, **free}, traced=coordinates
        )

    @property
    def name(self) -> str:
        """Name of the protocol."""
        return self.protocol.name

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the result, ``qubit`` first; components or outcomes last, if there are any."""
        last = (PARTS[self.observable],) if self.observable in PARTS else ()
        return ("qubit", *self.protocol.dims, *last)

    @property
    def sweep_shape(self) -> tuple[int, ...]:
        """Number of points along each dimension of the sweep."""
        sizes: dict[str, int] = {}
        for coordinate in self.coordinates.values():
            sizes.update(zip(coordinate.dims, coordinate.values.shape, strict=True))
        return tuple(sizes[dim] for dim in self.protocol.dims)

    def points(self) -> dict[str, Any]:
        """Give the swept quantities at every point of the sweep, flattened with the last dimension fastest."""
        shape = self.sweep_shape
        flat = {}
        for name, coordinate in self.coordinates.items():
            values = self.traced[name] if self.traced else self._number(name)
            places = [self.protocol.dims.index(dim) for dim in coordinate.dims]
            template = [1] * len(shape)
            for place, size in zip(places, coordinate.values.shape, strict=True):
                template[place] = size
            spread = jnp.broadcast_to if self.traced else np.broadcast_to
            flat[name] = spread(values.reshape(template), shape).reshape(-1)
        return flat

    def _number(self, name: str) -> np.ndarray:
        """Give the values of a swept quantity as numbers; words have codes."""
        values, codes = self.coordinates[name].values, self.protocol.codes.get(name)
        return values if codes is None else np.array([codes[str(word)] for word in values])

    def first_blocks(self) -> tuple[Block, ...]:
        """Give what is done at the first point of the sweep: which blocks there are is the same at all points."""
        return self.protocol.sequence(self, {name: jnp.asarray(values[0]) for name, values in self.points().items()})

    def setting(self, name: str) -> Any:
        """Give a setting, or the value that the protocol takes where a dataset leaves it out."""
        return self.settings[name] if name in self.settings else self.protocol.settings[name]

    def largest(self, name: str) -> float:
        """Give the largest value of a swept quantity; a fixed number that may shape arrays."""
        return float(np.max(self.coordinates[name].values))

    def dataset(self, values: np.ndarray) -> xr.Dataset:
        """Wrap results in a labelled dataset.

        Parameters
        ----------
        values
            Results with the dimensions `dims`.
        """
        coordinates: dict[str, Any] = {"qubit": ("qubit", list(self.qubits), {"units": "1", "long_name": "qubit"})}
        for name, coordinate in self.coordinates.items():
            coordinates[name] = (
                coordinate.dims,
                coordinate.values,
                {"units": coordinate.units, "long_name": coordinate.long_name},
            )
        if self.observable in PARTS:
            part = PARTS[self.observable]
            coordinates[part] = (part, PART_NAMES[self.observable], {"units": "1", "long_name": part})
        attributes = {"units": self.units, "long_name": REPORTS[self.observable][1]}
        return xr.Dataset(
            {self.observable: (self.dims, np.array(values), attributes)},
            coords=coordinates,
            attrs={
                "experiment": self.name,
                "settings": json.dumps({**self.settings, **({} if self.shots is None else {"shots": self.shots})}),
                "source_format": "qrexplore",
                "source": "",
                "created": "",
                "title": f"{self.name} of {', '.join(self.qubits)}",
            },
        )


jax.tree_util.register_pytree_node(
    Experiment,
    lambda experiment: (experiment.leaves(), experiment.outline),
    lambda outline, leaves: outline.given(*leaves),
)


def build(
    protocol: Protocol,
    qubits: str | tuple[str, ...],
    sweeps: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    *,
    signal: bool = False,
    report: str | None = None,
    shots: int | None = None,
) -> Experiment:
    """Make an experiment from one axis a dimension; the builders of the modules call it.

    Raises
    ------
    ValueError
        If an axis is empty or not finite, `report` is no observable, or there are no shots.
    """
    chosen = report or ("signal" if signal else "population")
    require_choice(chosen, "report", tuple(REPORTS))
    coordinates = {}
    for name, values in sweeps.items():
        units, words = protocol.coordinates[name]
        if name not in protocol.codes:
            values = require_axis(values, name, units)  # noqa: PLW2901 (checked form of the same thing)
        coordinates[name] = Coordinate((name,), np.asarray(values), units, words)
    return Experiment(
        protocol=protocol,
        qubits=(qubits,) if isinstance(qubits, str) else tuple(qubits),
        coordinates=coordinates,
        settings=dict(settings or {}),
        observable=chosen,
        units=REPORTS[chosen][0],
        shots=shots,
    )


def spectra(
    protocol: Protocol,
    qubit: str,
    sweep: Mapping[str, Any],
    drive_frequency: Any,
    settings: Mapping[str, Any],
    *,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Make spectroscopy with one sweep beside that of the frequency, whose grid may follow the line.

    Raises
    ------
    ValueError
        If an axis is empty or not finite, or there is neither one row of frequencies for all points of the sweep nor one for
        each.
    """
    ((name, values),) = sweep.items()
    axis = require_axis(values, name, protocol.coordinates[name][0])
    frequency = np.asarray(drive_frequency, dtype=np.float64)
    require_finite(frequency, "drive_frequency")
    if frequency.ndim == 1:
        frequency = np.broadcast_to(frequency, (axis.size, frequency.size))
    if frequency.ndim != 2 or len(frequency) != axis.size or not frequency.size:
        msg = (
            f"`drive_frequency` must have shape (points,) or ({axis.size}, points) in Hz, got {frequency.shape}. "
            f"Give one axis for all of `{name}` or one row for each."
        )
        raise ValueError(msg)
    made = build(protocol, qubit, {name: axis}, settings, signal=signal, shots=shots)
    grid = Coordinate((name, "point"), frequency, *protocol.coordinates["drive_frequency"])
    return replace(made, coordinates={**made.coordinates, "drive_frequency": grid})


def along_bias(
    protocol: Protocol,
    qubit: str,
    sweeps: Mapping[str, Any],
    settings: Mapping[str, Any],
    *,
    drive_frequency: Any,
    signal: bool = False,
    shots: int | None = None,
) -> Experiment:
    """Make an experiment against a static flux bias whose carrier follows the qubit.

    Raises
    ------
    ValueError
        If an axis is empty or not finite, or there is not one carrier for each bias.
    """
    carrier = np.atleast_1d(np.asarray(drive_frequency, dtype=np.float64))
    biases = np.atleast_1d(np.asarray(sweeps["flux_bias"])).size
    carrier = np.broadcast_to(carrier, (biases,)) if carrier.shape == (1,) else carrier
    carrier = require_axis(carrier, "drive_frequency", "Hz")
    if carrier.size != biases:
        msg = (
            f"`drive_frequency` must be one number in Hz for each of {biases} biases, got {carrier.size}. "
            "Give for example the frequency on the flux arc."
        )
        raise ValueError(msg)
    made = build(protocol, qubit, sweeps, settings, signal=signal, shots=shots)
    follows = Coordinate(("flux_bias",), carrier, *protocol.coordinates["drive_frequency"])
    known = {**made.coordinates, "drive_frequency": follows}
    return replace(made, coordinates={name: known[name] for name in protocol.coordinates})


def of_dataset(protocol: Protocol, data: xr.Dataset) -> Experiment:
    """Read the experiment behind a dataset.

    Raises
    ------
    DatasetError
        If a dimension or coordinate of the protocol is missing, or it is said to be of no shots.
    """
    array = observable(data)
    wanted = ("qubit", *protocol.dims, *((PARTS[str(array.name)],) if array.name in PARTS else ()))
    if array.dims != wanted:
        msg = (
            f"a {protocol.name} dataset must have dimensions {wanted}, got {array.dims}. "
            "Rename or transpose them, for example with data.rename and data.transpose."
        )
        raise DatasetError(msg)
    coordinates = {}
    for name in protocol.coordinates:
        if name not in data.coords:
            msg = (
                f"a {protocol.name} dataset must have the coordinate {name!r}, got {sorted(map(str, data.coords))}. "
                "Add it with data.assign_coords."
            )
            raise DatasetError(msg)
        found = data.coords[name]
        coordinates[name] = Coordinate(
            tuple(map(str, found.dims)), found.values, found.attrs.get("units", ""), found.attrs.get("long_name", name)
        )
    settings = json.loads(data.attrs.get("settings", "{}"))
    return Experiment(
        protocol=protocol,
        qubits=tuple(str(name) for name in data.coords["qubit"].values),
        coordinates=coordinates,
        settings={name: value for name, value in settings.items() if name != "shots"},
        observable=str(array.name),
        units=array.attrs.get("units", "1"),
        shots=stated_shots(data),
    )
