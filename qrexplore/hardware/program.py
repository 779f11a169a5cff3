"""Programs: exactly what a backend will play, and how a schedule or an experiment becomes one.

Compiling samples on the clock of the channels, rounds to the codes of the converters and adds zeros at the end up to
their grid. It sends nothing and never clips: what is too large stays too large, so that the check sees it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from qrexplore.core import require_positive
from qrexplore.experiments import Experiment, Idle, Play, PlayOnStep, SteadyDrive
from qrexplore.hardware.channel import Capabilities, Channel
from qrexplore.hardware.errors import BackendError
from qrexplore.hardware.request import request_violations
from qrexplore.hardware.violation import Violation
from qrexplore.pulses import Pulse, Samples, Schedule, Square, sample, sample_count

# beyond this a waveform is refused for its length without being sampled
_LARGEST_SAMPLE_COUNT = 2**24


@dataclass(frozen=True, eq=False)
class Program:
    """What a backend will play, checked against nothing yet.

    Attributes
    ----------
    channels
        The channels that play.
    requested
        Samples in V by channel, shape (waveforms, samples), before rounding and padding; read-only.
    codes
        The same after rounding and padding, as multiples of each converter's step; read-only. Whole numbers, but kept
        as 64-bit floats, in which NaN stays NaN.
    levels
        Voltages in V held for whole points by channel, shape (points,); read-only.
    points
        Number of points of the sweep; 1 for a schedule.
    sweep
        The experiment with its settings and swept values as JSON text; empty for a schedule. It tells apart what plays
        the same samples, such as delays of different lengths.
    found
        What could not be played as it was written.
    """

    channels: Mapping[str, Channel]
    requested: Mapping[str, np.ndarray]
    codes: Mapping[str, np.ndarray]
    levels: Mapping[str, np.ndarray] = field(default_factory=dict)
    points: int = 1
    sweep: str = ""
    found: tuple[Violation, ...] = ()

    def __post_init__(self) -> None:
        for name in ("channels", "requested", "codes", "levels"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        for arrays in (self.requested, self.codes, self.levels):
            for array in arrays.values():
                array.setflags(write=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what will be played."""
        return self.digest()

    def digest(self) -> str:
        """Compute the hash anew, to see whether a program still is what it was."""
        digest = hashlib.sha256(f"qrexplore program 1 {self.sweep}\n".encode())
        for kind, arrays in (("codes", self.codes), ("levels", self.levels)):
            for name in sorted(arrays):
                array, channel = arrays[name], self.channels.get(name)
                clock = "" if channel is None else f"{channel.kind} {channel.sample_rate!r} {channel.step!r}"
                digest.update(f"{kind} {name} {clock} {array.shape} {array.dtype.str}\n".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def sample_count(self) -> int:
        """Number of samples of each waveform as played."""
        return next((array.shape[-1] for array in self.codes.values()), 0)

    @property
    def waves(self) -> Mapping[str, np.ndarray]:
        """Samples in V as played, by channel, shape (waveforms, samples)."""
        return {name: codes * self.channels[name].step for name, codes in self.codes.items()}

    @cached_property
    def played(self) -> xr.Dataset:
        """What will be played: one variable a channel, dims (waveform, time) or (waveform, quadrature, time), in V."""
        variables: dict[str, Any] = {}
        for name, wave in self.waves.items():
            channel = self.channels[name]
            attributes = {"units": "V", "long_name": f"voltage on {name}", "bits": channel.bits}
            if channel.kind == "iq":
                wave = np.stack([np.real(wave), np.imag(wave)], axis=1)  # noqa: PLW2901 (the same wave, in a form that files can hold)
                variables[name] = (("waveform", "quadrature", "time"), wave, attributes)
            else:
                variables[name] = (("waveform", "time"), wave, attributes)
        rate = next((self.channels[name].sample_rate for name in self.codes), 1.0)
        times = ("time", np.arange(self.sample_count) / rate, {"units": "s", "long_name": "start of the sample"})
        coordinates: dict[str, Any] = {"time": times} if variables else {}
        if any("quadrature" in dims for dims, _, _ in variables.values()):
            coordinates["quadrature"] = ("quadrature", ["i", "q"], {"units": "1", "long_name": "quadrature"})
        return xr.Dataset(variables, coords=coordinates, attrs={"program": self.hash, "points": self.points})

    def schedule(self) -> Schedule:
        """Give what will be played as a schedule, so that a model can be asked about exactly that.

        Raises
        ------
        BackendError
            If the program plays a sweep, or nothing.
        """
        if self.points != 1 or not self.codes:
            msg = (
                f"a program of {self.points} points on {len(self.codes)} lines is no single schedule. "
                "Compile one point of the sweep."
            )
            raise BackendError(msg)
        pulses = tuple(
            Pulse(name, Samples(values=jnp.asarray(wave[0]), period=self.channels[name].period), 1.0)
            for name, wave in self.waves.items()
        )
        return Schedule(pulses, window=self.sample_count * self.channels[pulses[0].line].period)


def compile_program(request: Schedule | Experiment, capabilities: Capabilities) -> Program:
    """Turn a schedule or all points of an experiment into what the converters will play.

    Parameters
    ----------
    request
        A schedule, or an experiment with its sweep. Ideal rotations of an experiment are the device's own calibrated
        pulses and appear in no waveform.
    capabilities
        Of the backend.

    Raises
    ------
    ValueError
        If a schedule has no pulse, or its window is not a positive length.
    BackendError
        If lines that play together have different clocks.

    Notes
    -----
    Waveforms of a program have one common length: that of the longest, padded with zeros at the end. Where pulses play late on
    a step, they hold the end of the step only: the generator waits at that voltage, for the delay that the sweep says.
    """
    if isinstance(request, Schedule):
        require_positive(request.window, "window", "s")
        if not request.pulses:
            msg = "`schedule` must have at least one pulse, got none. Add a Pulse, of amplitude 0 to play nothing."
            raise ValueError(msg)
        batched = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], request)
        found = request_violations(request, capabilities)
        waves, too_long = _sampled(batched, capabilities)
        return _assembled(waves, {}, capabilities, found=(*found, *too_long))
    return _compile_sweep(request, capabilities)


