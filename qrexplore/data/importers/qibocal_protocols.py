"""How each qibocal protocol lays out its arrays: one function a protocol, from a `Run` to datasets by name.

Targets measured on the same axes share a dataset; others get one each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from qrexplore.data.errors import DatasetError, file_error, quote
from qrexplore.data.platform import platform_of
from qrexplore.data.schema import axis, dataset, labelled, qubit_name

_INSTRUMENT = "instrument units, taken as V at the output"


@dataclass(frozen=True)
class Run:
    """A qibocal folder: operation and parameters of ``action.yml``, ``data.json``, and arrays by key."""

    folder: Path
    operation: str
    parameters: Mapping[str, Any]
    scalars: Mapping[Any, Any]
    arrays: Mapping[tuple[Any, ...], np.ndarray]
    title: str
    created: str

    def error(self, fact: str, advice: str) -> DatasetError:
        """Make the error for this folder."""
        return file_error(self.folder / "data.npz", fact, advice)

    def field(self, key: tuple[Any, ...], *names: str) -> np.ndarray:
        """Give the first field of these names in the array of a target, as a flat list."""
        array = self.arrays[key]
        for name in names:
            if name in (array.dtype.names or ()):
                return array[name].ravel()
        fact = f"the array {quote(key)} has the fields {quote(array.dtype.names)}, not {' or '.join(names)}."
        raise self.error(fact, "The file is damaged, or action.yml belongs to another experiment.")

    def has(self, key: tuple[Any, ...], name: str) -> bool:
        """Whether the array of a target has a field."""
        return name in (self.arrays[key].dtype.names or ())

    def settings(self, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give the settings that every protocol has, and more."""
        shots = self.parameters.get("nshots")
        known = {"shots": int(shots)} if isinstance(shots, int) and shots > 0 else {}
        return known | dict(extra or {})

    def dataset(
        self,
        variables: Mapping[str, xr.Variable],
        coordinates: Mapping[str, xr.Variable],
        qubits: list[str],
        experiment: str,
        settings: Mapping[str, Any] | None = None,
    ) -> xr.Dataset:
        """Make a dataset of this folder."""
        return dataset(
            variables,
            coordinates,
            qubits=qubits,
            experiment=experiment,
            settings=self.settings(settings),
            source_format="qibocal",
            source=f"{self.folder.resolve().name}/data.npz",
            created=self.created,
            title=f"{self.title}: {self.operation or experiment}",
        )


def t1(run: Run) -> dict[str, xr.Dataset]:
    """Read the decay after a half turn."""
    return _curves(run, "t1", "wait", "delay", "ns")


def echo(run: Run) -> dict[str, xr.Dataset]:
    """Read a Hahn echo."""
    return _curves(run, "echo", "wait", "delay", "ns")


def rabi(run: Run) -> dict[str, xr.Dataset]:
    """Read a sweep of the drive amplitude."""
    return _curves(run, "rabi", "amp", "drive_amplitude", "V")


def ramsey(run: Run) -> dict[str, xr.Dataset]:
    """Read a Ramsey fringe with the artificial detuning and the drive frequency that were set."""
    return _curves(run, "ramsey", "wait", "delay", "ns")


def _curves(run: Run, experiment: str, field: str, name: str, unit: str) -> dict[str, xr.Dataset]:
    found = {}
    for keys in _same_axes(run, field):
        qubits = [str(key[0]) for key in keys]
        coordinates = {name: axis(name, run.field(keys[0], field), unit)}
        if unit == "V":
            coordinates[name].attrs["comment"] = _INSTRUMENT
        settings: dict[str, Any] = {}
        if experiment == "ramsey":
            settings = _ramsey_settings(run, keys)
        variables = _readings(run, keys, (name,), lambda values: values)
        found["_".join(map(qubit_name, qubits))] = run.dataset(variables, coordinates, qubits, experiment, settings)
    return found


