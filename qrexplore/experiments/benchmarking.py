"""Randomized benchmarking of one and two qubits: standard, interleaved, and of leakage.

These are no sweeps of a pulse, so they are no `Experiment`: a benchmark holds random sequences of gates, drawn from a seed,
and its outcome is composed from one channel a gate. Channels are real matrices in the coordinates of
`qrexplore.quantum.hermitian_basis`; whoever has a model of a device computes each of them once. What a channel does not hold,
such as slow drift or the memory of a flux line, is not in the outcome either. Usual: 15 lengths, 30 sequences each, 1000 shots.

References
----------
Magesan, Gambetta, Emerson, PRL 106, 180504 (2011) and PRL 109, 080505 (2012); Wood and Gambetta, PRA 97, 032306 (2018).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from qrexplore.core import require_axis, require_choice
from qrexplore.quantum import CliffordGroup, Gate, one_qubit_cliffords, two_qubit_cliffords


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Random sequences of gates.

    Attributes
    ----------
    lengths
        Numbers of random Clifford elements; the element that undoes them comes on top.
    gates
        The different gates that occur.
    played
        For each length, sequence and step the position in `gates`, -1 for nothing.
    qubits
        1 or 2.
    """

    lengths: Int[np.ndarray, " lengths"]
    gates: tuple[Gate, ...]
    played: Int[np.ndarray, "lengths sequences steps"]
    qubits: int

    def outcomes(
        self,
        channels: Mapping[Gate, Float[Array, "n n"]],
        start: Float[Array, " n"],
        measured: Float[Array, "outcomes n"],
    ) -> Float[Array, "lengths sequences outcomes"]:
        """Give the probability of some outcomes after each sequence.

        Parameters
        ----------
        channels
            What each gate does to the coordinates of a density matrix; it may leave the computational states.
        start
            Coordinates of the prepared state.
        measured
            Coordinates of the operators whose mean is given, such as the projector on the prepared state.

        Raises
        ------
        ValueError
            If the channel of a gate is missing.
        """
        missing = [gate for gate in self.gates if gate not in channels]
        if missing:
            msg = f"`channels` must have one for each of {', '.join(map(str, self.gates))}, got none for {missing[0]}. Add it."
            raise ValueError(msg)
        one = jnp.eye(len(start))
        # the last one, which -1 points at, does nothing
        matrices = jnp.stack([*[jnp.asarray(channels[gate]) for gate in self.gates], one])
        steps = jnp.asarray(self.played.reshape(-1, self.played.shape[-1]).T)

        def advance(states: Array, gates: Array) -> tuple[Array, None]:
            return jnp.einsum("sij,sj->si", matrices[gates], states), None

        states = jnp.broadcast_to(jnp.asarray(start), (steps.shape[1], len(start)))
        states = jax.lax.scan(advance, states, steps)[0]
        return (states @ jnp.asarray(measured).T).reshape(*self.played.shape[:2], -1)


def randomized_benchmarking(
    lengths: Any, sequences: int, *, seed: int, qubits: int = 1, interleaved: Sequence[Gate] = ()
) -> Benchmark:
    """Draw random sequences of Clifford elements that do nothing together.

    Parameters
    ----------
    lengths
        Numbers of elements, whole numbers from 0.
    sequences
        Sequences of each length.
    seed
        Of the random numbers; sequences of equal arguments are equal.
    qubits
        1 or 2.
    interleaved
        Gates of a Clifford element that is played after each random one.

    Raises
    ------
    ValueError
        If a length is not a whole number, or the interleaved gates are no Clifford element.
    """
    require_choice(qubits, "qubits", (1, 2))
    found = require_axis(lengths, "lengths", "1")
    if np.any(found != np.round(found)) or np.any(found < 0) or sequences < 1:
        msg = f"`lengths` must be whole numbers from 0 and `sequences` at least 1, got {lengths!r} and {sequences!r}."
        raise ValueError(msg)
    group = one_qubit_cliffords() if qubits == 1 else two_qubit_cliffords()
    between = tuple(interleaved)
    element = _element_of(between, group) if between else None
    generator = np.random.default_rng([seed, qubits])
    words: list[tuple[Gate, ...]] = []
    for length in found.astype(int):
        for _ in range(sequences):
            drawn = generator.integers(group.size, size=length)
            word: tuple[Gate, ...] = ()
            elements: list[int] = []
            for one in drawn:
                word += group.words[one] + between
                elements += [int(one)] if element is None else [int(one), element]
            words.append(word + group.words[group.inverse_of(np.array(elements, dtype=int))])
    gates = tuple(dict.fromkeys(gate for word in words for gate in word))
    places = {gate: place for place, gate in enumerate(gates)}
    played = np.full((len(words), max(map(len, words))), -1)
    for row, word in enumerate(words):
        played[row, : len(word)] = [places[gate] for gate in word]
    return Benchmark(found.astype(int), gates, played.reshape(len(found), sequences, -1), qubits)


def _element_of(gates: tuple[Gate, ...], group: CliffordGroup) -> int:
    """Give the position of the element that some gates make."""
    total = np.eye(group.unitaries.shape[-1], dtype=complex)
    for gate in gates:
        total = group.gate_unitary(gate) @ total
    return group.index(total)
