"""Cross-entropy benchmarking: random circuits whose outcomes are compared with those of perfect gates.

A cycle is a random quarter turn of each qubit, about x, y or the axis between them and never about the same one twice in a
row, and then gates that are the same in every cycle, such as a CZ. Usual: 12 depths, 30 circuits each, 1000 shots.

References
----------
Arute et al., Nature 574, 505 (2019), supplement, sections IV and VI.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from scipy.optimize import minimize_scalar

from qrexplore.core import require_axis, require_choice, require_counts
from qrexplore.experiments.benchmarking import Benchmark
from qrexplore.quantum import Gate

_SIGMA = {"x/2": np.array([[0, 1], [1, 0]]), "y/2": np.array([[0, -1j], [1j, 0]])}
_SIGMA["w/2"] = (_SIGMA["x/2"] + _SIGMA["y/2"]) / np.sqrt(2)
# quarter turns; w is the axis between x and y
QUARTER_TURNS = {name: (np.eye(2) - 1j * sigma) / np.sqrt(2) for name, sigma in _SIGMA.items()}
CZ: Gate = ("cz", None)


def cross_entropy_benchmarking(
    depths: Any, circuits: int, *, seed: int, qubits: int = 2, cycle: Sequence[Gate] | None = None
) -> Benchmark:
    """Draw random circuits.

    Parameters
    ----------
    depths
        Numbers of cycles, whole numbers from 0.
    circuits
        Circuits of each depth.
    seed
        Of the random numbers; circuits of equal arguments are equal.
    qubits
        1 or 2.
    cycle
        Gates that end each cycle; a CZ of two qubits and nothing of one where left out.

    Returns
    -------
    Benchmark
        Its gates are ``("x/2", qubit)``, ``("y/2", qubit)``, ``("w/2", qubit)`` and those of `cycle`.

    Raises
    ------
    ValueError
        If a depth is not a whole number, or there are no circuits.
    """
    require_choice(qubits, "qubits", (1, 2))
    found = require_axis(depths, "depths", "1")
    require_counts(found, "depths")
    require_counts(circuits, "circuits", smallest=1)
    ending = ((CZ,) if qubits == 2 else ()) if cycle is None else tuple(cycle)
    turns = list(QUARTER_TURNS)
    gates = (*((name, qubit) for qubit in range(qubits) for name in turns), *dict.fromkeys(ending))
    tail = [gates.index(gate) for gate in ending]
    generator = np.random.default_rng([seed, qubits])
    each = qubits + len(tail)
    played = np.full((len(found), circuits, int(found.max(initial=0)) * each), -1)
    for place, depth in enumerate(found.astype(int)):
        # the first is any of three, each next one of the two others
        steps = generator.integers(1, 3, size=(circuits, depth, qubits))
        steps[:, :1] = generator.integers(3, size=(circuits, min(depth, 1), qubits))
        axes = np.cumsum(steps, axis=1) % 3 + 3 * np.arange(qubits)
        whole = np.concatenate([axes, np.broadcast_to(tail, (circuits, depth, len(tail))).astype(int)], axis=2)
        played[place, :, : depth * each] = whole.reshape(circuits, -1)
    return Benchmark(found.astype(int), gates, played, qubits)


def perfect_gates(benchmark: Benchmark, *, phase: float = np.pi) -> dict[Gate, Complex[np.ndarray, "d d"]]:
    """Give the unitary of each gate of a cross-entropy benchmark; `phase` (rad) is the conditional phase of ``cz``.

    Raises
    ------
    ValueError
        If a gate of its cycle is neither a quarter turn nor ``("cz", None)``.
    """
    found = {}
    for name, qubit in benchmark.gates:
        if (name, qubit) == CZ and benchmark.qubits == 2:
            found[name, qubit] = np.diag([1, 1, 1, np.exp(1j * phase)])
        elif name in QUARTER_TURNS and qubit is not None and qubit < benchmark.qubits:
            before, after = np.eye(2**qubit), np.eye(2 ** (benchmark.qubits - 1 - qubit))
            found[name, qubit] = np.kron(np.kron(before, QUARTER_TURNS[name]), after)
        else:
            msg = f"`cycle` must be of {', '.join(QUARTER_TURNS)} with a qubit, or ('cz', None), got {(name, qubit)!r}."
            raise ValueError(msg + " Give the unitaries of other gates to `perfect_outcomes` yourself.")
    return found


def perfect_outcomes(
    benchmark: Benchmark, unitaries: Mapping[Gate, Complex[np.ndarray, "d d"]]
) -> Float[np.ndarray, "depths circuits outcomes"]:
    """Give the probability of each computational state after each circuit of perfect gates from level 0."""
    matrices = np.stack([*(unitaries[gate] for gate in benchmark.gates), np.eye(2**benchmark.qubits)])
    states = np.zeros((*benchmark.played.shape[:2], 2**benchmark.qubits), dtype=complex)
    states[..., 0] = 1.0
    for step in range(benchmark.played.shape[2]):
        states = np.einsum("lcij,lcj->lci", matrices[benchmark.played[..., step]], states)
    return np.abs(states) ** 2


def cross_entropy_fidelity(measured: Any, perfect: Any, *, groups: int = 1) -> Float[np.ndarray, "depths groups"]:
    """Give the weight F of the perfect outcomes in ``measured = F perfect + (1 - F)/d``, by least squares.

    Parameters
    ----------
    measured, perfect
        Probabilities, shape (depths, circuits, outcomes). Leaked population belongs to no outcome.
    groups
        Into how many groups the circuits are shared out, each with an estimate of its own, so that their scatter tells the
        error; see `fit_decay`, whose `floor` is 0 here.

    Raises
    ------
    ValueError
        If the shapes differ, or there are fewer circuits than groups.
    """
    m, p = np.asarray(measured, dtype=float), np.asarray(perfect, dtype=float)
    if m.shape != p.shape or m.ndim != 3 or not 1 <= groups <= m.shape[1]:
        msg = (
            f"`measured` and `perfect` must have one shape (depths, circuits, outcomes) with a circuit for each of {groups} "
            f"groups, got {m.shape} and {p.shape}. Take those of the same benchmark."
        )
        raise ValueError(msg)
    even = 1 / m.shape[2]
    both, own = ((m - even) * (p - even)).sum(axis=2), ((p - even) ** 2).sum(axis=2)
    shares = np.array_split(np.arange(m.shape[1]), groups)
    return np.stack([both[:, share].sum(axis=1) / own[:, share].sum(axis=1) for share in shares], axis=1)


def speckle_purity(measured: Any) -> Float[np.ndarray, " depths"]:
    """Give the root of the purity of the mean state, by the variance of the probabilities over circuits.

    It falls by incoherent errors alone, so what the fidelity of `cross_entropy_fidelity` lacks besides is coherent.

    Parameters
    ----------
    measured
        Probabilities, shape (depths, circuits, outcomes), of circuits that are deep enough to be random. Shot noise adds to
        the variance; take it off before, or many shots.
    """
    m = np.asarray(measured, dtype=float)
    size = m.shape[2]
    # of random pure states the variance is (d - 1)/(d^2 (d + 1))
    return np.sqrt(np.mean((m - 1 / size) ** 2, axis=(1, 2)) * size**2 * (size + 1) / (size - 1))


def conditional_phase_of(benchmark: Benchmark, measured: Any, *, groups: int = 5) -> tuple[float, float]:
    """Give the conditional phase (rad) of CZ that fits the outcomes best, and its standard error.

    Parameters
    ----------
    benchmark
        With CZ in its cycle.
    measured
        Probabilities, shape (depths, circuits, outcomes).
    groups
        Of circuits, each with an estimate of its own; the scatter of those gives the error.
    """
    data = np.asarray(measured, dtype=float)

    def best(share: np.ndarray) -> float:
        part = Benchmark(benchmark.lengths, benchmark.gates, benchmark.played[:, share], benchmark.qubits)

        def misfit(phase: float) -> float:
            perfect = perfect_outcomes(part, perfect_gates(part, phase=phase))
            fidelity = cross_entropy_fidelity(data[:, share], perfect)[..., None]
            even = 1 / data.shape[2]
            return float(np.sum((data[:, share] - even - fidelity * (perfect - even)) ** 2))

        found = minimize_scalar(misfit, bounds=(np.pi - 1, np.pi + 1), method="bounded", options={"xatol": 1e-9})
        return float(found["x"])  # pyright: ignore[reportIndexIssue]

    phases = [best(share) for share in np.array_split(np.arange(data.shape[1]), groups)]
    return best(np.arange(data.shape[1])), float(np.std(phases, ddof=1) / np.sqrt(groups))
