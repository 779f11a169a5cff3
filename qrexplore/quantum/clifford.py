"""Clifford groups of one and two qubits, made by multiplying gates until nothing new comes.

One qubit: half and quarter turns about x and y, of which an element takes 1.875 on average if nothing counts as one. Two
qubits: elements of one qubit on both, and CZ, of which an element takes 1.5 on average; the four classes (no CZ, one, two,
three) have 576, 5184, 5184 and 576 elements.

References
----------
Barends et al., Nature 508, 500 (2014), supplement.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from itertools import product

import numpy as np
from jaxtyping import Complex, Int

_X = np.array([[0, 1], [1, 0]], dtype=complex)
_Y = np.array([[0, -1j], [1j, 0]])


def _turn(pauli: np.ndarray, angle: float) -> Complex[np.ndarray, "2 2"]:
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli


# what a lab calibrates; angle and axis in the names
TURNS = {
    "x": _turn(_X, np.pi),
    "y": _turn(_Y, np.pi),
    "x/2": _turn(_X, np.pi / 2),
    "-x/2": _turn(_X, -np.pi / 2),
    "y/2": _turn(_Y, np.pi / 2),
    "-y/2": _turn(_Y, -np.pi / 2),
}
CZ = np.diag([1.0, 1.0, 1.0, -1.0]).astype(complex)

# a gate is the name of a turn and the qubit it acts on, or "cz" and no qubit
Gate = tuple[str, int | None]


def _key(unitaries: Complex[np.ndarray, "*n d d"]) -> list[bytes]:
    """Give what tells apart unitaries up to a phase."""
    flat = unitaries.reshape(-1, unitaries.shape[-1] ** 2)
    first = np.argmax(np.abs(flat) > 1e-6, axis=1)
    leading = flat[np.arange(len(flat)), first]
    turned = flat * (np.abs(leading) / leading)[:, None]
    rounded = np.round(np.stack([turned.real, turned.imag], axis=1) * 64).astype(np.int8)
    return [row.tobytes() for row in rounded]


@dataclass(frozen=True, eq=False)
class CliffordGroup:
    """All elements of a Clifford group up to a phase.

    Attributes
    ----------
    unitaries
        One of each element.
    words
        Gates that make each element, in the order of time.
    """

    unitaries: Complex[np.ndarray, "n d d"]
    words: tuple[tuple[Gate, ...], ...]

    @cached_property
    def _places(self) -> dict[bytes, int]:
        return {key: place for place, key in enumerate(_key(self.unitaries))}

    @property
    def size(self) -> int:
        """Number of elements."""
        return len(self.words)

    @property
    def qubits(self) -> int:
        """Number of qubits."""
        return int(np.log2(self.unitaries.shape[-1]))

    @property
    def gates_each(self) -> float:
        """Mean number of gates an element; the identity of one qubit counts as one."""
        return float(np.mean([max(1, len(word)) for word in self.words]))

    def gate_unitary(self, gate: Gate) -> Complex[np.ndarray, "d d"]:
        """Give the unitary of one gate on all qubits of the group.

        Raises
        ------
        ValueError
            If the group has no such gate.
        """
        name, qubit = gate
        if name == "cz" and self.qubits == 2:
            return CZ
        if name not in TURNS or qubit not in range(self.qubits):
            msg = (
                f"`gate` must be one of {', '.join(TURNS)} with a qubit below {self.qubits}, or ('cz', None) of two qubits, "
                f"got {gate!r}. Give for example ('x/2', 0)."
            )
            raise ValueError(msg)
        parts = [TURNS[name] if place == qubit else np.eye(2) for place in range(self.qubits)]
        return reduce(np.kron, parts).astype(complex)

    def index(self, unitary: Complex[np.ndarray, "d d"]) -> int:
        """Give the position of a unitary, whatever its phase.

        Raises
        ------
        ValueError
            If it is no element of the group.
        """
        (key,) = _key(np.asarray(unitary, dtype=complex)[None])
        if key not in self._places:
            msg = f"`unitary` must be a Clifford operation of {self.qubits} qubit(s), got one that is none of {self.size}."
            raise ValueError(msg)
        return self._places[key]

    def inverse_of(self, elements: Int[np.ndarray, " elements"]) -> int:
        """Give the position of the element that undoes some others, played in that order."""
        total = np.eye(self.unitaries.shape[-1], dtype=complex)
        for element in elements:
            total = self.unitaries[element] @ total
        return self.index(total.conj().T)


@lru_cache(maxsize=1)
def one_qubit_cliffords() -> CliffordGroup:
    """Give the 24 elements of one qubit, each by a shortest word of half and quarter turns about x and y."""
    found: dict[bytes, tuple[np.ndarray, tuple[Gate, ...]]] = {}
    found[_key(np.eye(2, dtype=complex)[None])[0]] = (np.eye(2, dtype=complex), ())
    front = list(found.values())
    while front:
        grown = []
        for unitary, word in front:
            for name, turn in TURNS.items():
                made = turn @ unitary
                (key,) = _key(made[None])
                if key not in found:
                    found[key] = (made, (*word, (name, 0)))
                    grown.append(found[key])
        front = grown
    unitaries, words = zip(*found.values(), strict=True)
    return CliffordGroup(np.stack(unitaries), tuple(words))


@lru_cache(maxsize=1)
def two_qubit_cliffords() -> CliffordGroup:
    """Give the 11520 elements of two qubits.

    Each is a product of elements of one qubit behind none, one, two or three CZ, with as few CZ as there can be.
    """
    one = one_qubit_cliffords()
    # an element of order three, which permutes x, y and z
    third = next(
        u for u, w in zip(one.unitaries, one.words, strict=True) if len(w) == 2 and abs(abs(np.trace(u)) - 1) < 1e-9
    )
    axes = [one.index(np.linalg.matrix_power(third, power)) for power in range(3)]
    local = np.einsum("aij,bkl->abikjl", one.unitaries, one.unitaries).reshape(-1, 4, 4)
    pairs = [(*_on(one.words[a], 0), *_on(one.words[b], 1)) for a, b in product(range(one.size), repeat=2)]

    def layer(first: int, second: int) -> tuple[np.ndarray, tuple[Gate, ...]]:
        place = first * one.size + second
        return local[place], pairs[place]

    turned = [layer(a, b) for a in axes for b in axes]
    # between CZ, quarter turns about y on both exchange z with an axis that does not commute with it
    quarter = next(place for place, word in enumerate(one.words) if word == (("y/2", 0),))
    between, between_word = layer(quarter, quarter)
    gate: tuple[Gate, ...] = (("cz", None),)
    middles = [(np.eye(4, dtype=complex), ())]
    middles += [(CZ @ u, (*w, *gate)) for u, w in turned]
    middles += [(CZ @ between @ CZ @ u, (*w, *gate, *between_word, *gate)) for u, w in turned]
    twice = (*gate, *between_word, *gate, *between_word, *gate)
    middles += [(CZ @ between @ CZ @ between @ CZ, twice)]

    keys: dict[bytes, None] = {}
    unitaries, words = [], []
    for middle, word in middles:
        whole = local @ middle
        for key, unitary, ending in zip(_key(whole), whole, pairs, strict=True):
            if key not in keys:
                keys[key] = None
                unitaries.append(unitary)
                words.append((*word, *ending))
    return CliffordGroup(np.stack(unitaries), tuple(words))


def _on(word: tuple[Gate, ...], qubit: int) -> tuple[Gate, ...]:
    return tuple((name, qubit) for name, _ in word)
