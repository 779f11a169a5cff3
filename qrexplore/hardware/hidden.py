"""What a simulated device is inside: a twin that nobody outside can see. The only place where a device asks a model."""

import numpy as np
import xarray as xr

from qrexplore import twin as model
from qrexplore.experiments import Experiment
from qrexplore.hardware.channel import Capabilities, Channel
from qrexplore.hardware.shots import averaged, counted
from qrexplore.pulses import Schedule
from qrexplore.twin import ConfusionReadout, Twin

# sources of static bias have more range than waveform generators
_STATIC_FULL_SCALE = 10.0


def capabilities_of(twin: Twin) -> Capabilities:
    """Give the capabilities of a typical instrument with one channel for each line of a twin."""
    channels = [
        Channel(name, "iq" if name.startswith("drive_") else "baseband", sample_rate=line.sample_rate)
        for name, line in twin.lines.items()
    ]
    channels += [Channel(name, "static", full_scale=_STATIC_FULL_SCALE, bits=20) for name in twin.biases]
    return Capabilities(
        channels={channel.name: channel for channel in channels},
        qubits=tuple(name.removeprefix("readout_") for name in twin.readout),
        physics="simulated",
        supports=frozenset({"sweep", "static_flux", "readback"}),
    )


def mean_results(twin: Twin, experiment: Experiment) -> np.ndarray:
    """Give what the device would report of an experiment after infinitely many shots, dims as ``experiment.dims``."""
    return np.asarray(model.predict(twin, experiment))


def mean_readout(twin: Twin, schedule: Schedule, qubits: tuple[str, ...], preparation: int) -> np.ndarray:
    """Give what the device would read of each qubit after a schedule and infinitely many shots, shape (qubits,)."""
    levels = np.asarray(model.play(twin, schedule, qubits=qubits, preparation=preparation))
    responses = [twin.readout[f"readout_{qubit}"].responses(levels.shape[1]) for qubit in qubits]
    return np.einsum("ql,ql->q", np.asarray(responses), levels)


def readout_units(twin: Twin, qubits: tuple[str, ...]) -> set[str]:
    """Give the units in which some qubits are read."""
    return {twin.readout[f"readout_{qubit}"].units for qubit in qubits}


def with_shot_noise(
    data: xr.Dataset,
    twin: Twin,
    *,
    observable: str,
    shots: int,
    signal_noise: float,
    generator: np.random.Generator,
) -> xr.Dataset:
    """Replace the means in a dataset by what a number of shots gives, and add the standard errors.

    Parameters
    ----------
    data
        Dataset with the means, qubit first.
    twin
        Whose readout tells how each qubit is read: thresholded shots are counted, all others averaged.
    observable
        Name of the variable.
    shots
        Repetitions a point.
    signal_noise
        Standard deviation of one shot of an averaged signal, in steps between the signals of levels 0 and 1.
    generator
        Source of randomness.
    """
    means = data[observable]
    values, errors = np.empty(means.shape), np.empty(means.shape)
    for place, qubit in enumerate(data.coords["qubit"].values):
        readout = twin.readout[f"readout_{qubit}"]
        if isinstance(readout, ConfusionReadout):
            values[place], errors[place] = counted(means.values[place], shots, generator)
        else:
            zero, one = np.asarray(readout.responses(2))
            noise = np.asarray(signal_noise * abs(one - zero))
            values[place], errors[place] = averaged(means.values[place], noise, shots, generator)
    words = {"units": means.attrs["units"], "long_name": f"standard error of {means.attrs['long_name']}"}
    return data.assign(
        {observable: (means.dims, values, means.attrs), f"{observable}_stderr": (means.dims, errors, words)}
    )
