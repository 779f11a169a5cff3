"""Coupling between two transmons."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter


class ExchangeCoupling(eqx.Module):
    """Capacitive coupling ``g (a^+ b + a b^+)`` in the rotating-wave approximation.

    The strength follows the two frequencies, ``g sqrt(f_1 f_2 / (f_1 f_2)_reference)``.

    Attributes
    ----------
    coupling
        g at the reference frequencies, Hz.
    between
        Names of the two qubits.
    reference
        Frequencies (Hz) of the two qubits for which `coupling` is quoted; usually where they interact. Static.
    """

    between: tuple[str, str] = eqx.field(static=True)
    reference: tuple[float, float] = eqx.field(static=True)
    coupling: Scalar = parameter(unit="Hz", bounds=(0.1e6, 100e6), label="exchange coupling")

    def at_frequencies(self, first: Float[Array, "*times"], second: Float[Array, "*times"]) -> Float[Array, "*times"]:
        """Give the coupling (Hz) at given frequencies (Hz) of the two qubits."""
        return self.coupling * jnp.sqrt(first * second / (self.reference[0] * self.reference[1]))
