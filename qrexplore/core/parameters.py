"""Parameters: numbers of a model that people see, move and learn.

A parameter is declared once, as a field of a component, with its unit, bounds and label. Everything else (sliders,
scaling, reports) is read from there by walking the tree, so a twin with 83 parameters needs no registry.
"""

import difflib
import fnmatch
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, overload

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core.named import Named
from qrexplore.core.priors import Prior, Uniform
from qrexplore.core.units import format_quantity

if TYPE_CHECKING:
    Scalar = Any  # a float where it is given, an array where it is read
else:
    Scalar = Float[Array, ""]

_KEY = "qrexplore.parameter"
_TRANSPARENT = "qrexplore.transparent"


@dataclass(frozen=True)
class Declaration:
    """What a component says of one of its numbers: unit, bounds, label and, where known, a prior.

    `scaled_by` names the field of the same component without which the number acts on nothing.
    """

    unit: str
    bounds: tuple[float, float]
    label: str
    prior: Prior | None = None
    scaled_by: str | None = None


@dataclass(frozen=True)
class Parameter:
    """One number of a model.

    Attributes
    ----------
    path
        Where it stands, for example ``q0.frequency``.
    value
        Its value, in `unit`.
    unit
        SI unit (``Hz``, ``s``, ``V``, ``Phi0`` ...); ``1`` for a plain number.
    bounds
        Smallest and largest value that makes sense.
    label
        Words for people.
    prior
        What is known of it beforehand, or None.
    scaled_by
        Path of the parameter that scales all that this one does, or None: where that is zero, nothing tells of this one.
    """

    path: str
    value: float
    unit: str
    bounds: tuple[float, float]
    label: str
    prior: Prior | None = None
    scaled_by: str | None = None

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest value that it may have: those of a `Uniform` prior, else its bounds."""
        return (self.prior.low, self.prior.high) if isinstance(self.prior, Uniform) else self.bounds


def parameter(
    default: float | None = None,
    *,
    unit: str,
    bounds: tuple[float, float],
    label: str,
    prior: Prior | None = None,
    scaled_by: str | None = None,
) -> Any:
    """Declare a field of an ``equinox.Module`` as a parameter; its value is a traced 64-bit scalar.

    Parameters
    ----------
    default
        Value in `unit`; None if it must be given.
    unit, bounds, label, prior
        See `Parameter`.
    scaled_by
        Name of the field of the same component that scales all that this one does, as an amplitude does with a time constant.

    Raises
    ------
    ValueError
        If the bounds are not two ordered numbers.
    """
    low, high = bounds
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        msg = f"`bounds` of a parameter must be two finite numbers in rising order, got {bounds!r}."
        raise ValueError(msg)
    declaration = Declaration(
        unit=unit, bounds=(float(low), float(high)), label=label, prior=prior, scaled_by=scaled_by
    )
    keywords: dict[str, Any] = {} if default is None else {"default": default}
    return eqx.field(converter=_scalar, metadata={_KEY: declaration}, **keywords)


def transparent(**keywords: Any) -> Any:
    """Declare a field whose own name does not appear in the paths below it."""
    return eqx.field(metadata={_TRANSPARENT: True}, **keywords)


def _scalar(value: Any) -> Float[Array, ""]:
    if isinstance(value, float | int):
        return jnp.asarray(value, dtype=jnp.float64)
    return value


class ParameterTable(Sequence[Parameter]):
    """The parameters of a model in the order of its tree.

    Index by position or by path; select by patterns as file names are (``q*.frequency``).
    """

    def __init__(self, rows: Iterable[Parameter]) -> None:
        self._rows = tuple(rows)
        self._index = {row.path: position for position, row in enumerate(self._rows)}

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all rows."""
        return tuple(self._index)

    @property
    def values(self) -> Float[np.ndarray, " rows"]:
        """Values of all rows, each in its own unit."""
        return np.array([row.value for row in self._rows], dtype=np.float64)

    @overload
    def __getitem__(self, index: int | str) -> Parameter: ...
    @overload
    def __getitem__(self, index: slice) -> "ParameterTable": ...
    def __getitem__(self, index: int | str | slice) -> "Parameter | ParameterTable":
        """Give a row by position or path, or some rows by slice."""
        if isinstance(index, str):
            if index not in self._index:
                raise KeyError(unknown_path(index, self.paths))
            return self._rows[self._index[index]]
        if isinstance(index, slice):
            return ParameterTable(self._rows[index])
        return self._rows[index]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Parameter]:
        """Iterate over the rows."""
        return iter(self._rows)

    def __contains__(self, item: object) -> bool:
        """Whether a path (or a row) is in the table."""
        return item in self._index if isinstance(item, str) else item in self._rows

    def select(self, patterns: str | Iterable[str]) -> "ParameterTable":
        """Give the rows whose path matches any of the patterns, in the order of the table.

        Raises
        ------
        ValueError
            If a pattern matches nothing; the message names near paths.
        """
        patterns = [patterns] if isinstance(patterns, str) else list(patterns)
        chosen: set[str] = set()
        for pattern in patterns:
            hits = fnmatch.filter(self.paths, pattern)
            if not hits:
                raise ValueError(unknown_path(pattern, self.paths))
            chosen.update(hits)
        return ParameterTable(row for row in self._rows if row.path in chosen)

    def __repr__(self) -> str:
        """Print the table in aligned columns."""
        cells = [(row.path, format_quantity(row.value, row.unit), _bounds_text(row), row.label) for row in self._rows]
        head = ("path", "value", "bounds", "label")
        widths = [max(len(line[column]) for line in [head, *cells]) for column in range(4)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in [head, *cells]
        ]
        return "\n".join(lines)


