"""A simulated device with a flaw, for tutorials and tests that have no measured data at hand."""

import numpy as np
import xarray as xr

from qrexplore.core import Named
from qrexplore.experiments import chevron
from qrexplore.hardware.simulated import SimulatedBackend
from qrexplore.twin import SignalReadout, Twin, library

# what the flux line of q1 does to a step, unknown to whoever measures: typical values before any correction
_FLAW = {
    "flux_q1.distortion.amplitude": -0.035,
    "flux_q1.distortion.time_constant": 9e-9,
    "flux_q1.low_pass.cutoff": 300e6,
}
# averaged readout signals: of level 0 and the steps to level 1 (V) and to level 2 (in such steps)
_SIGNALS = {"q0": (1.55e-3, 0.82e-3, 1.8), "q1": (3.75e-3, 0.50e-3, 2.0)}


def demonstration_device(*, seed: int = 7) -> SimulatedBackend:
    """Give two coupled transmons behind the backend protocol, with a distorted flux line, relaxation and shot noise.

    Parameters
    ----------
    seed
        Of the shot noise, and of the small amounts by which this device differs from the library's values.
    """
    plain = library.two_transmons()
    readout = {
        f"readout_{name}": SignalReadout(offset=offset, scale=scale, second_level=second)
        for name, (offset, scale, second) in _SIGNALS.items()
    }
    twin = Twin(plain.chip, plain.lines, Named(readout), plain.biases)
    generator = np.random.default_rng(seed)
    spread = {"q0_q1.coupling": 0.05, "flux_q1.transfer.gain": 0.02}
    values = {
        path: twin.parameters[path].value * (1 + width * generator.standard_normal()) for path, width in spread.items()
    }
    return SimulatedBackend(twin.replace({**_FLAW, **values}), seed=seed, name="demonstration", signal_noise=1.0)


def demonstration_chevron(*, seed: int = 7, shots: int = 500) -> xr.Dataset:
    """Give the CZ chevron measured on the demonstration device: 41 amplitudes x 40 durations, two qubits.

    Parameters
    ----------
    seed
        See `demonstration_device`.
    shots
        Repetitions a point.
    """
    sweeps = np.linspace(0.45, 0.54, 41), np.arange(1, 60, 1.5) * 1e-9
    experiment = chevron(*sweeps, signal=True, shots=shots)
    return demonstration_device(seed=seed).run(experiment, shots=shots).result()
