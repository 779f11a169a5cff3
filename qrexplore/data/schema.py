"""What a dataset is: its dimensions, units, names and attributes, how to make one and how to check one.

The number compared with a model (the *observable*) is the first of `OBSERVABLES` that is present; its standard error,
if the file has one, is ``<observable>_stderr``. Each coordinate and variable has ``units`` (SI) and ``long_name``. The
attribute ``settings`` holds the numbers of the experiment as a JSON object in SI units; ``missing_points`` counts the
NaN of the observable, which are kept where they are.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from qrexplore.data.errors import DatasetError, quote
from qrexplore.data.units import si, to_si

OBSERVABLES = ("counts", "probability", "population", "iq", "signal", "transmission")
FORMATS = ("quantify", "pycqed", "qibocal", "tergite", "qrexplore")
ATTRIBUTES = ("experiment", "settings", "source_format", "source", "created", "title")
QUADRATURES = ("x", "y")
# last dimension of observables that are more than one number
PARTS = {"counts": "outcome", "probability": "outcome", "iq": "component"}
COMPONENTS = ("i", "q")
# dimensions whose places are names, not neighbors of each other
APART = ("qubit", "quadrature", "outcome", "component", "control", "prepared_state", "prepared_level")

# dimensions of the observable behind `qubit` (those of `PARTS` have one more, the last one)
DIMS = {
    "rabi": ("drive_amplitude",),
    "rabi_chevron": ("detuning", "duration"),
    "t1": ("delay",),
    "ramsey": ("delay",),
    "ramsey_phases": ("phase", "delay"),
    "ramsey_flux": ("flux_bias", "delay"),
    "echo": ("delay",),
    "echo_flux": ("flux_bias", "delay"),
    "cpmg": ("half_turns", "delay"),
    "flux_arc": ("flux_bias", "point"),
    "ef_spectroscopy": ("drive_frequency",),
    "two_photon_spectroscopy": ("drive_frequency",),
    "drag_scan": ("drag", "repetitions"),
    "allxy": ("pair",),
    "fine_amplitude": ("repetitions",),
    "clifford_sequences": ("length", "sequence"),
    "drive_flux_delay": ("flux_delay",),
    "cryoscope": ("quadrature", "duration"),
    "cryoscope_amplitudes": ("quadrature", "flux_amplitude", "duration"),
    "flux_step": ("delay", "point"),
    "resonator_spectroscopy": ("prepared_level", "probe_frequency"),
    "chevron": ("flux_amplitude", "duration"),
    "swap_chevron": ("flux_amplitude", "duration"),
    "conditional_oscillation": ("control", "flux_amplitude", "phase"),
    "conditional_oscillation_duration": ("control", "duration", "phase"),
    "cz_train": ("control", "spacing", "quadrature", "pulses"),
    "zz_ramsey": ("control", "delay"),
    "jazz": ("control", "delay"),
    "drive_crosstalk": ("drive_amplitude",),
    "drive_cancellation": ("cancel_amplitude", "cancel_phase"),
    "flux_crosstalk": ("flux_amplitude", "delay"),
    "cross_resonance": ("control", "axis", "duration"),
    "readout_shots": ("prepared_state",),
    "thermal_population": ("prepared_state", "drive_amplitude"),
}
EXPERIMENTS = (*DIMS, "other")

# unit and words of the swept coordinates of the experiments above
AXES = {
    "drive_amplitude": ("V", "amplitude of the drive pulse"),
    "delay": ("s", "free evolution time"),
    "flux_bias": ("V", "static flux bias"),
    "drive_frequency": ("Hz", "drive frequency"),
    "duration": ("s", "duration of the flux pulse"),
    "flux_amplitude": ("V", "amplitude of the flux pulse"),
    "prepared_state": ("1", "prepared level"),
    "flux_delay": ("s", "start of the flux pulse after that of the drive pulse"),
    "detuning": ("Hz", "carrier less nominal frequency"),
    "phase": ("rad", "phase of the second quarter turn"),
    "half_turns": ("1", "number of refocusing half turns"),
    "drag": ("s", "DRAG coefficient of the pulses"),
    "repetitions": ("1", "number of repetitions"),
    "pair": ("1", "number of the pair of pulses"),
    "length": ("1", "number of random Clifford elements"),
    "sequence": ("1", "number of the random sequence"),
    "prepared_level": ("1", "level in which the qubit is prepared"),
    "probe_frequency": ("Hz", "probe frequency"),
    "control": ("1", "level of the control"),
    "pulses": ("1", "number of flux pulses"),
    "spacing": ("s", "pause after each flux pulse"),
    "cancel_amplitude": ("V", "amplitude of the canceling pulse"),
    "cancel_phase": ("rad", "phase of the canceling pulse"),
}
# these are sweeps of time, where a number below zero has no meaning
_TIMES = ("delay", "duration", "spacing")
_EXTRA_COORDINATES = {
    "flux_arc": {"drive_frequency": ("flux_bias", "point")},
    "ramsey_flux": {"drive_frequency": ("flux_bias",)},
    "echo_flux": {"drive_frequency": ("flux_bias",)},
}
_NAME = re.compile(r"[A-Za-z0-9_]+")


def qubit_name(name: Any) -> str:
    """Give a qubit's name with every character outside letters, digits and the underscore replaced by an underscore."""
    return re.sub(r"[^A-Za-z0-9_]", "_", str(name)) or "q0"


