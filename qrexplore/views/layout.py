"""A layered drawing of a graph whose edges point one way.

References
----------
Sugiyama, Tagawa, Toda, IEEE Trans. Syst. Man Cybern. 11, 109 (1981): layers by the longest path, long edges cut into
short ones, and the barycenter heuristic against crossings.
"""

from itertools import pairwise

import numpy as np

# each orders every layer by the one before or behind it
_SWEEPS = 8

Parents = list[tuple[int, ...]]
Routes = list[tuple[tuple[float, ...], ...]]


def layered(parents: Parents, inputs: int) -> tuple[list[int], list[float], Routes]:
    """Give the layer of each node, its row, and the rows at which the edge from each parent passes the layers between.

    Parameters
    ----------
    parents
        Of each node, all of them before it.
    inputs
        How many nodes, the first ones, stand in layer 0.
    """
    layers: list[int] = []
    for node, above in enumerate(parents):
        layers.append(0 if node < inputs else 1 + max((layers[p] for p in above), default=0))
    every, links, passing = _cut(parents, layers)
    rows = _rows(every, links)
    routes = [tuple(tuple(rows[stop] for stop in stops) for stops in each) for each in passing]
    return layers, rows[: len(parents)], routes


def _cut(parents: Parents, layers: list[int]) -> tuple[list[int], list[tuple[int, int]], list[list[list[int]]]]:
    """Give the layers of nodes and of stops on long edges, the short links between them, and the stops of each edge."""
    every, links, passing = list(layers), [], []
    for node, above in enumerate(parents):
        edges = []
        for parent in above:
            between = range(layers[parent] + 1, layers[node])
            stops = list(range(len(every), len(every) + len(between)))
            every += between
            links += pairwise([parent, *stops, node])
            edges.append(stops)
        passing.append(edges)
    return every, links, passing


def _rows(every: list[int], links: list[tuple[int, int]]) -> list[float]:
    """Give a row to each place, whole steps apart within a layer."""
    before: list[list[int]] = [[] for _ in every]
    behind: list[list[int]] = [[] for _ in every]
    for first, second in links:
        behind[first].append(second)
        before[second].append(first)
    members = [[n for n, layer in enumerate(every) if layer == here] for here in range(max(every) + 1)]
    rows = [0.0] * len(every)

    def settle(order: list[int]) -> None:
        for position, node in enumerate(order):
            rows[node] = position - (len(order) - 1) / 2

    for order in members:
        settle(order)
    for sweep in range(_SWEEPS):
        beside = behind if sweep % 2 else before
        for order in members[::-1] if sweep % 2 else members:
            means = {n: float(np.mean([rows[m] for m in beside[n]])) if beside[n] else rows[n] for n in order}
            order.sort(key=means.__getitem__)
            settle(order)
    return rows
