"""The adaptive solver of the second opinion, and the matrix of the master equation as textbooks write it."""

import numpy as np
from jaxtyping import Complex
from scipy.integrate import solve_ivp

TOLERANCE = 1e-10

Matrix = Complex[np.ndarray, "n n"]


def master_matrix(hamiltonian: Matrix, jumps: list[Matrix]) -> Complex[np.ndarray, "n*n n*n"]:
    """Give the matrix (1/s) of the master equation on density matrices whose rows are put one behind the other."""
    one = np.eye(len(hamiltonian))
    total = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    for jump in jumps:
        decay = jump.conj().T @ jump
        total = total + np.kron(jump, jump.conj()) - (np.kron(decay, one) + np.kron(one, decay.T)) / 2
    return total


def integrated(left: np.ndarray, rise: np.ndarray, step: float, state: np.ndarray, jumps: list[Matrix]) -> np.ndarray:
    """Give the state after some cells in each of which the Hamiltonian is a straight line.

    Parameters
    ----------
    left, rise
        Hamiltonian (rad/s) where each cell begins and by how much it grows over the cell, shape (cells, n, n).
    step
        Length of a cell, s.
    state
        Amplitudes, or a density matrix, which the jumps act on.
    jumps
        Jump operators with the roots of their rates.

    Raises
    ------
    RuntimeError
        If the tolerance is not reached.
    """
    shape = state.shape
    decays = [(jump, jump.conj().T, jump.conj().T @ jump / 2) for jump in jumps]

    def rate(time: float, flat: np.ndarray) -> np.ndarray:
        cell = min(int(time / step), len(left) - 1)
        hamiltonian, now = left[cell] + (time / step - cell) * rise[cell], flat.reshape(shape)
        change = -1j * (hamiltonian @ now)
        if len(shape) == 2:
            change = change + 1j * (now @ hamiltonian)
            for jump, back, decay in decays:
                change = change + jump @ now @ back - decay @ now - now @ decay
        return change.reshape(-1)

    span = (0.0, len(left) * step)
    found = solve_ivp(rate, span, state.reshape(-1), method="DOP853", rtol=TOLERANCE, atol=TOLERANCE)
    if not found.success:
        msg = f"the second solver did not reach its tolerance of {TOLERANCE:g}: {found.message}"
        raise RuntimeError(msg)
    return found.y[:, -1].reshape(shape)