def labelled(
    dims: str | Sequence[str], values: Any, units: str, long_name: str, *, wanted: str | None = None
) -> xr.Variable:
    """Make a variable or coordinate with its unit and words; known units are converted to SI.

    Parameters
    ----------
    dims
        Names of the dimensions.
    values
        Numbers in `units`, or words.
    units
        Unit of the numbers, ``"1"`` for words and plain numbers.
    long_name
        What it is, in words for an axis label.
    wanted
        The SI unit that must come out, if only one is right.

    Raises
    ------
    DatasetError
        If the unit is unknown or not the wanted one, or the values are neither numbers nor words.
    """
    array = np.asarray(values)
    if array.dtype.kind in "UT":
        return xr.Variable(dims, array, {"units": "1", "long_name": long_name})
    if array.dtype.kind not in "buif":
        msg = f"`{long_name}` must hold real numbers or words, got values of type {array.dtype}."
        raise DatasetError(msg, "Split complex numbers into two variables.")
    numbers, unit = to_si(array, units, long_name, wanted)
    return xr.Variable(dims, numbers, {"units": unit, "long_name": long_name})


def axis(name: str, values: Any, units: str, dims: str | Sequence[str] | None = None) -> xr.Variable:
    """Make one of the swept coordinates of `AXES`, converted to its SI unit."""
    wanted, words = AXES[name]
    return labelled(name if dims is None else dims, values, units, words, wanted=wanted)


def dataset(
    variables: Mapping[str, xr.Variable],
    coordinates: Mapping[str, xr.Variable],
    *,
    qubits: Sequence[str],
    experiment: str,
    settings: Mapping[str, Any] | None = None,
    source_format: str = "qrexplore",
    source: str = "",
    created: str = "",
    title: str = "",
) -> xr.Dataset:
    """Make a dataset by the schema and check it.

    Parameters
    ----------
    variables, coordinates
        From `labelled` and `axis`; the coordinate ``qubit`` is added here.
    qubits
        Names along the dimension ``qubit``, as the lab writes them.
    experiment
        One of `EXPERIMENTS`.
    settings
        Numbers of the experiment in SI units, and names.
    source_format, source, created, title
        Where it comes from: format, file name, ISO time or nothing, a line of words.

    Raises
    ------
    DatasetError
        If the result breaks the schema.
    """
    names = np.array([qubit_name(name) for name in qubits], dtype=np.str_)
    data = xr.Dataset(
        dict(variables),
        coords={"qubit": labelled("qubit", names, "1", "qubit"), **coordinates},
        attrs={
            "experiment": experiment,
            "settings": json.dumps(dict(settings or {}), allow_nan=False),
            "source_format": source_format,
            "source": source,
            "created": created,
            "title": title,
        },
    )
    data = with_missing_points(data)
    validate(data)
    return data


def with_missing_points(data: xr.Dataset) -> xr.Dataset:
    """Give the dataset with the NaN of its observable (of all variables, if it has none) counted anew."""
    names = [name for name in OBSERVABLES if name in data.data_vars][:1] or [
        name for name in data.data_vars if data[name].dtype.kind == "f"
    ]
    count = sum(int(np.count_nonzero(np.isnan(data[name].values))) for name in names if data[name].dtype.kind == "f")
    return data.assign_attrs(missing_points=count)


