"""The laboratory frame: the same device without the rotating-wave approximation, to see what that approximation costs.

    H = sum_k (f_k n_k + alpha_k n_k (n_k - 1)/2) + sum g (a + a^+)(b + b^+) + sum_k Re[w_k(t) exp(-2 pi i f_d t)] (a_k + a_k^+)

in Hz, with the wave ``w`` (Rabi frequency) of each drive line about its carrier ``f_d``. Every twin is simulated without
what turns at twice the carrier; here it stays. One qubit or several without relaxation, by the eighth-order Runge-Kutta
method of Dormand and Prince with a tolerance in place of a step: thousands of steps, seconds a pulse.

References
----------
Bloch and Siegert, Phys. Rev. 57, 522 (1940).
"""

from collections.abc import Mapping
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex, Float
from scipy.integrate import solve_ivp

from qrexplore.pulses import Schedule, sample
from qrexplore.quantum import GAUSS_NODES, dressed_states
from qrexplore.twin.evolve import clock
from qrexplore.twin.model import Twin
from qrexplore.twin.network import network

TURN = 2 * np.pi
# cells of a wave in a sample of the generator
_FINE = 8
_TOLERANCE = 1e-11

Matrix = Complex[np.ndarray, "n n"]


def laboratory_propagator(
    twin: Twin,
    schedule: Schedule,
    *,
    qubits: tuple[str, ...] | None = None,
    carriers: Mapping[str, float] | None = None,
    levels: int | None = None,
) -> Matrix:
    """Give what a schedule does to the product states, in a frame that stands still.

    Parameters
    ----------
    twin
        Model of the device; its relaxation and dephasing are left out.
    schedule
        What plays.
    qubits
        Qubits that are simulated; all of the twin where left out.
    carriers
        Carrier (Hz) of the drive line of a qubit, by the name of the qubit; its idle frequency where left out. Its phase is 0
        where the schedule begins.
    levels
        How many are kept of each qubit, at least 2; as many as the twin has where left out.

    Returns
    -------
    array
        Unitary matrix, columns for the states at the beginning.

    Raises
    ------
    ValueError
        If the schedule plays on a line of none of the qubits.
    """
    return _Laboratory(twin, qubits, carriers or {}, levels).propagator(schedule)


def play_in_laboratory(
    twin: Twin,
    schedule: Schedule,
    *,
    qubits: tuple[str, ...] | None = None,
    preparation: int = 0,
    carriers: Mapping[str, float] | None = None,
    levels: int | None = None,
) -> Float[np.ndarray, "qubits levels"]:
    """Give the populations of the dressed levels of some qubits after a schedule, without the rotating-wave approximation.

    Parameters
    ----------
    twin, schedule, qubits, carriers, levels
        See `laboratory_propagator`.
    preparation
        Level in which each qubit starts.

    Returns
    -------
    array
        What `play` gives for a twin without losses, but for the terms that turn at twice the carrier.
    """
    found = _Laboratory(twin, qubits, carriers or {}, levels)
    dressed, register = found.dressed, found.register
    prepared = tuple(preparation if name in found.measured else 0 for name in found.names)
    start = dressed[:, register.index(prepared)]
    shares = np.abs(dressed.T @ (found.propagator(schedule) @ start)) ** 2
    most = max(register.levels[: len(found.measured)])
    measured = register.labels[:, : len(found.measured)].T
    return np.stack([np.bincount(column, shares, minlength=most) for column in measured])


