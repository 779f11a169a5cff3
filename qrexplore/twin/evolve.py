"""Evolve every point of a sweep through the blocks of an experiment."""

from functools import partial, singledispatch

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, Int

from qrexplore.experiments import Block, Experiment, Idle, Play, PlayOnStep, Repeat, Rotation
from qrexplore.pulses import sample
from qrexplore.quantum import GAUSS_NODES, Derivatives
from qrexplore.twin.dynamics import TURN, Dynamics
from qrexplore.twin.electronics import DriveGain, Wave
from qrexplore.twin.model import Twin
from qrexplore.twin.static import late_step, static_flux

State = Inexact[Array, "kept batch"]

# jax gives NaN for exponents that need more; 32 reach 10^10 rad, a delay of seconds at a detuning of GHz
_MOST_SQUARINGS = 32


class Setting:
    """What a block needs to know beyond itself: twin, experiment, matrices, frame, resolution, and derivatives wanted."""

    def __init__(
        self, twin: Twin, experiment: Experiment, dynamics: Dynamics, substeps: int, derivatives: Derivatives = "any"
    ) -> None:
        self.twin = twin
        self.experiment = experiment
        self.dynamics = dynamics
        self.substeps = substeps
        self.derivatives: Derivatives = derivatives
        self.weights = dynamics.weights(twin, frame(twin, experiment))

    def biased_weights(
        self, bias: Float[Array, " batch"], carrier: Float[Array, " batch"] | None
    ) -> Float[Array, "batch drift"]:
        """Give the constant coefficients where the only measured qubit is at a bias (V), in the frame of a carrier (Hz)."""
        (qubit,) = self.dynamics.qubits
        carrier = frame(self.twin, self.experiment)[0] if carrier is None else carrier
        flux = {name: static_flux(self.twin, name, bias, source=qubit) for name in self.dynamics.network.transmons}
        carrier = jnp.broadcast_to(carrier, bias.shape)
        return jax.vmap(lambda at, f: self.dynamics.weights(self.twin, f[None], at))(flux, carrier)


def frame(twin: Twin, experiment: Experiment) -> Float[Array, " qubits"]:
    """Give the frequency (Hz) at which the frame of each qubit turns.

    It is the carrier where the experiment has one, so that phases refer to it, and the middle of the carriers where it sweeps
    them; else one frequency common to all qubits, in which an exchange of excitations stands still.
    """
    known = {**experiment.protocol.settings, **experiment.settings}
    if "drive_frequency" in known:
        return jnp.full(len(experiment.qubits), float(known["drive_frequency"]))
    if "drive_frequency" in experiment.coordinates:
        swept = experiment.coordinates["drive_frequency"].values
        return jnp.full(len(experiment.qubits), float(np.min(swept) + np.max(swept)) / 2)
    idle = [twin.chip.qubits[name].at_flux(jnp.zeros(()))[0] for name in experiment.qubits]
    return jnp.full(len(idle), jax.lax.stop_gradient(sum(idle) / len(idle)))


