"""Two-level defects in the oxides of a chip, which a qubit can lose its excitation to when it comes near them."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter


class Defect(eqx.Module):
    """A two-level system with a frequency of its own: no flux moves it, no line drives it, and nothing reads it.

    An `ExchangeCoupling` ties it to a qubit, and it is a mode of every simulation that holds this qubit. As a mode it has what
    a transmon has, with two levels.
    """

    frequency: Scalar = parameter(unit="Hz", bounds=(1e9, 12e9), label="frequency of the defect")
    t1: Scalar = parameter(1e-6, unit="s", bounds=(10e-9, 1e-3), label="relaxation time of the defect")
    t_phi: Scalar = parameter(10e-6, unit="s", bounds=(10e-9, 10e-3), label="pure dephasing time of the defect")
    thermal_population: Scalar = parameter(0.0, unit="1", bounds=(0.0, 0.5), label="thermal quanta of its bath")
    levels: ClassVar[int] = 2
    relaxation: ClassVar[None] = None

    def at_flux(self, flux: Float[Array, "*times"]) -> tuple[Float[Array, "*times"], Float[Array, "*times"]]:
        """Give frequency and anharmonicity (Hz), the same at each flux; two levels have no anharmonicity."""
        nothing = jnp.zeros(jnp.shape(flux))
        return self.frequency + nothing, nothing
