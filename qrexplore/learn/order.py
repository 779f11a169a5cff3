"""Parts of a twin that may be exchanged without a change of what it predicts, in the order that the priors want.

Filters in a row commute: which of two settlings of a line is called the fast one, data cannot tell. A search that passes where
both are alike may end with their names exchanged, as good as before but for what was known of each.
"""

from collections.abc import Iterator
from itertools import chain, permutations

import numpy as np

from qrexplore.learn.problem import LearnProblem
from qrexplore.optimize import Coordinates
from qrexplore.twin import Twin
from qrexplore.twin.electronics import ExponentialResponse

# of settlings in a line; the orders of more are too many to be tried
_MOST = 6
# of log prior: for less, settlings are so much alike that it is no matter
_GAIN = 0.1


def in_order(problem: LearnProblem, twin: Twin) -> Twin:
    """Exchange settlings of a line so that the priors are met best; with priors that differ in their centers, by time constant.

    Parameters
    ----------
    problem
        Whose free parameters and priors count: a settling of which anything is held stays what it is.
    twin
        Usually as it was learned.

    Returns
    -------
    Twin
        The same object, if it is in order.
    """
    found = twin
    for row in _exchangeable(twin):
        parts = [pair for pair in row if all(path in problem.table for path in pair)]
        if 2 <= len(parts) <= _MOST:
            paths = [path for pair in parts for path in pair]
            values = [[twin.parameters[path].value for path in pair] for pair in parts]
            orders = [dict(zip(paths, chain.from_iterable(order), strict=True)) for order in permutations(values)]
            costs = [_cost(problem, order) for order in orders]
            if min(costs) < costs[0] - _GAIN:
                best = orders[int(np.argmin(costs))]
                tied = {path: best[leader] for path, leader in problem.followers.items() if leader in best}
                found = found.replace({**best, **tied})
    return found


def _exchangeable(twin: Twin) -> Iterator[list[list[str]]]:
    """Give settlings that stand in a row of linear stages: the paths of amplitude and time constant of each."""
    for line, made in twin.lines.items():
        row: list[list[str]] = []
        for name, stage in made.stages.items():
            if not (stage.linear and stage.time_invariant):
                yield row
                row = []
            elif isinstance(stage, ExponentialResponse):
                row.append([f"{line}.{name}.{part}" for part in ("amplitude", "time_constant")])
        yield row


def _cost(problem: LearnProblem, values: dict[str, float]) -> float:
    """Give minus the logarithm of the prior of some parameters; infinity out of their range."""
    table = problem.table
    rows = [table[path] for path in values]
    if not all(row.range[0] <= value <= row.range[1] for row, value in zip(rows, values.values(), strict=True)):
        return np.inf
    coordinates = Coordinates(table)
    full = np.array([values.get(row.path, row.value) for row in table])
    places = [table.paths.index(path) for path in values]
    told = coordinates.whitened[places]
    return float(np.sum(np.where(told, coordinates.free(full)[places], 0.0) ** 2)) / 2