def observable(data: xr.Dataset) -> xr.DataArray:
    """Give the variable that a model is compared with: the first of `OBSERVABLES`.

    Raises
    ------
    DatasetError
        If the dataset has none of them.
    """
    for name in OBSERVABLES:
        if name in data.data_vars:
            return data[name]
    found = quote(", ".join(map(str, data.data_vars)))
    msg = f"`data` must have one of the variables {', '.join(OBSERVABLES)}, got {found}."
    raise DatasetError(msg, "Rename the measured variable, for example with data.rename.")


def settings(data: xr.Dataset) -> dict[str, Any]:
    """Give the settings of a dataset: numbers in SI units, lists of them, and names.

    Raises
    ------
    DatasetError
        If the attribute ``settings`` is not a JSON object.
    """
    text = data.attrs.get("settings", "{}")
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        found = error
    if not isinstance(found, dict):
        msg = f"the attribute `settings` must be a JSON object, got {quote(text)}."
        raise DatasetError(msg, "Write it with json.dumps of a dictionary.")
    return found


def stated_shots(data: xr.Dataset) -> int | None:
    """Give of how many shots each point is, by the settings or else the attributes; None if the dataset does not say.

    Raises
    ------
    DatasetError
        If it says a number below 1, or none at all.
    """
    found = settings(data).get("shots", data.attrs.get("shots"))
    if found is None:
        return None
    number = isinstance(found, int | float | np.number) and not isinstance(found, bool)
    if not number or not math.isfinite(found) or found < 1 or found != int(found):
        msg = f"`shots` of a dataset must be a whole number from 1, got {quote(found)}."
        raise DatasetError(msg, "Write into its settings how many there were, or leave them out if that is not known.")
    return int(found)


def validate(data: xr.Dataset) -> None:
    """Check a dataset against the schema.

    Raises
    ------
    DatasetError
        With the first thing that is wrong: attributes, the coordinate ``qubit``, dimensions and their order, units,
        types, or an observable that holds no finite number.
    """
    if not isinstance(data, xr.Dataset):
        msg = f"`data` must be an xarray.Dataset, got {type(data).__name__}. Check each node of a DataTree on its own."
        raise DatasetError(msg)
    _check_attributes(data)
    _check_qubits(data)
    for name, variable in data.variables.items():
        _check_variable(str(name), variable)
    experiment = data.attrs["experiment"]
    if experiment == "other":
        _check_numbers_somewhere(data)
    else:
        _check_layout(data, experiment)


def _check_attributes(data: xr.Dataset) -> None:
    missing = [name for name in ATTRIBUTES if not isinstance(data.attrs.get(name), str)]
    if missing:
        msg = f"`data` must have the text attributes {', '.join(ATTRIBUTES)}, got none for {', '.join(missing)}."
        raise DatasetError(msg, "Make datasets with qrexplore.data.dataset.")
    for name, choices in (("experiment", EXPERIMENTS), ("source_format", FORMATS)):
        if data.attrs[name] not in choices:
            msg = f"the attribute `{name}` must be one of {', '.join(choices)}, got {quote(data.attrs[name])}."
            raise DatasetError(msg, "Use 'other' for an experiment that is not listed." * (name == "experiment"))
    settings(data)


def _check_qubits(data: xr.Dataset) -> None:
    if "qubit" not in data.coords or data["qubit"].dims != ("qubit",):
        msg = f"`data` must have the dimension and coordinate 'qubit', got {quote(dict(data.sizes))}."
        raise DatasetError(msg, "Add it with data.expand_dims(qubit=['q0']).")
    names = data["qubit"].values.tolist()
    wrong = [name for name in names if not (isinstance(name, str) and _NAME.fullmatch(name))]
    if wrong or len(set(names)) != len(names):
        msg = f"`qubit` must hold different names of letters, digits and underscores, got {quote(names)}."
        raise DatasetError(msg, "Rename them, for example to q0, q1.")


