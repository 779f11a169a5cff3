"""Readout resonators in the dispersive regime: where they resonate for each level of their qubit.

With ``Delta = f_q - f_r`` and levels of the transmon at ``k f_q + alpha k (k - 1)/2``, a coupling g moves the resonator by

    chi_k = g^2 (k/(Delta + (k - 1) alpha) - (k + 1)/(Delta + k alpha))

when the transmon is in level k, to second order in g and in the rotating-wave approximation; half of the pull from level 0
to level 1 is ``chi = g^2 alpha/(Delta (Delta + alpha))``.

References
----------
Koch et al., PRA 76, 042319 (2007), section IV; Blais et al., RMP 93, 025005 (2021), section III C.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter
from qrexplore.quantum import Register, dressed_energies
from qrexplore.twin.chip.transmon import Transmon


def _second_order(transmon: Transmon, frequency: Float[Array, ""], flux: Float[Array, ""]) -> Float[Array, " levels"]:
    """Give the shift of each level for a coupling of 1 Hz, 1/Hz."""
    qubit, anharmonicity = transmon.at_flux(flux)
    detuning, level = qubit - frequency, np.arange(transmon.levels)
    # level 0 is pushed by level 1 alone, and 0/(...) must not become 0/0 where Delta = alpha
    below = detuning + np.maximum(level - 1, 0) * anharmonicity
    return jnp.asarray(level) / below - (level + 1) / (detuning + level * anharmonicity)


class AbstractResonator(eqx.Module):
    """A resonator coupled to one qubit."""

    frequency: eqx.AbstractVar[Array]
    linewidth: eqx.AbstractVar[Array]

    @abc.abstractmethod
    def frequencies(self, transmon: Transmon, flux: Float[Array, ""] | float = 0.0) -> Float[Array, " levels"]:
        """Give the frequency (Hz) at which it resonates with the transmon in each level, at a flux (Φ0) on the qubit."""

    @abc.abstractmethod
    def squared_coupling(self, transmon: Transmon) -> Float[Array, ""]:
        """Give the square of its coupling to the transmon, Hz^2."""


class Resonator(AbstractResonator):
    """A resonator known by its dispersive shift, as readout is calibrated.

    Attributes
    ----------
    frequency
        Where it resonates with the qubit in level 0 at zero volts, Hz.
    linewidth
        Its full width at half of the largest energy, ``kappa/2 pi``, Hz.
    dispersive_shift
        ``chi``, half of its pull from level 0 to level 1 at zero volts, Hz.

    Notes
    -----
    The pulls of other levels and at other fluxes are those of the coupling that gives this shift to second order.
    """

    frequency: Scalar = parameter(unit="Hz", bounds=(2e9, 15e9), label="resonator frequency, qubit in level 0")
    linewidth: Scalar = parameter(1.5e6, unit="Hz", bounds=(1e3, 100e6), label="resonator linewidth")
    dispersive_shift: Scalar = parameter(
        -1e6, unit="Hz", bounds=(-50e6, 50e6), label="dispersive shift, half of the pull"
    )

    def squared_coupling(self, transmon: Transmon) -> Float[Array, ""]:
        """Give the square of the coupling (Hz^2) that makes this shift; negative if no real coupling does."""
        shifts = _second_order(transmon, self.frequency, jnp.zeros(()))
        return 2 * self.dispersive_shift / (shifts[1] - shifts[0])

    def frequencies(self, transmon: Transmon, flux: Float[Array, ""] | float = 0.0) -> Float[Array, " levels"]:
        """Give the frequency (Hz) for each level, by second-order shifts."""
        squared = self.squared_coupling(transmon)
        here = _second_order(transmon, self.frequency, jnp.asarray(flux))
        rest = _second_order(transmon, self.frequency, jnp.zeros(()))
        return self.frequency + squared * (here - rest[0])


class CoupledResonator(AbstractResonator):
    """A resonator known by its coupling to the transmon, ``g (a^+ b + a b^+)``.

    Attributes
    ----------
    frequency
        Of the bare resonator, Hz.
    linewidth
        Its full width at half of the largest energy, ``kappa/2 pi``, Hz.
    coupling
        g, Hz.
    """

    frequency: Scalar = parameter(unit="Hz", bounds=(2e9, 15e9), label="bare resonator frequency")
    linewidth: Scalar = parameter(1.5e6, unit="Hz", bounds=(1e3, 100e6), label="resonator linewidth")
    coupling: Scalar = parameter(80e6, unit="Hz", bounds=(1e5, 500e6), label="coupling of qubit and resonator")

    def squared_coupling(self, transmon: Transmon) -> Float[Array, ""]:  # noqa: ARG002 (all resonators are called alike)
        """Give the square of the coupling, Hz^2."""
        return self.coupling**2

    def frequencies(self, transmon: Transmon, flux: Float[Array, ""] | float = 0.0) -> Float[Array, " levels"]:
        """Give the frequency (Hz) for each level: what one photon adds to the energy of the dressed states."""
        # one photon on level k mixes with states of up to k + 1 excitations, all of which are kept
        register = Register((transmon.levels + 1, transmon.levels + 1))
        energies = dressed_energies(self.hamiltonian(register, transmon, flux))
        levels = range(transmon.levels)
        return jnp.stack([energies[register.index((k, 1))] - energies[register.index((k, 0))] for k in levels])

    def hamiltonian(
        self,
        register: Register,
        transmon: Transmon,
        flux: Float[Array, ""] | float = 0.0,
        *,
        counter_rotating: bool = False,
    ) -> Float[Array, "dimension dimension"]:
        """Give the Hamiltonian (Hz) of transmon and resonator, in that order, with as many levels as the register has.

        Parameters
        ----------
        register
            Two modes.
        transmon, flux
            The qubit and the flux (Φ0) on it.
        counter_rotating
            Whether the coupling is ``g (a + a^+)(b + b^+)`` in full.
        """
        qubit, anharmonicity = transmon.at_flux(jnp.asarray(flux))
        number, photons = register.number(0), register.number(1)
        lower, absorb = register.lowering(0), register.lowering(1)
        exchange = lower.T @ absorb + lower @ absorb.T
        if counter_rotating:
            exchange = exchange + lower @ absorb + (lower @ absorb).T
        ladder = number @ (number - np.eye(register.dimension)) / 2
        return qubit * number + anharmonicity * ladder + self.frequency * photons + self.coupling * exchange
