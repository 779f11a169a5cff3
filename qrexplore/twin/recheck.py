"""A second opinion on a prediction, by an adaptive solver.

It shares the model with the first one (spectra, couplings, rates, signal chains) and none of its shortcuts: density
matrices or amplitudes of the whole product space as complex matrices, no pruned coordinates, no shared past, dressed
states labelled by the best assignment, lines resolved much finer, and the eighth-order Runge-Kutta method of
Dormand and Prince with a tolerance in place of a step.
"""

from dataclasses import dataclass
from functools import reduce

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.integrate import solve_ivp
from scipy.linalg import expm, null_space
from scipy.optimize import linear_sum_assignment

from qrexplore.experiments import (
    Block,
    Experiment,
    Idle,
    Play,
    PlayOnStep,
    Probe,
    Repeat,
    Rotation,
    SteadyDrive,
)
from qrexplore.pulses import sample, sample_count
from qrexplore.quantum import GAUSS_NODES
from qrexplore.twin.adaptive import TOLERANCE, Matrix, integrated, master_matrix
from qrexplore.twin.disturb import calm
from qrexplore.twin.dynamics import modes_of
from qrexplore.twin.electronics import DriveGain
from qrexplore.twin.ensemble import still_members
from qrexplore.twin.evolve import clock, frame
from qrexplore.twin.model import Twin

TURN = 2 * np.pi
_FINE = 32


@dataclass(frozen=True, eq=False)
class Recheck:
    """What the second solver found at some points of an experiment.

    Attributes
    ----------
    positions
        Of the points, counted over the whole sweep.
    first, second
        What both solvers say, in the units of the experiment; one row a qubit.
    """

    positions: Int[np.ndarray, " points"]
    first: Float[np.ndarray, "qubit points"]
    second: Float[np.ndarray, "qubit points"]

    @property
    def deviation(self) -> float:
        """Largest difference, in the units of the experiment."""
        return float(np.max(np.abs(self.first - self.second)))


def second_opinion(twin: Twin, experiment: Experiment, values: np.ndarray, *, points: int = 8) -> Recheck:
    """Solve some points of an experiment again, independently.

    Parameters
    ----------
    twin, experiment
        What is simulated.
    values
        What the first solver says, in the dimensions of the experiment.
    points
        How many points, at least 1: the corners of the sweep and others spread over it.

    Raises
    ------
    ValueError
        If `points` is less than 1.
    """
    if points < 1:
        msg = f"`points` must be at least 1, got {points!r}. Give for example 8."
        raise ValueError(msg)
    flat = np.asarray(values, dtype=np.float64)
    flat = flat.reshape(len(experiment.qubits), -1, *flat.shape[1 + len(experiment.sweep_shape) :])
    grid = {name: np.asarray(column) for name, column in experiment.points().items()}
    positions = _spread(experiment.sweep_shape, points)
    solvers = [(_Solver(member, experiment), weight) for member, weight in still_members(twin, experiment, grid)]
    at_points = [{n: float(column[at]) for n, column in grid.items()} for at in positions]
    found = np.stack([sum(w * solver.populations(point) for solver, w in solvers) for point in at_points], axis=-1)
    responses = [np.asarray(twin.readout[f"readout_{name}"].responses(found.shape[1])) for name in experiment.qubits]
    return Recheck(positions, flat[:, positions], np.einsum("ql...,qlp->qp...", np.stack(responses), found))


def _spread(shape: tuple[int, ...], points: int) -> Int[np.ndarray, " points"]:
    """Give positions of the corners of a sweep first, then of points that fill it evenly (golden-ratio sequence)."""
    total = int(np.prod(shape))
    ends = [np.array([0, size - 1]) for size in shape]
    corners = np.ravel_multi_index(np.meshgrid(*ends, indexing="ij"), shape).reshape(-1)
    others = (np.arange(1, 4 * points + 1) * 0.6180339887 % 1 * total).astype(int)
    chosen = list(dict.fromkeys([*corners.tolist(), *others.tolist()]))[: min(points, total)]
    return np.sort(np.array(chosen))


