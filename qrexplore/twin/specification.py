"""A twin as plain values (what JSON holds) and back, bit for bit.

A component is ``{"class": "Transmon", <field>: <value>, ...}``; a group of named parts is ``{"named": [[<name>, <part>], ...]}``,
a list because the order of stages is physics. A number in a traced field is a 64-bit scalar, written so that it reads back to
the same bits; other arrays are ``{"array": {"dtype": ..., "shape": ..., "values": ...}}``. A list is a tuple, and numbers that
are not finite are ``{"number": "nan"}``.

Only the components of `qrexplore.twin` are made, each by its own constructor, so its checks hold for what comes from a file.
"""

import difflib
import functools
import importlib
import inspect
import math
import pkgutil
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from qrexplore.core import Named
from qrexplore.twin.model import Twin

_DTYPES = ("float64", "complex128", "float32", "complex64", "int64", "int32", "uint64", "uint32", "bool")
_PLACE = "the twin"


@functools.cache
def components() -> dict[str, type]:
    """Give the classes that a specification may name: final components and enumerations of `qrexplore.twin`."""
    package = importlib.import_module("qrexplore.twin")
    found: dict[str, type] = {}
    for entry in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(entry.name)
        for name, value in vars(module).items():
            ours = inspect.isclass(value) and value.__module__ == module.__name__
            if ours and issubclass(value, eqx.Module | Enum) and not name.startswith(("_", "Abstract")):
                found[name] = value
    return found


def specification(twin: Twin) -> dict[str, Any]:
    """Give a twin as plain values: dictionaries, lists, strings, numbers, True, False and None.

    Parameters
    ----------
    twin
        With concrete numbers.

    Raises
    ------
    ValueError
        If it holds something else than components of `qrexplore.twin`, numbers, arrays and plain static values; the message
        names the place.
    """
    return _written(twin, _PLACE, static=False)


def from_specification(values: Mapping[str, Any]) -> Twin:
    """Give the twin of a specification.

    Parameters
    ----------
    values
        What `specification` gave, perhaps by way of a file.

    Raises
    ------
    ValueError
        If a class or a field is not known or missing, a value is of another kind than its field, or a component refuses it;
        the message names the place.
    """
    twin = _read(values, _PLACE, Twin, static=False)
    if not isinstance(twin, Twin):
        raise _fault(_PLACE, "must be a component of class 'Twin'", values)
    return twin


def _fault(place: str, expected: str, found: Any) -> ValueError:
    text = repr(found)
    shown = text if len(text) <= 80 else f"{text[:76]} ..."
    return ValueError(f"`{place}` {expected}, got {shown}. Write the specification with `qrexplore.save_twin`.")


def _written(value: Any, place: str, *, static: bool) -> Any:  # noqa: PLR0911 (one return a kind of value)
    match value:
        case Named():
            return {"named": [[n, _written(part, f"{place}.{n}", static=False)] for n, part in value.items()]}
        case eqx.Module():
            return _component(value, place)
        case Enum() if components().get(type(value).__name__) is type(value):
            return {"enum": type(value).__name__, "member": value.name}
        case None | bool() | str():
            return value
        case int() | np.integer() if static:
            return int(value)
        case float() | np.floating() if static:
            return _number(float(value))
        case tuple():
            return [_written(item, f"{place}[{k}]", static=static) for k, item in enumerate(value)]
        case Tracer():
            raise _fault(place, "must be a concrete number to be written", type(value).__name__)
        case int() | float() | np.ndarray() | np.generic() | jax.Array() if not static:
            return _array(np.asarray(value), place)
    raise _fault(place, "must be a component, a number, a string, a tuple or None to be written", value)


def _component(value: eqx.Module, place: str) -> dict[str, Any]:
    kind = type(value)
    if components().get(kind.__name__) is not kind:
        raise _fault(place, "must be a component of qrexplore.twin to be written", f"{kind.__module__}.{kind.__name__}")
    held = {
        field.name: _written(getattr(value, field.name), f"{place}.{field.name}", static=_is_static(field))
        for field in fields(value)
    }
    return {"class": kind.__name__, **held}


def _is_static(field: Field) -> bool:
    return bool(field.metadata.get("static", False))


def _number(value: float) -> Any:
    return value if math.isfinite(value) else {"number": str(value)}


def _array(value: np.ndarray, place: str) -> Any:
    if str(value.dtype) not in _DTYPES:
        raise _fault(place, f"must be an array of one of {', '.join(_DTYPES)} to be written", value.dtype)
    if value.dtype == np.float64 and value.ndim == 0:
        return _number(float(value))
    flat = value.reshape(-1)
    parts = np.stack([np.real(flat), np.imag(flat)], axis=-1).reshape(-1) if np.iscomplexobj(flat) else flat
    # a 32-bit number is exact in 64 bits
    numbers = [_number(item) if isinstance(item, float) else item for item in parts.tolist()]
    return {"array": {"dtype": str(value.dtype), "shape": list(value.shape), "values": numbers}}


