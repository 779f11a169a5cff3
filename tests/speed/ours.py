"""The tasks on qrexplore's core: `ControlSystem`, `relevant_coordinates`, `Propagator` and the Liouvillian.

Twins and experiments are left out, since they cannot say these tasks to the letter: a twin's generators hold their
samples, its transmons follow the series in ``E_C/E_J``, and its flux lines have no such rise. What is timed is thus the
same core that every prediction runs through, on controls that all entries get from `tests.speed.tasks`.
"""

import itertools
import time
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.quantum import (
    GAUSS_NODES,
    ControlSystem,
    Derivatives,
    Propagator,
    commutator,
    coordinates,
    dissipator,
    relevant_coordinates,
    taylor_order,
)
from tests.speed.tasks import Parameters, Task

# steps between two saved times that are tried
RUNGS = (1, 2, 3, *(2**k * m for k, m in itertools.product(range(7), (4, 5, 6, 7))))
# largest error of a population; the Taylor series takes a small share of it
TARGET = 1e-6
SERIES = 1e-9
# norm of an exponent above which a mesh is not tried
LARGEST_NORM = 5.0


class Mesh(NamedTuple):
    """How a task is cut into steps: their number in each interval between saved times, and the order of the series."""

    steps: tuple[int, ...]
    order: int
    seconds: float