def _bounds_text(row: Parameter) -> str:
    return f"{format_quantity(row.bounds[0], row.unit)} ... {format_quantity(row.bounds[1], row.unit)}"


def unknown_path(path: str, known: Iterable[str]) -> str:
    """Give the words for a path or pattern that is not in a table."""
    known = list(known)
    near = difflib.get_close_matches(path, known, n=3, cutoff=0.4)
    hint = (
        f"Did you mean {' or '.join(repr(name) for name in near)}?"
        if near
        else (f"The first paths of the model are: {', '.join(known[:6])}." if known else "The model has no parameter.")
    )
    return f"no parameter matches {path!r}. {hint}"


def walk(tree: Any, prefix: str = "") -> Iterator[tuple[str, Declaration | None, Any]]:
    """Give everything that a model holds: path, what is declared of it, value.

    Components come before what is in them, at their own path and without a declaration, as do fields that are no parameter.

    Parameters
    ----------
    tree
        A model (any pytree of components).
    prefix
        What the paths begin with: nothing, or a path that ends in a dot.
    """
    if isinstance(tree, Named):
        for name, part in tree.items():
            yield from walk(part, f"{prefix}{name}.")
    elif isinstance(tree, eqx.Module):
        yield prefix.removesuffix("."), None, tree
        for field in fields(tree):
            value = getattr(tree, field.name)
            declaration = field.metadata.get(_KEY)
            if declaration is not None or not isinstance(value, eqx.Module):
                yield f"{prefix}{field.name}", declaration, value
            elif field.metadata.get(_TRANSPARENT) or isinstance(value, Named):
                yield from walk(value, prefix)
            else:
                yield from walk(value, f"{prefix}{field.name}.")


def _declared(tree: Any) -> Iterator[tuple[str, Declaration, Any]]:
    return ((path, declaration, value) for path, declaration, value in walk(tree) if declaration is not None)


def table(tree: Any) -> ParameterTable:
    """Give the parameters of a model as a table of concrete numbers."""
    rows = []
    for path, declared, value in _declared(tree):
        component, dot, _ = path.rpartition(".")
        scale = None if declared.scaled_by is None else f"{component}{dot}{declared.scaled_by}"
        rows.append(
            Parameter(path, float(value), declared.unit, declared.bounds, declared.label, declared.prior, scale)
        )
    return ParameterTable(rows)


def get(tree: Any, paths: Iterable[str]) -> list[Float[Array, ""]]:
    """Give the (possibly traced) values at some paths."""
    values = {path: value for path, _, value in _declared(tree)}
    found = []
    for path in paths:
        if path not in values:
            raise ValueError(unknown_path(path, values))
        found.append(values[path])
    return found


def replace(tree: Any, values: Mapping[str, Any]) -> Any:
    """Give the same model with other numbers at some paths.

    Parameters
    ----------
    tree
        A model (any pytree of components).
    values
        Mapping from path to value in the unit of that parameter; values may be traced.

    Raises
    ------
    ValueError
        If a path is not in the model; the message names near paths.
    """
    leaves, structure = jax.tree.flatten(tree)
    places = positions(tree)
    for path, value in values.items():
        if path not in places:
            raise ValueError(unknown_path(path, places))
        leaves[places[path]] = _scalar(value)
    return jax.tree.unflatten(structure, leaves)


def positions(tree: Any) -> dict[str, int]:
    """Give the position of each parameter among the leaves of a model, by path."""
    leaves, structure = jax.tree.flatten(tree)
    return {path: leaf for path, _, leaf in _declared(jax.tree.unflatten(structure, range(len(leaves))))}
