"""Where to start: values read off the data in closed form, and the parameters that an experiment can tell.

Oscillating data make a likelihood with many optima; a period, a decay and a contrast read off first put the search into
the right one.
"""

import json
from typing import cast

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.optimize import brentq

from qrexplore.data import observable
from qrexplore.experiments import Experiment, from_dataset, pulsed_qubit
from qrexplore.learn.recipe import Recipe, Values, as_it_is
from qrexplore.pulses import Gaussian
from qrexplore.twin import ConfusionReadout, ExchangeCoupling, Transmon, Twin, library


def start(twin: Twin, data: xr.Dataset) -> Twin:
    """Give a twin whose parameters are close enough to the data to begin a search.

    Parameters
    ----------
    twin
        Model with the names of the dataset's qubits.
    data
        One dataset.
    """
    experiment = from_dataset(data)
    found, table = recipe_of(experiment).start(twin, experiment, _seen(data)), twin.parameters
    return twin.replace({path: value for path, value in found.items() if path in table})


def _seen(data: xr.Dataset) -> Float[np.ndarray, "qubits *sweep"]:
    """Give what recipes read: of several outcomes, the share of those that are told to be level 1."""
    values = np.asarray(observable(data).values, dtype=np.float64)
    return values[..., 1] if from_dataset(data).observable == "probability" else values


def completed(twin: Twin, data: xr.Dataset) -> xr.Dataset:
    """Give a dataset with the setting that labs agree on least: the sign of the second quadrature of a cryoscope.

    A flux pulse lowers the frequency of a transmon at its sweet spot; the sign for which the data say so is taken, and kept
    as the setting ``quadrature_sign``. Other data come back as they are.
    """
    experiment = from_dataset(data)
    if experiment.name != "cryoscope" or "quadrature_sign" in experiment.settings:
        return data
    sign, _ = _cryoscope_detuning(twin, experiment, _seen(data))
    settings = json.dumps({**experiment.settings, "quadrature_sign": sign})
    return data.assign_attrs(settings=settings)


def _readout(twin: Twin, qubit: str, zero: float, one: float) -> Values:
    """Give readout parameters that report `zero` for level 0 and `one` for level 1."""
    if isinstance(twin.readout[f"readout_{qubit}"], ConfusionReadout):
        return {
            f"readout_{qubit}.false_one": float(np.clip(zero, 0.005, 0.49)),
            f"readout_{qubit}.false_zero": float(np.clip(1 - one, 0.005, 0.49)),
        }
    return {f"readout_{qubit}.offset": zero, f"readout_{qubit}.scale": one - zero}


def _decaying_wave(
    times: np.ndarray, values: np.ndarray, frequencies: np.ndarray, decays: np.ndarray
) -> tuple[float, float, np.ndarray]:
    """Find frequency and decay time of ``a + exp(-t/T)(b cos + c sin)`` on a grid, by linear least squares at each node.

    Returns
    -------
    frequency, decay, coefficients
        Of the best node; coefficients a, b, c.
    """
    present = np.isfinite(values)
    times, values = times[present], values[present]
    best = (np.inf, 0.0, 0.0, np.zeros(3))
    for decay in decays:
        envelope = np.exp(-times / decay)
        for frequency in frequencies:
            angle = 2 * np.pi * frequency * times
            design = np.stack([np.ones_like(times), envelope * np.cos(angle), envelope * np.sin(angle)], axis=1)
            found, *_ = np.linalg.lstsq(design, values, rcond=None)
            error = float(np.sum((design @ found - values) ** 2))
            if error < best[0]:
                best = (error, float(frequency), float(decay), found)
    return best[1], best[2], best[3]


def _frequencies(times: np.ndarray) -> np.ndarray:
    """Give a grid of frequencies that data can tell: a quarter turn to the Nyquist limit, four to a resolution width."""
    span = np.ptp(times)
    limit = 0.5 / np.min(np.diff(np.unique(times)))
    return np.linspace(0.25 / span, limit, max(8, int(4 * span * limit)))


