"""Which parameters of a model a computation depends on, told from its structure and not from slopes that may vanish."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import equinox as eqx
import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from qrexplore.core.parameters import positions

# calls whose inputs and outputs are those of the computation inside
_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "checkpoint")


def influential(function: Callable[..., Any], model: Any, *given: Any) -> frozenset[str]:
    """Give the paths of the parameters of a model that can influence what a function makes of it.

    Parameters
    ----------
    function
        Takes the model and what is given, gives arrays. It is traced, not computed; a function that is defined once is traced
        once for all arguments of one structure.
    model
        A pytree of components with parameters, for example a `Twin`.
    given
        Other arguments, pytrees too.

    Notes
    -----
    What is computed and multiplied by 0 counts; loops and branches count as depending on all that goes into them.
    """
    leaves, structure = jax.tree.flatten((model, *given))
    kinds = tuple(jax.typeof(leaf) if eqx.is_array(leaf) else leaf for leaf in leaves)
    # those of the model come first
    return _found(_Question(function, structure, kinds, tuple(leaves), model))


@dataclass(frozen=True)
class _Question:
    """Arguments of `influential`; equal where the answer is the same."""

    function: Callable[..., Any]
    structure: Any
    kinds: tuple
    leaves: tuple = field(compare=False)
    model: Any = field(compare=False)


@lru_cache(maxsize=256)
def _found(asked: _Question) -> frozenset[str]:
    fixed = [None if eqx.is_array(leaf) else leaf for leaf in asked.leaves]

    def function(leaves: list) -> Any:
        both = [one if leaf is None else leaf for leaf, one in zip(fixed, leaves, strict=True)]
        return asked.function(*jax.tree.unflatten(asked.structure, both))

    arrays = [leaf if eqx.is_array(leaf) else 0.0 for leaf in asked.leaves]
    traced: ClosedJaxpr = jax.make_jaxpr(function)(arrays)
    needed = _needed(traced.jaxpr, [True] * len(traced.jaxpr.outvars))
    return frozenset(path for path, leaf in positions(asked.model).items() if needed[leaf])


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
