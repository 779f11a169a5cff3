"""The computational graph against derivatives by hand and by differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.views import computational_graph

POINT = {"rabi": 0.7, "detuning": 0.4, "time": 1.1}


def excited(rabi, detuning, time):
    total = jnp.sqrt(rabi**2 + detuning**2)
    return (rabi / total) ** 2 * jnp.sin(np.pi * total * time) ** 2


def test_values_and_gradients_of_the_inputs_are_those_of_the_function():
    graph = computational_graph(excited)
    assert graph.inputs == ("rabi", "detuning", "time")
    numbers = graph.at(POINT)
    assert numbers.values[-1] == pytest.approx(float(excited(**POINT)), rel=1e-14)
    assert numbers.gradients[-1] == 1.0
    for place, name in enumerate(graph.inputs):
        high, low = (float(excited(**{**POINT, name: POINT[name] + step})) for step in (1e-6, -1e-6))
        assert numbers.gradients[place] == pytest.approx((high - low) / 2e-6, rel=1e-8)
        assert numbers.values[place] == POINT[name]


def test_the_gradient_of_a_node_is_collected_from_its_children_by_the_chain_rule():
    graph = computational_graph(excited)
    numbers = graph.at(POINT)
    collected = np.zeros(len(graph.nodes))
    collected[-1] = 1.0
    for child in range(len(graph.nodes) - 1, -1, -1):
        for parent, slope in zip(graph.nodes[child].parents, numbers.slopes[child], strict=True):
            collected[parent] += collected[child] * slope
    np.testing.assert_allclose(collected, numbers.gradients, rtol=1e-12)


def test_constants_are_written_as_people_write_them():
    graph = computational_graph(lambda x: jnp.sin(2 * jnp.pi * x) - 0.5 * jnp.pi * x + (x - 1 / 3) * -jnp.pi)
    assert {"2π ×", "π/2 ×", "− 0.3333"} <= {node.symbol for node in graph.nodes}
    assert {"−π ×", "× −π"} & {node.symbol for node in graph.nodes}


def test_every_node_has_its_symbol_its_value_and_its_derivative():
    graph = computational_graph(lambda x, y: jnp.sin(x * y) + 3.0 * x**2)
    by_symbol = {node.symbol: place for place, node in enumerate(graph.nodes)}
    assert set(by_symbol) == {"x", "y", "×", "sin", "( )²", "3 ×", "+"}
    x, y = 0.3, -1.2
    numbers = graph.at({"x": x, "y": y})
    value = {symbol: numbers.values[place] for symbol, place in by_symbol.items()}
    gradient = {symbol: numbers.gradients[place] for symbol, place in by_symbol.items()}
    assert value == pytest.approx(
        {"x": x, "y": y, "×": x * y, "sin": np.sin(x * y), "( )²": x**2, "3 ×": 3 * x**2, "+": np.sin(x * y) + 3 * x**2}
    )
    assert gradient == pytest.approx(
        {
            "+": 1,
            "sin": 1,
            "3 ×": 1,
            "( )²": 3,
            "×": np.cos(x * y),
            "y": x * np.cos(x * y),
            "x": y * np.cos(x * y) + 6 * x,
        }
    )


def test_nodes_stand_behind_their_parents_and_apart():
    graph = computational_graph(excited)
    for node in graph.nodes:
        assert all(graph.nodes[parent].layer < node.layer for parent in node.parents)
    places = [(node.layer, node.row) for node in graph.nodes]
    # long edges have places of their own, too
    for node in graph.nodes:
        for parent, route in zip(node.parents, node.routes, strict=True):
            first = graph.nodes[parent].layer + 1
            assert len(route) == node.layer - first
            places += [(first + step, row) for step, row in enumerate(route)]
    assert any(len(route) > 1 for node in graph.nodes for route in node.routes)
    assert len(set(places)) == len(places)
    assert {node.layer for node in graph.nodes[:3]} == {0}
    assert graph.nodes[-1].layer == max(node.layer for node in graph.nodes)


def test_moving_a_number_traces_nothing_anew():
    traces = []

    def function(x):
        traces.append(x)
        return jnp.exp(x)

    graph = computational_graph(function)
    first = len(traces)
    assert [graph.at({"x": x}).values[-1] for x in (0.0, 1.0)] == pytest.approx([1.0, np.e])
    assert len(traces) == first


def test_nested_calls_are_opened_and_what_is_not_used_is_left_out():
    def function(x):
        unused = jnp.cos(x)
        del unused
        return jnp.square(jnp.tanh(x))

    graph = computational_graph(function)
    assert [node.symbol for node in graph.nodes] == ["x", "tanh", "( )²"]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.where(x > 1, x**2, jnp.sin(x)),
        lambda x: jnp.clip(3 * x, 0, 10) * x,
        lambda x: x.astype(int) * 1.0 + x,
        lambda x: jax.nn.softplus(x) + jnp.sinc(x),
        lambda x: jnp.maximum(x, 1.2) + jnp.floor(x) * x,
    ],
    ids=["where", "clip", "cast", "named functions", "steps"],
)
@pytest.mark.parametrize("x", [0.3, 1.7])
def test_decisions_and_steps_are_what_jax_makes_of_them(function, x):
    numbers = computational_graph(function).at({"x": x})
    assert numbers.values[-1] == pytest.approx(float(function(jnp.asarray(x))), rel=1e-14)
    assert numbers.gradients[0] == pytest.approx(float(jax.grad(function)(x)), rel=1e-12)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: jax.lax.fori_loop(0, 5, lambda _, y: y * y + x, x), "'scan'"),
        (lambda x: jax.lax.cond(x > 0, jnp.sin, jnp.cos, x), "'cond'"),
        (lambda x: jnp.sum(x * jnp.arange(3)), "not of single numbers"),
        (lambda x: (x, x), "more than one number"),
        (lambda _: jnp.ones(()), "does not depend on its inputs"),
    ],
)
def test_what_is_no_function_of_numbers_is_refused(function, words):
    with pytest.raises(ValueError, match=words):
        computational_graph(function)


def test_a_missing_number_is_told():
    with pytest.raises(ValueError, match="one number for each of rabi, detuning, time, got rabi"):
        computational_graph(excited).at({"rabi": 1.0})
