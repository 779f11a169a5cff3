"""The spectrum of a transmon in the charge basis, and its inversion.

``H = 4 E_C n^2 - E_J/2 sum(|n><n+1| + h.c.)``, n counting Cooper pairs, at zero offset charge. In the unit of E_C its levels
depend on ``z = sqrt(8 E_J/E_C)`` alone, and smoothly: the frequency is nearly ``z - 1``, the anharmonicity nearly -1. So they
are solved once, on a grid from no junction to ``E_J/E_C = 11000``, and then read off splines, which are exact to 1e-8 E_C (to
1e-10 above ``E_J/E_C = 3``) and cost no eigenvalues. The popular scaling law ``f ~ sqrt(cos)`` errs by megahertz, a series in
1/z by 0.3 MHz in the anharmonicity at ``E_J/E_C = 60`` and by more where the flux has reduced E_J.

References
----------
Koch et al., PRA 76, 042319 (2007), eq. (2.1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import factorial, perm

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.interpolate import make_interp_spline
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import brentq

# charge states on either side; the widest ground state of the grid has a deviation of 4
_CUTOFF = 40
_STEP = 0.2
_CELLS = 1500
_DEGREE = 5
# of the frequency over the anharmonicity, less its sign: from what is beyond any transmon to the last cell of the above
_LEAST, _MOST = 1.5, 296.0


def transition(
    josephson: Float[Array, "*shape"], charging: Float[Array, "*shape"]
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Give the 0-1 frequency and the anharmonicity, both in the unit of the two energies (Hz)."""
    frequency, anharmonicity = _read(_levels, 0, jnp.sqrt(8 * josephson / charging))
    return charging * frequency, charging * anharmonicity


def energies(
    frequency: Float[Array, "*shape"], anharmonicity: Float[Array, "*shape"]
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Give E_J and E_C (Hz) of a transmon with that 0-1 frequency and anharmonicity (Hz, from -0.6 of the frequency to 0).

    They give both back as the splines are exact.
    """
    z, reduced = _read(_inverse, 0, jnp.log(-frequency / anharmonicity))
    charging = frequency / reduced
    return charging * z**2 / 8, charging


@dataclass(frozen=True)
class _Spline:
    """A spline on an even grid: in every cell the coefficients of the powers of the way into it, for some functions."""

    first: float
    step: float
    coefficients: Float[np.ndarray, "cells powers functions"]


def _spline(grid: Float[np.ndarray, " points"], values: Float[np.ndarray, "points functions"]) -> _Spline:
    made = make_interp_spline(grid, values, k=_DEGREE)
    coefficients = [made(grid[:-1], power) / factorial(power) for power in range(_DEGREE + 1)]
    return _Spline(float(grid[0]), float(grid[1] - grid[0]), np.stack(coefficients, axis=1))


@cache
def _levels() -> _Spline:
    """Give frequency and anharmonicity in the unit of E_C as functions of z."""
    grid = _STEP * np.arange(_CELLS + 1)
    charges = np.arange(-_CUTOFF, _CUTOFF + 1)
    found = np.array(
        [
            eigh_tridiagonal(
                4.0 * charges**2,
                np.full(2 * _CUTOFF, -(z**2) / 16),
                eigvals_only=True,
                select="i",
                select_range=(0, 2),
            )
            for z in grid
        ]
    )
    frequency, second = np.diff(found, axis=1).T
    return _spline(grid, np.stack([frequency, second - frequency], axis=1))


@cache
def _inverse() -> _Spline:
    """Give z, and the frequency there, as functions of the logarithm of the frequency over the anharmonicity, less its sign."""
    levels = _levels()
    z = levels.first + levels.step * np.arange(len(levels.coefficients))
    frequency, anharmonicity = (make_interp_spline(z, values, k=_DEGREE) for values in levels.coefficients[:, 0].T)
    grid = np.linspace(float(np.log(_LEAST)), float(np.log(_MOST)), _CELLS)
    found = np.array(
        [brentq(lambda z, ratio=ratio: frequency(z) + ratio * anharmonicity(z), 1.0, z[-1]) for ratio in np.exp(grid)]
    )
    return _spline(grid, np.stack([found, frequency(found)], axis=1))


@cache
def _coefficients(spline: Callable[[], _Spline], order: int) -> Float[np.ndarray, "cells numbers"]:
    """Give the coefficients of the derivatives of some order; one array for all who read it, which a program holds once."""
    factors = np.array([perm(power, order) for power in range(order, _DEGREE + 1)])
    found = factors[:, None] * spline().coefficients[:, order:]
    return found.reshape(len(found), -1)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _read(spline: Callable[[], _Spline], order: int, at: Float[Array, "*shape"]) -> tuple[Float[Array, "*shape"], ...]:
    """Give the functions of a spline, or their derivatives of some order; in few operations, since it is read everywhere."""
    table, coefficients = spline(), _coefficients(spline, order)
    cells, functions = len(coefficients), table.coefficients.shape[-1]
    way = at - table.first
    cell = jnp.clip(jnp.floor(way * (1 / table.step)), 0, cells - 1)
    way = (way - cell * table.step)[..., None]
    row = jnp.asarray(coefficients)[cell.astype(jnp.uint32)]
    *lower, total = jax.lax.split(row, (functions,) * (_DEGREE + 1 - order), axis=row.ndim - 1)
    for coefficient in reversed(lower):
        total = total * way + coefficient
    return tuple(total[..., k] for k in range(functions))


@_read.defjvp
def _(spline: Callable[[], _Spline], order: int, primals: tuple[Array], tangents: tuple[Array]) -> tuple:
    # one slope for all tangents
    slopes = _read(spline, order + 1, *primals)
    return _read(spline, order, *primals), tuple(slope * tangents[0] for slope in slopes)
