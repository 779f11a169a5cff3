"""The exact spectrum of a transmon in the charge basis, and its inversion.

``H = 4 E_C (n - n_g)^2 - E_J/2 sum(|n><n+1| + h.c.)`` with n from -20 to 20 Cooper pairs, which is exact to better than
1 Hz for five levels at ``E_J/E_C`` up to 100. Where a line sweeps the flux, the spectrum is interpolated in
``sqrt(E_J(flux)/E_J)``, in which it is nearly a straight line.

References
----------
Koch et al., PRA 76, 042319 (2007), eq. (2.1).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.twin.chip.series import energies as energies_by_series

_CUTOFF = 20
_NEWTON_STEPS = 6
# nodes of the interpolation, and the share of E_J below which a junction pair is no transmon any more
_NODES = 24
_LEAST_SHARE = 0.05


def levels(
    josephson: Float[Array, ""], charging: Float[Array, ""], *, count: int, offset_charge: float = 0.0
) -> Float[Array, " count"]:
    """Give the energies of the lowest levels above the ground state, in the unit of the two energies.

    Parameters
    ----------
    josephson, charging
        E_J and E_C (Hz).
    count
        How many, the ground state included.
    offset_charge
        n_g, in Cooper pairs.
    """
    charges = np.arange(-_CUTOFF, _CUTOFF + 1)
    hopping = jnp.eye(len(charges), k=1) + jnp.eye(len(charges), k=-1)
    matrix = jnp.diag(4 * charging * (charges - offset_charge) ** 2) - josephson / 2 * hopping
    found = jnp.linalg.eigvalsh(matrix)[:count]
    return found - found[0]


def transition(josephson: Float[Array, ""], charging: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Give the 0-1 frequency and the anharmonicity at zero offset charge, in the unit of the two energies."""
    _, first, second = levels(josephson, charging, count=3)
    return first, second - 2 * first


def energies(frequency: Float[Array, ""], anharmonicity: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Give E_J and E_C (Hz) of a transmon with that 0-1 frequency and anharmonicity (Hz)."""
    logarithm = _logarithm_of_ratio(jnp.asarray(anharmonicity / frequency))
    charging = frequency / transition(jnp.exp(logarithm), jnp.ones(()))[0]
    return charging * jnp.exp(logarithm), charging


def _relative_anharmonicity(logarithm: Array) -> Array:
    """Give the anharmonicity over the frequency for a given ``log(E_J/E_C)``."""
    frequency, anharmonicity = transition(jnp.exp(logarithm), jnp.ones(()))
    return anharmonicity / frequency


@jax.custom_jvp
def _logarithm_of_ratio(relative: Array) -> Array:
    """Invert `_relative_anharmonicity` by Newton's method, from where the series has its root."""

    def improve(_: int, logarithm: Array) -> Array:
        value, slope = jax.jvp(_relative_anharmonicity, (logarithm,), (jnp.ones_like(logarithm),))
        return logarithm - (value - relative) / slope

    josephson, charging = energies_by_series(jnp.ones(()), relative)
    return jax.lax.fori_loop(0, _NEWTON_STEPS, improve, jnp.log(josephson / charging))


@_logarithm_of_ratio.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    logarithm = _logarithm_of_ratio(*primals)
    _, slope = jax.jvp(_relative_anharmonicity, (logarithm,), (jnp.ones_like(logarithm),))
    return logarithm, tangents[0] / slope


def arc(
    josephson: Float[Array, ""], charging: Float[Array, ""], share: Float[Array, "*times"], least: Float[Array, ""]
) -> tuple[Float[Array, "*times"], Float[Array, "*times"]]:
    """Give the 0-1 frequency and the anharmonicity where E_J is reduced to a share of itself.

    Parameters
    ----------
    josephson, charging
        At the sweet spot.
    share
        Of the Josephson energy that is left, from `least` to 1.
    least
        Smallest share that the flux can leave: the asymmetry of the junctions. Below 0.05, where there is no transmon any
        more, the values stay what they are at 0.05.
    """
    low = jnp.sqrt(jnp.maximum(least, _LEAST_SHARE))
    angles = np.pi * np.arange(_NODES) / (_NODES - 1)
    nodes = low + (1 - low) * (1 + np.cos(angles)) / 2
    # one after the other, as `qrexplore.quantum.dressing` has to
    frequencies, anharmonicities = jax.lax.map(lambda node: transition(josephson * node**2, charging), nodes)
    # cosine series through the Chebyshev-Lobatto nodes
    series = np.linalg.inv(np.cos(np.outer(angles, np.arange(_NODES))))
    position = jnp.clip((jnp.sqrt(share) - low) / (1 - low), 0.0, 1.0)
    both = jnp.asarray(series) @ jnp.stack([frequencies, anharmonicities], axis=1)
    return _clenshaw(both[:, 0], 2 * position - 1), _clenshaw(both[:, 1], 2 * position - 1)


def _clenshaw(coefficients: Float[Array, " nodes"], x: Float[Array, "*times"]) -> Float[Array, "*times"]:
    """Sum a Chebyshev series."""

    def term(carry: tuple[Array, Array], coefficient: Array) -> tuple[tuple[Array, Array], None]:
        last, before = carry
        return (coefficient + 2 * x * last - before, last), None

    (last, before), _ = jax.lax.scan(term, (jnp.zeros_like(x), jnp.zeros_like(x)), coefficients[:0:-1])
    return coefficients[0] + x * last - before
