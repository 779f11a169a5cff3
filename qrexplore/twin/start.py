"""In which states an experiment begins: pure dressed states, or the thermal mixture of them that a bath leaves behind.

A bath of mean photon number n at the frequency of a transmon keeps neighboring levels at the ratio ``n/(1 + n)``, so level
k is populated as ``(n/(1 + n))^k``. Preparing level p is ideal and acts on dressed levels: exchanging 0 with 1, then 1 with 2
and so on up to p. What was in level 0 is then in p, and what was in 1 ... p has come down by one; an ideal pulse on a qubit
that was excited leaves it in 0.

With losses the mixture is one density matrix and costs nothing more. Without, every product state with a thermal share
is evolved on its own and the populations are averaged, which costs as many evolutions as there are product states and is exact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from qrexplore.experiments import Block, Prepare
from qrexplore.quantum import coordinates
from qrexplore.twin.dynamics import Dynamics
from qrexplore.twin.model import Twin


@dataclass(frozen=True, eq=False)
class Start:
    """What is evolved: one state for every point, or several whose results are averaged with their shares.

    Attributes
    ----------
    state
        One state a point, or a first axis more.
    shares
        One a state of that first axis, or None if there is none.
    """

    state: Inexact[Array, "*starts kept batch"]
    shares: Float[Array, " starts"] | None = None

    def averaged(self, evolved: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
        """Give what `evolved` makes of the start, populations averaged over the mixture, and the largest norm."""
        if self.shares is None:
            return evolved(self.state)
        found, norms = jax.lax.map(evolved, self.state)
        return jnp.tensordot(self.shares, found, axes=1), jnp.max(norms)


def thermal_shares(photons: Float[Array, ""] | float, levels: int) -> Float[Array, " levels"]:
    """Give the share of each level that a bath of a mean photon number keeps, of those that are kept."""
    ratio = jnp.asarray(photons) / (1 + jnp.asarray(photons))
    # products, since a power has no safe derivative at 0
    powers = [jnp.ones(())]
    for _ in range(levels - 1):
        powers.append(powers[-1] * ratio)
    shares = jnp.stack(powers)
    return shares / jnp.sum(shares)


def after_preparation(
    prepared: Float[Array, " batch"] | float, batch: int, levels: int
) -> Float[Array, "batch levels levels"]:
    """Give the permutation that preparing a level is: entry ``[b, before, after]`` is 1 for where each level goes."""
    target = jnp.broadcast_to(jnp.asarray(prepared), (batch,))[:, None]
    before = jnp.arange(levels)
    moved = jnp.where(before == 0, target, jnp.where(before <= target, before - 1, before))
    return (moved[..., None] == jnp.arange(levels)).astype(float)


def start(matrices: Dynamics, twin: Twin, dressed: Float[Array, "n n"], blocks: tuple[Block, ...], batch: int) -> Start:
    """Give the state in which each point of an experiment begins.

    Parameters
    ----------
    matrices, dressed
        Of the experiment, and its dressed states as columns.
    twin
        What is simulated.
    blocks
        Of every point; they say which levels are prepared.
    batch
        Number of points.
    """
    levels = {block.qubit: block.level for block in blocks if isinstance(block, Prepare)}
    if not matrices.anywhere:
        return Start(_pure(matrices, dressed, levels, batch))
    register = matrices.register
    prepared = [levels.get(*known) for known in zip(matrices.network.modes, matrices.prepared[0], strict=True)]
    moves = [after_preparation(to, batch, n) for to, n in zip(prepared, register.levels, strict=True)]
    shares = [thermal_shares(n, kept) for n, kept in zip(matrices.photons(twin), register.levels, strict=True)]
    labels = register.labels
    if matrices.dissipative:
        kept = [jnp.einsum("l,blk->bk", share, move) for share, move in zip(shares, moves, strict=True)]
        weights = jnp.prod(jnp.stack([part[:, labels[:, m]] for m, part in enumerate(kept)]), axis=0)
        projectors = jax.vmap(lambda vector: coordinates(jnp.outer(vector, vector)))(dressed.T)
        return Start(projectors[:, matrices.kept].T @ weights.T)
    # entry [batch, before, after] of the permutation of the product states
    route = jnp.prod(jnp.stack([move[:, labels[:, m]][:, :, labels[:, m]] for m, move in enumerate(moves)]), axis=0)
    columns = jnp.einsum("ka,bsa->skb", dressed[matrices.kept], route).astype(complex)
    return Start(columns, jnp.prod(jnp.stack([share[labels[:, m]] for m, share in enumerate(shares)]), axis=0))


def _pure(
    matrices: Dynamics, dressed: Float[Array, "n n"], levels: Mapping[str, Float[Array, " batch"]], batch: int
) -> Inexact[Array, "kept batch"]:
    """Give the prepared dressed state of every point."""
    total = jnp.zeros((len(matrices.kept), batch), dtype=float if matrices.dissipative else complex)
    for prepared in matrices.prepared:
        vector = dressed[:, matrices.register.index(prepared)]
        state = coordinates(jnp.outer(vector, vector)) if matrices.dissipative else vector.astype(complex)
        meant = jnp.ones(batch, dtype=bool)
        for name, level in zip(matrices.network.modes, prepared, strict=True):
            meant &= jnp.round(levels[name]) == level if name in levels else True
        total = jnp.where(meant, state[matrices.kept][:, None], total)
    return total
