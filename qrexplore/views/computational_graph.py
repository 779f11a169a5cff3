"""The computational graph of a function of numbers: every step, its value forward and the derivative of the result backward.

The graph is what JAX itself differentiates: the operations into which a function is traced, with nested calls opened. Each
node gets an addition of zero behind it; the gradient of the result with respect to these zeros is, by definition, the
adjoint of each node.

References
----------
Griewank and Walther, Evaluating Derivatives, 2nd edition (SIAM 2008), chapter 3.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.views.layout import layered

_SYMBOLS = {
    "add": "+", "add_any": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−", "pow": "^", "sqrt": "√", "exp": "exp",
    "log": "ln", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "square": "( )²", "abs": "| |", "rsqrt": "1/√",
}  # fmt: skip
# what changes no number
_SILENT = ("convert_element_type", "copy", "copy_p", "reshape", "squeeze", "broadcast_in_dim")
# what is opened: calls of a body once; loops and branches are not
_CALLS = (
    *("jit", "pjit", "closed_call", "core_call", "remat2", "checkpoint"),
    *("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"),
)
_BODIES = ("jaxpr", "call_jaxpr", "fun_jaxpr")


@dataclass(frozen=True)
class GraphNode:
    """One input or operation.

    Attributes
    ----------
    symbol
        Name of the input, or sign of the operation with the constants in it.
    parents
        Positions of the nodes that it is made of.
    layer, row
        Place in a drawing: inputs have layer 0, and every node comes after its parents; rows of a layer are whole steps apart.
    routes
        For the edge from each parent the rows at which it passes the layers between.
    """

    symbol: str
    parents: tuple[int, ...]
    layer: int
    row: float
    routes: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class GraphNumbers:
    """Numbers of a graph at one point.

    Attributes
    ----------
    values
        Of each node, forward.
    gradients
        Derivative of the result with respect to each node, backward.
    slopes
        Of each node with respect to each of its parents: ``gradients`` of a node is the sum over its children of theirs times
        the slope.
    """

    values: Float[np.ndarray, " nodes"]
    gradients: Float[np.ndarray, " nodes"]
    slopes: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class ComputationalGraph:
    """The graph of a function; the last node is its result.

    Attributes
    ----------
    inputs
        Names of the numbers that the function takes; the first nodes.
    nodes
        All nodes, in the order in which they are computed.
    """

    inputs: tuple[str, ...]
    nodes: tuple[GraphNode, ...]
    _evaluate: Callable[[Array], tuple[Array, Array, list[Array]]] = field(repr=False)

    def at(self, values: Mapping[str, float]) -> GraphNumbers:
        """Give values, gradients and slopes at a point; nothing is compiled anew for another one.

        Raises
        ------
        ValueError
            If there is not one number for each input.
        """
        if set(values) != set(self.inputs):
            msg = f"`values` must have one number for each of {', '.join(self.inputs)}, got {', '.join(values) or 'none'}."
            raise ValueError(msg + " Name each input once.")
        found, gradients, slopes = self._evaluate(jnp.array([values[name] for name in self.inputs], dtype=jnp.float64))
        steep = tuple(tuple(float(slope) for slope in row) for row in slopes)
        return GraphNumbers(np.asarray(found), np.asarray(gradients), steep)


def computational_graph(function: Callable[..., Any]) -> ComputationalGraph:
    """Trace a function of numbers.

    Parameters
    ----------
    function
        Takes numbers by name and gives one number; of jax.numpy functions, so that JAX can trace it.

    Raises
    ------
    ValueError
        If it is made of more than numbers, or its result does not depend on its inputs.
    """
    names = tuple(inspect.signature(function).parameters)
    closed = jax.make_jaxpr(function)(*[jnp.zeros(()) + 0.5 for _ in names])
    steps = _Steps(len(names))
    if len(closed.jaxpr.outvars) != 1:
        _refuse("gives more than one number")
    (result,) = steps.follow(closed.jaxpr, list(range(len(names))), list(closed.consts))
    if not isinstance(result, int):
        _refuse("does not depend on its inputs")
    kept = _needed(steps.operations, result, len(names))
    operations = [steps.operations[k] for k in kept]
    places = {old: new for new, old in enumerate([*range(len(names)), *[len(names) + k for k in kept]])}
    operations = [
        (symbol, [(p, places[a] if p else a) for p, a in arguments], run) for symbol, arguments, run in operations
    ]
    parents = [()] * len(names) + [tuple(a for p, a in arguments if p) for _, arguments, _ in operations]
    layers, rows, routes = layered(parents, len(names))
    symbols = [*names, *[symbol for symbol, _, _ in operations]]
    nodes = tuple(GraphNode(*five) for five in zip(symbols, parents, layers, rows, routes, strict=True))
    return ComputationalGraph(names, nodes, jit(_evaluation(operations, len(names))))


# an argument: whether it is a node, and its position or value
_Argument = tuple[bool, Any]
# what is run, whether its result has derivatives, and which of its arguments have
_Run = tuple[Callable[..., Array], bool, tuple[bool, ...]]
_Operation = tuple[str, list[_Argument], _Run]


class _Steps:
    """Operations of a traced function, one after the other."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.operations: list[_Operation] = []

    def follow(self, body: Jaxpr, arguments: list[Any], constants: list[Any]) -> list[Any]:
        """Add the operations of a body; arguments and results are positions of nodes, or arrays."""
        known: dict[Any, Any] = dict(zip(body.invars, arguments, strict=True))
        known |= dict(zip(body.constvars, constants, strict=True))

        def of(variable: Any) -> Any:
            if isinstance(variable, Literal):
                return np.asarray(variable.val, dtype=_type_of(variable))
            return known[variable]

        for equation in body.eqns:
            given, name = [of(variable) for variable in equation.invars], equation.primitive.name
            inner = next((equation.params[key] for key in _BODIES if key in equation.params), None)
            if name in _CALLS and inner is not None:
                jaxpr, consts = (inner.jaxpr, inner.consts) if isinstance(inner, ClosedJaxpr) else (inner, [])
                results = self.follow(jaxpr, given[-len(jaxpr.invars) :] if jaxpr.invars else [], list(consts))
            elif name in _SILENT and _changes_nothing(equation):
                results = given[:1]
            else:
                results = [self._operation(equation, given)]
            known |= dict(zip(equation.outvars, results, strict=True))
        return [of(variable) for variable in body.outvars]

    def _operation(self, equation: Any, given: list[Any]) -> Any:
        primitive, parameters = equation.primitive, equation.params
        if any(key in parameters for key in (*_BODIES, "branches", "body_jaxpr")):
            _refuse(f"has the step {primitive.name!r}, a loop or a branch")
        if len(equation.outvars) != 1 or not all(map(_is_number, (*equation.outvars, *equation.invars))):
            _refuse(f"has the step {primitive.name!r}, which is not of single numbers")

        def run(*numbers: Array) -> Array:
            return primitive.bind(*numbers, **parameters)

        if not any(isinstance(one, int) for one in given):
            return np.asarray(run(*map(jnp.asarray, given)))
        arguments = [(isinstance(one, int), one) for one in given]
        symbol = _symbol(primitive.name, arguments, parameters)
        smooth = _smooth(equation.outvars[0]), tuple(map(_smooth, equation.invars))
        self.operations.append((symbol, arguments, (run, *smooth)))
        return self.inputs + len(self.operations) - 1


