"""Evolve every point of a sweep through the blocks of an experiment."""

from collections.abc import Callable
from copy import copy
from functools import cached_property, singledispatch

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, Int

from qrexplore.experiments import Block, Experiment, Idle, Play, PlayOnStep, Prepare, Repeat, Rotation, VirtualZ
from qrexplore.pulses import sample, sample_count
from qrexplore.quantum import GAUSS_NODES, Derivatives, idled, matrix_exponentials
from qrexplore.twin.carriers import Clock, carrier_phase, carriers, frame
from qrexplore.twin.course import Course, Places
from qrexplore.twin.dynamics import TURN, Dynamics
from qrexplore.twin.electronics import DriveGain, Wave
from qrexplore.twin.model import Twin
from qrexplore.twin.static import late_step, static_flux
from qrexplore.twin.telegraph import JointDynamics

State = Inexact[Array, "kept batch"]


class Setting:
    """What a block needs to know beyond itself: twin, experiment, matrices, frame, resolution, and derivatives wanted."""

    def __init__(
        self,
        twin: Twin,
        experiment: Experiment,
        dynamics: Dynamics | JointDynamics,
        blocks: tuple[Block, ...],
        *,
        substeps: int,
        derivatives: Derivatives = "any",
    ) -> None:
        self.twin = twin
        self.experiment = experiment
        self.dynamics = dynamics
        self.substeps = substeps
        self.derivatives: Derivatives = derivatives
        self.reference = self._reference(blocks)
        self.weights = dynamics.weights(twin, self.reference)
        self.clock = Clock()
        self.course: Course | None = None

    @cached_property
    def carriers(self) -> dict[str, Float[Array, ""]] | None:
        """Carrier (Hz) of each qubit, None if the frame turns with them."""
        return carriers(self.twin, self.experiment, self.dynamics)

    def _reference(self, blocks: tuple[Block, ...]) -> Float[Array, " qubits"]:
        """Give the frequency (Hz) of the frame: that of the drives, if all have the same, else as `frame` says."""
        lines = [(block, line) for block in blocks if isinstance(block, Play) for line in block.schedule.lines]
        owners = {owner for block, line in lines if (owner := _owner(block, line)) is not None}
        given = any(isinstance(block, Play) and block.carrier is not None for block in blocks)
        if len(owners) != 1 or given or self.carriers is None:
            return frame(self.twin, self.experiment)
        return jnp.full(len(self.experiment.qubits), self.carriers[owners.pop()])

    def at(self, clock: Clock) -> "Setting":
        """Give the same with another clock."""
        other = copy(self)
        other.clock = clock
        return other

    def after(self, block: Block) -> "Setting":
        """Give the same after a block."""
        if isinstance(block, VirtualZ):
            return self.at(self.clock.turned(block.qubit, block.angle))
        return self.at(self.clock.later(_length(block, self)))

    def carrier_phase(self, owner: str) -> float | Float[Array, "*batch"]:
        """Give by how much (rad) the axes of a qubit's pulses have turned in the frame until now."""
        return carrier_phase(owner, self.clock, self.carriers, self.reference[0])

    def during(self, course: Course | None) -> "Setting":
        """Give the setting of one block, with the noise that moves during it."""
        if course is None:
            return self
        found = copy(self)
        found.course = course
        if not course.playing:
            found.weights = course.mean(lambda member: self.dynamics.weights(member, self.reference), self.twin)
        return found

    def biased_weights(
        self, bias: Float[Array, " batch"], carrier: Float[Array, " batch"] | None
    ) -> Float[Array, "batch drift"]:
        """Give the constant coefficients where the only measured qubit is at a bias (V), in the frame of a carrier (Hz)."""
        (qubit,) = self.dynamics.qubits
        carrier = self.reference[0] if carrier is None else carrier
        flux = {name: static_flux(self.twin, name, bias, source=qubit) for name in self.dynamics.network.transmons}
        carrier = jnp.broadcast_to(carrier, bias.shape)
        if self.course is None:
            return jax.vmap(lambda at, f: self.dynamics.weights(self.twin, f[None], at))(flux, carrier)
        return self.course.mean(
            lambda member, at, f: self.dynamics.weights(member, f[None], at), self.twin, flux, carrier
        )


def _owner(block: Play | PlayOnStep, line: str) -> str | None:
    """Give the qubit at whose carrier a line plays, None for flux lines."""
    kind, _, qubit = line.partition("_")
    if kind != "drive":
        return None
    return (block.carrier_of if isinstance(block, Play) else None) or qubit


