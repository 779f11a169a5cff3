"""Which parameters of a model a computation depends on, told from its structure and not from slopes that may vanish."""

from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from qrexplore.core.parameters import positions

# calls whose inputs and outputs are those of the computation inside
_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "checkpoint")


def influential(function: Callable[[Any], Any], model: Any) -> frozenset[str]:
    """Give the paths of the parameters of a model that can influence what a function makes of it.

    Parameters
    ----------
    function
        Takes the model, gives arrays. It is traced, not computed.
    model
        A pytree of components with parameters, for example a `Twin`.

    Notes
    -----
    What is computed and multiplied by 0 counts; loops and branches count as depending on all that goes into them.
    """
    leaves, structure = jax.tree.flatten(model)
    traced: ClosedJaxpr = jax.make_jaxpr(lambda leaves: function(jax.tree.unflatten(structure, leaves)))(leaves)
    needed = _needed(traced.jaxpr, [True] * len(traced.jaxpr.outvars))
    return frozenset(path for path, leaf in positions(model).items() if needed[leaf])


def _needed(jaxpr: Jaxpr, outputs: list[bool]) -> list[bool]:
    """Give which inputs of a computation its wanted outputs depend on."""
    wanted = {one for one, is_wanted in zip(jaxpr.outvars, outputs, strict=True) if is_wanted and not _fixed(one)}
    for equation in reversed(jaxpr.eqns):
        found = [one in wanted for one in equation.outvars]
        if any(found):
            inner = _inner(equation)
            needed = [True] * len(equation.invars) if inner is None else _needed(inner, found)
            pairs = zip(equation.invars, needed, strict=True)
            wanted |= {one for one, is_needed in pairs if is_needed and not _fixed(one)}
    return [one in wanted for one in jaxpr.invars]


def _fixed(value: Any) -> bool:
    return isinstance(value, Literal)


def _inner(equation: Any) -> Jaxpr | None:
    """Give the computation that a call stands for."""
    if equation.primitive.name not in _CALLS:
        return None
    found = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
    return found.jaxpr if isinstance(found, ClosedJaxpr) else found
