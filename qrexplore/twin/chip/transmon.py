"""Transmons: levels against flux.

Josephson and charging energies follow from what spectroscopy gives (largest frequency, anharmonicity there, junction
asymmetry) by inverting the spectrum; the flux then reduces the Josephson energy.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter
from qrexplore.twin.chip.charge_basis import energies, transition
from qrexplore.twin.chip.disturbance import Disturbance
from qrexplore.twin.chip.relaxation import UpperRelaxation


class Transmon(eqx.Module):
    """A transmon, fixed in frequency (no flux line) or tunable.

    Its Hamiltonian is ``omega(flux) n + alpha(flux)/2 n (n - 1)``.

    Attributes
    ----------
    levels
        How many are kept, 3 or more.
    relaxation
        How level 2 relaxes, where it is not like an oscillator; None costs nothing.
    disturbance
        What slow noise adds in one member of an ensemble; None in a twin at rest.
    """

    frequency: Scalar = parameter(unit="Hz", bounds=(1e9, 12e9), label="0-1 frequency at the flux sweet spot")
    anharmonicity: Scalar = parameter(
        -0.22e9, unit="Hz", bounds=(-0.6e9, -0.05e9), label="anharmonicity at the sweet spot"
    )
    asymmetry: Scalar = parameter(0.1, unit="1", bounds=(0.0, 0.95), label="junction asymmetry")
    flux_offset: Scalar = parameter(0.0, unit="Phi0", bounds=(-0.5, 0.5), label="flux at zero volts")
    t1: Scalar = parameter(40e-6, unit="s", bounds=(10e-9, 10e-3), label="relaxation time")
    t_phi: Scalar = parameter(60e-6, unit="s", bounds=(10e-9, 100e-3), label="pure dephasing time")
    thermal_population: Scalar = parameter(0.0, unit="1", bounds=(0.0, 0.5), label="thermal photons of the bath")
    levels: int = eqx.field(static=True, default=3)
    relaxation: UpperRelaxation | None = None
    disturbance: Disturbance | None = None

    def __check_init__(self) -> None:
        """Refuse fewer levels than a gate through the second excited state needs."""
        if self.levels < 3:
            msg = f"`levels` of a transmon must be at least 3, got {self.levels!r}. Leakage needs the third level."
            raise ValueError(msg)

    def at_flux(self, flux: Float[Array, "*times"]) -> tuple[Float[Array, "*times"], Float[Array, "*times"]]:
        """Give the 0-1 frequency and the anharmonicity (Hz) at a flux (Φ0) on top of the offset."""
        if self.disturbance is None:
            return self._undisturbed(flux)
        frequency, anharmonicity = self._undisturbed(flux + self.disturbance.flux)
        return frequency + self.disturbance.frequency, anharmonicity

    def _undisturbed(self, flux: Float[Array, "*times"]) -> tuple[Float[Array, "*times"], Float[Array, "*times"]]:
        phase = jnp.pi * (flux + self.flux_offset)
        # sqrt has no derivative at 0; a symmetric junction at half a flux quantum is no transmon anyway
        share = jnp.sqrt(jnp.cos(phase) ** 2 + (self.asymmetry * jnp.sin(phase)) ** 2 + 1e-12)
        josephson, charging = energies(self.frequency, self.anharmonicity)
        return transition(josephson * share, charging)