@singledispatch
def evolve(block: Block, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    """Give the states after a block and the largest norm of a step's exponent met in it."""
    raise NotImplementedError(type(block))


@evolve.register
def _(block: Idle | Rotation, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    return jnp.einsum("bij,jb->ib", _matrix(block, setting), state), jnp.zeros(())


def _matrix(block: Idle | Rotation, setting: Setting) -> Inexact[Array, "batch n n"]:
    """Give what a block without pulses does to the states of every point."""
    if isinstance(block, Rotation):
        about_x, about_y = (jnp.asarray(matrix) for matrix in setting.dynamics.propagator.system.controls[-2:])
        along_x, along_y = block.angle * jnp.cos(block.phase), block.angle * jnp.sin(block.phase)
        return _exponential(along_x[:, None, None] * about_x + along_y[:, None, None] * about_y)
    weights = setting.weights if block.bias is None else setting.biased_weights(block.bias, block.carrier)
    generator = setting.dynamics.propagator.system.drift_matrix(weights)
    duration = block.duration
    if block.framed is not None:
        duration = duration + setting.twin.lines[f"drive_{block.framed}"].stage(DriveGain).lag
    return _exponential(duration[:, None, None] * generator)


def _exponential(exponent: Inexact[Array, "batch n n"]) -> Inexact[Array, "batch n n"]:
    return jax.vmap(partial(jax.scipy.linalg.expm, max_squarings=_MOST_SQUARINGS))(exponent)


@evolve.register
def _(block: Repeat, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    power = jnp.eye(len(state))
    for part in block.body:
        power = _matrix(part, setting) @ power
    count = block.count.astype(int)
    # powers of one matrix commute, so the binary digits of the count may act in any order
    for digit in range(block.most.bit_length()):
        acts = (count >> digit) % 2 == 1
        state = jnp.where(acts, jnp.einsum("bij,jb->ib", power, state), state)
        power = power @ power
    return state, jnp.zeros(())


@evolve.register
def _(block: Play, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    twin, substeps = setting.twin, setting.substeps
    rate = clock(twin, block.schedule.lines)
    samples = jax.vmap(lambda schedule: sample(schedule, rate))(block.schedule)
    step = 1 / (rate * substeps)
    if block.stop is not None:
        return _branch(block, samples, state, setting)
    waves = _driven(samples, setting, step, block.carrier)
    return _propagate(waves, state, setting, step)


@evolve.register
def _(block: PlayOnStep, state: State, setting: Setting) -> tuple[State, Float[Array, ""]]:
    twin, substeps = setting.twin, setting.substeps
    rate = clock(twin, (block.line, *block.schedule.lines))
    samples = jax.vmap(lambda schedule: sample(schedule, rate))(block.schedule)
    step = 1 / (rate * substeps)
    waves = _driven(samples, setting, step, block.carrier)
    cells = next(iter(waves.values())).shape[-2]
    times = block.wait[:, None, None] + (np.arange(cells)[:, None] + np.asarray(GAUSS_NODES)) * step
    window = block.longest + cells * step
    waves[block.line] = late_step(twin.lines[block.line], block.height, times, window)
    return _propagate(waves, state, setting, step)


def _driven(
    samples: dict[str, Array], setting: Setting, step: float, carrier: Float[Array, " batch"] | None
) -> dict[str, Wave]:
    """Give the waves at the chip, drives in the frame of the simulation."""
    waves = {line: setting.twin.lines[line].forward(values, setting.substeps) for line, values in samples.items()}
    return {
        line: wave * _carrier(line, np.arange(wave.shape[-2]), setting, step, carrier) for line, wave in waves.items()
    }


def _carrier(
    line: str,
    cells: Int[np.ndarray, "*points cells"],
    setting: Setting,
    step: float,
    carrier: Float[Array, "*batch"] | None,
) -> Array | float:
    """Give the factor that turns some cells of a drive wave from the frame of its carrier to that of the simulation.

    The carrier is the one given. Else, in experiments with a ``drive_frequency``, the frame is the carrier's, and where there
    is none the carrier is the idle frequency of the qubit.
    """
    kind, _, qubit = line.partition("_")
    known = {**setting.experiment.protocol.settings, **setting.experiment.settings}
    if kind != "drive" or (carrier is None and "drive_frequency" in known):
        return 1.0
    if carrier is None:
        idle, _ = setting.twin.chip.transmon(qubit).at_flux(jnp.zeros(()))
        carrier = jax.lax.stop_gradient(idle)
    reference = frame(setting.twin, setting.experiment)[0]
    times = (cells[..., None] + np.asarray(GAUSS_NODES)) * step
    return jnp.exp(-1j * TURN * (carrier - reference)[..., None, None] * times)


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
    stops = np.asarray(setting.experiment.coordinates[str(block.stop)].values) * block.stop_unit
    longest = int(np.argmax(stops))
    leaves = np.floor(stops * rate * (1 + 1e-9)).astype(int)
    rows = {line: values.reshape(-1, len(stops), values.shape[-1]) for line, values in samples.items()}
    total = next(iter(rows.values())).shape[-1]

    # behind the leaf of each stop: samples, and cells of the waves
    behind = leaves[:, None] + np.arange(total - int(leaves.max()))
    cells = leaves[:, None] * substeps + np.arange(behind.shape[1] * substeps)
    points = np.arange(len(stops))[:, None]
    trunk, tail = {}, {}
    carriers = None if block.carrier is None else block.carrier.reshape(-1, len(stops))
    for line, values in rows.items():
        if lines[line].linear and lines[line].time_invariant:
            trunk[line] = lines[line].forward(values[:, longest], substeps)
            lacking = values[:, points, behind] - values[:, longest, behind]
            wave = trunk[line][:, cells] + lines[line].forward(lacking, substeps)
        else:
            every = lines[line].forward(values, substeps)
            trunk[line], wave = every[:, longest], every[:, points, cells]
        tail[line] = (wave * _carrier(line, cells, setting, step, carriers)).reshape(-1, *wave.shape[2:])

    upto = np.arange(max(1, int(leaves.max())) * substeps)
    along = None if carriers is None else carriers[:, longest]
    trunk = {line: wave[:, upto] * _carrier(line, upto, setting, step, along) for line, wave in trunk.items()}
    first = state.reshape(len(state), -1, len(stops))[:, :, longest]
    saved, norm = _propagate(trunk, first, setting, step, save_every=substeps)
    saved = jnp.concatenate([first[None], saved])
    begin = jnp.moveaxis(saved[leaves], 0, -1).reshape(len(state), -1)
    state, tail_norm = _propagate(tail, begin, setting, step)
    return state, jnp.maximum(norm, tail_norm)