def _ramsey_settings(run: Run, keys: list[tuple[Any, ...]]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    detuning = run.scalars.get("detuning", run.parameters.get("detuning"))
    if isinstance(detuning, int | float):
        settings["artificial_detuning"] = float(detuning)
    frequencies = run.scalars.get("qubit_freqs")
    if isinstance(frequencies, dict) and len(keys) == 1 and isinstance(frequencies.get(keys[0][0]), int | float):
        settings["drive_frequency"] = float(frequencies[keys[0][0]])
    return settings


def _same_axes(run: Run, *fields: str) -> list[list[tuple[Any, ...]]]:
    """Group the targets that were measured on the same axes."""
    groups: dict[tuple[bytes, ...], list[tuple[Any, ...]]] = {}
    for key in run.arrays:
        groups.setdefault(tuple(run.field(key, field).tobytes() for field in fields), []).append(key)
    return list(groups.values())


def _readings(run: Run, keys: list[tuple[Any, ...]], dims: tuple[str, ...], cells: Any) -> dict[str, xr.Variable]:
    """Give what was read as population or signal, with its error if the file has one, and the phase."""

    def stacked(*names: str) -> np.ndarray:
        return np.stack([cells(run.field(key, *names)) for key in keys])

    first = keys[0]
    if run.has(first, "prob"):
        name, unit, words, errors = "population", "1", "population of level 1", ("error", "errors")
        values = stacked("prob")
    else:
        name, unit, words, errors = "signal", "V", "readout signal", ("error_signal",)
        values = stacked("signal")
    variables = {name: labelled(("qubit", *dims), values, unit, words)}
    if any(run.has(first, field) for field in errors):
        error = stacked(*errors)
        # qibocal writes NaN for every point where no error was measured
        if not np.isnan(error).all():
            variables[f"{name}_stderr"] = labelled(("qubit", *dims), error, unit, f"standard error of the {words}")
    for field, unit_of_field, words_of_field in (
        ("phase", "rad", "phase of the readout signal"),
        ("i", "V", "in-phase readout signal"),
        ("q", "V", "quadrature readout signal"),
    ):
        if run.has(first, field):
            variables[field] = labelled(("qubit", *dims), stacked(field), unit_of_field, words_of_field)
    return variables


def spectroscopy(run: Run) -> dict[str, xr.Dataset]:
    """Read the response against frequency, of a resonator or a qubit."""
    found = {}
    for keys in _same_axes(run, "freq"):
        qubits = [str(key[0]) for key in keys]
        coordinates = {"frequency": labelled("frequency", run.field(keys[0], "freq"), "Hz", "probe frequency")}
        variables = _readings(run, keys, ("frequency",), lambda values: values)
        found["_".join(map(qubit_name, qubits))] = run.dataset(variables, coordinates, qubits, "other")
    return found


def dispersive_shift(run: Run) -> dict[str, xr.Dataset]:
    """Read the resonator with the qubit in 0 and in 1; keys are (qubit, level)."""
    found = {}
    for qubit in dict.fromkeys(key[0] for key in run.arrays):
        keys = [(qubit, level) for level in (0, 1)]
        if any(key not in run.arrays for key in keys):
            fact = f"qubit {quote(qubit)} lacks the array of level 0 or 1."
            raise run.error(fact, "Export the measurement again.")
        frequency = run.field(keys[0], "freq")
        if not np.array_equal(frequency, run.field(keys[1], "freq")):
            fact = f"the two levels of {quote(qubit)} have different frequencies."
            raise run.error(fact, "Export the data again.")
        coordinates = {
            "prepared_state": labelled("prepared_state", np.array([0.0, 1.0]), "1", "prepared level"),
            "frequency": labelled("frequency", frequency, "Hz", "probe frequency"),
        }
        levels = _readings(run, keys, ("frequency",), lambda values: values)
        variables = {
            name: xr.Variable(("qubit", "prepared_state", "frequency"), level.values[None], level.attrs)
            for name, level in levels.items()
        }
        found[qubit_name(qubit)] = run.dataset(variables, coordinates, [str(qubit)], "other")
    return found


def readout(run: Run) -> dict[str, xr.Dataset]:
    """Read single shots; keys are (qubit, prepared level, number of the measurement)."""
    found = {}
    for qubit in dict.fromkeys(key[0] for key in run.arrays):
        states = sorted({key[1] for key in run.arrays if key[0] == qubit})
        repetitions = sorted({key[2] for key in run.arrays if key[0] == qubit})
        variables = {}
        for part, words in (("i", "in-phase readout signal"), ("q", "quadrature readout signal")):
            shots = [[run.field((qubit, state, number), part) for number in repetitions] for state in states]
            values = np.array(shots, dtype=np.float64)[None]
            variables[part] = labelled(("qubit", "prepared_state", "repetition", "shot"), values, "V", words)
        coordinates = {
            "prepared_state": labelled("prepared_state", np.array(states, dtype=float), "1", "prepared level"),
            "repetition": labelled("repetition", np.array(repetitions, dtype=float), "1", "number of the measurement"),
        }
        found[qubit_name(qubit)] = run.dataset(variables, coordinates, [str(qubit)], "other")
    return found


def flux_arc(run: Run) -> dict[str, xr.Dataset]:
    """Read qubit spectroscopy against static flux bias on a grid of frequencies that moves along the arc."""
    found = {}
    for keys in _same_axes(run, "bias", "freq"):
        qubits = [str(key[0]) for key in keys]
        bias = run.field(keys[0], "bias")
        order = np.argsort(bias, kind="stable")
        biases, counts = np.unique(bias, return_counts=True)
        if np.unique(counts).size != 1:
            fact = "the biases have different numbers of frequencies."
            raise run.error(fact, "Export the whole measurement again.")
        shape = (biases.size, int(counts[0]))

        def cells(values: np.ndarray, order: np.ndarray = order, shape: tuple[int, int] = shape) -> np.ndarray:
            return values[order].reshape(shape)

        coordinates = {
            "flux_bias": axis("flux_bias", biases, "V"),
            "drive_frequency": axis("drive_frequency", cells(run.field(keys[0], "freq")), "Hz", ("flux_bias", "point")),
        }
        variables = _readings(run, keys, ("flux_bias", "point"), cells)
        settings = {}
        for name in ("charging_energy", "qubit_frequency"):
            stored = run.scalars.get(name)
            value = stored.get(keys[0][0]) if isinstance(stored, dict) and len(keys) == 1 else None
            if isinstance(value, int | float):
                settings[name] = float(value)
        found["_".join(map(qubit_name, qubits))] = run.dataset(variables, coordinates, qubits, "flux_arc", settings)
    return found


def cryoscope(run: Run) -> dict[str, xr.Dataset]:
    """Read the two final rotations after a flux pulse; keys are (qubit, "MX") and (qubit, "MY")."""
    found = {}
    for qubit in dict.fromkeys(key[0] for key in run.arrays):
        keys = [(qubit, basis) for basis in ("MX", "MY")]
        if any(key not in run.arrays for key in keys):
            fact = f"qubit {quote(qubit)} lacks the array of MX or MY."
            raise run.error(fact, "Export the measurement again.")
        duration = run.field(keys[0], "duration")
        if not np.array_equal(duration, run.field(keys[1], "duration")):
            fact = f"MX and MY of {quote(qubit)} have different durations."
            raise run.error(fact, "Export the data again.")
        values = np.stack([run.field(key, "prob_1", "prob") for key in keys])[None]
        coordinates = {
            "quadrature": labelled("quadrature", np.array(["x", "y"]), "1", "quadrature measured at the end"),
            "duration": axis("duration", duration, "ns"),
        }
        variables = {"population": labelled(("qubit", *coordinates), values, "1", "population of level 1")}
        settings: dict[str, Any] = {}
        amplitude = run.scalars.get("flux_pulse_amplitude", run.parameters.get("flux_pulse_amplitude"))
        if isinstance(amplitude, int | float):
            settings["flux_amplitude"] = float(amplitude)
        coefficients = run.scalars.get("flux_coefficients")
        if isinstance(coefficients, dict) and coefficients.get(qubit):
            settings["static_detuning_coefficients"] = [float(number) * 1e9 for number in coefficients[qubit]]
        found[qubit_name(qubit)] = run.dataset(variables, coordinates, [str(qubit)], "cryoscope", settings)
    return found


def chevron(run: Run) -> dict[str, xr.Dataset]:
    """Read CZ or iSWAP chevrons; the key is the pair, lower frequency first."""
    found = {}
    for key in run.arrays:
        if len(key) != 2:
            fact = f"the key {quote(key)} names no pair of qubits."
            raise run.error(fact, "Export the measurement again.")
        found["_".join(map(qubit_name, key))] = _chevron_of_pair(run, key)
    return found


def _chevron_of_pair(run: Run, key: tuple[Any, ...]) -> xr.Dataset:
    low, high = map(str, key)
    amplitude, duration, name, values = (
        _chevron_rows(run, key) if run.arrays[key].dtype.names else _chevron_grid(run, key)
    )
    coordinates = {
        "flux_amplitude": axis("flux_amplitude", amplitude, "V"),
        "duration": axis("duration", duration, "ns"),
    }
    coordinates["flux_amplitude"].attrs["comment"] = _INSTRUMENT
    words, unit = ("population of level 1", "1") if name == "population" else ("readout signal", "V")
    variables = {name: labelled(("qubit", *coordinates), values, unit, words)}
    platform = platform_of(run.folder)
    pulsed = platform.flux_qubit(low, high) if platform else None
    # qibocal plays the pulse on the qubit of higher frequency
    settings = {"flux_qubit": qubit_name(pulsed or high)}
    native = run.scalars.get("native", run.parameters.get("native"))
    if isinstance(native, str):
        settings["native_gate"] = native
    return run.dataset(variables, coordinates, [low, high], "chevron", settings)


def _chevron_rows(run: Run, key: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray, str, np.ndarray]:
    """Unflatten the older layout: one row a point, fields for the lower and the higher qubit."""
    amplitude, duration = run.field(key, "amp"), run.field(key, "length")
    amplitudes, durations = np.unique(amplitude), np.unique(duration)
    shape = (amplitudes.size, durations.size)
    flat = np.searchsorted(amplitudes, amplitude) * durations.size + np.searchsorted(durations, duration)
    if flat.size != amplitudes.size * durations.size or not np.array_equal(np.sort(flat), np.arange(flat.size)):
        fact = f"{flat.size} rows do not fill the grid of {shape[0]} amplitudes x {shape[1]} durations."
        raise run.error(fact, "Export the whole measurement again.")
    order = np.argsort(flat)
    kind = "prob" if run.has(key, "prob_low") else "signal"
    values = np.stack([run.field(key, f"{kind}_{side}")[order].reshape(shape) for side in ("low", "high")])
    return amplitudes, durations, "population" if kind == "prob" else "signal", values


def _chevron_grid(run: Run, key: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray, str, np.ndarray]:
    """Read the newer layout: populations (qubit, duration, amplitude) with the axes in ``data.json``."""
    array = run.arrays[key]
    axes = [np.asarray(run.scalars.get(name), dtype=np.float64) for name in ("amplitude", "duration")]
    amplitudes, durations = axes
    if array.shape != (2, durations.size, amplitudes.size):
        fact = f"the array {quote(key)} has shape {array.shape}, not (2, {durations.size}, {amplitudes.size})."
        raise run.error(fact, "data.json with its lists amplitude and duration must belong to it.")
    values = np.array(array, dtype=np.float64).transpose(0, 2, 1)
    if run.scalars.get("native", "CZ") == "CZ":
        values[1] = 1 - values[1]  # for CZ, qibocal stores how often the higher qubit was not read as 1
    return amplitudes, durations, "population", values