class _Laboratory:
    """Matrices of the full Hamiltonian."""

    def __init__(
        self, twin: Twin, qubits: tuple[str, ...] | None, carriers: Mapping[str, float], levels: int | None
    ) -> None:
        self.twin = twin
        self.measured = tuple(twin.chip.qubits) if qubits is None else tuple(qubits)
        self.network = network(twin.chip, self.measured)
        self.names = self.network.modes
        kept = tuple(levels or number for number in self.network.levels)
        self.network = replace(self.network, levels=kept)
        self.register = self.network.register
        idle = {name: float(twin.chip.modes[name].at_flux(jnp.zeros(()))[0]) for name in self.names}
        self.carriers = idle | dict(carriers)
        lowering = [self.register.lowering(mode) for mode in range(len(self.names))]
        self.fields = [matrix + matrix.T for matrix in lowering]
        modes = range(len(self.names))
        self.terms = [
            *[self.register.number(mode) for mode in modes],
            *[self.network.anharmonic(mode) for mode in modes],
            *[self.network.exchange(pair, counter_rotating=True) for pair in self.network.pairs],
        ]
        self.dressed = np.asarray(dressed_states(jnp.asarray(self.hamiltonian({}))))

    def hamiltonian(self, flux: Mapping[str, np.ndarray]) -> np.ndarray:
        """Give the Hamiltonian (rad/s) without drives for flux waves by transmon, with the dimensions of the waves."""
        carried = {name: jnp.real(jnp.asarray(wave)) for name, wave in flux.items()}
        arrived = {
            name: self.twin.crosstalk.fast_flux.onto(name, carried) for name in self.network.transmons if carried
        }
        chip, spectra = self.twin.chip, self.network.spectra(self.twin.chip, arrived)
        weights = [
            *self.network.frequencies(chip, spectra),
            *[spectra[name][1] for name in self.names],
            *self.network.strengths(chip, spectra),
        ]
        shape = np.shape(next(iter(flux.values()), 0.0))
        parts = [np.broadcast_to(np.asarray(weight), shape)[..., None, None] * term
                 for weight, term in zip(weights, self.terms, strict=True)]  # fmt: skip
        return TURN * np.sum(parts, axis=0)

    def propagator(self, schedule: Schedule) -> Matrix:
        """Integrate all product states, sample by sample, since lines may jump there."""
        wanted = {f"{kind}_{name}" for kind in ("drive", "flux") for name in self.network.transmons}
        strange = [line for line in schedule.lines if line not in wanted]
        if strange:
            msg = (
                f"`schedule` plays on {strange[0]!r}, which is no line of the qubits {', '.join(self.names)}. "
                "Name that qubit in `qubits`, or leave the pulse out."
            )
            raise ValueError(msg)
        rate = clock(self.twin, schedule.lines)
        cell = 1 / (rate * _FINE)
        waves = {
            line: np.asarray(self.twin.lines[line].forward(samples, _FINE))
            for line, samples in sample(schedule, rate).items()
        }
        drives = []
        for target, field in zip(self.names, self.fields, strict=True):
            for source in (name for name in self.names if f"drive_{name}" in waves):
                share = complex(self.twin.crosstalk.microwave.onto(target, {source: jnp.ones(())}))
                if share:
                    drives.append((share, field, waves[f"drive_{source}"], self.carriers[source]))
        still = self.hamiltonian({line[5:]: wave for line, wave in waves.items() if line.startswith("flux_")})
        cells = len(next(iter(waves.values())))
        state = np.eye(self.register.dimension, dtype=complex)
        for begin in range(0, cells, _FINE):
            state = self._over_sample(begin, cell, still, drives, state)
        return state

    def _over_sample(
        self,
        begin: int,
        cell: float,
        still: np.ndarray,
        drives: list[tuple[complex, np.ndarray, np.ndarray, float]],
        state: np.ndarray,
    ) -> np.ndarray:
        def rate(time: float, flat: np.ndarray) -> np.ndarray:
            index = min(int(time / cell), _FINE - 1)
            part = (time / cell - index - GAUSS_NODES[0]) / (GAUSS_NODES[1] - GAUSS_NODES[0])

            def at(values: np.ndarray) -> np.ndarray:
                early, late = values[begin + index]
                return early + part * (late - early)

            now = still if still.ndim == 2 else at(still)
            for share, field, wave, carrier in drives:
                turned = share * at(wave) * np.exp(-1j * TURN * carrier * (begin * cell + time))
                now = now + TURN * np.real(turned) * field
            return (-1j * (now @ flat.reshape(state.shape))).reshape(-1)

        span = (0.0, _FINE * cell)
        found = solve_ivp(rate, span, state.reshape(-1), method="DOP853", rtol=_TOLERANCE, atol=_TOLERANCE)
        if not found.success:
            msg = f"the laboratory frame was not followed to its tolerance of {_TOLERANCE:g}: {found.message}"
            raise RuntimeError(msg)
        return found.y[:, -1].reshape(state.shape)
