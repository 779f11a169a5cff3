"""The equations of motion of an experiment: which matrices act, which coordinates matter, which coefficients they get.

Built once for an experiment and the structure of a twin; the numbers of the twin enter only as traced coefficients, so
moving a parameter never builds or compiles anything anew.
"""

from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Inexact, Int

from qrexplore.experiments import Experiment
from qrexplore.quantum import (
    ControlSystem,
    Propagator,
    Register,
    commutator,
    coordinates,
    dissipator,
    dressed_states,
    hermitian_basis,
    relevant_coordinates,
)
from qrexplore.twin import noise
from qrexplore.twin.chip import ExchangeCoupling, Transmon
from qrexplore.twin.electronics import Wave
from qrexplore.twin.model import Twin

TURN = 2 * np.pi
# of one step's exponent; beyond it the step is refused
LARGEST_NORM = 2.5


@dataclass(frozen=True, eq=False)
class Dynamics:
    """Matrices of an experiment on the qubits it measures, with the lines that play in it.

    Attributes
    ----------
    qubits
        Qubits that are simulated, in the order of the register.
    levels
        Levels kept of each.
    couplings
        Pairs of positions in `qubits` that exchange excitations.
    driven, pulsed
        Positions of the qubits whose drive and flux lines play.
    dissipative
        Whether density matrices are propagated.
    rotated
        Whether ideal rotations occur (of a register of one qubit).
    preparation
        Level in which each mode starts.
    anywhere
        Whether it may start in any dressed state, see `qrexplore.twin.start`.
    """

    qubits: tuple[str, ...]
    levels: tuple[int, ...]
    couplings: tuple[tuple[int, int], ...]
    driven: tuple[int, ...]
    pulsed: tuple[int, ...]
    dissipative: bool
    rotated: bool
    preparation: tuple[int, ...]
    anywhere: bool = False

    @cached_property
    def register(self) -> Register:
        """The product space."""
        return Register(self.levels)

    def _anharmonic(self, mode: int) -> np.ndarray:
        number = self.register.number(mode)
        return number @ (number - np.eye(len(number))) / 2

    def _exchange(self, pair: tuple[int, int]) -> np.ndarray:
        first, second = (self.register.lowering(mode) for mode in pair)
        return first.T @ second + first @ second.T

    def _liouville(self, hamiltonian: np.ndarray) -> np.ndarray:
        return commutator(hamiltonian) if self.dissipative else -1j * hamiltonian

    @cached_property
    def _idle_terms(self) -> list[np.ndarray]:
        """Hermitian matrices of the idle Hamiltonian: frequencies, anharmonicities, couplings."""
        modes = range(len(self.qubits))
        return [
            *[self.register.number(mode) for mode in modes],
            *[self._anharmonic(mode) for mode in modes],
            *[self._exchange(pair) for pair in self.couplings],
        ]

    @cached_property
    def _control_terms(self) -> list[np.ndarray]:
        """Hermitian matrices of the pulses: flux first (frequency, anharmonicity, then couplings), drives after."""
        terms = [m for mode in self.pulsed for m in (self.register.number(mode), self._anharmonic(mode))]
        terms += [self._exchange(pair) for pair in self._moved_couplings]
        for mode in self.driven:
            lowering = self.register.lowering(mode)
            terms += [(lowering + lowering.T) / 2, 1j * (lowering.T - lowering) / 2]
        return terms

    @cached_property
    def _moved_couplings(self) -> list[tuple[int, int]]:
        return [pair for pair in self.couplings if set(pair) & set(self.pulsed)]

    @cached_property
    def _component(self) -> Int[np.ndarray, " dimension"]:
        """Number of the block of the idle Hamiltonian to which each product state belongs."""
        links = np.any([np.abs(term) > 0 for term in self._idle_terms], axis=0)
        reach = np.linalg.matrix_power((links | np.eye(len(links), dtype=bool)).astype(float), len(links)) > 0
        return np.argmax(reach, axis=1)

    def _within(self, states: Bool[np.ndarray, " dimension"]) -> Bool[np.ndarray, " coordinates"]:
        """Give the coordinates that a mixture of dressed states of those blocks may occupy."""
        if not self.dissipative:
            return states
        pairs = np.abs(hermitian_basis(self.register.dimension)) > 0
        same_block = self._component[:, None] == self._component[None, :]
        return np.any(pairs & same_block & states[:, None], axis=(1, 2))

    @cached_property
    def _full(self) -> ControlSystem:
        drift = [self._liouville(term) for term in self._idle_terms]
        if self.dissipative:
            modes = range(len(self.qubits))
            drift += [dissipator(jump) for mode in modes for jump in noise.jumps(self.register, mode)]
        controls = [self._liouville(term) for term in [*self._control_terms, *self._rotations]]
        return ControlSystem(tuple(drift), tuple(controls))

    @cached_property
    def _rotations(self) -> list[np.ndarray]:
        if not self.rotated:
            return []
        return [self.register.rotation_generator(0, phase) for phase in (0.0, np.pi / 2)]

    @cached_property
    def kept(self) -> Int[np.ndarray, " kept"]:
        """Positions of the coordinates that are propagated."""
        first = self.register.index(self.preparation)
        start = self._within((self._component == self._component[first]) | self.anywhere)
        observed = self._within(np.ones(self.register.dimension, dtype=bool))
        return relevant_coordinates([*self._full.drift, *self._full.controls], start, observed)

    @cached_property
    def propagator(self) -> Propagator:
        """The matrices on the kept coordinates; the last two controls are the ideal rotations, if there are any."""
        system = self._full.restricted(self.kept)
        return Propagator(system if self.dissipative else system.without_common_phase(), LARGEST_NORM)

    def _parts(self, twin: Twin) -> tuple[list[Transmon], list[ExchangeCoupling]]:
        transmons = [twin.chip.qubits[name] for name in self.qubits]
        among = {frozenset(c.between): c for c in twin.chip.couplings_among(self.qubits)}
        return transmons, [among[frozenset(self.qubits[mode] for mode in pair)] for pair in self.couplings]

    def _idle_weights(self, twin: Twin, reference: Float[Array, " qubits"]) -> Float[Array, " idle"]:
        transmons, couplings = self._parts(twin)
        idle = [transmon.at_flux(jnp.zeros(())) for transmon in transmons]
        strengths = [
            coupling.at_frequencies(idle[first][0], idle[second][0])
            for coupling, (first, second) in zip(couplings, self.couplings, strict=True)
        ]
        detunings = [f - r for (f, _), r in zip(idle, reference, strict=True)]
        return TURN * jnp.stack([*detunings, *[a for _, a in idle], *strengths])

    def weights(self, twin: Twin, reference: Float[Array, " qubits"]) -> Float[Array, " drift"]:
        """Give the constant coefficients (rad/s, 1/s) in a frame that turns at `reference` (Hz) for each qubit."""
        idle = self._idle_weights(twin, reference)
        if not self.dissipative:
            return idle
        return jnp.concatenate([idle, *[noise.rates(transmon) for transmon in self._parts(twin)[0]]])

    def controls(self, twin: Twin, waves: dict[str, Wave]) -> Float[Array, "*batch controls"]:
        """Give the time-dependent coefficients (rad/s) for the waves at the chip (Φ0 for flux, Hz for drives)."""
        transmons, couplings = self._parts(twin)
        pulsed = {mode: transmons[mode].at_flux(waves[f"flux_{self.qubits[mode]}"]) for mode in self.pulsed}
        idle = {mode: transmon.at_flux(jnp.zeros(())) for mode, transmon in enumerate(transmons)}
        parts = [now - rest for mode in self.pulsed for now, rest in zip(pulsed[mode], idle[mode], strict=True)]
        for pair in self._moved_couplings:
            coupling = couplings[self.couplings.index(pair)]
            now = [pulsed.get(mode, idle[mode])[0] for mode in pair]
            rest = [idle[mode][0] for mode in pair]
            parts.append(coupling.at_frequencies(*now) - coupling.at_frequencies(*rest))
        for mode in self.driven:
            wave = waves[f"drive_{self.qubits[mode]}"]
            parts += [jnp.real(wave), jnp.imag(wave)]
        parts += [jnp.zeros_like(parts[0])] * len(self._rotations)
        return TURN * jnp.stack(jnp.broadcast_arrays(*parts), axis=-1)

    def dressed(self, twin: Twin) -> Float[Array, "dimension dimension"]:
        """Give the dressed states at the idle point as columns in the bare basis."""
        if len(self.qubits) == 1:
            return jnp.eye(self.register.dimension)
        weights = self._idle_weights(twin, jnp.zeros(len(self.qubits)))
        return dressed_states(jnp.tensordot(weights, jnp.asarray(np.stack(self._idle_terms)), axes=1))

    def start(self, dressed: Float[Array, "n n"], batch: int) -> Inexact[Array, "kept batch"]:
        """Give the prepared dressed state for every point."""
        vector = dressed[:, self.register.index(self.preparation)]
        state = coordinates(jnp.outer(vector, vector)) if self.dissipative else vector.astype(complex)
        return jnp.repeat(state[self.kept][:, None], batch, axis=1)

    def photons(self, twin: Twin) -> list[Float[Array, ""]]:
        """Give the mean thermal photon number of the bath of each mode."""
        return [twin.chip.qubits[name].thermal_population for name in self.qubits]

    def joint(
        self, dressed: Float[Array, "n n"], state: Inexact[Array, "kept batch"]
    ) -> Float[Array, "dimension batch"]:
        """Give the population of each dressed product state."""
        if self.dissipative:
            projectors = jax.vmap(lambda vector: coordinates(jnp.outer(vector, vector)))(dressed.T)
            return projectors[:, self.kept] @ state
        return jnp.abs(dressed[self.kept].T @ state) ** 2

    def marginals(self, joint: Float[Array, "dimension batch"]) -> Float[Array, "qubits levels batch"]:
        """Give the population of each dressed level of each qubit, levels padded to the largest number."""
        labels = self.register.labels
        membership = labels.T[:, None, :] == np.arange(max(self.levels))[None, :, None]
        return jnp.asarray(membership.astype(float)) @ joint