def _read(value: Any, place: str, hint: Any, *, static: bool) -> Any:  # noqa: PLR0911 (one return a kind of value)
    match value:
        case {"class": str(name), **rest}:
            return _made(name, rest, place)
        case {"named": list(pairs), **rest} if not rest:
            return _named(pairs, place, hint)
        case {"enum": str(name), "member": str(member), **rest} if not rest:
            kind = components().get(name)
            if kind is None or not issubclass(kind, Enum) or member not in kind.__members__:
                raise _fault(place, "must be a member of an enumeration of qrexplore.twin", value)
            return kind[member]
        case {"number": "nan" | "inf" | "-inf" as text, **rest} if not rest:
            return float(text) if static else jnp.asarray(float(text))
        case {"array": {"dtype": str(), "shape": list(), "values": list()} as parts, **rest} if not rest and not static:
            return _restored(parts, place)
        case list():
            return tuple(_read(item, f"{place}[{k}]", Any, static=static) for k, item in enumerate(value))
        case None | bool() | str():
            return value
        case int() | float():
            return value if static else jnp.asarray(value, dtype=np.float64)
    raise _fault(place, "must be a component, a number, a string, a list or null", value)


def _made(name: str, values: Mapping[str, Any], place: str) -> Any:
    kind = components().get(name)
    if kind is None or not issubclass(kind, eqx.Module):
        near = difflib.get_close_matches(name, components(), n=3, cutoff=0.5) or sorted(components())[:6]
        msg = (
            f"`{place}` must be a component of qrexplore.twin, got class {name[:80]!r}. Near names: {', '.join(near)}."
        )
        raise ValueError(msg)
    declared = {field.name: field for field in fields(kind)}
    unknown = [field for field in values if field not in declared]
    if unknown:
        expected = f"of class {name} has the fields {', '.join(declared)}"
        raise _fault(place, expected, unknown[0])
    hints = _hints(kind)
    made = {}
    for field in declared.values():
        at = f"{place}.{field.name}"
        if field.name in values:
            made[field.name] = _read(values[field.name], at, hints[field.name], static=_is_static(field))
            if not _fits(made[field.name], hints[field.name]):
                raise _fault(at, f"must be {_words(hints[field.name])}", values[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            msg = f"`{at}` must be given, since it has no default. Write the specification with `qrexplore.save_twin`."
            raise ValueError(msg)
    try:
        return kind(**made)
    except (TypeError, ValueError) as error:
        msg = f"`{place}` is refused by {name}: {error}"
        raise ValueError(msg) from error


def _named(pairs: list[Any], place: str, hint: Any) -> Named:
    parts: dict[str, Any] = {}
    kinds = typing.get_args(hint) or (Any,)
    for pair in pairs:
        match pair:
            case [str(name), part] if name not in parts:
                parts[name] = _read(part, f"{place}.{name}", kinds[0], static=False)
            case _:
                raise _fault(place, "must be pairs of a name, each once, and a part", pair)
    try:
        return Named(parts)
    except ValueError as error:
        msg = f"`{place}`: {error}"
        raise ValueError(msg) from error


def _restored(parts: Mapping[str, Any], place: str) -> jax.Array:
    if parts["dtype"] not in _DTYPES:
        raise _fault(place, f"must have one of the dtypes {', '.join(_DTYPES)}", parts["dtype"])
    dtype = np.dtype(parts["dtype"])
    try:
        numbers = [float(item["number"]) if isinstance(item, dict) else item for item in parts["values"]]
        real = np.array(numbers, dtype=dtype.type(0).real.dtype)
        return jnp.asarray(real.view(dtype).reshape(parts["shape"]))
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise _fault(place, f"must be as many numbers as the shape {parts['shape']} says", parts["values"]) from error


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:  # noqa: PLR0911 (one return a kind of hint)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return True
    if origin in {Union, UnionType}:
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        variadic = len(inner) == 2 and inner[1] is Ellipsis
        kinds = inner[:1] * len(value) if variadic and isinstance(value, tuple) else inner
        return isinstance(value, tuple) and len(value) == len(kinds) and all(map(_fits, value, kinds))
    if origin is Named:
        return isinstance(value, Named) and all(_fits(part, inner[0]) for part in value.values())
    if hint in {int, float}:
        return isinstance(value, hint | int) and not isinstance(value, bool)
    if hint in {str, bool, NoneType} or (inspect.isclass(hint) and issubclass(hint, eqx.Module | Enum)):
        return isinstance(value, hint)
    # an array, perhaps with further dimensions: twins may be stacked
    return isinstance(value, jax.Array)


def _words(hint: Any) -> str:
    named = inspect.isclass(hint) and issubclass(hint, eqx.Module | Enum | int | float | str | bool)
    return f"of kind {getattr(hint, '__name__', hint)}" if named or typing.get_origin(hint) else "a number or an array"
