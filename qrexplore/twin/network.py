"""Which transmons and defects a simulation holds as modes, and their idle Hamiltonian.

Qubits that are measured come first, in their order; then spectators that were named; then the couplers that at least two
of these are coupled to; then the defects of all these. A coupler that a `MediatedCoupling` stands for is no mode, but its
flux is followed.

A neighbour that rests in level 0 may be left out, too. What it does then is to repel levels: with a coupling g, level 1 of a
mode is at ``(d + sqrt(d^2 + 4 g^2))/2`` above the neighbour's level 1 in place of d, and level 2 likewise with ``sqrt(2) g``
and ``d + alpha``, which is exact for one neighbour up to the meeting of ``|11>`` with its own second level.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.experiments import Experiment
from qrexplore.quantum import Register
from qrexplore.twin.chip import Chip, ExchangeCoupling, MediatedCoupling
from qrexplore.twin.model import Twin

Flux = Mapping[str, Float[Array, "*times"]]


def enlarged(twin: Twin, experiment: Experiment) -> Twin:
    """Give the twin with as many levels as an experiment asks for; see `qrexplore.experiments.with_levels`."""
    levels = experiment.settings.get("levels")
    return twin if levels is None else twin.with_levels(levels)


@dataclass(frozen=True, eq=False)
class Network:
    """Modes with what couples them.

    Attributes
    ----------
    modes
        Names of qubits and couplers, in the order of the register.
    levels
        Levels kept of each.
    couplings
        Names of the couplings among them.
    pairs
        Positions of the two modes of each coupling.
    follows, shifting
        Which transmons each coupling follows, and whether it moves the frequencies of its two.
    mediators
        Couplers that are no modes but that couplings follow.
    resting
        Neighbours that are no modes but shift the levels of one: names of mode, coupling and neighbour.
    """

    modes: tuple[str, ...]
    levels: tuple[int, ...]
    couplings: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    follows: tuple[tuple[str, ...], ...]
    shifting: tuple[bool, ...]
    mediators: tuple[str, ...]
    resting: tuple[tuple[str, str, str], ...] = ()

    def rests_beside(self, name: str) -> tuple[str, ...]:
        """Give the resting neighbours of a mode."""
        return tuple(neighbour for mode, _, neighbour in self.resting if mode == name)

    @property
    def transmons(self) -> tuple[str, ...]:
        """Names of all modes, and of transmons that are none but whose flux matters."""
        return (*self.modes, *self.mediators)

    @cached_property
    def register(self) -> Register:
        """The product space."""
        return Register(self.levels)

    def anharmonic(self, mode: int) -> np.ndarray:
        """Give ``n (n - 1)/2`` of a mode."""
        number = self.register.number(mode)
        return number @ (number - np.eye(len(number))) / 2

    def exchange(self, pair: tuple[int, int], *, counter_rotating: bool = False) -> np.ndarray:
        """Give ``a^+ b + a b^+`` of two modes, or ``(a + a^+)(b + b^+)``."""
        first, second = (self.register.lowering(mode) for mode in pair)
        if counter_rotating:
            return (first + first.T) @ (second + second.T)
        return first.T @ second + first @ second.T

    def terms(self) -> list[np.ndarray]:
        """Give the Hermitian matrices of the idle Hamiltonian: numbers, anharmonicities, exchanges."""
        modes = range(len(self.modes))
        return [
            *[self.register.number(mode) for mode in modes],
            *[self.anharmonic(mode) for mode in modes],
            *[self.exchange(pair) for pair in self.pairs],
        ]

    def spectra(self, chip: Chip, flux: Flux) -> dict[str, tuple[Array, Array]]:
        """Give frequency and anharmonicity (Hz) of all transmons; those without a flux (Φ0) stand at zero volts."""
        at = {name: chip.modes[name].at_flux(flux.get(name, jnp.zeros(()))) for name in self.transmons}
        return {name: self.repelled(chip, name, *spectrum, flux) for name, spectrum in at.items()}

    def repelled(
        self,
        chip: Chip,
        name: str,
        frequency: Float[Array, "*times"],
        anharmonicity: Float[Array, "*times"],
        flux: Flux | None = None,
    ) -> tuple[Float[Array, "*times"], Float[Array, "*times"]]:
        """Give frequency and anharmonicity (Hz) of a transmon with what its resting neighbours add, each at its flux (Φ0)."""
        first, second, flux = jnp.zeros(()), jnp.zeros(()), flux or {}
        for mode, coupling, neighbour in self.resting:
            if mode == name:
                other, _ = chip.modes[neighbour].at_flux(flux.get(neighbour, jnp.zeros(())))
                strength = chip.couplings[coupling].strength({name: frequency, neighbour: other})
                apart = frequency - other
                first = first + _repulsion(apart, strength)
                second = second + _repulsion(apart + anharmonicity, np.sqrt(2) * strength)
        return frequency + first, anharmonicity + second - 2 * first

    def frequencies(self, chip: Chip, spectra: Mapping[str, tuple[Array, Array]]) -> list[Array]:
        """Give the frequency (Hz) of each mode with what mediated couplings add to it."""
        bare = {name: frequency for name, (frequency, _) in spectra.items()}
        found = [bare[name] for name in self.modes]
        for name, pair in zip(self.couplings, self.pairs, strict=True):
            for mode, shift in zip(pair, chip.couplings[name].shifts(bare) or (), strict=False):
                found[mode] = found[mode] + shift
        return found

    def strengths(self, chip: Chip, spectra: Mapping[str, tuple[Array, Array]]) -> list[Array]:
        """Give the strength (Hz) of each coupling."""
        bare = {name: frequency for name, (frequency, _) in spectra.items()}
        return [chip.couplings[name].strength(bare) for name in self.couplings]

    def weights(self, chip: Chip, flux: Flux, reference: Float[Array, ""] | float = 0.0) -> Float[Array, " terms"]:
        """Give the coefficients (Hz) of `terms` in a frame that turns at `reference` (Hz) for every mode."""
        spectra = self.spectra(chip, flux)
        detunings = [frequency - reference for frequency in self.frequencies(chip, spectra)]
        anharmonicities = [spectra[name][1] for name in self.modes]
        return jnp.stack([*detunings, *anharmonicities, *self.strengths(chip, spectra)])


def _repulsion(apart: Float[Array, "*times"], strength: Float[Array, "*times"]) -> Float[Array, "*times"]:
    """Give by how much a coupling pushes a level up that is `apart` (Hz, of either sign) from another."""
    return (jnp.sign(apart) * jnp.sqrt(apart**2 + 4 * strength**2) - apart) / 2


def network(
    chip: Chip, qubits: tuple[str, ...], spectators: tuple[str, ...] = (), resting: tuple[str, ...] = ()
) -> Network:
    """Choose the modes of a simulation.

    Parameters
    ----------
    chip
        Read for its structure only.
    qubits
        Which are measured.
    spectators
        Qubits or couplers that are simulated, too.
    resting
        Qubits or couplers that stay in level 0 and only shift levels.

    Raises
    ------
    ValueError
        If the chip has no such qubit or coupler, one is named twice, or one that rests is coupled to none that does not.
    """
    there = (*chip.qubits, *chip.couplers)
    named = (*qubits, *spectators)
    for position, name in enumerate((*named, *resting)):
        if name not in there or name in (*named, *resting)[:position]:
            msg = (
                f"what is simulated must be qubits or couplers of the chip ({', '.join(there)}), each once, got {name!r} "
                f"in {', '.join((*named, *resting))}. Name others."
            )
            raise ValueError(msg)
    exchanges = [c.between for c in chip.couplings.values() if isinstance(c, ExchangeCoupling)]

    def coupled(coupler: str) -> int:
        """Count the named ones that a coupler is coupled to."""
        return len({end for pair in exchanges if coupler in pair for end in pair if end != coupler and end in named})

    modes = (*named, *(name for name in chip.couplers if name not in named and coupled(name) >= 2))
    modes += tuple(name for name in chip.defects if any(name in pair and set(pair) & set(modes) for pair in exchanges))
    rests = tuple(
        (mode, name, neighbour)
        for name, coupling in chip.couplings.items()
        for mode, neighbour in (coupling.between, coupling.between[::-1])
        if isinstance(coupling, ExchangeCoupling) and mode in modes and neighbour in resting
    )
    for name in resting:
        if not any(name == neighbour for *_, neighbour in rests):
            msg = f"{name!r} cannot rest beside {', '.join(modes)}, since it is coupled to none of them. Leave it out."
            raise ValueError(msg)
    inside = {name: c for name, c in chip.couplings.items() if set(c.between) <= set(modes)}
    followed = dict.fromkeys(name for coupling in inside.values() for name in coupling.follows)
    return Network(
        modes=modes,
        levels=tuple(chip.modes[name].levels for name in modes),
        couplings=tuple(inside),
        pairs=tuple((modes.index(c.between[0]), modes.index(c.between[1])) for c in inside.values()),
        follows=tuple(c.follows for c in inside.values()),
        shifting=tuple(isinstance(c, MediatedCoupling) for c in inside.values()),
        mediators=tuple(name for name in followed if name not in modes),
        resting=rests,
    )
