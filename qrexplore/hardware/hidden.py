"""What a simulated device is inside: a twin that nobody outside can see. The only place where a device asks a model."""

import numpy as np
import xarray as xr

from qrexplore import twin as model
from qrexplore.experiments import Experiment
from qrexplore.hardware.channel import Capabilities, Channel
from qrexplore.pulses import Schedule
from qrexplore.twin import Twin
from qrexplore.twin.prediction import means

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


def results(twin: Twin, experiment: Experiment) -> tuple[xr.Dataset, np.ndarray | None]:
    """Give what the device would report of an experiment after infinitely many shots, and the levels that it would be in."""
    values, levels, _ = means(twin, experiment)
    return experiment.dataset(values), levels


def readout(twin: Twin, schedule: Schedule, qubits: tuple[str, ...], preparation: int) -> tuple[np.ndarray, np.ndarray]:
    """Give what the device would read of each qubit after a schedule and infinitely many shots, and the levels behind it."""
    levels = np.asarray(model.play(twin, schedule, qubits=qubits, preparation=preparation))
    responses = [twin.readout[f"readout_{qubit}"].responses(levels.shape[1]) for qubit in qubits]
    return np.einsum("ql...,ql->q...", np.asarray(responses), levels), levels


def reports(twin: Twin, qubits: tuple[str, ...]) -> set[tuple[str, str]]:
    """Give the observables as which some qubits are read, with their units."""
    lines = [twin.readout[f"readout_{qubit}"] for qubit in qubits]
    return {(line.observable, line.units) for line in lines}
