"""An adaptive solver of experiments, written on its own so that it may say whether the first one is right.

It shares the model with the first one (spectra, couplings, rates, signal chains) and none of its shortcuts: density
matrices or amplitudes of the whole product space as complex matrices, no pruned coordinates, no shared past, dressed
states labelled by the best assignment, lines resolved much finer, and the eighth-order Runge-Kutta method of
Dormand and Prince with a tolerance in place of a step.
"""

from dataclasses import dataclass
from functools import reduce

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.integrate import solve_ivp
from scipy.linalg import expm, null_space
from scipy.optimize import linear_sum_assignment

from qrexplore.experiments import (
    Block,
    Experiment,
    Idle,
    Play,
    PlayOnStep,
    Prepare,
    Probe,
    Repeat,
    Rotation,
    SteadyDrive,
    VirtualZ,
)
from qrexplore.pulses import sample, sample_count
from qrexplore.quantum import GAUSS_NODES
from qrexplore.twin.adaptive import TOLERANCE, Matrix, integrated, master_matrix
from qrexplore.twin.carriers import frame
from qrexplore.twin.disturb import calm
from qrexplore.twin.electronics import DriveGain
from qrexplore.twin.evolve import clock
from qrexplore.twin.model import Twin
from qrexplore.twin.network import enlarged, network

TURN = 2 * np.pi
_FINE = 32


@dataclass(frozen=True)
class _Begin:
    """When a block begins (s), and the virtual z rotations (rad) of each qubit by then."""

    time: float
    turns: dict[str, float]


