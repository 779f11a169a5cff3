"""How well a map does what a gate should, on the computational states of a larger space.

With P the projector on d computational states and E the map,

    F_pro = 1/d^2 sum_ij Tr[(U |i><j| U^+)^+ P E(|i><j|) P],   L_1 = 1 - Tr[P E(P/d)],   F = (d F_pro + 1 - L_1)/(d + 1).

References
----------
Pedersen, Moller, Molmer, PLA 367, 47 (2007); Wood and Gambetta, PRA 97, 032306 (2018), for leakage.
"""

from typing import cast

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact
from scipy.optimize import OptimizeResult, minimize, minimize_scalar

# angles of a virtual z rotation that are looked at before one of them is refined
_ANGLES = 256
# and of two of them at once
_COARSE_ANGLES = 32


def process_fidelity(
    images: Inexact[Array, "d d n n"], target: Inexact[Array, "d d"], computational: Inexact[Array, "n d"]
) -> Float[Array, ""]:
    """Give the process fidelity of a map with a gate.

    Parameters
    ----------
    images
        ``E(|i><j|)`` for the computational states i and j.
    target
        The gate U on the computational states.
    computational
        These states as columns, orthonormal: dressed ones for a device.
    """
    return (
        jnp.real(jnp.einsum("ki,ijkl,lj->", jnp.conj(target), _projected(images, computational), target))
        / len(target) ** 2
    )


def leakage(images: Inexact[Array, "d d n n"], computational: Inexact[Array, "n d"]) -> Float[Array, ""]:
    """Give the population that a map takes out of the computational states, averaged over them.

    Parameters
    ----------
    images, computational
        See `process_fidelity`.
    """
    return 1 - jnp.real(jnp.einsum("iikk->", _projected(images, computational))) / len(images)


def average_gate_fidelity(
    images: Inexact[Array, "d d n n"], target: Inexact[Array, "d d"], computational: Inexact[Array, "n d"]
) -> Float[Array, ""]:
    """Give the fidelity of a map with a gate, averaged over all pure computational states; leakage counts as error.

    Parameters
    ----------
    images, target, computational
        See `process_fidelity`.
    """
    size = len(target)
    inside = 1 - leakage(images, computational)
    return (size * process_fidelity(images, target, computational) + inside) / (size + 1)


def average_unitary_fidelity(
    unitary: Inexact[Array, "n n"], target: Inexact[Array, "d d"], computational: Inexact[Array, "n d"]
) -> Float[Array, ""]:
    """Give the average fidelity of a unitary with a gate, ``(|Tr U^+ M|^2 + Tr M^+ M)/(d (d + 1))`` with ``M = P V P``.

    Parameters
    ----------
    unitary
        V, on the whole space.
    target, computational
        See `process_fidelity`.
    """
    inside = jnp.conj(computational).T @ unitary @ computational
    size = len(target)
    overlap = jnp.abs(jnp.sum(jnp.conj(target) * inside)) ** 2
    return (overlap + jnp.sum(jnp.abs(inside) ** 2)) / (size * (size + 1))


def controlled_z_fidelity(inside: Inexact[np.ndarray, "4 4"]) -> tuple[float, tuple[float, float]]:
    """Give the average fidelity with a CZ after the best virtual z rotations of both qubits, and their angles.

    Parameters
    ----------
    inside
        ``<i|V|j>`` between the computational states 00, 01, 10, 11.

    Returns
    -------
    fidelity, angles
        Angles (rad) of the first and second qubit that are added to level 1.

    Notes
    -----
    With one angle given, the best other one makes two complex numbers parallel; what is left is a search along one angle.
    """
    diagonal = np.diagonal(np.asarray(inside)) * np.array([1, 1, 1, -1])

    def parts(second: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        turned = np.exp(1j * np.asarray(second))
        return diagonal[0] + diagonal[1] * turned, diagonal[2] + diagonal[3] * turned

    grid = np.linspace(-np.pi, np.pi, _ANGLES + 1)[:-1]
    near = grid[np.argmax(np.sum(np.abs(parts(grid)), axis=0))]
    width = 2 * np.pi / _ANGLES
    found = minimize_scalar(
        lambda angle: -np.sum(np.abs(parts(angle))),
        bounds=(near - width, near + width),
        method="bounded",
        options={"xatol": 1e-12},
    )
    best = float(cast("OptimizeResult", found).x)
    low, high = parts(best)
    fidelity = ((np.abs(low) + np.abs(high)) ** 2 + np.sum(np.abs(inside) ** 2)) / 20
    return float(fidelity), (float(np.angle(low) - np.angle(high)), best)


def controlled_z_map_fidelity(images: Inexact[np.ndarray, "4 4 4 4"]) -> tuple[float, tuple[float, float]]:
    """Give the average fidelity of a map with a CZ after the best virtual z rotations of both qubits, and their angles.

    Parameters
    ----------
    images
        ``<k|E(|i><j|)|l>`` with the axes i, j, k, l between the computational states 00, 01, 10, 11.

    Returns
    -------
    fidelity, angles
        See `controlled_z_fidelity`, which is this for a unitary.
    """
    # rotations about z only touch what keeps i and j: F_pro = u^+ M u/16 with the phases u of the gate and M_ij = <i|E(|i><j|)|j>
    kept = np.einsum("ijij->ij", np.asarray(images))
    inside = float(np.real(np.einsum("iikk->", np.asarray(images)))) / 4

    def process(first: np.ndarray | float, second: np.ndarray | float) -> np.ndarray:
        first, second = np.broadcast_arrays(first, second)
        turns = np.exp(-1j * np.stack([0 * first, second, first, first + second], axis=-1)) * np.array([1, 1, 1, -1])
        return np.real(np.einsum("...i,ij,...j->...", np.conj(turns), kept, turns)) / 16

    grid = np.linspace(-np.pi, np.pi, _COARSE_ANGLES + 1)[:-1]
    near = np.unravel_index(np.argmax(process(grid[:, None], grid[None, :])), (_COARSE_ANGLES,) * 2)
    found = minimize(lambda angles: -float(process(*angles)), grid[list(near)], method="BFGS", options={"gtol": 1e-10})
    first, second = map(float, found.x)
    return (4 * float(process(first, second)) + inside) / 5, (first, second)


def _projected(images: Inexact[Array, "d d n n"], computational: Inexact[Array, "n d"]) -> Complex[Array, "d d d d"]:
    """Give the images between computational states."""
    return jnp.einsum("nk,ijnm,ml->ijkl", jnp.conj(computational), images, computational)