def _check_variable(name: str, variable: xr.Variable) -> None:
    units, words = variable.attrs.get("units"), variable.attrs.get("long_name")
    if not isinstance(units, str) or not isinstance(words, str):
        msg = f"`{name}` must have the text attributes 'units' and 'long_name', got {quote(variable.attrs)}."
        raise DatasetError(msg, "Make it with qrexplore.data.labelled.")
    factor, unit = si(units, name)
    if factor != 1.0 or unit != units:
        msg = f"`{name}` must be in SI units, got {quote(units)}. Convert it to {unit} with qrexplore.data.labelled."
        raise DatasetError(msg)
    if variable.dtype.kind not in "buif" and not all(isinstance(value, str) for value in variable.values.flat):
        msg = f"`{name}` must hold real numbers or words, got values of type {variable.dtype}."
        raise DatasetError(msg, "Split complex numbers into two variables.")
    if variable.dtype.kind == "f" and np.isinf(variable.values).any():
        msg = (
            f"`{name}` must be finite where it is known, got {int(np.isinf(variable.values).sum())} infinite value(s)."
        )
        raise DatasetError(msg, "Write NaN for points that were not measured.")


def _check_layout(data: xr.Dataset, experiment: str) -> None:
    array = observable(data)
    wanted = ("qubit", *DIMS[experiment], *((PARTS[str(array.name)],) if array.name in PARTS else ()))
    if array.dims != wanted:
        msg = f"`{array.name}` of a {experiment} dataset must have dimensions {wanted}, got {array.dims}."
        raise DatasetError(msg, "Rename or transpose them, for example with data.rename and data.transpose.")
    swept = {name: (name,) for name in DIMS[experiment] if name in AXES}
    for name, dims in (swept | _EXTRA_COORDINATES.get(experiment, {})).items():
        _check_axis(data, experiment, name, dims)
    if "quadrature" in DIMS[experiment]:
        found = data["quadrature"].values.tolist() if "quadrature" in data.coords else []
        if not set(found) <= set(QUADRATURES) or not found:
            msg = f"`quadrature` must hold 'x' and 'y', got {quote(found)}. Assign it with data.assign_coords."
            raise DatasetError(msg)
    if array.name == "iq" and ("component" not in data.coords or data["component"].values.tolist() != list(COMPONENTS)):
        msg = f"`component` of `iq` must hold 'i' and 'q', got {quote(list(data.coords))}."
        raise DatasetError(msg, "Assign it with data.assign_coords.")
    _check_observable(data, array)


def _check_axis(data: xr.Dataset, experiment: str, name: str, dims: tuple[str, ...]) -> None:
    unit = AXES[name][0]
    if name not in data.coords or data[name].dims != dims:
        msg = f"a {experiment} dataset must have the coordinate `{name}` along {dims}, got {quote(list(data.coords))}."
        raise DatasetError(msg, f"Add it in {unit} with data.assign_coords.")
    values = data[name].values
    if data[name].attrs["units"] != unit or values.dtype.kind not in "if" or not np.isfinite(values).all():
        found = f"{values.dtype} in {quote(data[name].attrs['units'])}"
        msg = f"`{name}` must hold finite numbers in {unit}, got {found}, {np.size(values)} value(s)."
        raise DatasetError(msg, "Convert the values and drop points without a place on the axis.")
    if name in _TIMES and values.size and values.min() < 0:
        msg = f"`{name}` must not be negative, got {values.min():.6g} s."
        raise DatasetError(msg, "Shift the axis so that it starts at 0 s or later.")


def _check_observable(data: xr.Dataset, array: xr.DataArray) -> None:
    name = str(array.name)
    if array.dtype.kind not in "if" or not np.isfinite(array.values).any():
        found = f"{array.size} value(s) of type {array.dtype}, all missing"
        msg = f"`{name}` must hold at least one finite number, got {found}."
        raise DatasetError(msg, "Export the measurement again.")
    if name == "population":
        middle = float(np.nanmedian(array.values))
        if array.attrs["units"] != "1" or not -0.5 <= middle <= 1.5:
            msg = (
                f"`population` must be a number from 0 to 1, got median {middle:.4g} in {quote(array.attrs['units'])}."
            )
            raise DatasetError(msg, "Scale it, or rename it to 'signal' if it is not a population.")
    error = f"{name}_stderr"
    if error in data and (data[error].dims != array.dims or (data[error].values < 0).any()):
        msg = (
            f"`{error}` must have the dimensions of `{name}` and no negative value, got dimensions {data[error].dims}."
        )
        raise DatasetError(msg, "Correct or drop it.")


def _check_numbers_somewhere(data: xr.Dataset) -> None:
    numbers = [
        array for array in data.data_vars.values() if array.dtype.kind in "buif" and np.isfinite(array.values).any()
    ]
    if not numbers:
        msg = f"`data` must have a variable with at least one finite number, got {quote(list(data.data_vars))}."
        raise DatasetError(msg, "Export the measurement again.")
