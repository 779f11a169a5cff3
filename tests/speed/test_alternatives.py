"""Other ways to step, on the same controls and mesh as ours: what each costs, as a ratio in one run, and how exact it is.

``pytest tests/speed/test_alternatives.py -s`` prints them. All make the same Magnus exponents; they differ in what is done
with them. Nothing is asserted about time; those that are exact must agree with ours.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float, Inexact
from scipy.special import jv

from qrexplore.core import jit
from qrexplore.quantum import GAUSS_NODES
from tests.speed import tasks
from tests.speed.ours import Entry, Mesh
from tests.speed.test_solvers import ROUNDS, seconds

TASKS = {
    "T1": tasks.driven_transmon(),
    "T2 Schroedinger": tasks.chevron(dissipative=False),
    "T2 Lindblad": tasks.chevron(dissipative=True),
}
# terms of a Chebyshev series, and the largest spectral radius of an exponent that they are enough for
CHEBYSHEV, RADIUS = 13, 2.5
EXACT = 1e-6


@pytest.fixture(scope="module", params=TASKS)
def entry(request):
    return Entry(TASKS[request.param])


@pytest.fixture(scope="module")
def mesh(entry):
    return entry.mesh()


def exponents(entry: Entry, mesh: Mesh, sweep: Array) -> Inexact[Array, "steps batch n n"]:
    """Give all Magnus exponents as dense matrices."""
    edges, steps = entry._edges, np.asarray(mesh.steps)
    lengths = np.repeat(np.diff(edges) / steps, steps)
    begins = np.concatenate([edges[i] + np.diff(edges)[i] / m * np.arange(m) for i, m in enumerate(steps)])
    p = dict(entry.task.parameters)
    times = np.stack([begins + node * lengths for node in GAUSS_NODES], axis=1)[..., None]
    values = jnp.moveaxis(entry.task.coefficients(p, sweep, times), 0, 2)
    drift = entry.system.drift_matrix(entry._weights(p))
    first, second = jnp.moveaxis(jnp.einsum("tnkb,kij->tnbij", values, np.stack(entry.system.controls)) + drift, 1, 0)
    length = lengths[:, None, None, None]
    return length * (first + second) / 2 + np.sqrt(3) * length**2 / 12 * (second @ first - first @ second)


def begun(entry: Entry, count: int) -> Inexact[Array, "batch n"]:
    return jnp.repeat(jnp.asarray(entry._first[entry.kept])[None], count, axis=0)


def stepped(propagators: Array, start: Array) -> Array:
    """Let the propagators act one after the other; the states after each step, (steps, batch, n)."""

    def advance(state: Array, one: Array) -> tuple[Array, Array]:
        state = jnp.einsum("bij,bj->bi", one, state)
        return state, state

    return jax.lax.scan(advance, start, propagators)[1]


def by_pade(omega: Array, start: Array) -> Array:
    """Exponential of every matrix by Pade approximants, then one after the other."""
    return stepped(jax.scipy.linalg.expm(omega), start)


def by_eigenvectors(omega: Array, start: Array) -> Array:
    """Exponential of every matrix by its eigenvectors; for anti-Hermitian exponents only."""
    values, vectors = jnp.linalg.eigh(1j * omega)
    turned = vectors * jnp.exp(-1j * values)[..., None, :]
    return stepped(turned @ jnp.conj(jnp.swapaxes(vectors, -1, -2)), start)


def at_once(omega: Array, start: Array) -> Array:
    """Exponential of all matrices together by Taylor series, and their products by halving: no loop over the steps."""
    identity = jnp.eye(omega.shape[-1], dtype=omega.dtype)
    total = jnp.broadcast_to(identity, omega.shape)
    for k in range(14, 0, -1):
        total = identity + omega @ total / k
    products = jax.lax.associative_scan(lambda a, b: b @ a, total, axis=0)
    return jnp.einsum("tbij,bj->tbi", products, start)


def by_chebyshev(omega: Array, start: Array) -> Array:
    """Chebyshev series of the action, with the recursion of its polynomials."""
    weights = [float(jv(k, RADIUS)) * (1 if k == 0 else 2) for k in range(CHEBYSHEV)]

    def advance(state: Array, one: Array) -> tuple[Array, Array]:
        scaled = one / RADIUS
        before, now = state, jnp.einsum("bij,bj->bi", scaled, state)
        total = weights[0] * before + weights[1] * now
        for weight in weights[2:]:
            before, now = now, before + 2 * jnp.einsum("bij,bj->bi", scaled, now)
            total = total + weight * now
        return total, total

    return jax.lax.scan(advance, start, omega)[1]


WAYS: dict[str, Callable[[Array, Array], Array]] = {
    "Pade": by_pade,
    "eigenvectors": by_eigenvectors,
    "all steps at once": at_once,
    "Chebyshev": by_chebyshev,
}


def populations(entry: Entry, states: Array, mesh: Mesh) -> Float[Array, "batch times observed"]:
    saved = states[np.cumsum(mesh.steps) - 1][..., entry._seen]
    return jnp.moveaxis(saved if entry.dissipative else jnp.abs(saved) ** 2, 0, 1)


@pytest.mark.parametrize("way", [*WAYS, "single precision"])
def test_another_way_to_step(entry, mesh, way):
    if way == "eigenvectors" and entry.dissipative:
        pytest.skip("the exponents of a master equation are not anti-Hermitian")
    sweep, p = jnp.asarray(entry.task.sweep), dict(entry.task.parameters)
    ours = jit(lambda p, sweep: entry.populations(p, sweep, mesh))

    def other(sweep: Array) -> Array:
        omega, start = exponents(entry, mesh, sweep), begun(entry, len(sweep))
        if way == "single precision":
            short = jnp.complex64 if jnp.iscomplexobj(start) else jnp.float32
            return populations(entry, at_once(omega.astype(short), start.astype(short)), mesh)
        return populations(entry, WAYS[way](omega, start), mesh)

    theirs = jit(other)
    first = seconds(lambda: theirs(sweep))
    found, mine = np.asarray(theirs(sweep)), np.asarray(ours(p, sweep))[:, -len(mesh.steps) :]
    error = float(np.max(np.abs(found - mine)))
    times = np.array([[seconds(lambda: ours(p, sweep)), seconds(lambda: theirs(sweep))] for _ in range(ROUNDS)])
    print(  # noqa: T201 (a measurement to read, not to assert)
        f"\n{entry.task.name}, {way}: {np.median(times[:, 1] / times[:, 0]):.1f} times as long as ours "
        f"({np.median(times[:, 0]) * 1e3:.2f} ms), differs by {error:.0e}, first call {first:.1f} s"
    )
    # a Chebyshev series is good where the spectrum lies on the imaginary axis within its radius
    if way in ("Pade", "eigenvectors", "all steps at once"):
        assert error < EXACT