def _compile_sweep(experiment: Experiment, capabilities: Capabilities) -> Program:
    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}
    count = int(np.prod(experiment.sweep_shape))
    blocks = jax.vmap(lambda point: experiment.protocol.sequence(experiment, point), axis_size=count)(points)
    found: list[Violation] = []
    if count > capabilities.max_points:
        found.append(Violation("sweep", "points", count, capabilities.max_points, "points"))
    plays: list[dict[str, np.ndarray]] = []
    levels: dict[str, np.ndarray] = {}
    for block in blocks:
        if isinstance(block, Play | PlayOnStep):
            schedule = block.schedule
            if isinstance(block, PlayOnStep):
                schedule, too_long = _end_of_step(block, count, capabilities)
                found += too_long
            found += request_violations(schedule, capabilities, whole_window=False)
            sampled, too_long = _sampled(schedule, capabilities)
            found += too_long
            plays.append(sampled)
        elif isinstance(block, SteadyDrive):
            levels[f"drive_{block.qubit}"] = np.asarray(block.amplitude)
            levels[f"bias_{block.qubit}"] = np.asarray(block.bias)
        elif isinstance(block, Idle) and block.bias is not None:
            levels[f"bias_{experiment.qubits[0]}"] = np.asarray(block.bias)
    # a line that is silent in one of several plays still waits for the others
    silence = np.zeros((count, 1))
    lines = dict.fromkeys(name for sampled in plays for name in sampled)
    waves = {name: _stacked([sampled.get(name, silence) for sampled in plays]) for name in lines}
    program = _assembled(waves, levels, capabilities, found=tuple(dict.fromkeys(found)))
    return replace(program, points=count, sweep=_sweep_text(experiment))