def dynamics(twin: Twin, experiment: Experiment, lines: tuple[str, ...], *, rotated: bool) -> Dynamics:
    """Give the dynamics of an experiment on a twin.

    Parameters
    ----------
    twin
        Read for its structure only.
    experiment
        What is done.
    lines
        Lines that play.
    rotated
        Whether ideal rotations occur.

    Raises
    ------
    ValueError
        If the twin lacks a qubit or line of the experiment, or rotations are asked of several coupled qubits.
    """
    names = experiment.qubits
    for kind, wanted, there in (("qubit", names, twin.chip.qubits), ("line", lines, twin.lines)):
        missing = [name for name in wanted if name not in there]
        if missing:
            msg = (
                f"the {experiment.name} experiment uses the {kind} {missing[0]!r}, but the twin has "
                f"{', '.join(there) or 'none'}. Give the twin that {kind}, or name another in the experiment."
            )
            raise ValueError(msg)
    if rotated and len(names) > 1:
        msg = f"`qubits` of a {experiment.name} experiment must be one qubit, got {names}. Measure them one by one."
        raise ValueError(msg)
    couplings = [tuple(names.index(end) for end in c.between) for c in twin.chip.couplings_among(names)]
    return Dynamics(
        qubits=names,
        levels=tuple(twin.chip.qubits[name].levels for name in names),
        couplings=tuple((first, second) for first, second in couplings),
        driven=tuple(mode for mode, name in enumerate(names) if f"drive_{name}" in lines),
        pulsed=tuple(mode for mode, name in enumerate(names) if f"flux_{name}" in lines),
        dissipative=twin.dissipative,
        rotated=rotated,
        preparation=(experiment.protocol.preparation,) * len(names),
        anywhere=twin.thermal_start or experiment.protocol.prepared is not None,
    )
