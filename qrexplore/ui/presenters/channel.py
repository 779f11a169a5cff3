"""The channel: traits and messages between a presenter and the shells that show it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float

Message = Mapping[str, Any]


class Send(Protocol):
    """Sends a message with binary parts to a front end."""

    def __call__(self, content: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        """Send."""
        ...


class Channel:
    """The presenter's end of the wire; works without a shell, too.

    Every message from a front end is acknowledged, those that fail with the words of the error, so that no front end waits
    for ever.

    Parameters
    ----------
    act
        Does what a message asks, and raises if it cannot.
    **traits
        First values of the traits.

    Attributes
    ----------
    traits
        Values as they are now.
    """

    def __init__(self, act: Callable[[Message], None], **traits: Any) -> None:
        self.traits = traits
        self._act = act
        self._shells: list[tuple[Send, Callable[[str, Any], None]]] = []

    def attach(self, send: Send, put: Callable[[str, Any], None]) -> None:
        """Add a shell.

        Parameters
        ----------
        send
            Sends a message.
        put
            Sets a trait by its name.
        """
        self._shells.append((send, put))

    def put(self, **traits: Any) -> None:
        """Set traits everywhere."""
        self.traits.update(traits)
        for name, value in traits.items():
            for _, put in self._shells:
                put(name, value)

    def send(self, content: dict[str, Any], *arrays: Float[np.ndarray, "..."]) -> None:
        """Send a message with numbers to all front ends."""
        buffers = [packed(array) for array in arrays]
        for send, _ in self._shells:
            send(content, buffers)

    def receive(self, message: Message) -> None:
        """Do what a message asks and acknowledge it; the words of an error go back with the answer."""
        error = ""
        content = message if isinstance(message, Mapping) else {"kind": repr(message)}
        try:
            self._act(content)
        except Exception as problem:  # noqa: BLE001 (shown on the widget that caused it)
            error = str(problem) or type(problem).__name__
        self.send({"kind": "ack", "request": content.get("request", 0), "error": error})


def packed(values: Float[np.ndarray, "..."]) -> memoryview:
    """Give numbers as 32-bit floats in C order, which is finer than any screen."""
    return np.ascontiguousarray(values, dtype=np.float32).data


def number(message: Message, name: str) -> float:
    """Give a number of a message, or raise ValueError."""
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"`{name}` of a {message.get('kind')!r} message must be a number, got {value!r}. Type one, such as 5.01."
        raise ValueError(msg)  # noqa: TRY004 (a wrong message, not a wrong call)
    return float(value)


class UnknownMessageError(ValueError):
    """A message that a widget does not know."""

    def __init__(self, message: Message) -> None:
        kind = message.get("kind")
        super().__init__(
            f"this widget does not know the message {kind!r}. Reload the page: front end and kernel may differ."
        )