class Entry:
    """A task made ready for the core.

    Parameters
    ----------
    task
        What is solved.
    prune
        Whether coordinates that play no part are left out.
    """

    def __init__(self, task: Task, *, prune: bool = True) -> None:
        self.task = task
        self.dissipative = bool(task.jumps)
        size = len(task.drift[0])
        drift = [*map(self._generator, task.drift), *map(dissipator, task.jumps)]
        controls = [*map(self._generator, task.controls)]
        start = np.zeros((size, size))
        start[task.start, task.start] = 1.0
        self._first = np.asarray(coordinates(start)) if self.dissipative else start[task.start].astype(complex)
        # populations come first among the coordinates of a density matrix, too
        observed = np.isin(np.arange(len(drift[0])), task.observed)
        self.kept = np.arange(len(drift[0]))
        if prune:
            self.kept = relevant_coordinates([*drift, *controls], self._first != 0, observed)
        self._seen = np.searchsorted(self.kept, task.observed)
        system = ControlSystem(tuple(drift), tuple(controls)).restricted(self.kept)
        self.system = system if self.dissipative else system.without_common_phase()

    def _generator(self, hamiltonian: np.ndarray) -> np.ndarray:
        return commutator(hamiltonian) if self.dissipative else -1j * hamiltonian

    @property
    def spans(self) -> np.ndarray:
        """Length of each interval between saved times, ns."""
        return np.diff(self._edges)

    @property
    def _edges(self) -> np.ndarray:
        times = self.task.times
        return times if times[0] == 0 else np.concatenate([[0.0], times])

    def _weights(self, p: Parameters) -> Array:
        weights = self.task.weights(p)
        return jnp.concatenate([weights, self.task.rates(p)]) if self.dissipative else weights

    def _evolve(
        self,
        p: Parameters,
        sweep: Array,
        begins: np.ndarray,
        lengths: np.ndarray,
        start: Array,
        order: int,
        derivatives: Derivatives,
    ) -> tuple[Array, Array]:
        """Give the states after each step; `begins` may differ over the batch: (steps,) or (steps, batch)."""
        nodes = [begins + node * lengths.reshape(-1, *[1] * (begins.ndim - 1)) for node in GAUSS_NODES]
        times = np.stack(nodes, axis=1)
        times = times if times.ndim == 3 else times[..., None]
        values = self.task.coefficients(p, sweep, times)
        return Propagator(self.system, order=order).evolve(
            self._weights(p),
            jnp.moveaxis(values, 0, 2),
            jnp.asarray(lengths),
            start,
            save_every=1,
            derivatives=derivatives,
        )

    def populations(
        self, p: Parameters, sweep: Array, mesh: Mesh, derivatives: Derivatives = "forward"
    ) -> Float[Array, "sweep times observed"]:
        """Give the populations that the task asks for; may be traced."""
        edges, steps = self._edges, np.asarray(mesh.steps)
        lengths = np.repeat(np.diff(edges) / steps, steps)
        begins = np.concatenate([edges[i] + np.diff(edges)[i] / m * np.arange(m) for i, m in enumerate(steps)])
        start = jnp.repeat(jnp.asarray(self._first[self.kept])[:, None], len(self.task.sweep), axis=1)
        states, _ = self._evolve(p, sweep, begins, lengths, start, mesh.order, derivatives)
        saved = states[np.cumsum(steps) - 1]
        if len(edges) == len(self.task.times):
            saved = jnp.concatenate([start[None], saved])
        seen = saved[:, self._seen]
        return jnp.moveaxis(seen if self.dissipative else jnp.abs(seen) ** 2, -1, 0)

    def mesh(self, target: float = TARGET) -> Mesh:
        """Find a mesh by itself: no reference and no look at the answer.

        Each interval is stepped with every number of steps from the same states; the change against the next finer number
        is its defect. For a bound on the sum of all defects, each interval gets the fewest steps; the order of the series
        follows from the largest norm met. Errors hardly ever add up, so the bound starts loose and is tightened until twice
        as many steps change the populations by less than the target.
        """
        began = time.perf_counter()
        steps, defects, norms = self._defects(target)
        bound = 30 * target
        while True:
            chosen = _fewest(defects, bound)
            order = taylor_order(max(norms[k] for k in chosen), SERIES)
            mesh = Mesh(tuple(int(steps[k]) for k in chosen), order, 0.0)
            change = np.max(np.abs(self._predicted(mesh) - self._predicted(finer(mesh, 2))))
            # with twice as many steps a sixteenth of the error is left
            left = target - 16 / 15 * change
            if left > target / 30:
                break
            bound /= 3
        # the order that is safe by the norm is more than needed; the series may err by what the steps leave of the target
        exact, low, high = self._predicted(mesh), 2, mesh.order
        while high - low > 1:
            middle = (low + high) // 2
            enough = np.max(np.abs(self._predicted(mesh._replace(order=middle)) - exact)) < left
            low, high = (low, middle) if enough else (middle, high)
        return mesh._replace(order=high, seconds=time.perf_counter() - began)

    def _predicted(self, mesh: Mesh) -> np.ndarray:
        return np.asarray(
            jit(lambda p: self.populations(p, jnp.asarray(self.task.sweep), mesh))(dict(self.task.parameters))
        )

    def _defects(self, target: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give numbers of steps, the error of a population that each makes in each interval, and the norms met."""
        spans, sweep, p = self.spans, self.task.sweep, dict(self.task.parameters)
        if not np.allclose(spans, spans[0]):
            msg = f"`times` of {self.task.name} must be equidistant."
            raise ValueError(msg)
        order, batch = taylor_order(LARGEST_NORM, SERIES), (len(spans), len(sweep))

        @jit
        def ends(steps: int, states: Array) -> tuple[Array, Array]:
            lengths = np.full(steps, spans[0] / steps)
            begins = self._edges[:-1] + np.arange(steps)[:, None] * lengths[0]
            begins = np.repeat(begins[:, :, None], len(sweep), axis=2).reshape(steps, -1)
            swept = np.broadcast_to(sweep, batch).reshape(-1)
            found, norm = self._evolve(p, swept, begins, lengths, states, order, "forward")
            return found[-1], norm

        # each interval starts from a state of about the right kind
        rough = self._states(p, Mesh(tuple(int(np.ceil(span * 8)) for span in spans), order, 0.0))
        starts = jnp.asarray(np.moveaxis(rough[:-1], 0, 1).reshape(rough.shape[1], -1))
        found, norms, kept, defects = [], [], [], []
        fewest = 0.0
        for steps in RUNGS:
            if steps < fewest:
                continue
            end, norm = ends(steps, starts)
            if float(norm) > LARGEST_NORM:
                # the norm falls as the steps get shorter; a little slack, since terms of Omega fall faster
                fewest = 0.8 * steps * float(norm) / LARGEST_NORM
                continue
            found.append(np.asarray(end).reshape(-1, *batch))
            norms.append(float(norm))
            kept.append(steps)
            if len(kept) > 1:
                # the finer one errs, too, by the fourth power of the ratio
                remainder = 1 - (kept[-2] / kept[-1]) ** 4
                change = np.max(np.abs(found[-1] - found[-2]), axis=(0, 2)) / remainder
                defects.append(change if self.dissipative else 2 * change)
                if np.sum(defects[-1]) < target / 30:
                    break
        return np.array(kept[:-1]), np.stack(defects), np.array(norms[:-1])

    def _states(self, p: Parameters, mesh: Mesh) -> np.ndarray:
        """Give the states at the edges of all intervals."""
        edges, steps = self._edges, np.asarray(mesh.steps)
        lengths = np.repeat(np.diff(edges) / steps, steps)
        begins = np.concatenate([edges[i] + np.diff(edges)[i] / m * np.arange(m) for i, m in enumerate(steps)])
        start = jnp.repeat(jnp.asarray(self._first[self.kept])[:, None], len(self.task.sweep), axis=1)
        states, _ = jit(lambda: self._evolve(p, self.task.sweep, begins, lengths, start, mesh.order, "forward"))()
        return np.concatenate([start[None], np.asarray(states)[np.cumsum(steps) - 1]])


def _fewest(defects: Float[np.ndarray, "rungs intervals"], bound: float) -> np.ndarray:
    """Give for each interval the first rung at which the sum of the defects is below a bound; the last where none is."""
    chosen = np.full(defects.shape[1], len(defects) - 1)
    for limit in np.sort(defects.ravel()):
        enough = defects <= limit
        trial = np.where(enough.any(axis=0), np.argmax(enough, axis=0), len(defects) - 1)
        if np.sum(np.take_along_axis(defects, trial[None], axis=0)) > bound:
            break
        chosen = trial
    return chosen


def finer(mesh: Mesh, factor: int) -> Mesh:
    """Give the mesh with every interval cut finer."""
    return mesh._replace(steps=tuple(factor * m for m in mesh.steps))