class SecondSolver:
    """Everything about a twin and an experiment that does not depend on the point."""

    def __init__(self, twin: Twin, experiment: Experiment) -> None:
        self.experiment, self.twin = experiment, (twin := enlarged(twin, experiment))
        # neighbours that rest are followed, too: that they only shift levels is one of the shortcuts
        beside = [name for kind in ("spectators", "resting") for name in experiment.settings.get(kind, ())]
        simulated = network(twin.chip, experiment.qubits, tuple(beside))
        self.names, self.mediators, self.measured = simulated.modes, simulated.mediators, len(experiment.qubits)
        self.transmons = [twin.chip.modes[name] for name in self.names]
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
        frequency, anharmonicity = self.twin.chip.modes[name].at_flux(jnp.asarray(flux, dtype=float))
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
        ordered = vectors[:, chosen]
        # a rotation turns all pairs of states by the same sign
        return np.where(np.real(np.diag(ordered)) < 0, -ordered, ordered)

    def populations(self, point: dict[str, float]) -> Float[np.ndarray, "qubits levels"]:
        """Give the populations of the dressed levels of each qubit at one point of the sweep."""
        traced = {name: jnp.asarray(value) for name, value in point.items()}
        blocks = self.experiment.protocol.sequence(self.experiment, traced)
        if isinstance(blocks[0], SteadyDrive):
            return self._steady(blocks[0])
        if isinstance(blocks[0], Probe):
            return self._probed(blocks[0])
        shares = self._start(blocks)
        if self.jumps:
            mixture = [w * np.outer(v, v.conj()) for w, v in zip(shares, self.dressed.T, strict=True)]
            return self._levels(self._evolved(np.sum(mixture, axis=0), blocks, point))
        begun = [(share, k) for k, share in enumerate(shares) if share > 0]
        found = [w * self._levels(self._evolved(self.dressed[:, k] + 0j, blocks, point)) for w, k in begun]
        return np.sum(found, axis=0)

    def _start(self, blocks: tuple[Block, ...]) -> Float[np.ndarray, " dimension"]:
        """Give the share of each dressed product state before the first block."""
        levels = dict.fromkeys(self.experiment.qubits, self.experiment.protocol.preparation)
        levels |= {block.qubit: round(float(block.level)) for block in blocks if isinstance(block, Prepare)}
        shares = np.ones(len(self.excitations))
        for mode, (name, transmon) in enumerate(zip(self.names, self.transmons, strict=True)):
            share = np.eye(transmon.levels)[0]
            if self.twin.thermal_start:
                photons = float(transmon.thermal_population)
                share = (photons / (1 + photons)) ** np.arange(transmon.levels)
            for level in range(levels.get(name, 0)):
                share[[level, level + 1]] = share[[level + 1, level]]
            shares = shares * (share / share.sum())[self.excitations[:, mode]]
        return shares

    def _evolved(self, state: np.ndarray, blocks: tuple[Block, ...], point: dict[str, float]) -> np.ndarray:
        begin = _Begin(0.0, dict.fromkeys((*self.names, *self.mediators), 0.0))
        for block in blocks:
            state = self._after(block, state, point, begin)
            begin = self._next(begin, block, point)
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

    def _after(self, block: Block, state: np.ndarray, point: dict[str, float], begin: _Begin) -> np.ndarray:
        if isinstance(block, Prepare | VirtualZ):
            return state
        if isinstance(block, Idle):
            return self._constant(self._idle(block), self._idles(block), state)
        if isinstance(block, Rotation):
            unitary = self._rotation(block, begin)
            return unitary @ state if state.ndim == 1 else unitary @ state @ unitary.conj().T
        if isinstance(block, Repeat):
            for part in block.body * round(float(block.count)):
                state = self._after(part, state, point, begin)
            return state
        if isinstance(block, Play):
            return self._played(block, state, point, begin)
        if isinstance(block, PlayOnStep):
            return self._played_late(block, state, begin)
        raise NotImplementedError(type(block))

    def _next(self, begin: _Begin, block: Block, point: dict[str, float]) -> _Begin:
        """Give time and virtual z rotations after a block."""
        if isinstance(block, VirtualZ):
            turns = {**begin.turns, block.qubit: begin.turns[block.qubit] + float(block.angle)}
            return _Begin(begin.time, turns)
        return _Begin(begin.time + self._length(block, point), begin.turns)

    def _length(self, block: Block, point: dict[str, float]) -> float:
        """Give how long (s) a block lasts."""
        if isinstance(block, Idle):
            return self._idles(block)
        if isinstance(block, Repeat):
            return float(block.count) * sum(self._length(part, point) for part in block.body)
        if isinstance(block, Play | PlayOnStep):
            return self._cells(block, point) / (clock(self.twin, block.schedule.lines) * _FINE)
        return 0.0

    def _idles(self, block: Idle) -> float:
        lag = 0.0
        if block.framed is not None:
            lag = float(self.twin.lines[f"drive_{block.framed}"].stage(DriveGain).lag)
        return float(block.duration) + lag

    def _carrier(self, name: str) -> float:
        """Give how far (Hz) the carrier of a qubit lies above the frame."""
        known = {**self.experiment.protocol.settings, **self.experiment.settings}
        mode = self.names.index(name)
        if "drive_frequency" in known or "drive_frequency" in self.experiment.coordinates:
            return 0.0
        if "drive_frequencies" in known and mode < self.measured:
            return float(known["drive_frequencies"][mode] - self.reference[mode])
        # carriers do not follow slow noise
        at_rest = self if calm(self.twin) is self.twin else type(self)(calm(self.twin), self.experiment)
        energies = np.real(np.einsum("ik,ij,jk->k", at_rest.dressed.conj(), at_rest.still, at_rest.dressed)) / TURN
        one = (self.excitations == np.eye(len(self.names), dtype=int)[mode]).all(axis=1)
        return float(energies[int(np.argmax(one))] - energies[0])

    def _rotation(self, block: Rotation, begin: _Begin) -> Matrix:
        """Give the exponential of half a Pauli matrix between each dressed pair of levels 0 and 1 of the qubit."""
        mode = self.names.index(block.qubit)
        phase = float(block.phase) - begin.turns[block.qubit] - TURN * self._carrier(block.qubit) * begin.time
        half = np.zeros_like(self.still)
        for low in np.flatnonzero(self.excitations[:, mode] == 0):
            raised = self.excitations[low] + np.eye(len(self.names), dtype=int)[mode]
            high = int(np.argmax((self.excitations == raised).all(axis=1)))
            half += np.exp(-1j * phase) / 2 * np.outer(self.dressed[:, low], self.dressed[:, high].conj())
        return expm(-1j * float(block.angle) * (half + half.conj().T))

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

    def _cells(self, block: Play | PlayOnStep, point: dict[str, float]) -> int:
        """Give how many cells are followed."""
        rate = clock(self.twin, block.schedule.lines)
        samples = sample_count(block.schedule.window, rate)
        if isinstance(block, PlayOnStep) or block.stop is None:
            return samples * _FINE
        # a shorter pulse is followed for as long after its stop as the longest, and not to the end of the window
        longest = float(np.max(self.experiment.coordinates[block.stop].values))
        stops = (longest * block.stop_unit, point[block.stop] * block.stop_unit)
        whole, here = (int(stop * rate * (1 + 1e-9)) for stop in stops)
        return (samples - (whole - here)) * _FINE

    def _played(self, block: Play, state: np.ndarray, point: dict[str, float], begin: _Begin) -> np.ndarray:
        rate = clock(self.twin, block.schedule.lines)
        step, cells = 1 / (rate * _FINE), self._cells(block, point)
        samples = sample(block.schedule, rate)
        waves = {line: np.asarray(self.twin.lines[line].forward(s, _FINE))[:cells] for line, s in samples.items()}
        return self._through(self._turned(waves, block, begin, step), step, state)

    def _played_late(self, block: PlayOnStep, state: np.ndarray, begun: _Begin) -> np.ndarray:
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
        return self._through(self._turned(waves, block, begun, step), step, state)

    def _through(self, waves: dict[str, np.ndarray], step: float, state: np.ndarray) -> np.ndarray:
        cells = len(next(iter(waves.values())))
        # at the two nodes of each cell, and linear through them; samples are where lines may jump
        nodes = self._hamiltonian(waves)
        rise = (nodes[:, 1] - nodes[:, 0]) / (GAUSS_NODES[1] - GAUSS_NODES[0])
        left = nodes[:, 0] - GAUSS_NODES[0] * rise
        for first in range(0, cells, _FINE):
            here = slice(first, first + _FINE)
            state = integrated(left[here], rise[here], step, state, self.jumps)
        return state

    def _turned(
        self, waves: dict[str, np.ndarray], block: Play | PlayOnStep, begin: _Begin, step: float
    ) -> dict[str, np.ndarray]:
        """Give the waves with drives in the frame of the simulation, where theirs is another one."""
        turned = dict(waves)
        for line, wave in waves.items():
            kind, _, name = line.partition("_")
            if kind != "drive":
                continue
            owner = (block.carrier_of if isinstance(block, Play) else None) or name
            times = (np.arange(len(wave))[:, None] + np.array(GAUSS_NODES)) * step
            if block.carrier is not None:
                phase = TURN * (float(block.carrier) - self.reference[0]) * times
            else:
                phase = begin.turns[owner] + TURN * self._carrier(owner) * (begin.time + times)
            turned[line] = wave * np.exp(-1j * phase)
        return turned

    def _steady(self, block: SteadyDrive) -> Float[np.ndarray, "qubits levels"]:
        """Give the state of levels 0 and 1 that the master equation leaves as it is."""
        # the others are in level 0
        two = np.array([0, len(self.numbers[0]) // self.transmons[0].levels])
        source = block.biased or block.qubit
        flux = float(self.twin.biases[f"bias_{source}"].gain * block.bias)
        if source != block.qubit:
            leaks = self.twin.crosstalk.static_flux.leaks.values()
            flux *= sum(float(leak.value) for leak in leaks if (leak.target, leak.source) == (block.qubit, source))
        rabi = float(self.twin.lines[f"drive_{block.qubit}"].stage(DriveGain).gain * block.amplitude)
        detuning = self._dressed_frequency(block.qubit, flux, two) - float(block.frequency)
        lowering = self.lowering[0][np.ix_(two, two)]
        hamiltonian = TURN * (detuning * lowering.T @ lowering + rabi / 2 * (lowering + lowering.T))
        total = master_matrix(hamiltonian, [whole[np.ix_(two, two)] for whole in self._jumps()])
        state = null_space(total / np.abs(total).max(), rcond=1e-9)[:, 0].reshape(2, 2)
        shares = np.real(np.diag(state) / np.trace(state))
        return np.concatenate([shares, np.zeros(self.transmons[0].levels - 2)])[None]

    def _dressed_frequency(self, qubit: str, flux: float, states: np.ndarray) -> float:
        """Give the frequency (Hz) between two product states at a static flux, each the nearest eigenstate."""
        energies, vectors = np.linalg.eigh(self._hamiltonian({}, np.zeros(len(self.names)), {qubit: flux}))
        nearest = np.argmax(np.abs(vectors[states]) ** 2, axis=1)
        return float(energies[nearest[1]] - energies[nearest[0]]) / TURN

    def _probed(self, block: Probe) -> Float[np.ndarray, "qubits levels"]:
        """Give what the field of the resonator settles to, driven from empty for many of its lifetimes."""
        resonator = self.twin.chip.resonators[f"resonator_{block.qubit}"]
        frequency = float(resonator.frequencies(self.twin.chip.qubits[block.qubit])[round(float(block.level))])
        rate = TURN * (float(resonator.linewidth) / 2 + 1j * (frequency - float(block.frequency)))
        lifetime = 1 / rate.real
        found = solve_ivp(
            lambda _, field: rate.real - rate * field,
            (0.0, 40 * lifetime), np.zeros(1, dtype=complex), method="DOP853", rtol=TOLERANCE, atol=TOLERANCE,
        )  # fmt: skip
        through = found.y[0, -1]
        answer = abs({"transmission": through, "notch": 1 - through}[block.port])
        return np.array([1 - answer, answer, *[0.0] * (self.transmons[0].levels - 2)])[None]
