"""Crosstalk: what a line gives to others than its own qubit. A twin has none unless it is told.

Flux adds up as ``Phi_j = w_j + sum_k S_jk w_k``, where w_k is the flux that line k gives its own qubit; the matrix of
fluxes per volt is thus ``M = (1 + S) diag(gain)``. Static and fast flux run on different wiring and have a matrix each.
Drives add up as ``eps_j = eps_k + sum_k C_jk eps_k exp(-i (w_k - w_j) t)``, with complex C: the leaked drive keeps the
carrier of its source. ZZ is no crosstalk; it is in the Hamiltonian.
"""

import abc
from collections.abc import Collection, Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from qrexplore.core import Named, Scalar, parameter, transparent


class AbstractLeak(eqx.Module):
    """One element off the diagonal of a crosstalk matrix."""

    target: eqx.AbstractVar[str]
    source: eqx.AbstractVar[str]

    @property
    @abc.abstractmethod
    def value(self) -> Inexact[Array, ""]:
        """The element, in units of what the source line gives its own qubit."""


class FluxLeak(AbstractLeak):
    """What the flux line of `source` gives to `target`."""

    target: str = eqx.field(static=True)
    source: str = eqx.field(static=True)
    share: Scalar = parameter(unit="1", bounds=(-0.5, 0.5), label="flux of another line, as a share of its own")

    @property
    def value(self) -> Float[Array, ""]:
        """The share."""
        return self.share


class DriveLeak(AbstractLeak):
    """What the drive line of `source` gives to `target`; its phase shows where both are driven at one frequency."""

    target: str = eqx.field(static=True)
    source: str = eqx.field(static=True)
    real: Scalar = parameter(
        unit="1", bounds=(-1.0, 1.0), label="drive of another line in phase, as a share of its own"
    )
    imaginary: Scalar = parameter(
        0.0, unit="1", bounds=(-1.0, 1.0), label="drive of another line in quadrature, as a share of its own"
    )

    @property
    def value(self) -> Inexact[Array, ""]:
        """The complex share."""
        return jax.lax.complex(self.real, self.imaginary)


class CrosstalkMatrix(eqx.Module):
    """A matrix with ones on its diagonal.

    Attributes
    ----------
    leaks
        Elements off the diagonal that are not zero for good, named ``<target>_<source>``.
    """

    leaks: Named[AbstractLeak] = transparent(default_factory=Named)

    def __check_init__(self) -> None:
        """Refuse elements on the diagonal and such as stand twice."""
        seen: set[tuple[str, str]] = set()
        for name, leak in self.leaks.items():
            place = (leak.target, leak.source)
            if leak.target == leak.source or place in seen:
                msg = (
                    f"`leaks` must be off the diagonal and stand once each, got {name!r} onto {place[0]!r} from "
                    f"{place[1]!r}. Leave it out; what a line gives its own qubit is its gain."
                )
                raise ValueError(msg)
            seen.add(place)

    def reaches(self, target: str, sources: Collection[str]) -> bool:
        """Whether any of the lines of `sources`, its own or another, gives something to `target`."""
        others = any(leak.target == target and leak.source in sources for leak in self.leaks.values())
        return others or target in sources

    def onto(self, target: str, carried: Mapping[str, Inexact[Array, "*shape"]]) -> Inexact[Array, "*shape"]:
        """Give what arrives at `target` when the lines carry what they carry, each in the unit of its own qubit.

        Parameters
        ----------
        target
            Name of a qubit or coupler.
        carried
            Name of a qubit or coupler to what its line carries; one of them at least.
        """
        arrived = carried[target] if target in carried else jnp.zeros_like(next(iter(carried.values())))
        for leak in self.leaks.values():
            if leak.target == target and leak.source in carried:
                arrived = arrived + leak.value * carried[leak.source]
        return arrived

    def matrix(self, names: tuple[str, ...]) -> Inexact[Array, "targets sources"]:
        """Give the matrix over some qubits, targets along its rows."""
        one = dict(zip(names, jnp.eye(len(names)), strict=True))
        return jnp.stack([self.onto(name, one) for name in names])


class Crosstalk(eqx.Module):
    """The crosstalk matrices of a twin.

    Attributes
    ----------
    static_flux
        Of the bias lines.
    fast_flux
        Of the flux lines, at the chip: each wave has gone through the stages of its own line.
    microwave
        Of the drive lines.
    """

    static_flux: CrosstalkMatrix = eqx.field(default_factory=CrosstalkMatrix)
    fast_flux: CrosstalkMatrix = eqx.field(default_factory=CrosstalkMatrix)
    microwave: CrosstalkMatrix = eqx.field(default_factory=CrosstalkMatrix)


def crosstalk(
    *,
    static_flux: Mapping[tuple[str, str], float] | None = None,
    fast_flux: Mapping[tuple[str, str], float] | None = None,
    microwave: Mapping[tuple[str, str], complex] | None = None,
) -> Crosstalk:
    """Give crosstalk from its elements by pairs of names, the target first: ``{("q0", "q1"): 0.02}``.

    Parameters
    ----------
    static_flux, fast_flux
        Shares of flux.
    microwave
        Complex shares of drives.
    """

    def flux(elements: Mapping[tuple[str, str], float] | None) -> CrosstalkMatrix:
        pairs = (elements or {}).items()
        return CrosstalkMatrix(Named({f"{t}_{s}": FluxLeak(target=t, source=s, share=v) for (t, s), v in pairs}))

    drives = {
        f"{t}_{s}": DriveLeak(target=t, source=s, real=complex(v).real, imaginary=complex(v).imag)
        for (t, s), v in (microwave or {}).items()
    }
    return Crosstalk(flux(static_flux), flux(fast_flux), CrosstalkMatrix(Named(drives)))
