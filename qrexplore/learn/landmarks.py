"""Landmarks: the numbers that spectra and fringes are read for, as the data show them and as a twin puts them in closed form.

The likelihood of a narrow line has no slope a few widths away, and that of a long fringe is full of valleys. Where a line is
and how fast a fringe turns are smooth functions of the parameters; a fit of them alone is the place from which to begin.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from qrexplore.data import observable
from qrexplore.experiments import Experiment, from_dataset, pulsed_qubit
from qrexplore.pulses import sample_count
from qrexplore.twin import Twin, dressed_frequencies
from qrexplore.twin.electronics import SignalChain
from qrexplore.twin.static import late_step, static_flux

Flux = Mapping[str, Float[Array, " points"]]
Rule = Callable[[Twin, Experiment, Array], Array]

# of a grid of drive frequencies: how well the center of a line is known, and how many of its widths are tried
_LINE_SHARE, _WIDTHS = 0.3, 4
# share of the variance of a spectrum that its line may leave unexplained
_UNEXPLAINED = 0.5
# of the inverse of the length of a fringe: how well its frequency is known
_FRINGE_SHARE = 0.1
# relative, of a resonance that is read off a chevron, and of its splitting
_MEETING_SHARE, _SPLITTING_SHARE = 0.01, 0.1
# heights of a pulse up to which all signs of their fringes are tried
_FEW_ROWS = 8
# a wave and its level are three numbers
_FEWEST_TIMES = 4
# cells of a line that is followed for microseconds; much longer than its fast parts, which are over by then
_SLOW_CELL = 20e-9


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["observed", "stderr", "experiment", "at"],
    meta_fields=["rule", "period"],
)
@dataclass(frozen=True, eq=False)
class Landmarks:
    """Some numbers read off one dataset: a pytree, so that what is compiled for one serves those of other devices.

    Attributes
    ----------
    observed, stderr
        The numbers and about how well they are known, Hz; one that is NaN tells nothing.
    experiment
        That the dataset is of.
    rule
        What a twin says of the numbers, Hz, differentiable: a function of twin, experiment and `at`.
    at
        Where in the sweep the numbers were read, in the unit of the swept quantity; not all need it.
    period
        Of numbers that are known up to a multiple of it only, Hz; infinity for others.
    """

    observed: Float[Array, " numbers"]
    stderr: Float[Array, " numbers"]
    experiment: Experiment
    rule: Rule
    at: Float[Array, ""]
    period: float

    def predicted(self, twin: Twin) -> Float[Array, " numbers"]:
        """Give what a twin says of the numbers, Hz."""
        return self.rule(twin, self.experiment, self.at)

    def residuals(self, twin: Twin) -> Float[Array, " numbers"]:
        """Give how far a twin is off, in standard errors."""
        there = jnp.isfinite(self.observed)
        apart = jnp.where(there, self.predicted(twin) - jnp.where(there, self.observed, 0.0), 0.0)
        if np.isfinite(self.period):
            apart = apart - self.period * jnp.round(jax.lax.stop_gradient(apart) / self.period)
        return apart / self.stderr


def _marks(
    observed: np.ndarray,
    stderr: np.ndarray,
    experiment: Experiment,
    rule: Rule,
    *,
    at: float = 0.0,
    period: float = np.inf,
) -> Landmarks:
    numbers = jnp.asarray(observed), jnp.asarray(stderr)
    return Landmarks(*numbers, experiment, rule, jnp.asarray(at), float(period))


def landmarks(data: xr.Dataset) -> Landmarks | None:
    """Give the landmarks of a dataset; None for an experiment that needs none.

    Parameters
    ----------
    data
        One dataset.
    """
    experiment = from_dataset(data)
    reader = _READERS.get(experiment.name)
    return None if reader is None else reader(experiment, np.asarray(observable(data).values, dtype=np.float64))


def _shares(experiment: Experiment, values: np.ndarray) -> Float[np.ndarray, "signals *sweep"]:
    """Give what is seen of the first qubit: one signal, or one for each outcome or quadrature."""
    seen = values[0]
    return np.moveaxis(seen, -1, 0) if seen.ndim > len(experiment.protocol.dims) else seen[None]


def _line_center(frequency: Float[np.ndarray, " points"], signals: Float[np.ndarray, "signals points"]) -> float:
    """Give the center (Hz) of the one line in a spectrum: the bump that, with a level, fits best; NaN if none stands out."""
    there = np.all(np.isfinite(signals), axis=0)
    frequency, signals = frequency[there], signals[:, there]
    step = np.ptp(frequency) / (len(frequency) - 1)
    centers = np.linspace(frequency.min(), frequency.max(), 8 * len(frequency) - 7)
    best, found, all_of_it = np.inf, np.nan, 0.0
    for width in step * 2.0 ** np.arange(_WIDTHS):
        bumps = 1 / (1 + ((frequency - centers[:, None]) / width) ** 2)
        bumps = bumps - bumps.mean(axis=1, keepdims=True)
        centered = signals - signals.mean(axis=1, keepdims=True)
        explained = np.sum((bumps @ centered.T) ** 2, axis=1) / np.sum(bumps**2, axis=1)
        all_of_it = float(np.sum(centered**2))
        left = all_of_it - explained
        if left.min() < best:
            best, found = float(left.min()), float(centers[np.argmin(left)])
    return found if best < _UNEXPLAINED * all_of_it else np.nan


def _line(twin: Twin, experiment: Experiment, flux: Flux) -> Float[Array, " points"]:
    """Give the 0-1 frequency (Hz) of the measured qubit at some fluxes."""
    resting = tuple(experiment.settings.get("resting", ()))
    return jax.vmap(lambda at: dressed_frequencies(twin, experiment.qubits, flux=at, spectators=resting)[0])(flux)


def _names(experiment: Experiment) -> tuple[str, ...]:
    return (*experiment.qubits, *experiment.settings.get("resting", ()))


def _none(experiment: Experiment) -> Flux:
    """Give the flux where all qubits idle."""
    return {name: jnp.zeros(1) for name in _names(experiment)}


def _spectrum(experiment: Experiment, values: np.ndarray, rule: Rule) -> Landmarks:
    """Give the centers of the lines of one spectrum a row."""
    frequency = experiment.coordinates["drive_frequency"].values
    signals = _shares(experiment, values)
    centers = np.array([_line_center(row, signals[:, k]) for k, row in enumerate(frequency)])
    error = _LINE_SHARE * np.ptp(frequency, axis=1) / (frequency.shape[1] - 1)
    return _marks(centers, error, experiment, rule)


def _flux_arc(twin: Twin, experiment: Experiment, _: Array) -> Float[Array, " points"]:
    """Give the frequency of the measured qubit at each bias."""
    bias = jnp.asarray(experiment.coordinates["flux_bias"].values)
    source = experiment.settings.get("flux_qubit", experiment.qubits[0])
    flux = {name: static_flux(twin, name, bias, source=source) for name in _names(experiment)}
    return _line(twin, experiment, flux)


def _flux_step(twin: Twin, experiment: Experiment, _: Array) -> Float[Array, " points"]:
    """Give the frequency of the measured qubit at each delay after the step."""
    (qubit,) = experiment.qubits
    times = experiment.coordinates["delay"].values + experiment.setting("pulse_duration") / 2
    line = replace(twin.lines[f"flux_{qubit}"], sample_rate=1 / _SLOW_CELL)
    carried = late_step(line, experiment.setting("flux_amplitude"), jnp.asarray(times), float(times.max()) + _SLOW_CELL)
    return _line(twin, experiment, _on_all(twin, experiment, carried))


def _on_all(twin: Twin, experiment: Experiment, carried: Float[Array, " points"]) -> Flux:
    """Give the flux of all transmons under what the flux line of the measured qubit carries."""
    leaks = twin.crosstalk.fast_flux
    return {name: leaks.onto(name, {pulsed_qubit(experiment): carried}) for name in _names(experiment)}


def _ef_spectroscopy(experiment: Experiment, values: np.ndarray) -> Landmarks:
    frequency = experiment.coordinates["drive_frequency"].values
    center = _line_center(frequency, _shares(experiment, values))
    error = _LINE_SHARE * np.ptp(frequency) / (len(frequency) - 1)
    return _marks(np.array([center]), np.array([error]), experiment, _level_two)


def _level_two(twin: Twin, experiment: Experiment, _: Array) -> Float[Array, " one"]:
    (qubit,) = experiment.qubits
    return _line(twin, experiment, _none(experiment)) + twin.chip.qubits[qubit].anharmonicity


def _phasor(cosine: np.ndarray, sine: np.ndarray) -> np.ndarray:
    """Give the phasor of the signal that varies most, from its parts along the first axis."""
    both = np.stack([cosine, sine])
    both = both - np.nanmean(both, axis=-1, keepdims=True)
    strongest = int(np.argmax(np.nansum(np.abs(both) ** 2, axis=(0, *range(2, both.ndim)))))
    return np.nan_to_num(both[0, strongest] + 1j * both[1, strongest])


def _ramsey_phases(experiment: Experiment, values: np.ndarray) -> Landmarks:
    times, phase = (experiment.coordinates[name].values for name in ("delay", "phase"))
    signals = _shares(experiment, values)
    centered = np.nan_to_num(signals - np.nanmean(signals, axis=(1, 2), keepdims=True))
    design = np.stack([np.cos(phase), -np.sin(phase)], axis=1)
    cosine, sine = np.moveaxis(np.linalg.pinv(design) @ centered, 1, 0)
    wave = _phasor(cosine, sine)
    limit = 0.5 / np.min(np.diff(times))
    grid = np.linspace(-limit, limit, 16 * len(times))
    seen = grid[np.argmax(np.abs(np.exp(-2j * np.pi * grid[:, None] * times) @ wave))]
    at = seen - experiment.setting("artificial_detuning") + experiment.setting("drive_frequency")
    return _marks(np.array([at]), np.array([_FRINGE_SHARE / np.ptp(times)]), experiment, _idle, period=2 * limit)


def _idle(twin: Twin, experiment: Experiment, _: Array) -> Float[Array, " one"]:
    return _line(twin, experiment, _none(experiment))


def _flux_crosstalk(experiment: Experiment, values: np.ndarray) -> Landmarks | None:
    """Give the frequency of a qubit under each height of a pulse on the line of another.

    A fringe tells its frequency without its sign. The signs are those for which the qubit, driven at its idle frequency, moves
    most nearly in proportion to the height.
    """
    heights, times = (experiment.coordinates[name].values for name in ("flux_amplitude", "delay"))
    if len(experiment.qubits) > 1 or len(heights) > _FEW_ROWS or len(times) < _FEWEST_TIMES:
        return None
    limit = 0.5 / np.min(np.diff(times))
    grid = np.linspace(0.5 / np.ptp(times), limit, 16 * len(times))
    signals = _shares(experiment, values)
    fringes = np.array([_wave_frequency(times, signals[:, k], grid) for k in range(len(heights))])
    signs = np.array(list(itertools.product((1, -1), repeat=len(heights))))
    moved = signs * fringes - experiment.setting("artificial_detuning")
    slopes = moved @ heights / max(float(heights @ heights), 1e-300)
    best = int(np.argmin(np.sum((moved - slopes[:, None] * heights) ** 2, axis=1)))
    error = np.full(len(heights), _FRINGE_SHARE / np.ptp(times))
    observed = moved[best] + experiment.setting("drive_frequency")
    return _marks(observed, error, experiment, _beside, period=2 * limit)


def _beside(twin: Twin, experiment: Experiment, _: Array) -> Float[Array, " heights"]:
    """Give the frequency of the measured qubit when a pulse on the line of another has settled, for each of its heights."""
    heights, times = (experiment.coordinates[name].values for name in ("flux_amplitude", "delay"))
    source = str(experiment.settings["source"])
    line = twin.lines[f"flux_{source}"]
    count = sample_count(float(times.max()), line.sample_rate)
    # without the beginning, when the pulse has not arrived
    volts = jnp.asarray(heights)[:, None] * jnp.ones(count)
    carried = line.forward(volts, 1)[:, count // 2 :].mean(axis=(1, 2))
    leaks = twin.crosstalk.fast_flux
    flux = {name: leaks.onto(name, {source: carried}) for name in _names(experiment)}
    return _line(twin, experiment, flux)


def _cryoscope(experiment: Experiment, values: np.ndarray) -> Landmarks:
    """Give the detuning between neighbouring durations, which a grid of durations tells up to its inverse step."""
    times = experiment.coordinates["duration"].values
    step = float(np.min(np.diff(times)))
    signals = _shares(experiment, values)
    wave = _phasor(signals[:, 0], experiment.setting("quadrature_sign") * signals[:, 1])
    turned = np.angle(wave[:, 1:] * np.conj(wave[:, :-1])) / (2 * np.pi * np.diff(times))
    contrast = np.median(np.abs(wave))
    noise = np.sqrt(0.25 / (experiment.shots or 1000)) / contrast
    error = np.sqrt(2) * noise / (2 * np.pi * step) + 1e6
    return _marks(turned.reshape(-1), np.full(turned.size, error), experiment, _detunings, period=1 / step)


def _detunings(twin: Twin, experiment: Experiment, _: Array) -> Float[Array, " numbers"]:
    """Give the mean detuning between neighbouring durations of a pulse, for each of its heights."""
    times, heights = (experiment.coordinates[name].values for name in ("duration", "flux_amplitude"))
    (qubit,) = experiment.qubits
    line = twin.lines[f"flux_{qubit}"]
    window = float(times.max()) + experiment.setting("settling_time")
    carried = _squares(line, jnp.asarray(heights), times, sample_count(window, line.sample_rate))
    apart = _bare(twin, experiment, carried) - experiment.setting("drive_frequency")
    turns = jnp.sum(apart, axis=-1) / line.sample_rate
    return (jnp.diff(turns, axis=1) / np.diff(times)).reshape(-1)


def _squares(
    line: SignalChain, heights: Float[Array, " heights"], times: np.ndarray, count: int
) -> Float[Array, "heights durations samples"]:
    """Give what a line makes of square pulses, each sample by its mean."""
    ends = times * line.sample_rate
    if not (line.linear and line.time_invariant):
        samples = np.clip(ends[:, None] - np.arange(count), 0.0, 1.0)
        return line.forward(heights[:, None, None] * samples, 1).mean(axis=-1)
    # a step up, and one down that falls into a sample by its share
    step = line.forward(jnp.ones(count), 1).mean(axis=-1)
    whole, share = np.floor(ends + 1e-9).astype(int), np.clip(ends - np.floor(ends + 1e-9), 0.0, 1.0)
    later = np.arange(count) - whole[:, None]

    def begun(samples: np.ndarray) -> Array:
        return jnp.where(samples >= 0, step[np.maximum(samples, 0)], 0.0)

    shape = step - (1 - share)[:, None] * begun(later) - share[:, None] * begun(later - 1)
    return heights[:, None, None] * shape


def _bare(twin: Twin, experiment: Experiment, carried: Float[Array, "*points"]) -> Float[Array, "*points"]:
    """Give the frequency (Hz) of the pulsed qubit, as its neighbours shift it where it idles."""
    (qubit,) = experiment.qubits
    transmon = twin.chip.qubits[qubit]
    idle = _line(twin, experiment, _none(experiment))[0]
    return idle + transmon.at_flux(carried)[0] - transmon.at_flux(jnp.zeros(()))[0]


def _chevron(experiment: Experiment, values: np.ndarray) -> Landmarks:
    """Give by how much |11> and |02> are apart at the height of the slowest exchange, and how fast that is."""
    heights, times = (experiment.coordinates[name].values for name in ("flux_amplitude", "duration"))
    signals = np.moveaxis(values, -1, 1) if values.ndim > 3 else values[:, None]
    signals = signals.reshape(-1, len(heights), len(times))
    swing = np.nanmean(np.nanvar(signals, axis=2), axis=0)
    weight = np.clip(swing - np.median(swing), 0, None) ** 2
    meeting = float(np.sum(weight * heights) / np.sum(weight))
    rows = signals[:, int(np.argmin(np.abs(heights - meeting)))]
    grid = np.linspace(0.6 / np.ptp(times), 0.25 / np.min(np.diff(times)), 400)
    splitting = _wave_frequency(times, rows, grid)
    errors = np.array([_MEETING_SHARE * 1e9, _SPLITTING_SHARE * splitting])
    return _marks(np.array([0.0, splitting]), errors, experiment, _meeting, at=meeting)


def _meeting(twin: Twin, experiment: Experiment, at: Float[Array, ""]) -> Float[Array, " two"]:
    """Give by how much |11> and |02> are apart under a pulse of some height (V), and their splitting where they meet."""
    pulsed = pulsed_qubit(experiment)
    (other,) = [name for name in experiment.qubits if name != pulsed]
    line = twin.lines[f"flux_{pulsed}"]
    count = sample_count(experiment.largest("duration"), line.sample_rate)
    # without the beginning, when the pulse has not arrived
    carried = line.forward(jnp.full(count, at), 1)[count // 2 :].mean()
    high, low = twin.chip.qubits[pulsed], twin.chip.qubits[other]
    frequency, anharmonicity = high.at_flux(carried)
    rest = low.at_flux(jnp.zeros(()))[0]
    coupling = _coupling(twin, (other, pulsed), {other: rest, pulsed: frequency})
    return jnp.stack([frequency + anharmonicity - rest, 2 * np.sqrt(2) * coupling])


def _coupling(twin: Twin, between: tuple[str, str], frequencies: Mapping[str, Array]) -> Float[Array, ""]:
    parts = [part for part in twin.chip.couplings.values() if set(part.between) == set(between)]
    return sum((part.strength(frequencies) for part in parts), jnp.zeros(()))


def _wave_frequency(times: np.ndarray, rows: np.ndarray, grid: np.ndarray) -> float:
    """Give the frequency of a grid whose wave, with a level, fits some rows best."""
    return float(grid[int(np.argmin([_wave_error(times, rows, f) for f in grid]))])


def _wave_error(times: np.ndarray, rows: np.ndarray, frequency: float) -> float:
    angle = 2 * np.pi * frequency * times
    design = np.stack([np.ones_like(times), np.cos(angle), np.sin(angle)], axis=1)
    rows = np.nan_to_num(rows)
    return float(np.sum((rows.T - design @ (np.linalg.pinv(design) @ rows.T)) ** 2))


_READERS: Mapping[str, Callable[[Experiment, np.ndarray], Landmarks | None]] = {
    "flux_arc": partial(_spectrum, rule=_flux_arc),
    "flux_step": partial(_spectrum, rule=_flux_step),
    "ef_spectroscopy": _ef_spectroscopy,
    "ramsey_phases": _ramsey_phases,
    "cryoscope_amplitudes": _cryoscope,
    "flux_crosstalk": _flux_crosstalk,
    "chevron": _chevron,
}
