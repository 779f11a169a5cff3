"""A computational graph, live: inputs move, values and gradients of all nodes follow."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from qrexplore.ui.presenters.channel import Channel, Message, UnknownMessageError, number
from qrexplore.views import ComputationalGraph


class GraphPresenter:
    """Nodes of a graph and their numbers; its messages move the inputs.

    Parameters
    ----------
    graph
        What is shown.
    inputs
        For each input of the graph where it begins and the ends of its slider: ``{"x": (0.5, 0.0, 1.0)}``.

    Raises
    ------
    ValueError
        If an input is missing, or does not begin between its ends.
    """

    def __init__(self, graph: ComputationalGraph, inputs: Mapping[str, tuple[float, float, float]]) -> None:
        self._graph = graph
        for name in graph.inputs:
            begin, low, high = inputs.get(name, (1.0, 0.0, 0.0))
            if not low <= begin <= high or low == high:
                msg = f"`inputs` must give ({name}: value, low, high) with low <= value <= high, got {inputs.get(name)!r}."
                raise ValueError(msg + f" Give for example {name}=(0.5, 0.0, 1.0).")
        self._values = {name: float(inputs[name][0]) for name in graph.inputs}
        nodes: list[dict[str, Any]] = [asdict(node) for node in graph.nodes]
        sliders = [
            {"name": name, "low": float(low), "high": float(high)}
            for name, (_, low, high) in ((name, inputs[name]) for name in graph.inputs)
        ]
        self.channel = Channel(self._act, nodes=nodes, sliders=sliders, numbers={})
        self._show()

    @property
    def values(self) -> dict[str, float]:
        """Inputs as they are now."""
        return dict(self._values)

    def _show(self) -> None:
        found = self._graph.at(self._values)
        self.channel.put(
            numbers={
                "values": found.values.tolist(),
                "gradients": found.gradients.tolist(),
                "slopes": [list(row) for row in found.slopes],
            }
        )

    def _act(self, message: Message) -> None:
        if message.get("kind") != "set":
            raise UnknownMessageError(message)
        name, value = str(message.get("name", "")), number(message, "value")
        if name not in self._values:
            msg = f"`name` must be one of {', '.join(self._values)}, got {name!r}. Reload the page."
            raise ValueError(msg)
        self._values[name] = value
        self._show()