@singledispatch
def evolve(block: Block, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    """Give the states after a block and the largest norm of a step's exponent met in it."""
    raise NotImplementedError(type(block))


@singledispatch
def _length(_block: Block, _setting: Setting) -> float | Float[Array, "*batch"]:
    """Give how long (s) a block lasts at each point; most take no time."""
    return 0.0


def _idling(block: Idle, setting: Setting) -> Float[Array, " batch"]:
    if block.framed is None:
        return block.duration
    return block.duration + setting.twin.lines[f"drive_{block.framed}"].stage(DriveGain).lag


@_length.register
def _(block: Idle, setting: Setting) -> float | Float[Array, "*batch"]:
    return _idling(block, setting)


@_length.register
def _(block: Repeat, setting: Setting) -> float | Float[Array, "*batch"]:
    return block.count * sum(_length(part, setting) for part in block.body)


@_length.register
def _(block: PlayOnStep, setting: Setting) -> float | Float[Array, "*batch"]:
    rate = clock(setting.twin, (block.line, *block.schedule.lines))
    return sample_count(block.schedule.window, rate) / rate


@_length.register
def _(block: Play, setting: Setting) -> float | Float[Array, "*batch"]:
    rate = clock(setting.twin, block.schedule.lines)
    count = sample_count(block.schedule.window, rate)
    if block.stop is None:
        return count / rate
    # a shorter pulse is followed for as long after its stop as the longest
    leaves = _leaves(block, setting.experiment, rate)
    rows = int(np.prod(setting.experiment.sweep_shape)) // len(leaves)
    return jnp.tile((leaves + count - leaves.max()) / rate, rows)


def _leaves(block: Play, experiment: Experiment, rate: float) -> Int[np.ndarray, " stops"]:
    """Give the sample at which the shared past of the pulses leaves off for each of them."""
    stops = np.asarray(experiment.coordinates[str(block.stop)].values) * block.stop_unit
    return np.floor(stops * rate * (1 + 1e-9)).astype(int)


@evolve.register
def _(_block: Prepare | VirtualZ, state: State, _setting: Setting) -> tuple[State, Float[Array, ""]]:
    return state, jnp.zeros(())


@evolve.register
def _(block: Rotation, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    return _turned(block, state, setting), jnp.zeros(())


def _turned(block: Rotation, state: State, setting: Setting, repeat: int = 1) -> State:
    """Give states after a rotation; each of its angles and phases is that of `repeat` states in a row."""
    matrices = setting.dynamics
    # the frame of a single qubit is that of its pulses
    axis = setting.carrier_phase(block.qubit) if matrices.turned else -setting.clock.turns.get(block.qubit, 0.0)
    angle, phase = (jnp.repeat(numbers, repeat) for numbers in jnp.broadcast_arrays(block.angle, block.phase + axis))
    return matrices.turn(matrices.dressed(setting.twin), state, qubit=block.qubit, angle=angle, phase=phase)


@evolve.register
def _(block: Idle, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    # a lag may make a short idle negative, which only the exponential of each point knows how to do
    several = block.framed is None or len(setting.dynamics.network.modes) > 1
    if several and setting.weights.ndim == 1 and block.bias is None and block.carrier is None:
        generator = setting.dynamics.propagator.system.drift_matrix(setting.weights)
        return idled(generator, _idling(block, setting), state), jnp.zeros(())
    return jnp.einsum("ijb,jb->ib", _matrix(block, setting), state), jnp.zeros(())


def _matrix(block: Idle | Rotation, setting: Setting) -> Inexact[Array, "n n batch"]:
    """Give what a block without pulses does to the states of every point."""
    system = setting.dynamics.propagator.system
    if isinstance(block, Rotation):
        batch, size = len(block.angle), len(system.drift[0])
        each = jnp.tile(jnp.eye(size, dtype=system.drift[0].dtype), (1, batch))
        return jnp.moveaxis(_turned(block, each, setting, size).reshape(size, batch, size), 2, 1)
    weights = setting.weights if block.bias is None else setting.biased_weights(block.bias, block.carrier)
    exponents = jnp.moveaxis(_idling(block, setting)[:, None, None] * system.drift_matrix(weights), 0, -1)
    return matrix_exponentials(exponents, np.any([np.abs(matrix) > 0 for matrix in system.drift], axis=0))


@evolve.register
def _(block: Repeat, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    power = jnp.eye(len(state))[:, :, None]
    for part in block.body:
        power = jnp.einsum(
            "ijb,jkb->ikb", _matrix(part, setting), jnp.broadcast_to(power, (*power.shape[:2], state.shape[1]))
        )
    count = block.count.astype(int)
    # powers of one matrix commute, so the binary digits of the count may act in any order
    for digit in range(block.most.bit_length()):
        acts = (count >> digit) % 2 == 1
        state = jnp.where(acts, jnp.einsum("ijb,jb->ib", power, state), state)
        power = jnp.einsum("ijb,jkb->ikb", power, power)
    return state, jnp.zeros(())


@evolve.register
def _(block: Play, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    # noise that moves is another one at each point
    if block.shared and setting.course is None:
        return _once(block, state, setting)
    twin, substeps = setting.twin, setting.substeps
    rate = clock(twin, block.schedule.lines)
    samples = jax.vmap(lambda schedule: sample(schedule, rate))(block.schedule)
    step = 1 / (rate * substeps)
    if block.stop is not None:
        return _branch(block, samples, state, setting)
    return _propagate(_driven(block, samples, setting, step), state, setting, step)


def _once(block: Play, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    """Follow one point for all that differ only in what comes later."""
    dims, shape = setting.experiment.protocol.dims, setting.experiment.sweep_shape
    points = np.arange(int(np.prod(shape))).reshape(shape)
    along = tuple(dims.index(dim) for dim in block.shared)
    first = points[tuple(slice(0, 1) if axis in along else slice(None) for axis in range(len(dims)))]
    back = np.broadcast_to(np.arange(first.size).reshape(first.shape), shape).reshape(-1)
    taken = first.reshape(-1)
    schedule = jax.tree.map(lambda values: values[taken], block.schedule)
    carrier = None if block.carrier is None else block.carrier[taken]
    one = Play(schedule, block.stop, block.stop_unit, carrier, block.carrier_of)
    state, norm = evolve(one, state[:, taken], setting.at(setting.clock.at(taken)))
    return state[:, back], norm


@evolve.register
def _(block: PlayOnStep, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    twin, substeps = setting.twin, setting.substeps
    rate = clock(twin, (block.line, *block.schedule.lines))
    samples = jax.vmap(lambda schedule: sample(schedule, rate))(block.schedule)
    step = 1 / (rate * substeps)
    waves = _driven(block, samples, setting, step)
    cells = next(iter(waves.values())).shape[-2]
    times = block.wait[:, None, None] + (np.arange(cells)[:, None] + np.asarray(GAUSS_NODES)) * step
    window = block.longest + cells * step
    waves[block.line] = late_step(twin.lines[block.line], block.height[0], times, window)
    return _propagate(waves, state, setting, step)


def _driven(block: Play | PlayOnStep, samples: dict[str, Array], setting: Setting, step: float) -> dict[str, Wave]:
    """Give the waves at the chip, drives in the frame of the simulation."""
    waves = {line: setting.twin.lines[line].forward(values, setting.substeps) for line, values in samples.items()}
    return {
        line: wave * _carrier(block, line, np.arange(wave.shape[-2]), setting, step) for line, wave in waves.items()
    }


def _carrier(
    block: Play | PlayOnStep,
    line: str,
    cells: Int[np.ndarray, "*points cells"],
    setting: Setting,
    step: float,
    *,
    arranged: Callable[[Array], Array] = lambda batch: batch,
) -> Array | float:
    """Give the factor that turns some cells of a drive wave from the frame of its carrier to that of the simulation.

    A carrier that the block gives begins with the block. Numbers of each point of the sweep are `arranged` as the points are
    in the wave.
    """
    owner = _owner(block, line)
    if owner is None:
        return 1.0
    times = (cells[..., None] + np.asarray(GAUSS_NODES)) * step
    if block.carrier is not None:
        apart = arranged(block.carrier) - setting.reference[0]
        return jnp.exp(-1j * TURN * apart[..., None, None] * times)
    if setting.carriers is None and owner not in setting.clock.turns:
        return 1.0
    before = setting.carrier_phase(owner)
    phase = arranged(jnp.asarray(before))[..., None, None] if jnp.ndim(before) else before
    if setting.carriers is not None:
        phase = phase - TURN * (setting.carriers[owner] - setting.reference[0]) * times
    return jnp.exp(1j * phase)


def clock(twin: Twin, lines: tuple[str, ...]) -> float:
    """Give the common sample rate (1/s) of some lines.

    Raises
    ------
    ValueError
        If their clocks differ.
    """
    rates = {twin.lines[line].sample_rate for line in lines}
    if len(rates) > 1:
        msg = f"`sample_rate` of lines that play together must be the same, got {sorted(rates)} Hz. Set one clock."
        raise ValueError(msg)
    return rates.pop()


def _propagate(
    waves: dict[str, Wave],
    state: State,
    setting: Setting,
    step: float,
    *,
    save_every: int | None = None,
    places: Places | None = None,
) -> tuple[Array, Float[Array, ""]]:
    if setting.course is not None:
        waves = setting.course.on(waves, places, setting.substeps)
    controls = jnp.moveaxis(setting.dynamics.controls(setting.twin, waves), (0, -1), (-1, -2))
    if save_every is None and setting.dynamics.turning:
        return _turned_by(jnp.mean(controls, axis=(0, 1)), len(controls) * step, state, setting), jnp.zeros(())
    return setting.dynamics.propagator.evolve(
        setting.weights, controls, step, state, save_every=save_every, derivatives=setting.derivatives
    )


def _turned_by(controls: Float[Array, "controls batch"], duration: float, state: State, setting: Setting) -> State:
    """Give states after pulses that commute with all else: only their mean counts."""
    system = setting.dynamics.propagator.system
    generators = system.drift_matrix(setting.weights)[:, :, None] + jnp.einsum(
        "kij,kb->ijb", np.stack(system.controls), controls
    )
    links = np.any([np.abs(matrix) > 0 for matrix in (*system.drift, *system.controls)], axis=0)
    return jnp.einsum("ijb,jb->ib", matrix_exponentials(duration * generators, links), state)


def _branch(block: Play, samples: dict[str, Array], state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    """Follow the longest pulse of each row once, and leave it where each shorter pulse stops.

    Chains are causal, so up to its stop a pulse and a longer one make the same wave. Where they are linear and do not mind
    the clock, too, what the shorter one lacks from there on is the response of the line to the samples that it lacks;
    else the wave of each pulse is followed in full.
    """
    substeps, lines = setting.substeps, setting.twin.lines
    rate = clock(setting.twin, block.schedule.lines)
    step = 1 / (rate * substeps)
    leaves = _leaves(block, setting.experiment, rate)
    longest = int(np.argmax(np.asarray(setting.experiment.coordinates[str(block.stop)].values)))
    rows = {line: values.reshape(-1, len(leaves), values.shape[-1]) for line, values in samples.items()}
    total = next(iter(rows.values())).shape[-1]

    # behind the leaf of each stop: samples, and cells of the waves
    behind = leaves[:, None] + np.arange(total - int(leaves.max()))
    cells = leaves[:, None] * substeps + np.arange(behind.shape[1] * substeps)
    points = np.arange(len(leaves))[:, None]
    trunk, tail = {}, {}
    for line, values in rows.items():
        if lines[line].linear and lines[line].time_invariant:
            trunk[line] = lines[line].forward(values[:, longest], substeps)
            lacking = values[:, points, behind] - values[:, longest, behind]
            wave = trunk[line][:, cells] + lines[line].forward(lacking, substeps)
        else:
            every = lines[line].forward(values, substeps)
            trunk[line], wave = every[:, longest], every[:, points, cells]
        turned = wave * _carrier(
            block, line, cells, setting, step, arranged=lambda batch: batch.reshape(-1, len(leaves))
        )
        tail[line] = turned.reshape(-1, *wave.shape[2:])

    upto = np.arange(max(1, int(leaves.max())) * substeps)
    trunk = {
        line: wave[:, upto]
        * _carrier(block, line, upto, setting, step, arranged=lambda batch: batch.reshape(-1, len(leaves))[:, longest])
        for line, wave in trunk.items()
    }
    first = state.reshape(len(state), -1, len(leaves))[:, :, longest]
    count = state.shape[1] // len(leaves)
    places = (np.arange(count) * len(leaves) + longest)[:, None], upto[None]
    saved, norm = _propagate(trunk, first, setting, step, save_every=substeps, places=places)
    saved = jnp.concatenate([first[None], saved])
    begin = jnp.moveaxis(saved[leaves], 0, -1).reshape(len(state), -1)
    places = np.arange(state.shape[1])[:, None], np.tile(cells, (count, 1))
    state, tail_norm = _propagate(tail, begin, setting, step, places=places)
    return state, jnp.maximum(norm, tail_norm)
