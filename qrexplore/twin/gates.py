"""What pulses on flux lines do as a gate: the unitary between dressed computational states, or the map that losses make of it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from qrexplore.core import Named, jit
from qrexplore.experiments import Experiment, Play, Protocol
from qrexplore.pulses import Pulse, Samples, Schedule
from qrexplore.quantum import hermitian_basis
from qrexplore.twin.dynamics import LARGEST_NORM, Dynamics, dynamics
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import SlowNoise
from qrexplore.twin.resolution import refined

# steps a sample; flux pulses alone are followed to 1e-7 by these
_SUBSTEPS = 4


def flux_gate(
    twin: Twin,
    samples: Mapping[str, Float[np.ndarray, " samples"]],
    *,
    qubits: tuple[str, ...],
    begin: int = 0,
    substeps: int = _SUBSTEPS,
) -> Complex[Array, "computational computational"]:
    """Give what samples on flux lines do to the dressed computational states.

    Parameters
    ----------
    twin
        Model of the device; its losses, its slow noise and what drive lines carry are left out.
    samples
        What the generators of some flux lines play (V), by line; all of the same length and clock.
    qubits
        Qubits of the gate; the first one is the slowest index.
    begin
        Sample at which the gate begins. What plays before only leaves its traces on the lines.
    substeps
        Steps a sample to begin with.

    Returns
    -------
    array
        ``<i|U|j>`` between dressed states with levels 0 and 1, in a frame common to all qubits; less than unitary where
        population leaves them.

    Raises
    ------
    ValueError
        If lines do not belong to the twin or differ in length or clock, or the gate begins after the samples.
    """
    return _acted(replace(twin, dissipative=False), samples, qubits, begin, substeps)


def flux_channel(
    twin: Twin,
    samples: Mapping[str, Float[np.ndarray, " samples"]],
    *,
    qubits: tuple[str, ...],
    begin: int = 0,
    substeps: int = _SUBSTEPS,
) -> Complex[Array, "computational computational computational computational"]:
    """Give what samples on flux lines do to operators between the dressed computational states, with relaxation and dephasing.

    Parameters
    ----------
    twin
        Model of the device; its slow noise and what drive lines carry are left out.
    samples, qubits, begin, substeps
        See `flux_gate`.

    Returns
    -------
    array
        ``<k|E(|i><j|)|l>`` with the axes i, j, k, l: what `qrexplore.quantum.average_gate_fidelity` takes, with the identity for
        the computational states.

    Raises
    ------
    ValueError
        See `flux_gate`; or if density matrices of so many levels are too large.
    """
    found = _acted(replace(twin, dissipative=True), samples, qubits, begin, substeps)
    size = 2 ** len(qubits)
    return jnp.moveaxis(found.reshape(size, size, size, size), (2, 3), (0, 1))


def _acted(
    twin: Twin,
    samples: Mapping[str, Float[np.ndarray, " samples"]],
    qubits: tuple[str, ...],
    begin: int,
    substeps: int,
) -> Complex[Array, "computational computational"]:
    """Give what comes out between computational states, or between their products."""
    unknown = [line for line in samples if line not in twin.lines or not line.startswith("flux_")]
    lengths = {len(values) for values in samples.values()}
    rates = {twin.lines[line].sample_rate for line in samples if line in twin.lines}
    if unknown or len(lengths) != 1 or len(rates) != 1 or not 0 <= begin < min(lengths):
        msg = (
            "`samples` must be rows of one length for flux lines of the twin with one clock, and `begin` within them, got "
            f"{', '.join(f'{line} ({len(values)})' for line, values in samples.items()) or 'none'} and begin {begin}."
        )
        raise ValueError(msg)
    while True:
        run = _compiled(tuple(samples), tuple(qubits), begin, substeps)
        found, norm = run(_noiseless(twin), {line: jnp.asarray(values) for line, values in samples.items()})
        if not float(norm) > LARGEST_NORM:
            return found
        substeps = refined(substeps, float(norm) / LARGEST_NORM)


def _noiseless(twin: Twin) -> Twin:
    # a start anywhere: all that pulses reach from any computational state is followed
    return replace(twin, thermal_start=True, noise=SlowNoise(Named({})))


@lru_cache(maxsize=32)
def _compiled(
    lines: tuple[str, ...], qubits: tuple[str, ...], begin: int, substeps: int
) -> Callable[[Twin, dict[str, Array]], tuple[Array, Array]]:
    """Give the compiled evolution; samples of the same length share it."""
    # the dynamics only read which lines play
    pulses = tuple(Pulse(line, Samples(jnp.zeros(1), 1e9), 0.0) for line in lines)
    blocks = (Play(Schedule(pulses, window=1e-9)),)
    experiment = Experiment(Protocol("gate", (), {}, 0, lambda *_: blocks), qubits, {})

    @jit
    def run(twin: Twin, samples: dict[str, Array]) -> tuple[Array, Array]:
        matrices = replace(dynamics(twin, experiment, blocks), coherent=True)
        step = 1 / (twin.lines[lines[0]].sample_rate * substeps)
        waves = {
            line: twin.lines[line].forward(values[None], substeps)[:, begin * substeps :]
            for line, values in samples.items()
        }
        controls = jnp.moveaxis(matrices.controls(twin, waves), (0, -1), (-1, -2))
        reference = jnp.full(len(qubits), twin.chip.qubits[qubits[0]].at_flux(jnp.zeros(()))[0])
        states = _products(matrices, twin) if twin.dissipative else _computational(matrices, twin)
        start = states[matrices.kept]
        ended, norm = matrices.propagator.evolve(
            matrices.weights(twin, reference),
            jnp.broadcast_to(controls, (*controls.shape[:-1], start.shape[1])),
            step,
            start,
            derivatives="forward",
        )
        return jnp.conj(start).T @ ended, norm

    return run


def _computational(matrices: Dynamics, twin: Twin) -> Complex[Array, "dimension computational"]:
    """Give the dressed states with levels 0 and 1 as columns; all else that is simulated is in level 0."""
    register, qubits = matrices.register, len(matrices.qubits)
    rest = (0,) * (len(matrices.network.modes) - qubits)
    inside = [register.index((*levels, *rest)) for levels in np.ndindex(*(2,) * qubits)]
    return matrices.dressed(twin)[:, np.array(inside)].astype(complex)


def _products(matrices: Dynamics, twin: Twin) -> Complex[Array, "coordinates products"]:
    """Give the coordinates of ``|i><j|`` for these states as columns, j the faster index."""
    states = _computational(matrices, twin)
    basis = jnp.asarray(hermitian_basis(matrices.register.dimension))
    products = jnp.einsum("cnm,ni,mj->cij", jnp.conj(basis), states, jnp.conj(states))
    return products.reshape(len(basis), -1)
