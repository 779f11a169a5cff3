"""Transmons: levels against flux.

Josephson and charging energies follow from what spectroscopy gives (largest frequency, anharmonicity there, junction
asymmetry) by inverting the large-``E_J/E_C`` series, which is accurate to about 10 kHz at ``E_J/E_C = 60`` where the
popular scaling law ``f ~ sqrt(cos)`` errs by megahertz.

References
----------
Koch et al., PRA 76, 042319 (2007); Didier et al., PRA 97, 022330 (2018), for the series in ``xi = sqrt(2 E_C/E_J)``.
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter

# to rounding error for any ratio of anharmonicity and frequency down to -0.6
_NEWTON_STEPS = 8
_FREQUENCY = (1.0, 1 / 4, 21 / 128, 19 / 128, 5319 / 32768)
_ANHARMONICITY = (1.0, 9 / 16, 81 / 128, 3645 / 4096, 46899 / 32768)


def _series(coefficients: Sequence[float | Array], xi: Array) -> Array:
    total = jnp.zeros_like(xi)
    for coefficient in reversed(coefficients):
        total = coefficient + xi * total
    return total


def transition(josephson: Array, charging: Array) -> tuple[Array, Array]:
    """Give the 0-1 frequency and the anharmonicity, both in the unit of the two energies (Hz)."""
    xi = jnp.sqrt(2 * charging / josephson)
    frequency = jnp.sqrt(8 * josephson * charging) - charging * _series(_FREQUENCY, xi)
    return frequency, -charging * _series(_ANHARMONICITY, xi)


def energies(frequency: Array, anharmonicity: Array) -> tuple[Array, Array]:
    """Give the Josephson and charging energies (Hz) of a transmon with that 0-1 frequency and anharmonicity (Hz).

    Notes
    -----
    ``f = E_C (4/xi - F(xi))`` and ``alpha = -E_C A(xi)`` with the two series F and A, so ``alpha/f`` gives xi.
    """
    xi = _xi_of_ratio(jnp.asarray(anharmonicity / frequency))
    charging = -anharmonicity / _series(_ANHARMONICITY, xi)
    return 2 * charging / xi**2, charging


def _ratio(xi: Array) -> Array:
    """Give ``alpha/f`` at a given ``xi``."""
    return -xi * _series(_ANHARMONICITY, xi) / (4 - xi * _series(_FREQUENCY, xi))


@jax.custom_jvp
def _xi_of_ratio(ratio: Array) -> Array:
    """Invert `_ratio` by Newton's method, which from above converges monotonically: ``-alpha/f`` is convex in xi."""

    def improve(_: int, xi: Array) -> Array:
        value, slope = jax.jvp(_ratio, (xi,), (jnp.ones_like(xi),))
        return xi - (value - ratio) / slope

    # root of the ratio of both series cut after their first terms
    start = (jnp.sqrt((1 - ratio) ** 2 - 9 * ratio) - (1 - ratio)) / (9 / 8)
    return jax.lax.fori_loop(0, _NEWTON_STEPS, improve, start)


@_xi_of_ratio.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    # by the implicit function theorem: what matters is the root, not the way to it
    xi = _xi_of_ratio(*primals)
    _, slope = jax.jvp(_ratio, (xi,), (jnp.ones_like(xi),))
    return xi, tangents[0] / slope


class Transmon(eqx.Module):
    """A transmon, fixed in frequency (no flux line) or tunable.

    Its Hamiltonian is ``omega(flux) n + alpha(flux)/2 n (n - 1)`` with as many levels as `levels` says, 3 or more.
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

    def __check_init__(self) -> None:
        """Refuse fewer levels than a gate through the second excited state needs."""
        if self.levels < 3:
            msg = f"`levels` of a transmon must be at least 3, got {self.levels!r}. Leakage needs the third level."
            raise ValueError(msg)

    def at_flux(self, flux: Float[Array, "*times"]) -> tuple[Float[Array, "*times"], Float[Array, "*times"]]:
        """Give the 0-1 frequency and the anharmonicity (Hz) at a flux (Φ0) on top of the offset."""
        josephson, charging = energies(self.frequency, self.anharmonicity)
        phase = jnp.pi * (flux + self.flux_offset)
        # sqrt has no derivative at 0; a symmetric junction at half a flux quantum is no transmon anyway
        share = jnp.sqrt(jnp.cos(phase) ** 2 + (self.asymmetry * jnp.sin(phase)) ** 2 + 1e-12)
        return transition(josephson * share, charging)
