"""Evolve every point of a sweep through the blocks of an experiment."""

import copy
from collections.abc import Callable
from functools import cached_property, partial, singledispatch

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, Int

from qrexplore.experiments import Block, Experiment, Idle, Play, Prepare, Rotation, VirtualZ
from qrexplore.pulses import sample, sample_count
from qrexplore.quantum import GAUSS_NODES, Derivatives, idled
from qrexplore.twin.carriers import Clock, carrier_phase, carriers, frame
from qrexplore.twin.dynamics import LARGEST_NORM, TURN, Dynamics
from qrexplore.twin.electronics import DriveGain, Wave
from qrexplore.twin.model import Twin
from qrexplore.twin.turns import turn

State = Inexact[Array, "kept batch"]

# jax gives NaN for exponents that need more; 32 reach 10^10 rad, a delay of seconds at a detuning of GHz
_MOST_SQUARINGS = 32
# angle (rad) by which a drive may turn within a step: the fourth-order error then is 1e-5 of its strength
_LARGEST_TURN = 0.6


class Setting:
    """What a block needs to know beyond itself: twin, experiment, matrices, frame, resolution, and derivatives wanted."""

    def __init__(
        self,
        twin: Twin,
        experiment: Experiment,
        dynamics: Dynamics,
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

    @cached_property
    def carriers(self) -> dict[str, Float[Array, ""]] | None:
        """Carrier (Hz) of each qubit, None if the frame turns with them."""
        return carriers(self.twin, self.experiment, self.dynamics)

    def _reference(self, blocks: tuple[Block, ...]) -> Float[Array, " qubits"]:
        """Give the frequency (Hz) of the frame: that of the drives, if all have the same, else as `frame` says."""
        lines = [(block, line) for block in blocks if isinstance(block, Play) for line in block.schedule.lines]
        owners = {owner for block, line in lines if (owner := _owner(block, line)) is not None}
        if len(owners) != 1 or self.carriers is None:
            return frame(self.twin, self.experiment)
        return jnp.full(len(self.experiment.qubits), self.carriers[owners.pop()])

    def at(self, clock: Clock) -> "Setting":
        """Give the same with another clock."""
        other = copy.copy(self)
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


def _owner(block: Play, line: str) -> str | None:
    """Give the qubit at whose carrier a line plays, None for flux lines."""
    kind, _, qubit = line.partition("_")
    return (block.carrier_of or qubit) if kind == "drive" else None


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
def _(block: Play, setting: Setting) -> float | Float[Array, "*batch"]:
    rate = clock(setting.twin, block.schedule.lines)
    count = sample_count(block.schedule.window, rate)
    if block.stop is None:
        return count / rate
    # a shorter pulse is followed for as long after its stop as the longest
    leaves = _leaves(block.stop, setting.experiment, rate)
    rows = int(np.prod(setting.experiment.sweep_shape)) // len(leaves)
    return jnp.tile((leaves + count - leaves.max()) / rate, rows)


def _leaves(stop: str, experiment: Experiment, rate: float) -> Int[np.ndarray, " stops"]:
    """Give the sample at which the shared past of the pulses leaves off for each of them."""
    stops = np.asarray(experiment.coordinates[stop].values)
    return np.floor(stops * rate * (1 + 1e-9)).astype(int)


@evolve.register
def _(_block: Prepare | VirtualZ, state: State, _setting: Setting) -> tuple[State, Float[Array, ""]]:
    return state, jnp.zeros(())


@evolve.register
def _(block: Idle, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    generator = setting.dynamics.propagator.system.drift_matrix(setting.weights)
    duration = _idling(block, setting)
    if len(setting.dynamics.network.modes) > 1:
        return idled(generator, duration, state), jnp.zeros(())
    return _apply_exponential(duration[:, None, None] * generator, state), jnp.zeros(())


@evolve.register
def _(block: Rotation, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    matrices = setting.dynamics
    phase = block.phase + setting.carrier_phase(block.qubit)
    if matrices.turned:
        mode, dressed = matrices.network.modes.index(block.qubit), matrices.dressed(setting.twin)
        turned = turn(matrices.register, matrices.kept, dressed, state, mode=mode, angle=block.angle, phase=phase)
        return turned, jnp.zeros(())
    about_x, about_y = (jnp.asarray(matrix) for matrix in matrices.propagator.system.controls[-2:])
    along_x, along_y = block.angle * jnp.cos(phase), block.angle * jnp.sin(phase)
    exponent = along_x[:, None, None] * about_x + along_y[:, None, None] * about_y
    return _apply_exponential(exponent, state), jnp.zeros(())


def _apply_exponential(exponent: Inexact[Array, "batch n n"], state: State) -> State:
    matrices = jax.vmap(partial(jax.scipy.linalg.expm, max_squarings=_MOST_SQUARINGS))(exponent)
    return jnp.einsum("bij,jb->ib", matrices, state)


@evolve.register
def _(block: Play, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    if block.shared:
        return _once(block, state, setting)
    twin, substeps = setting.twin, setting.substeps
    rate = clock(twin, block.schedule.lines)
    samples = jax.vmap(lambda schedule: sample(schedule, rate))(block.schedule)
    step = 1 / (rate * substeps)
    if block.stop is not None:
        return _branch(block, samples, state, setting)
    waves = {line: twin.lines[line].forward(values, substeps) for line, values in samples.items()}
    waves = {
        line: wave * _carrier(block, line, np.arange(wave.shape[-2]), setting, step) for line, wave in waves.items()
    }
    state, norm = _propagate(waves, state, setting, step)
    return state, jnp.maximum(norm, _of_carriers(block, setting, step))


def _of_carriers(block: Play, setting: Setting, step: float) -> float | Float[Array, ""]:
    """Give the norm that asks for steps in which no drive turns far in the frame of the simulation."""
    owners = {owner for line in block.schedule.lines if (owner := _owner(block, line)) is not None}
    if not owners or setting.carriers is None:
        return 0.0
    apart = jnp.stack([jnp.abs(setting.carriers[owner] - setting.reference[0]) for owner in owners])
    return jax.lax.stop_gradient(LARGEST_NORM / _LARGEST_TURN * TURN * step * jnp.max(apart))


def _once(block: Play, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    """Follow one point for all that differ only in what comes later."""
    dims, shape = setting.experiment.protocol.dims, setting.experiment.sweep_shape
    points = np.arange(int(np.prod(shape))).reshape(shape)
    along = tuple(dims.index(dim) for dim in block.shared)
    first = points[tuple(slice(0, 1) if axis in along else slice(None) for axis in range(len(dims)))]
    back = np.broadcast_to(np.arange(first.size).reshape(first.shape), shape).reshape(-1)
    taken = first.reshape(-1)
    schedule = jax.tree.map(lambda values: values[taken], block.schedule)
    one = Play(schedule, block.stop, block.carrier_of)
    state, norm = evolve(one, state[:, taken], setting.at(setting.clock.at(taken)))
    return state[:, back], norm


def _carrier(
    block: Play,
    line: str,
    cells: Int[np.ndarray, "*points cells"],
    setting: Setting,
    step: float,
    *,
    arranged: Callable[[Array], Array] = lambda batch: batch,
) -> Array | float:
    """Give the factor that turns some cells of a drive wave from the frame of its carrier to that of the simulation.

    Numbers of each point of the sweep are `arranged` as the points are in the wave.
    """
    owner = _owner(block, line)
    if owner is None or (setting.carriers is None and owner not in setting.clock.turns):
        return 1.0
    before = setting.carrier_phase(owner)
    phase = arranged(jnp.asarray(before))[..., None, None] if jnp.ndim(before) else before
    if setting.carriers is not None:
        times = (cells[..., None] + np.asarray(GAUSS_NODES)) * step
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
    waves: dict[str, Wave], state: State, setting: Setting, step: float, save_every: int | None = None
) -> tuple[Array, Float[Array, ""]]:
    controls = jnp.moveaxis(setting.dynamics.controls(setting.twin, waves), (0, -1), (-1, -2))
    return setting.dynamics.propagator.evolve(
        setting.weights, controls, step, state, save_every=save_every, derivatives=setting.derivatives
    )


def _branch(block: Play, samples: dict[str, Array], state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    """Follow the longest pulse of each row once, and leave it where each shorter pulse stops.

    Chains are causal, so up to its stop a pulse and a longer one make the same wave. Where they are linear and do not mind
    the clock, too, what the shorter one lacks from there on is the response of the line to the samples that it lacks;
    else the wave of each pulse is followed in full.
    """
    substeps, lines = setting.substeps, setting.twin.lines
    rate = clock(setting.twin, block.schedule.lines)
    step = 1 / (rate * substeps)
    leaves = _leaves(str(block.stop), setting.experiment, rate)
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
    saved, norm = _propagate(trunk, first, setting, step, save_every=substeps)
    saved = jnp.concatenate([first[None], saved])
    begin = jnp.moveaxis(saved[leaves], 0, -1).reshape(len(state), -1)
    state, tail_norm = _propagate(tail, begin, setting, step)
    return state, jnp.maximum(jnp.maximum(norm, tail_norm), _of_carriers(block, setting, step))
