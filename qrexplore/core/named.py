"""An ordered, immutable mapping of named parts that is a pytree.

JAX sorts the keys of a plain ``dict`` when it flattens it; the order of the stages of a signal chain is physics, so the
order of insertion is kept here. The names are static, the parts are traced.
"""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

import equinox as eqx

Part = TypeVar("Part")


class Named(eqx.Module, Generic[Part]):
    """Parts in a fixed order, each with a name that stands in the paths of its parameters.

    Parameters
    ----------
    parts
        Mapping from name to part. A name is a Python identifier, such as ``q0`` or ``flux_q1``.

    Raises
    ------
    ValueError
        If a name is not an identifier.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    parts: tuple[Part, ...]

    def __init__(self, parts: Mapping[str, Part] | None = None) -> None:
        parts = dict(parts or {})
        for name in parts:
            if not name.isidentifier():
                msg = (
                    f"`name` of a part must be letters, digits and underscores and not begin with a digit, got {name!r}. "
                    "Rename the part, for example 'q0' or 'flux_q1'."
                )
                raise ValueError(msg)
        self.names = tuple(parts)
        self.parts = tuple(parts.values())

    def __getitem__(self, name: str) -> Part:
        """Give the part of that name; KeyError names the parts there are."""
        if name not in self.names:
            msg = f"no part is named {name!r}; there are: {', '.join(self.names) or 'none'}."
            raise KeyError(msg)
        return self.parts[self.names.index(name)]

    def __contains__(self, name: object) -> bool:
        """Whether a part has that name."""
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in order."""
        return iter(self.names)

    def __len__(self) -> int:
        """Count the parts."""
        return len(self.names)

    def values(self) -> tuple[Part, ...]:
        """Give the parts, in order."""
        return self.parts

    def items(self) -> Iterator[tuple[str, Part]]:
        """Iterate over pairs of name and part, in order."""
        return zip(self.names, self.parts, strict=True)

    def replace(self, parts: Mapping[str, Part]) -> "Named[Part]":
        """Give the same mapping with the named parts replaced, and new ones appended."""
        return Named({**dict(self.items()), **parts})
