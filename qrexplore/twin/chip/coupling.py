"""What couples two transmons: an exchange of excitations, direct or through a coupler.

A tunable coupler is a transmon of the chip with an `ExchangeCoupling` to each of two qubits; both forms can describe it:
as a mode of its own, or, far from both qubits, as the `MediatedCoupling` that it amounts to.
"""

import abc
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter

Frequencies = Mapping[str, Float[Array, "*times"]]


class AbstractCoupling(eqx.Module):
    """An exchange ``g (a^+ b + a b^+)`` whose strength follows frequencies of the chip."""

    between: eqx.AbstractVar[tuple[str, str]]

    @property
    @abc.abstractmethod
    def follows(self) -> tuple[str, ...]:
        """Names of the transmons whose frequencies it follows."""

    @abc.abstractmethod
    def strength(self, frequencies: Frequencies) -> Float[Array, "*times"]:
        """Give g (Hz) at given frequencies (Hz) of the transmons that it follows."""

    @abc.abstractmethod
    def shifts(self, frequencies: Frequencies) -> tuple[Float[Array, "*times"], Float[Array, "*times"]] | None:
        """Give what it adds to the frequencies (Hz) of the two; None for nothing."""


class ExchangeCoupling(AbstractCoupling):
    """Capacitive coupling ``g (a^+ b + a b^+)`` in the rotating-wave approximation.

    The strength follows the two frequencies, ``g sqrt(f_1 f_2 / (f_1 f_2)_reference)``.

    Attributes
    ----------
    coupling
        g at the reference frequencies, Hz.
    between
        Names of the two qubits, or of a qubit and a coupler.
    reference
        Frequencies (Hz) of the two qubits for which `coupling` is quoted; usually where they interact. Static.
    """

    between: tuple[str, str] = eqx.field(static=True)
    reference: tuple[float, float] = eqx.field(static=True)
    coupling: Scalar = parameter(unit="Hz", bounds=(0.1e6, 500e6), label="exchange coupling")

    @property
    def follows(self) -> tuple[str, ...]:
        """Names of the two."""
        return self.between

    def at_frequencies(self, first: Float[Array, "*times"], second: Float[Array, "*times"]) -> Float[Array, "*times"]:
        """Give the coupling (Hz) at given frequencies (Hz) of the two qubits."""
        return self.coupling * jnp.sqrt(first * second / (self.reference[0] * self.reference[1]))

    def strength(self, frequencies: Frequencies) -> Float[Array, "*times"]:
        """Give the coupling (Hz)."""
        return self.at_frequencies(*(frequencies[name] for name in self.between))

    def shifts(self, frequencies: Frequencies) -> None:
        """Give nothing: what it does to the frequencies comes out of the dynamics."""


class MediatedCoupling(AbstractCoupling):
    """Coupling of two qubits through a coupler far away in frequency, in place of a mode for the coupler.

    With ``Delta_j = f_j - f_c`` and ``Sigma_j = f_j + f_c``,

        g = g_12 + g_1 g_2/2 sum_j (1/Delta_j - 1/Sigma_j),    f_j -> f_j + g_j^2 (1/Delta_j - 1/Sigma_j).

    Attributes
    ----------
    direct
        g_12, Hz.
    first, second
        g_1 and g_2, couplings of the two qubits to the coupler, Hz.
    between, through
        Names of the two qubits and of the coupler. Static.
    reference
        Frequencies (Hz) of the two qubits and the coupler for which the three couplings are quoted; they then follow the
        root of the product of the frequencies of their ends. Without it they stay what they are. Static.

    Notes
    -----
    Second order in ``g_j/Delta_j``, counter-rotating terms included; the frequencies of the qubits are the bare ones, as
    they are when the coupler is a mode.

    References
    ----------
    Yan et al., PR Applied 10, 054062 (2018), eqs. (2) and (3).
    """

    between: tuple[str, str] = eqx.field(static=True)
    through: str = eqx.field(static=True)
    first: Scalar = parameter(unit="Hz", bounds=(-500e6, 500e6), label="coupling of the first qubit to the coupler")
    second: Scalar = parameter(unit="Hz", bounds=(-500e6, 500e6), label="coupling of the second qubit to the coupler")
    direct: Scalar = parameter(0.0, unit="Hz", bounds=(-100e6, 100e6), label="direct coupling of the qubits")
    reference: tuple[float, float, float] | None = eqx.field(static=True, default=None)

    @property
    def follows(self) -> tuple[str, ...]:
        """Names of the two and of the coupler."""
        return (*self.between, self.through)

    def _scaled(self, frequencies: Frequencies) -> tuple[Array, Array, Array]:
        if self.reference is None:
            return self.direct, self.first, self.second
        one, two, coupler = (jnp.sqrt(frequencies[n] / f) for n, f in zip(self.follows, self.reference, strict=True))
        return self.direct * one * two, self.first * one * coupler, self.second * two * coupler

    def _response(self, frequencies: Frequencies) -> list[Array]:
        """Give ``1/Delta_j - 1/Sigma_j`` of both qubits, 1/Hz."""
        coupler = frequencies[self.through]
        return [1 / (frequencies[name] - coupler) - 1 / (frequencies[name] + coupler) for name in self.between]

    def strength(self, frequencies: Frequencies) -> Float[Array, "*times"]:
        """Give the effective coupling (Hz) at given frequencies (Hz) of both qubits and the coupler."""
        direct, first, second = self._scaled(frequencies)
        return direct + first * second / 2 * sum(self._response(frequencies))

    def shifts(self, frequencies: Frequencies) -> tuple[Float[Array, "*times"], Float[Array, "*times"]]:
        """Give what the coupler adds to the frequencies (Hz) of both qubits."""
        _, first, second = self._scaled(frequencies)
        one, two = self._response(frequencies)
        return first**2 * one, second**2 * two