def _is_number(variable: Any) -> bool:
    return getattr(variable.aval, "shape", None) == ()


def _changes_nothing(equation: Any) -> bool:
    before, after = equation.invars[0], equation.outvars[0]
    return _is_number(after) and _smooth(before) == _smooth(after)


def _type_of(variable: Any) -> Any:
    return variable.aval.dtype


def _smooth(variable: Any) -> bool:
    """Say whether a variable has derivatives; decisions and whole numbers have none."""
    return bool(jnp.issubdtype(_type_of(variable), jnp.floating))


def _refuse(reason: str) -> Any:
    msg = (
        f"`function` must take numbers and give one number made of them, but it {reason}. Write it for single numbers."
    )
    raise ValueError(msg)


def _symbol(name: str, arguments: list[_Argument], parameters: Mapping[str, Any]) -> str:
    """Give the sign of an operation, with its constants where they stand."""
    if name == "integer_pow":
        return "( )" + str(parameters["y"]).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    sign = _SYMBOLS.get(name, name)
    constants = [None if is_node else _written(float(value)) for is_node, value in arguments]
    if len(arguments) == 2 and any(constants):
        first, second = constants
        return f"{sign} {second}" if first is None else f"{first} {sign}"
    return sign


def _written(constant: float) -> str:
    """Give a constant as people write it."""
    in_turns = {math.pi: "π", 2 * math.pi: "2π", math.pi / 2: "π/2"}
    sign = "−" if constant < 0 else ""
    return sign + next(
        (word for known, word in in_turns.items() if math.isclose(abs(constant), known)), f"{abs(constant):.4g}"
    )


def _needed(operations: list[_Operation], result: int, inputs: int) -> list[int]:
    """Give the positions of the operations that the result is made of."""
    wanted = {result}
    for place in range(len(operations) - 1, -1, -1):
        if inputs + place in wanted:
            wanted |= {a for is_node, a in operations[place][1] if is_node}
    return [place for place in range(len(operations)) if inputs + place in wanted]


def _evaluation(operations: list[_Operation], inputs: int) -> Callable[[Array], tuple[Array, Array, list[Array]]]:
    def given(found: list[Array], arguments: list[_Argument]) -> list[Array]:
        return [found[a] if is_node else jnp.asarray(a) for is_node, a in arguments]

    def values(point: Array, added: Array) -> tuple[Array, list[Array]]:
        found = [point[k] + added[k] for k in range(inputs)]
        for place, (_, arguments, (run, smooth, _)) in enumerate(operations):
            value = run(*given(found, arguments))
            found.append(value + added[inputs + place] if smooth else value)
        return found[-1], found

    def evaluate(point: Array) -> tuple[Array, Array, list[Array]]:
        nothing = jnp.zeros(inputs + len(operations))
        gradients, found = jax.grad(values, argnums=1, has_aux=True)(point, nothing)
        slopes = [jnp.zeros(0)] * inputs
        for _, arguments, (run, smooth, moves) in operations:
            numbers = given(found, arguments)
            nodes = [k for k, (is_node, _) in enumerate(arguments) if is_node]
            moving = tuple(k for k in nodes if smooth and moves[k])
            steep = dict(zip(moving, jax.grad(run, argnums=moving)(*numbers) if moving else (), strict=True))
            slopes.append(jnp.stack([steep.get(k, jnp.zeros(())) for k in nodes]))
        return jnp.stack([value.astype(float) for value in found]), gradients, slopes

    return evaluate
