"""Which coordinates matter: those that the start can reach and the measurement can see.

Excitation-conserving experiments touch few of them (a chevron of two three-level transmons: 3 of 9 amplitudes). The sets
follow from where the generators can be non-zero, never from values, so they stay valid while parameters move.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Int


def _closure(links: Bool[np.ndarray, "n n"], start: Bool[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    found = start
    while True:
        grown = found | (links.astype(float) @ found.astype(float) > 0)
        if np.array_equal(grown, found):
            return found
        found = grown


def relevant_coordinates(
    generators: Iterable[np.ndarray], start: Bool[np.ndarray, " n"], observed: Bool[np.ndarray, " n"]
) -> Int[np.ndarray, " kept"]:
    """Give the positions of the coordinates that are both reachable and observable.

    Parameters
    ----------
    generators
        Matrices that act on the state (``n x n``); entry ``[i, j]`` non-zero means that j feeds i.
    start
        Where the initial state may be non-zero.
    observed
        Where the measured functional may be non-zero.
    """
    links = np.any([np.abs(matrix) > 0 for matrix in generators], axis=0)
    reachable = _closure(links, start)
    observable = _closure(links.T, observed)
    return np.flatnonzero(reachable & observable)
