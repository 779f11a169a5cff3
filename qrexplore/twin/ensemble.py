"""The ensemble over which slow noise is averaged: its members, and the mean of what they say.

- Quasi-static sources: the tensor product of Gauss-Hermite nodes, as long as it has at most `MOST_NODES` members. Exact for
  phases of up to about a turn with nine nodes.
- More of them, or any 1/f noise: a sample. Quasi-static values then are the Gaussian quantiles of a rank-1 lattice, whose
  mean converges nearly like one over the number of members; paths of 1/f noise are independent, so their mean has the
  standard error that `qrexplore.twin.sampling_error` tells.
- 1/f noise in the form ``nodes``: one number for each source, see `qrexplore.twin.toggled`, with nodes as if it were
  quasi-static.
- Telegraph noise needs no members: see `qrexplore.twin.telegraph`.

Preparation and readout act on the dressed states of each member where noise stands still, since it is slow for them too, and
on those of the twin at rest where it moves or jumps.

Members are a traced batch. All are compiled once; a sample larger than `_TOGETHER` runs in equal parts, to save memory.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import ndtri

from qrexplore.core import Named
from qrexplore.experiments import Block, Experiment, SteadyDrive, lines_of
from qrexplore.twin.course import Drawn
from qrexplore.twin.disturb import disturbed
from qrexplore.twin.dynamics import modes_of
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import AbstractProcess, AbstractSource, OneOverF, QuasiStatic, Telegraph

MOST_NODES = 729
_TOGETHER = 32

Found = tuple[Float[Array, "qubits levels points"], Float[Array, ""]]


class Members(NamedTuple):
    """An ensemble: what each member draws.

    Attributes
    ----------
    values
        Standard normal value of each quasi-static source, and behind them of each of 1/f noise where that has nodes.
    weights
        Of the members; their sum is 1.
    keys
        Of the random numbers of 1/f noise; None where nothing is sampled.
    """

    values: Float[np.ndarray, "members sources"]
    weights: Float[np.ndarray, " members"]
    keys: Array | None


def felt_sources(twin: Twin, experiment: Experiment, blocks: tuple[Block, ...]) -> dict[str, AbstractSource]:
    """Give the sources that an experiment can feel, and that count in it."""
    if nodes_of(twin, experiment) == 0:
        return {}
    transmons = set(modes_of(twin, experiment).transmons)
    driven = {line.removeprefix("drive_") for line in lines_of(blocks) if line.startswith("drive_")}
    driven |= {block.qubit for block in blocks if isinstance(block, SteadyDrive)}

    def felt(source: AbstractSource) -> bool:
        # a drive may leak to other qubits than its own
        return bool({source.on, *source.also} & (driven if source.quantity == "drive" else transmons))

    return {name: source for name, source in twin.noise.sources.items() if felt(source)}


def sources(
    twin: Twin, experiment: Experiment, blocks: tuple[Block, ...], kind: type[AbstractProcess]
) -> dict[str, AbstractSource]:
    """Give the sources of one kind of process that an experiment can feel, and that count in it."""
    felt = felt_sources(twin, experiment, blocks).items()
    return {name: source for name, source in felt if isinstance(source.process, kind)}


def nodes_of(twin: Twin, experiment: Experiment) -> int:
    """Give the number of nodes for each source of slow noise; 0 if none counts in the experiment."""
    return int(experiment.settings.get("noise_nodes", twin.noise.nodes))


def members(twin: Twin, experiment: Experiment, still: int, *, sampled: bool) -> Members:
    """Give the ensemble for a number of quasi-static sources; `sampled` tells that there is 1/f noise."""
    noise, count = twin.noise, max(nodes_of(twin, experiment), 1)
    if not sampled and count**still <= MOST_NODES:
        nodes, weights = np.polynomial.hermite_e.hermegauss(count)
        shape = count**still, still
        grid, joint = (np.array(list(product(one, repeat=still))).reshape(shape) for one in (nodes, weights))
        joint = joint.prod(axis=1)
        return Members(grid, joint / joint.sum(), None)
    count = noise.trajectories
    # additive recurrence with the powers of the root of x^(d+1) = x + 1, the generalised golden ratio
    root = 2.0
    for _ in range(64):
        root = (1 + root) ** (1 / (still + 1))
    shift = np.random.default_rng(noise.seed).random(still)
    lattice = (shift + np.arange(count)[:, None] * root ** -np.arange(1.0, still + 1)) % 1
    values = ndtri(np.clip(lattice, 0.5 / count, 1 - 0.5 / count))
    return Members(values, np.full(count, 1 / count), jax.random.split(jax.random.key(noise.seed), count))


def still_offsets(
    moving: dict[str, AbstractSource], values: Float[Array, " sources"]
) -> dict[tuple[str, str], Float[Array, ""]]:
    """Give the offsets for the standard normal values of some sources; those of one quantity add up."""
    total: dict[tuple[str, str], Array] = {}
    for source, value in zip(moving.values(), values, strict=True):
        for target, offset in source.offsets(source.amplitude * value).items():
            total[target] = total[target] + offset if target in total else offset
    return total


def ensemble(
    run: Callable[[Twin, Drawn | None], Found], twin: Twin, experiment: Experiment, blocks: tuple[Block, ...]
) -> tuple[Float[Array, "members qubits levels points"], Members, Float[Array, ""]]:
    """Run every member of the ensemble.

    Parameters
    ----------
    run
        Gives the populations of a twin whose slow noise stands still, for what the noise that moves draws.
    twin, experiment, blocks
        What is done.

    Returns
    -------
    populations, members, norm
        Of each member, what the members are, and the largest norm of an exponent.
    """
    still = sources(twin, experiment, blocks, QuasiStatic)
    moving = len(sources(twin, experiment, blocks, OneOverF))
    nodes = moving if twin.noise.form == "nodes" else 0
    drawn = members(twin, experiment, len(still) + nodes, sampled=moving > nodes)

    def one(drawn: tuple[Array, Array | None]) -> Found:
        values, key = drawn
        path = values[len(still) :] if nodes else key
        return run(disturbed(twin, still_offsets(still, values[: len(still)])), path)

    found, norms = _each(one, (jnp.asarray(drawn.values), drawn.keys), len(drawn.values))
    return found, drawn, jnp.max(norms)


def _each(function: Callable, arguments: tuple[Array, Array | None], count: int) -> Found:
    if count <= _TOGETHER:
        return jax.vmap(function)(arguments)
    together = max(size for size in range(1, _TOGETHER + 1) if count % size == 0)
    return jax.lax.map(function, arguments, batch_size=together)


def still_members(twin: Twin, experiment: Experiment) -> list[tuple[Twin, float]]:
    """Give each member of an ensemble of nodes as a twin, with its weight, for a solver that takes them one by one.

    Parameters
    ----------
    twin, experiment
        What is simulated.

    Returns
    -------
    list
        Only the twin itself if it has no slow noise.

    Raises
    ------
    ValueError
        If the noise is sampled, or jumps: then there are no nodes.
    """
    if not twin.noise.sources:
        return [(twin, 1.0)]
    blocks = experiment.first_blocks()
    still = sources(twin, experiment, blocks, QuasiStatic)
    jumping, moving = (list(sources(twin, experiment, blocks, kind)) for kind in (Telegraph, OneOverF))
    drawn = members(twin, experiment, len(still), sampled=bool(moving))
    if jumping or drawn.keys is not None:
        what = (
            f"noise of several states or paths ({', '.join([*jumping, *moving])})"
            if jumping or moving
            else "sampled noise"
        )
        msg = (
            f"the second solver averages over the nodes of quasi-static noise, but the twin has {what}. "
            "Compare without it, for example with its amplitude in `noise` left out, or set `recheck` to 0."
        )
        raise ValueError(msg)
    values = zip(drawn.values, drawn.weights, strict=True)
    return [(disturbed(twin, still_offsets(still, jnp.asarray(row))), float(weight)) for row, weight in values]


def followed(twin: Twin, experiment: Experiment) -> tuple[Twin, tuple[str, ...]]:
    """Give the twin with only the slow noise that `still_members` can list, and the names of the sources left out."""
    blocks = experiment.first_blocks()
    still = sources(twin, experiment, blocks, QuasiStatic)
    left = [name for kind in (OneOverF, Telegraph) for name in sources(twin, experiment, blocks, kind)]
    left += list(still) if nodes_of(twin, experiment) ** len(still) > MOST_NODES else []
    kept = Named({name: source for name, source in twin.noise.sources.items() if name not in left})
    return replace(twin, noise=replace(twin.noise, sources=kept)), tuple(left)
