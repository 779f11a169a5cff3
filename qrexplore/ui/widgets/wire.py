"""What the three widgets share: answers to requests, errors included, so that the front end never waits for ever."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent.parent / "static"

Send = Callable[[dict[str, Any]], None]


def answer(message: Mapping[str, Any], act: Callable[[], None], send: Send) -> None:
    """Do what a message asks and acknowledge it; the words of an error go back with the answer.

    Parameters
    ----------
    message
        From the front end, with its number ``request``.
    act
        What to do.
    send
        Sends the acknowledgement.
    """
    error = ""
    try:
        act()
    except Exception as problem:  # noqa: BLE001 (shown on the widget that caused it)
        error = str(problem) or type(problem).__name__
    send({"kind": "ack", "request": message.get("request", 0), "error": error})
