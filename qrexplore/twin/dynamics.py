"""The equations of motion of an experiment: which matrices act, which coordinates matter, which coefficients they get.

Built once for an experiment and the structure of a twin; the numbers of the twin enter only as traced coefficients, so
moving a parameter never builds or compiles anything anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Inexact, Int

from qrexplore.experiments import Block, Experiment, Repeat, lines_of, prepared_levels, rotated_qubits
from qrexplore.quantum import (
    ControlSystem,
    Propagator,
    Register,
    commutator,
    coordinates,
    dressed_energies,
    dressed_states,
    hermitian_basis,
    relevant_coordinates,
)
from qrexplore.twin import noise
from qrexplore.twin.electronics import Wave
from qrexplore.twin.model import Twin
from qrexplore.twin.network import Network, network
from qrexplore.twin.turns import turn, turn_links

TURN = 2 * np.pi
# of one step's exponent; beyond it the step is refused
LARGEST_NORM = 4.0
# product states of a density matrix, whose matrices have the fourth power of that many entries
LARGEST_DIMENSION = 48


@dataclass(frozen=True, eq=False)
class Dynamics:
    """Matrices of an experiment on the qubits it measures and what is simulated with them, with the lines that play in it.

    Attributes
    ----------
    qubits
        Qubits that are measured; the first modes of the network.
    network
        All modes and their couplings.
    driven, pulsed
        Names of the modes that a drive line reaches, and of those (and mediators) that a flux line reaches.
    dissipative
        Whether density matrices are propagated.
    rotated
        Whether ideal rotations occur of the only mode.
    turned
        Positions of the modes, of several, of which ideal rotations occur.
    prepared
        Levels in which the modes may begin, one combination each.
    uneven
        Whether level 2 of each mode has a relaxation of its own.
    anywhere
        Whether it may start in any dressed state, see `qrexplore.twin.start`.
    coherent
        Whether it may start in superpositions of states that no pulse connects, too.
    """

    qubits: tuple[str, ...]
    network: Network
    driven: tuple[str, ...]
    pulsed: tuple[str, ...]
    dissipative: bool
    rotated: bool
    turned: tuple[int, ...]
    prepared: tuple[tuple[int, ...], ...]
    uneven: tuple[bool, ...]
    anywhere: bool = False
    coherent: bool = False

    @property
    def register(self) -> Register:
        """The product space."""
        return self.network.register

    @property
    def turning(self) -> bool:
        """Whether pulses do nothing but turn the phases of a single mode, so that only their mean counts.

        The change of the anharmonicity does not commute with what relaxation hands from the coherence of levels 1 and 2 to that
        of 0 and 1, but without a drive there is no such coherence.
        """
        return len(self.network.modes) == 1 and not self.driven

    def _liouville(self, hamiltonian: np.ndarray) -> np.ndarray:
        return commutator(hamiltonian) if self.dissipative else -1j * hamiltonian

    @cached_property
    def _idle_terms(self) -> list[np.ndarray]:
        """Hermitian matrices of the idle Hamiltonian: frequencies, anharmonicities, couplings."""
        return self.network.terms()

    @cached_property
    def _control_terms(self) -> list[np.ndarray]:
        """Hermitian matrices of the pulses: flux first (frequency, anharmonicity, then couplings), drives after."""
        network, register, terms = self.network, self.register, []
        for mode, name in enumerate(network.modes):
            terms += [register.number(mode)] if mode in self._moved_modes else []
            terms += [network.anharmonic(mode)] if name in self.pulsed else []
        terms += [network.exchange(network.pairs[coupling]) for coupling in self._moved_couplings]
        for name in self.driven:
            lowering = register.lowering(network.modes.index(name))
            terms += [(lowering + lowering.T) / 2, 1j * (lowering.T - lowering) / 2]
        return terms

    @cached_property
    def _moved_couplings(self) -> list[int]:
        """Positions of the couplings that follow a transmon that is pulsed."""
        return [k for k, names in enumerate(self.network.follows) if set(names) & set(self.pulsed)]

    @cached_property
    def _moved_modes(self) -> set[int]:
        """Positions of the modes whose frequency pulses move, their own or that of a mediator."""
        own = {mode for mode, name in enumerate(self.network.modes) if name in self.pulsed}
        shifted = [self.network.pairs[k] for k in self._moved_couplings if self.network.shifting[k]]
        return own | {mode for pair in shifted for mode in pair}

    @property
    def _moved_aside(self) -> set[str]:
        """Names of the resting neighbours of modes that pulses move."""
        return {neighbour for name in self.pulsed for neighbour in self.network.rests_beside(name)}

    @cached_property
    def _component(self) -> Int[np.ndarray, " dimension"]:
        """Number of the block of the idle Hamiltonian to which each product state belongs."""
        links = np.any([np.abs(term) > 0 for term in self._idle_terms], axis=0)
        reach = links | np.eye(len(links), dtype=bool)
        for _ in range(len(links).bit_length()):
            reach = reach.astype(float) @ reach.astype(float) > 0
        return np.argmax(reach, axis=1)

    def _within(self, states: Bool[np.ndarray, " dimension"]) -> Bool[np.ndarray, " coordinates"]:
        """Give the coordinates that a mixture of dressed states of those blocks may occupy, or their superpositions."""
        if not self.dissipative:
            return states
        pairs = np.abs(hermitian_basis(self.register.dimension)) > 0
        same_block = self._component[:, None] == self._component[None, :]
        return np.any(pairs & (same_block | self.coherent) & states[:, None], axis=(1, 2))

    @cached_property
    def _full(self) -> ControlSystem:
        drift = [self._liouville(term) for term in self._idle_terms]
        if self.dissipative:
            modes = range(len(self.network.modes))
            drift += [m for k in modes for m in noise.dissipators(self.register, k, uneven=self.uneven[k])]
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
        first = [self.register.index(levels) for levels in self.prepared]
        start = self._within(np.isin(self._component, self._component[first]) | self.anywhere)
        observed = self._within(np.ones(self.register.dimension, dtype=bool))
        links = [*self._full.drift, *self._full.controls]
        if self.turned:
            links.append(turn_links(self.register, self.turned, self._component, dissipative=self.dissipative))
        return relevant_coordinates(links, start, observed)

    @cached_property
    def propagator(self) -> Propagator:
        """The matrices on the kept coordinates; the last two controls are the ideal rotations, if there are any."""
        system = self._full.restricted(self.kept)
        return Propagator(system if self.dissipative else system.without_common_phase(), LARGEST_NORM)

    def weights(
        self, twin: Twin, reference: Float[Array, " qubits"], flux: Mapping[str, Float[Array, ""]] | None = None
    ) -> Float[Array, " drift"]:
        """Give the constant coefficients (rad/s, 1/s) in a frame that turns at `reference` (Hz), the same for each mode.

        Transmons idle at zero volts, or at a static `flux` (Φ0) by their names.
        """
        idle = TURN * self.network.weights(twin.chip, flux or {}, reference[0])
        if not self.dissipative:
            return idle
        return jnp.concatenate([idle, *[noise.rates(twin.chip.modes[name]) for name in self.network.modes]])

    def controls(self, twin: Twin, waves: dict[str, Wave]) -> Float[Array, "*batch controls"]:
        """Give the time-dependent coefficients (rad/s) for the waves at the chip (Φ0 for flux, Hz for drives)."""
        network, chip = self.network, twin.chip
        flux, drives = _of_kind("flux", waves), _of_kind("drive", waves)
        rest = network.spectra(chip, {})
        aside = {name: twin.crosstalk.fast_flux.onto(name, flux) for name in self._moved_aside} if flux else {}
        now = rest | {
            name: network.repelled(chip, name, *_pulsed(twin, name, flux, waves), aside) for name in self.pulsed
        }
        moved = zip(network.frequencies(chip, now), network.frequencies(chip, rest), strict=True)
        parts = []
        for mode, (name, (here, idle)) in enumerate(zip(network.modes, moved, strict=True)):
            parts += [here - idle] if mode in self._moved_modes else []
            parts += [now[name][1] - rest[name][1]] if name in self.pulsed else []
        if self._moved_couplings:
            here, idle = network.strengths(chip, now), network.strengths(chip, rest)
            parts += [here[k] - idle[k] for k in self._moved_couplings]
        for name in self.driven:
            wave = twin.crosstalk.microwave.onto(name, drives)
            parts += [jnp.real(wave), jnp.imag(wave)]
        shape = jnp.shape(next(iter(waves.values())))
        if not (parts or self._rotations):
            return jnp.zeros((*shape, 0))
        parts += [jnp.zeros(shape)] * len(self._rotations)
        return TURN * jnp.stack(jnp.broadcast_arrays(*parts), axis=-1)

    def dressed(self, twin: Twin) -> Float[Array, "dimension dimension"]:
        """Give the dressed states at the idle point as columns in the bare basis."""
        if len(self.network.modes) == 1:
            return jnp.eye(self.register.dimension)
        weights = TURN * self.network.weights(twin.chip, {})
        return dressed_states(jnp.tensordot(weights, jnp.asarray(np.stack(self._idle_terms)), axes=1))

    def dressed_frequencies(self, twin: Twin) -> Float[Array, " modes"]:
        """Give the 0-1 frequency (Hz) of each mode at the idle point while the others are in level 0."""
        weights = self.network.weights(twin.chip, {})
        energies = dressed_energies(jnp.tensordot(weights, jnp.asarray(np.stack(self._idle_terms)), axes=1))
        excited = [self.register.index(tuple(one)) for one in np.eye(len(self.network.modes), dtype=int)]
        return energies[np.array(excited)] - energies[0]

    def turn(
        self,
        dressed: Float[Array, "n n"],
        state: Inexact[Array, "kept batch"],
        *,
        qubit: str,
        angle: Float[Array, " batch"],
        phase: Float[Array, " batch"],
    ) -> Inexact[Array, "kept batch"]:
        """Rotate the dressed levels 0 and 1 of one of several modes, see `qrexplore.twin.turns`."""
        mode = self.network.modes.index(qubit)
        return turn(self.register, self.kept, dressed, state, mode=mode, angle=angle, phase=phase)

    def photons(self, twin: Twin) -> list[Float[Array, ""]]:
        """Give the mean thermal photon number of the bath of each mode."""
        return [twin.chip.modes[name].thermal_population for name in self.network.modes]

    def joint(
        self, dressed: Float[Array, "n n"], state: Inexact[Array, "kept batch"]
    ) -> Float[Array, "dimension batch"]:
        """Give the population of each dressed product state."""
        if self.dissipative:
            projectors = jax.vmap(lambda vector: coordinates(jnp.outer(vector, vector)))(dressed.T)
            return projectors[:, self.kept] @ state
        return jnp.abs(dressed[self.kept].T @ state) ** 2

    def marginals(self, joint: Float[Array, "dimension batch"]) -> Float[Array, "qubits levels batch"]:
        """Give the population of each dressed level of each measured qubit, levels padded to the largest number."""
        measured = len(self.qubits)
        labels, most = self.register.labels[:, :measured], max(self.network.levels[:measured])
        membership = labels.T[:, None, :] == np.arange(most)[None, :, None]
        return jnp.asarray(membership.astype(float)) @ joint


def _of_kind(kind: str, waves: Mapping[str, Wave]) -> dict[str, Wave]:
    """Give what the lines of a kind carry, by the name of the qubit or coupler that they belong to."""
    return {line.removeprefix(f"{kind}_"): wave for line, wave in waves.items() if line.startswith(f"{kind}_")}


def _pulsed(twin: Twin, name: str, flux: dict[str, Wave], waves: dict[str, Wave]) -> tuple[Array, Array]:
    """Give frequency and anharmonicity (Hz) of a transmon under what the lines carry and the noise that it sees itself."""
    arrived = twin.crosstalk.fast_flux.onto(name, flux) if flux else jnp.zeros(())
    of_flux, of_frequency = (waves.get(f"noise_{quantity}_{name}") for quantity in ("flux", "frequency"))
    frequency, anharmonicity = twin.chip.modes[name].at_flux(arrived if of_flux is None else arrived + of_flux)
    return frequency if of_frequency is None else frequency + of_frequency, anharmonicity


def modes_of(twin: Twin, experiment: Experiment) -> Network:
    """Choose what is simulated: the measured qubits, the settings ``spectators`` and ``resting``, and couplers between."""
    beside = (tuple(experiment.settings.get(kind, ())) for kind in ("spectators", "resting"))
    return network(twin.chip, experiment.qubits, *beside)


def dynamics(
    twin: Twin,
    experiment: Experiment,
    blocks: tuple[Block, ...],
    *,
    restless: frozenset[str] = frozenset(),
) -> Dynamics:
    """Give the dynamics of an experiment on a twin.

    Parameters
    ----------
    twin
        Read for its structure only.
    experiment
        What is done.
    blocks
        Read for the lines that play, the levels that are prepared and the qubits that are rotated.
    restless
        Qubits and couplers whose flux or frequency moves by itself while pulses play.

    Raises
    ------
    ValueError
        If the twin lacks a qubit or line of the experiment.
    """
    names, lines = experiment.qubits, lines_of(blocks)
    for kind, wanted, there in (("qubit", names, twin.chip.qubits), ("line", lines, twin.lines)):
        missing = [name for name in wanted if name not in there]
        if missing:
            msg = (
                f"the {experiment.name} experiment uses the {kind} {missing[0]!r}, but the twin has "
                f"{', '.join(there) or 'none'}. Give the twin that {kind}, or name another in the experiment."
            )
            raise ValueError(msg)
    modes = modes_of(twin, experiment)
    single = len(modes.modes) == 1
    turned = rotated_qubits(blocks)
    if not single and any(isinstance(block, Repeat) and rotated_qubits(block.body) for block in blocks):
        msg = (
            f"`qubits` of a {experiment.name} experiment must be one qubit, got {modes.modes}. Measure them one by one."
        )
        raise ValueError(msg)
    if twin.dissipative and modes.register.dimension > LARGEST_DIMENSION:
        msg = (
            f"`dissipative` twins are simulated with at most {LARGEST_DIMENSION} product states, got "
            f"{modes.register.dimension} for {', '.join(modes.modes)}. Take fewer levels, or a twin without losses."
        )
        raise ValueError(msg)
    flux, drives = ({line.partition("_")[2] for line in lines if line.startswith(f"{k}_")} for k in ("flux", "drive"))
    # what is not measured is at rest
    rest = (0,) * (len(modes.modes) - len(names))
    prepared = prepared_levels(blocks, names, experiment.protocol.preparation)
    for name, levels in zip(names, zip(*prepared, strict=True), strict=True):
        if max(levels) >= (kept := twin.chip.modes[name].levels):
            msg = (
                f"the {experiment.name} experiment prepares {name} in level {max(levels)}, but `levels` of {name} is {kept}. "
                f"Keep at least {max(levels) + 1}, or prepare a lower one."
            )
            raise ValueError(msg)
    return Dynamics(
        qubits=names,
        network=modes,
        driven=tuple(name for name in modes.modes if twin.crosstalk.microwave.reaches(name, drives)),
        pulsed=tuple(
            name
            for name in modes.transmons
            if name in restless
            or any(twin.crosstalk.fast_flux.reaches(moved, flux) for moved in (name, *modes.rests_beside(name)))
        ),
        dissipative=twin.dissipative,
        rotated=single and bool(turned),
        turned=() if single else tuple(mode for mode, name in enumerate(modes.modes) if name in turned),
        prepared=tuple((*levels, *rest) for levels in prepared),
        uneven=tuple(twin.chip.modes[name].relaxation is not None for name in modes.modes),
        anywhere=twin.thermal_start,
    )