def _rabi(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    (qubit,) = experiment.qubits
    amplitude = experiment.coordinates["drive_amplitude"].values
    frequency, _, (center, cosine, _) = _decaying_wave(
        amplitude, values[0], _frequencies(amplitude), np.array([100 * np.ptp(amplitude)])
    )
    return {
        f"drive_{qubit}.transfer.gain": frequency / pulse_area(experiment),
        # at amplitude 0 the qubit is in level 0
        **_readout(twin, qubit, float(center + cosine), float(center - cosine)),
    }


def pulse_area(experiment: Experiment) -> float:
    """Give the integral (s) of the pulse of a Rabi experiment at amplitude 1, as sampled at 1 GS/s."""
    duration = float(experiment.setting("pulse_duration"))
    edges = np.arange(0.0, duration + 0.5e-9, 1e-9)
    shape = Gaussian(duration, duration / experiment.setting("pulse_sigmas"))
    return float(np.sum(np.real(np.asarray(shape.cells(jnp.asarray(edges))))) * 1e-9)


def _decay(values: np.ndarray, times: np.ndarray) -> tuple[float, float, float]:
    """Give 1/e time, value at zero and value at infinity of a decay."""
    _, decay, (end, height, _) = _decaying_wave(times, values, np.zeros(1), np.geomspace(0.05, 2, 40) * np.ptp(times))
    return decay, float(end + height), float(end)


def _t1(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    (qubit,) = experiment.qubits
    decay, first, last = _decay(values[0], experiment.coordinates["delay"].values)
    return {f"{qubit}.t1": decay, **_readout(twin, qubit, last, first)}


def _dephasing(twin: Twin, qubit: str, t2: float) -> Values:
    """Give T1 and the pure dephasing time for a T2; T1 is moved only where it would not allow that T2."""
    t1 = max(float(twin.chip.qubits[qubit].t1), 2 * t2)
    return {f"{qubit}.t1": t1, f"{qubit}.t_phi": 1 / (1 / t2 - 1 / (2 * t1))}


def _ramsey(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    (qubit,) = experiment.qubits
    times = experiment.coordinates["delay"].values
    decays = np.geomspace(0.1, 3, 12) * np.ptp(times)
    frequency, decay, (center, cosine, sine) = _decaying_wave(times, values[0], _frequencies(times), decays)
    # without delay the two quarter turns make a half turn; whether that reads high or low is in the sign of the cosine
    height = float(np.copysign(np.hypot(cosine, sine), cosine))
    lag = float(np.arctan2(-sine * np.sign(height), abs(cosine))) / (2 * np.pi * frequency)
    artificial = experiment.setting("artificial_detuning")
    # without an artificial detuning the sign of the real one is not in the data; the lower frequency is taken
    detuning = frequency - artificial if artificial > 0 else -frequency - artificial
    return {
        f"{qubit}.frequency": experiment.setting("drive_frequency") + detuning,
        f"drive_{qubit}.transfer.lag": float(np.clip(lag, -2e-6, 2e-6)),
        **_readout(twin, qubit, float(center) - height, float(center) + height),
        **_dephasing(twin, qubit, decay),
    }


def _echo(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    (qubit,) = experiment.qubits
    decay, first, last = _decay(values[0], experiment.coordinates["delay"].values)
    return {**_readout(twin, qubit, first, 2 * last - first), **_dephasing(twin, qubit, decay)}


def _flux_arc(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    (qubit,) = experiment.qubits
    bias = experiment.coordinates["flux_bias"].values
    frequency = experiment.coordinates["drive_frequency"].values
    level = np.nanmedian(values[0])
    strength = np.abs(values[0] - level)
    peaks = np.take_along_axis(frequency, np.nanargmax(strength, axis=1)[:, None], axis=1)[:, 0]
    # the middle half of the rows by strength: far from resonance the largest deviation is noise
    trusted = np.nanmax(strength, axis=1) >= np.nanmedian(np.nanmax(strength, axis=1))
    curve, slope, _ = np.polyfit(bias[trusted], peaks[trusted], 2)
    vertex = float(-slope / (2 * curve)) if curve < 0 else float(np.mean(bias))
    top = float(np.polyval(np.polyfit(bias[trusted], peaks[trusted], 2), vertex))
    d2 = float(twin.chip.qubits[qubit].asymmetry) ** 2
    gain = float(np.sqrt(abs(curve) * 4 / (top * np.pi**2 * (1 - d2))))
    signed = values[0].reshape(-1)[np.nanargmax(strength)]
    return {
        f"{qubit}.frequency": top,
        f"bias_{qubit}.gain": gain,
        f"{qubit}.flux_offset": float(np.clip(-gain * vertex, -0.49, 0.49)),
        **_readout(twin, qubit, float(level), float(2 * signed - level)),
    }


def _cryoscope(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    (qubit,) = experiment.qubits
    height, times = float(experiment.setting("flux_amplitude")), experiment.coordinates["duration"].values
    center, spread = float(np.nanmean(values[0])), float(np.sqrt(2) * np.nanstd(values[0]))
    signal = _analytic(values, experiment.setting("quadrature_sign"))
    _, mean = _cryoscope_detuning(twin, experiment, values)
    # cycles that the phase is ahead of a constant detuning: a + b t + c exp(-t/tau) for a step response 1 + A exp(-t/tau),
    # since the detuning goes as the square of the flux
    ahead = np.unwrap(np.angle(signal * np.exp(-2j * np.pi * mean * times))) / (2 * np.pi)
    drift, decay, coefficients = _drift_and_decay(times, ahead)
    detuning = mean + drift
    transmon = twin.chip.qubits[qubit]
    phi = _flux_of_detuning(transmon, detuning)
    # what is left at no pulse is the phase of the whole, fixed interval between the quarter turns
    window = float(times.max()) + experiment.setting("settling_time")
    offset = (coefficients[0] + coefficients[2] + 0.5) % 1 - 0.5
    return {
        f"{qubit}.frequency": experiment.setting("drive_frequency") + offset / window,
        f"flux_{qubit}.transfer.gain": phi / abs(height),
        f"flux_{qubit}.distortion.amplitude": float(np.clip(-coefficients[2] / (2 * decay * detuning), -0.3, 0.3)),
        f"flux_{qubit}.distortion.time_constant": decay,
        **_readout(twin, qubit, center - spread, center + spread),
    }


def _flux_of_detuning(transmon: Transmon, detuning: float) -> float:
    """Give the flux (Φ0, from 0 to 1/2) that lowers the frequency by `-detuning` (Hz); its nearer end if there is none."""

    def excess(flux: float) -> float:
        return float(transmon.at_flux(jnp.asarray(flux))[0] - transmon.frequency) - detuning

    if excess(0.0) <= 0.0 or excess(0.5) >= 0.0:
        return 0.01 if excess(0.0) <= 0.0 else 0.49
    return float(cast("float", brentq(excess, 0.0, 0.5)))


def _analytic(values: np.ndarray, sign: float) -> np.ndarray:
    """Give ``<X> + i <Y>`` up to a factor: a phasor that turns with the detuning."""
    x, y = (
        np.nan_to_num(values[0, 0] - np.nanmean(values[0, 0])),
        np.nan_to_num(values[0, 1] - np.nanmean(values[0, 1])),
    )
    return x + 1j * sign * y


def _drift_and_decay(times: np.ndarray, phase: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Fit ``a + b t + c exp(-t/tau)``; give b, tau and the coefficients."""
    best = (np.inf, 0.0, np.zeros(3))
    for decay in np.geomspace(2 * np.min(np.diff(times)), np.ptp(times), 30):
        design = np.stack([np.ones_like(times), times, np.exp(-times / decay)], axis=1)
        found, *_ = np.linalg.lstsq(design / np.max(np.abs(design), axis=0), phase, rcond=None)
        found = found / np.max(np.abs(design), axis=0)
        error = float(np.sum((design @ found - phase) ** 2))
        if error < best[0]:
            best = (error, float(decay), found)
    return float(best[2][1]), best[1], best[2]


def _cryoscope_detuning(twin: Twin, experiment: Experiment, values: np.ndarray) -> tuple[float, float]:
    """Give the sign of the second quadrature and the mean detuning (Hz, negative).

    The grid of durations folds large detunings; they are unfolded towards what the lab's static calibration, or else the
    twin's gain, expects.
    """
    (qubit,) = experiment.qubits
    height, times = float(experiment.setting("flux_amplitude")), experiment.coordinates["duration"].values
    coefficients = experiment.settings.get("static_detuning_coefficients")
    if coefficients:
        expected = -abs(float(np.polyval(coefficients, height)))
    else:
        gain = float(twin.parameters[f"flux_{qubit}.transfer.gain"].value)
        transmon = twin.chip.qubits[qubit]
        expected = float(transmon.at_flux(jnp.asarray(gain * height))[0] - transmon.at_flux(jnp.zeros(()))[0])
    step = float(np.min(np.diff(times)))
    # rows may be missing, so that durations need not be evenly spaced
    count = round(16 * (np.ptp(times) / step + 1))
    grid = np.fft.fftfreq(count, step)
    seen = grid[np.argmax(np.abs(np.exp(-2j * np.pi * grid[:, None] * times) @ _analytic(values, 1.0)))]
    known = experiment.settings.get("quadrature_sign")
    signs = (1.0, -1.0) if known is None else (float(known),)
    candidates = [(sign, sign * seen + fold / step) for sign in signs for fold in range(-3, 4)]
    return min(candidates, key=lambda candidate: abs(candidate[1] - expected))


def _chevron(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    pulsed = pulsed_qubit(experiment)
    (other,) = [name for name in experiment.qubits if name != pulsed]
    amplitude = experiment.coordinates["flux_amplitude"].values
    times = experiment.coordinates["duration"].values
    scaled = values / np.nanstd(values, axis=(1, 2), keepdims=True)
    swing = np.nanmean(np.nanvar(scaled, axis=2), axis=0)
    weight = np.clip(swing - np.median(swing), 0, None) ** 2
    resonance = float(np.sum(weight * amplitude) / np.sum(weight))
    row = scaled[:, int(np.argmin(np.abs(amplitude - resonance)))]
    grid = np.linspace(0.6 / np.ptp(times), 0.25 / np.min(np.diff(times)), 200)
    errors = [sum(_wave_error(times, line, frequency) for line in row) for frequency in grid]
    coupling = float(grid[int(np.argmin(errors))] / (2 * np.sqrt(2)))
    low, high = twin.chip.qubits[other], twin.chip.qubits[pulsed]
    meeting = float(low.frequency) - float(high.anharmonicity)
    phi = _flux_of_detuning(high, meeting - float(high.frequency))
    found = {
        f"flux_{pulsed}.transfer.gain": phi / abs(resonance),
    }
    found |= {
        f"{name}.coupling": float(np.clip(coupling, 1e6, 50e6))
        for name, part in twin.chip.couplings.items()
        if isinstance(part, ExchangeCoupling) and set(part.between) == set(experiment.qubits)
    }
    for index, name in enumerate(experiment.qubits):
        first = float(np.nanmean(values[index][:, np.argsort(times)[:2]]))
        extremes = np.nanpercentile(values[index], [2, 98])
        swapped = float(extremes[np.argmax(np.abs(extremes - first))])
        # the swap takes the other qubit from level 1 to 0, and the pulsed one from level 1 to 2
        found |= (
            _readout(twin, name, swapped, first) if name == other else _readout(twin, name, 2 * first - swapped, first)
        )
    return found


def _wave_error(times: np.ndarray, values: np.ndarray, frequency: float) -> float:
    angle = 2 * np.pi * frequency * times
    design = np.stack([np.ones_like(times), np.cos(angle), np.sin(angle)], axis=1)
    found, *_ = np.linalg.lstsq(design, np.nan_to_num(values, nan=float(np.nanmean(values))), rcond=None)
    return float(np.sum((design @ found - values) ** 2))


def _ramsey_phases(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    (qubit,) = experiment.qubits
    times, phase = (experiment.coordinates[name].values for name in ("delay", "phase"))
    # least squares over the phases: cos(2 pi f t + phase) gives a phasor whose sense of turning is the sign of f
    design = np.stack([np.ones_like(phase), np.cos(phase), -np.sin(phase)], axis=1)
    if np.linalg.matrix_rank(design[:, 1:]) < 2:
        return _ramsey(twin, experiment, values[:, 0])
    centered = values[0] - np.nanmean(values[0])
    cosine, sine = np.linalg.lstsq(design[:, 1:], np.nan_to_num(centered), rcond=None)[0]
    grid = np.concatenate([-_frequencies(times)[::-1], _frequencies(times)])
    power = np.abs(np.exp(-2j * np.pi * grid[:, None] * times) @ (cosine + 1j * sine))
    detuning = float(grid[np.argmax(power)]) - experiment.setting("artificial_detuning")
    return {f"{qubit}.frequency": experiment.setting("drive_frequency") + detuning}


def _peak(experiment: Experiment, values: np.ndarray) -> float:
    """Give the drive frequency (Hz) at which a spectrum is farthest from its median."""
    strength = np.abs(values[0] - np.nanmedian(values[0]))
    return float(experiment.coordinates["drive_frequency"].values[np.nanargmax(strength)])


def _ef_spectroscopy(twin: Twin, experiment: Experiment, values: np.ndarray) -> Values:
    (qubit,) = experiment.qubits
    photons = 2 if experiment.name == "two_photon_spectroscopy" else 1
    frequency = float(twin.chip.qubits[qubit].frequency)
    return {f"{qubit}.anharmonicity": photons * (_peak(experiment, values) - frequency)}


def recipe_of(experiment: Experiment) -> Recipe:
    """Give how an experiment is learned; where there is no recipe only its readout is free, and the twin is the start."""
    return RECIPES.get(experiment.name, Recipe((), as_it_is))


_DRIVE = ("drive_{qubit}.transfer.gain", "drive_{qubit}.low_pass.cutoff")
_FLUX = ("flux_{pulsed}.transfer.gain", "flux_{pulsed}.distortion.*")
RECIPES = {
    "rabi": Recipe(("drive_{qubit}.transfer.gain",), _rabi),
    "t1": Recipe(("{qubit}.t1",), _t1),
    "ramsey": Recipe(("{qubit}.frequency", "{qubit}.t_phi", "drive_{qubit}.transfer.lag"), _ramsey),
    "echo": Recipe(("{qubit}.t_phi",), _echo),
    "flux_arc": Recipe(
        ("{qubit}.frequency", "{qubit}.flux_offset", "bias_{qubit}.gain", "drive_{qubit}.transfer.gain"), _flux_arc
    ),
    "cryoscope": Recipe(
        ("{qubit}.frequency", "flux_{pulsed}.transfer.gain", "flux_{pulsed}.distortion.*"),
        _cryoscope,
        ideal={"flux_{pulsed}.distortion.amplitude": 0.0, "flux_{pulsed}.distortion.time_constant": 10e-9},
    ),
    "chevron": Recipe(
        (
            "*.coupling",
            "{pulsed}.frequency",
            "flux_{pulsed}.transfer.gain",
            "flux_{pulsed}.distortion.*",
            "flux_{pulsed}.low_pass.cutoff",
        ),
        _chevron,
        ideal={
            "flux_{pulsed}.distortion.amplitude": 0.0,
            "flux_{pulsed}.distortion.time_constant": 10e-9,
            "flux_{pulsed}.low_pass.cutoff": library.UNLIMITED,
        },
        # small, and with the bandwidth of a common generator
        begin={"flux_{pulsed}.distortion.amplitude": -0.01, "flux_{pulsed}.low_pass.cutoff": 400e6},
    ),
    "rabi_chevron": Recipe(("{qubit}.frequency", *_DRIVE), as_it_is),
    "ramsey_phases": Recipe(("{qubit}.frequency", "{qubit}.t_phi", "drive_{qubit}.transfer.lag"), _ramsey_phases),
    "ramsey_flux": Recipe(("{qubit}.frequency", "{qubit}.t_phi", "bias_{qubit}.gain"), as_it_is),
    "echo_flux": Recipe(("{qubit}.t_phi",), as_it_is),
    "cpmg": Recipe(("{qubit}.t_phi",), as_it_is),
    "ef_spectroscopy": Recipe(("{qubit}.anharmonicity", _DRIVE[0]), _ef_spectroscopy),
    "two_photon_spectroscopy": Recipe(("{qubit}.anharmonicity", _DRIVE[0]), _ef_spectroscopy),
    "drag_scan": Recipe(("{qubit}.anharmonicity", "{qubit}.frequency", *_DRIVE), as_it_is),
    "allxy": Recipe(("{qubit}.frequency", *_DRIVE), as_it_is),
    "fine_amplitude": Recipe(_DRIVE[:1], as_it_is),
    "clifford_sequences": Recipe(_DRIVE[:1], as_it_is),
    "drive_flux_delay": Recipe(("flux_{pulsed}.delay.time",), as_it_is),
    "cryoscope_amplitudes": Recipe(("{qubit}.frequency", *_FLUX), as_it_is),
    "flux_step": Recipe(_FLUX, as_it_is),
    "resonator_spectroscopy": Recipe(
        ("resonator_{qubit}.frequency", "resonator_{qubit}.linewidth", "resonator_{qubit}.dispersive_shift"), as_it_is
    ),
}