def _end_of_step(block: PlayOnStep, count: int, capabilities: Capabilities) -> tuple[Schedule, list[Violation]]:
    """Give the pulses of every point with the end of their step, and whether the line would have to hold it too long.

    The step returns to zero when the pulses are over, one sample before the end.
    """
    known = capabilities.channels.get(block.line)
    period, longest = (0.0, np.inf) if known is None else (known.period, known.max_samples)
    window = block.schedule.window
    numbers = {"amplitude": block.height[0], "start": 0.0, "phase": 0.0}
    end = Pulse(
        block.line, Square(jnp.full(count, window)), **{name: jnp.full(count, x) for name, x in numbers.items()}
    )
    samples = (block.longest + window) / period if period else 0.0
    found = [Violation(block.line, "length", samples, int(longest), "samples")] if samples > longest else []
    return Schedule((*block.schedule.pulses, end), window=window + period), found


def _sweep_text(experiment: Experiment) -> str:
    swept = {name: coordinate.values.tolist() for name, coordinate in experiment.coordinates.items()}
    text = {"experiment": experiment.name, "qubits": experiment.qubits, "settings": experiment.settings, "sweep": swept}
    return json.dumps(text, sort_keys=True)


def _stacked(parts: list[np.ndarray]) -> np.ndarray:
    longest = max(part.shape[1] for part in parts)
    return np.concatenate([np.pad(part, ((0, 0), (0, longest - part.shape[1]))) for part in parts])


def _sampled(schedule: Schedule, capabilities: Capabilities) -> tuple[dict[str, np.ndarray], tuple[Violation, ...]]:
    """Sample a batch of schedules; a line that the backend lacks is left out, a window beyond all reason too."""
    lines = [line for line in schedule.lines if line in capabilities.channels]
    rates = {capabilities.channels[line].sample_rate for line in lines}
    if len(rates) > 1:
        msg = f"lines that play together must have one clock, got {sorted(rates)} Hz. Play them in separate programs."
        raise BackendError(msg)
    if not lines:
        return {}, ()
    rate = rates.pop()
    if sample_count(schedule.window, rate) > _LARGEST_SAMPLE_COUNT:
        largest = {line: capabilities.channels[line].max_samples for line in lines}
        count = schedule.window * rate
        return {}, tuple(Violation(line, "length", count, limit, "samples") for line, limit in largest.items())
    known = Schedule(tuple(pulse for pulse in schedule.pulses if pulse.line in lines), window=schedule.window)
    sampled = jax.vmap(lambda one: sample(one, rate))(known)
    return {line: np.array(wave) for line, wave in sampled.items()}, ()


def _assembled(
    waves: Mapping[str, np.ndarray],
    levels: Mapping[str, np.ndarray],
    capabilities: Capabilities,
    *,
    found: tuple[Violation, ...],
) -> Program:
    channels = {name: capabilities.channels[name] for name in (*waves, *levels) if name in capabilities.channels}
    lengths = [channels[name].padded(wave.shape[1]) for name, wave in waves.items()]
    grid = int(np.lcm.reduce([channels[name].granularity for name in waves])) if waves else 1
    length = -(-max(lengths, default=0) // grid) * grid
    codes = {
        name: np.pad(_rounded(wave, channels[name]), ((0, 0), (0, length - wave.shape[1])))
        for name, wave in waves.items()
    }
    return Program(channels, waves, codes, levels, found=found)


def _rounded(wave: np.ndarray, channel: Channel) -> np.ndarray:
    """Round to the codes of the converter; both quadratures of a complex channel, whatever the wave needs."""
    # part by part: products and quotients of infinite complex numbers are NaN in both parts
    with np.errstate(over="ignore"):
        parts = [np.round(part / channel.step) for part in (np.real(wave), np.imag(wave))]
    # adding 0.0 turns -0.0 into 0.0: the same voltage must have the same hash
    if channel.kind == "iq" or np.iscomplexobj(wave):
        rounded = np.empty(wave.shape, dtype=np.complex128)
        rounded.real, rounded.imag = parts[0] + 0.0, parts[1] + 0.0
        return rounded
    return parts[0] + 0.0
