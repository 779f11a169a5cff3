"""The spectrum of a transmon as a series in ``xi = sqrt(2 E_C/E_J)``, and its inversion.

Accurate to about 10 kHz in the frequency and 0.3 MHz in the anharmonicity at ``E_J/E_C = 60``, where the popular scaling
law ``f ~ sqrt(cos)`` errs by megahertz; fast, since it needs no eigenvalues.

References
----------
Koch et al., PRA 76, 042319 (2007); Didier et al., PRA 97, 022330 (2018), for the series.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array

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