class _Solver:
    """Everything about a twin and an experiment that does not depend on the point."""

    def __init__(self, twin: Twin, experiment: Experiment) -> None:
        self.twin, self.experiment = twin, experiment
        simulated = modes_of(twin, experiment)
        self.names, self.mediators, self.measured = simulated.modes, simulated.mediators, len(experiment.qubits)
        self.transmons = [twin.chip.transmon(name) for name in self.names]
        levels = [transmon.levels for transmon in self.transmons]

        def embedded(mode: int) -> Matrix:
            parts = [np.eye(n) if k != mode else np.diag(np.sqrt(np.arange(1.0, n)), 1) for k, n in enumerate(levels)]
            return reduce(np.kron, parts).astype(complex)

        self.lowering = [embedded(mode) for mode in range(len(levels))]
        self.numbers = [a.conj().T @ a for a in self.lowering]
        self.reference = np.resize(np.asarray(frame(twin, experiment)), len(levels))
        self.excitations = np.stack([np.real(np.diag(number)).round().astype(int) for number in self.numbers], axis=1)
        self.jumps = self._jumps() if twin.dissipative else []
        self.still = self._hamiltonian({})
        self.dressed = self._dressed()

    def _spectrum(self, name: str, flux: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        frequency, anharmonicity = self.twin.chip.transmon(name).at_flux(jnp.asarray(flux, dtype=float))
        return np.asarray(frequency), np.asarray(anharmonicity)

    def _hamiltonian(
        self,
        waves: dict[str, np.ndarray],
        reference: np.ndarray | None = None,
        static: dict[str, float] | None = None,
    ) -> np.ndarray:
        """Give the Hamiltonian (rad/s) for what the lines carry: (times, 2, n, n) for (times, 2), or (n, n) at rest.

        A `static` flux (Φ0) by the names of transmons comes on top.
        """
        reference = self.reference if reference is None else reference
        still = np.zeros(np.shape(next(iter(waves.values()), 0.0)))
        total = np.zeros((*still.shape, *self.numbers[0].shape), dtype=complex)

        def weighted(weight: np.ndarray, matrix: Matrix) -> np.ndarray:
            return np.asarray(weight)[..., None, None] * matrix

        frequencies, anharmonicities = {}, {}
        for name in (*self.names, *self.mediators):
            flux = np.real(self._arriving("flux", name, waves, still)) + (static or {}).get(name, 0.0)
            frequencies[name], anharmonicities[name] = self._spectrum(name, flux)
        exchanges, shifted = [], dict(frequencies)
        for coupling in self.twin.chip.couplings_among(self.names):
            exchanges.append((coupling.between, np.asarray(coupling.strength(frequencies))))
            for name, shift in zip(coupling.between, coupling.shifts(frequencies) or (), strict=False):
                shifted[name] = shifted[name] + np.asarray(shift)
        for mode, name in enumerate(self.names):
            number, lowering = self.numbers[mode], self.lowering[mode]
            total += weighted(shifted[name] - reference[mode], number)
            total += weighted(anharmonicities[name] / 2, number @ number - number)
            drive = self._arriving("drive", name, waves, still) / 2
            total += weighted(drive, lowering.conj().T) + weighted(np.conj(drive), lowering)
        for between, strength in exchanges:
            first, second = (self.names.index(end) for end in between)
            exchange = self.lowering[first].conj().T @ self.lowering[second]
            total += weighted(strength, exchange + exchange.conj().T)
        return TURN * total

    def _arriving(self, kind: str, name: str, waves: dict[str, np.ndarray], still: np.ndarray) -> np.ndarray:
        """Give what the lines of a kind, flux or drive, bring to one transmon: its own wave and what leaks to it."""
        matrix = self.twin.crosstalk.fast_flux if kind == "flux" else self.twin.crosstalk.microwave
        total = waves.get(f"{kind}_{name}", still).astype(complex)
        for leak in matrix.leaks.values():
            if leak.target == name:
                total = total + complex(leak.value) * waves.get(f"{kind}_{leak.source}", still)
        return total

    def _jumps(self) -> list[Matrix]:
        found = []
        for transmon, lowering, number in zip(self.transmons, self.lowering, self.numbers, strict=True):
            t1, thermal = float(transmon.t1), float(transmon.thermal_population)
            ratio = 1.0 if transmon.relaxation is None else float(transmon.relaxation.ratio)
            decay = lowering * np.where(np.real(np.diag(number)).round() == 2, np.sqrt(ratio), 1.0)
            found += [np.sqrt((1 + thermal) / t1) * decay, np.sqrt(thermal / t1) * decay.conj().T]
            found.append(np.sqrt(2 / float(transmon.t_phi)) * number)
        return found

    def _dressed(self) -> Matrix:
        """Give the dressed states as columns in the order of the bare ones, by the assignment of largest total overlap."""
        _, vectors = np.linalg.eigh(self._hamiltonian({}, np.zeros(len(self.names))))
        _, chosen = linear_sum_assignment(-(np.abs(vectors) ** 2))
        return vectors[:, chosen]

    def populations(self, point: dict[str, float]) -> Float[np.ndarray, "qubits levels"]:
        """Give the populations of the dressed levels of each qubit at one point of the sweep."""
        traced = {name: jnp.asarray(value) for name, value in point.items()}
        blocks = self.experiment.protocol.sequence(self.experiment, traced)
        if isinstance(blocks[0], SteadyDrive):
            return self._steady(blocks[0])
        if isinstance(blocks[0], Probe):
            return self._probed(blocks[0])
        shares = self._start(point)
        if self.jumps:
            mixture = [w * np.outer(v, v.conj()) for w, v in zip(shares, self.dressed.T, strict=True)]
            return self._levels(self._evolved(np.sum(mixture, axis=0), blocks, point))
        begun = [(share, k) for k, share in enumerate(shares) if share > 0]
        found = [w * self._levels(self._evolved(self.dressed[:, k] + 0j, blocks, point)) for w, k in begun]
        return np.sum(found, axis=0)

    def _start(self, point: dict[str, float]) -> Float[np.ndarray, " dimension"]:
        """Give the share of each dressed product state before the first block."""
        protocol, shares = self.experiment.protocol, np.ones(len(self.excitations))
        prepared = protocol.preparation if protocol.prepared is None else round(point[protocol.prepared])
        for mode, transmon in enumerate(self.transmons):
            share = np.eye(transmon.levels)[0]
            if self.twin.thermal_start:
                photons = float(transmon.thermal_population)
                share = (photons / (1 + photons)) ** np.arange(transmon.levels)
            for level in range(prepared if mode < self.measured else 0):
                share[[level, level + 1]] = share[[level + 1, level]]
            shares = shares * (share / share.sum())[self.excitations[:, mode]]
        return shares

    def _evolved(self, state: np.ndarray, blocks: tuple[Block, ...], point: dict[str, float]) -> np.ndarray:
        for block in blocks:
            state = self._after(block, state, point)
        return state

    def _levels(self, state: np.ndarray) -> Float[np.ndarray, "qubits levels"]:
        joint = state @ self.dressed.conj() if state.ndim == 1 else np.einsum(
            "ik,ij,jk->k", self.dressed.conj(), state, self.dressed
        )  # fmt: skip
        shares = np.abs(joint) ** 2 if state.ndim == 1 else np.real(joint)
        most = max(transmon.levels for transmon in self.transmons[: self.measured])
        return np.stack(
            [np.bincount(self.excitations[:, mode], shares, minlength=most) for mode in range(self.measured)]
        )

    def _after(self, block: Block, state: np.ndarray, point: dict[str, float]) -> np.ndarray:
        if isinstance(block, Idle):
            duration = float(block.duration)
            if block.framed is not None:
                duration += float(self.twin.lines[f"drive_{block.framed}"].stage(DriveGain).lag)
            return self._constant(self._idle(block), duration, state)
        if isinstance(block, Rotation):
            half = np.zeros_like(self.still)
            half[0, 1] = np.exp(-1j * float(block.phase)) / 2
            unitary = expm(-1j * float(block.angle) * (half + half.conj().T))
            return unitary @ state if state.ndim == 1 else unitary @ state @ unitary.conj().T
        if isinstance(block, Repeat):
            for part in block.body * round(float(block.count)):
                state = self._after(part, state, point)
            return state
        if isinstance(block, Play):
            return self._played(block, state, point)
        if isinstance(block, PlayOnStep):
            return self._played_late(block, state)
        raise NotImplementedError(type(block))

    def _idle(self, block: Idle) -> Matrix:
        """Give the Hamiltonian of a block without pulses."""
        if block.bias is None and block.carrier is None:
            return self.still
        source = self.names[0]
        volts = 0.0 if block.bias is None else float(self.twin.biases[f"bias_{source}"].gain * block.bias)
        flux = {source: volts}
        for leak in self.twin.crosstalk.static_flux.leaks.values():
            if leak.source == source:
                flux[leak.target] = float(leak.value) * volts
        carrier = self.reference if block.carrier is None else np.full(len(self.names), float(block.carrier))
        return self._hamiltonian({}, carrier, flux)

    def _constant(self, hamiltonian: Matrix, duration: float, state: np.ndarray) -> np.ndarray:
        if state.ndim == 1:
            return expm(-1j * hamiltonian * duration) @ state
        total = master_matrix(hamiltonian, self.jumps)
        return (expm(total * duration) @ state.reshape(-1)).reshape(state.shape)

    def _played(self, block: Play, state: np.ndarray, point: dict[str, float]) -> np.ndarray:
        rate = clock(self.twin, block.schedule.lines)
        step = 1 / (rate * _FINE)
        samples = sample(block.schedule, rate)
        waves = {line: np.asarray(self.twin.lines[line].forward(s, _FINE)) for line, s in samples.items()}
        cells = len(next(iter(waves.values())))
        if block.stop is not None:
            # a shorter pulse is followed for as long after its stop as the longest, and not to the end of the window
            longest = float(np.max(self.experiment.coordinates[block.stop].values))
            stops = (longest * block.stop_unit, point[block.stop] * block.stop_unit)
            whole, here = (int(stop * rate * (1 + 1e-9)) for stop in stops)
            cells -= (whole - here) * _FINE
            waves = {line: wave[:cells] for line, wave in waves.items()}
        return self._through(self._turned(waves, step, block.carrier), step, state)

    def _played_late(self, block: PlayOnStep, state: np.ndarray) -> np.ndarray:
        """Play on a step whose line is followed from its beginning, on cells as fine as those of the pulses."""
        rate = clock(self.twin, (block.line, *block.schedule.lines))
        samples = sample(block.schedule, rate)
        waves = {line: np.asarray(self.twin.lines[line].forward(s, _FINE)) for line, s in samples.items()}
        cells, begin = len(next(iter(waves.values()))), float(block.wait) * rate * _FINE
        if abs(begin - round(begin)) > 1e-6:
            msg = f"the second solver takes waits of whole cells of 1/{_FINE} sample, got {float(block.wait):g} s."
            raise NotImplementedError(msg)
        held = jnp.full(sample_count(round(begin) / (rate * _FINE) + block.schedule.window, rate), block.height)
        whole = np.asarray(self.twin.lines[block.line].forward(held, _FINE))
        waves[block.line] = whole[round(begin) : round(begin) + cells]
        step = 1 / (rate * _FINE)
        return self._through(self._turned(waves, step, block.carrier), step, state)

    def _through(self, waves: dict[str, np.ndarray], step: float, state: np.ndarray) -> np.ndarray:
        cells = len(next(iter(waves.values())))
        # at the two nodes of each cell, and linear through them; samples are where lines may jump
        nodes = self._hamiltonian(waves)
        rise = (nodes[:, 1] - nodes[:, 0]) / (GAUSS_NODES[1] - GAUSS_NODES[0])
        left = nodes[:, 0] - GAUSS_NODES[0] * rise
        for begin in range(0, cells, _FINE):
            here = slice(begin, begin + _FINE)
            state = integrated(left[here], rise[here], step, state, self.jumps)
        return state

    def _turned(
        self, waves: dict[str, np.ndarray], step: float, carrier: Float[Array, ""] | None
    ) -> dict[str, np.ndarray]:
        """Give the waves with drives in the frame of the simulation, where theirs is another one."""
        known = {**self.experiment.protocol.settings, **self.experiment.settings}
        if carrier is None and "drive_frequency" in known:
            return waves
        turned = {}
        for line, wave in waves.items():
            kind, _, name = line.partition("_")
            times = (np.arange(len(wave))[:, None] + np.array(GAUSS_NODES)) * step
            own = (
                float(calm(self.twin).chip.transmon(name).at_flux(jnp.zeros(()))[0])
                if carrier is None
                else float(carrier)
            )
            factor = np.exp(-1j * TURN * (own - self.reference[0]) * times) if kind == "drive" else 1.0
            turned[line] = wave * factor
        return turned

    def _steady(self, block: SteadyDrive) -> Float[np.ndarray, "qubits levels"]:
        """Give the state of levels 0 and 1 that the master equation leaves as it is."""
        (transmon,) = self.transmons
        source = block.biased or block.qubit
        flux = float(self.twin.biases[f"bias_{source}"].gain * block.bias)
        if source != block.qubit:
            leaks = self.twin.crosstalk.static_flux.leaks.values()
            flux *= sum(float(leak.value) for leak in leaks if (leak.target, leak.source) == (block.qubit, source))
        rabi = float(self.twin.lines[f"drive_{block.qubit}"].stage(DriveGain).gain * block.amplitude)
        detuning = float(self._spectrum(block.qubit, flux)[0] - block.frequency)
        two = slice(0, 2)
        lowering = self.lowering[0][two, two]
        hamiltonian = TURN * (detuning * lowering.T @ lowering + rabi / 2 * (lowering + lowering.T))
        total = master_matrix(hamiltonian, [whole[two, two] for whole in self._jumps()])
        state = null_space(total / np.abs(total).max(), rcond=1e-9)[:, 0].reshape(2, 2)
        shares = np.real(np.diag(state) / np.trace(state))
        return np.concatenate([shares, np.zeros(transmon.levels - 2)])[None]

    def _probed(self, block: Probe) -> Float[np.ndarray, "qubits levels"]:
        """Give what the field of the resonator settles to, driven from empty for many of its lifetimes."""
        resonator = self.twin.chip.resonators[f"resonator_{block.qubit}"]
        frequency = float(resonator.frequencies(self.transmons[0])[round(float(block.level))])
        rate = TURN * (float(resonator.linewidth) / 2 + 1j * (frequency - float(block.frequency)))
        lifetime = 1 / rate.real
        found = solve_ivp(
            lambda _, field: rate.real - rate * field,
            (0.0, 40 * lifetime), np.zeros(1, dtype=complex), method="DOP853", rtol=TOLERANCE, atol=TOLERANCE,
        )  # fmt: skip
        through = found.y[0, -1]
        answer = abs({"transmission": through, "notch": 1 - through}[block.port])
        return np.array([1 - answer, answer, *[0.0] * (self.transmons[0].levels - 2)])[None]
