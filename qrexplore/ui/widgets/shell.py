"""What all widgets share: where their bundles lie, and how a widget is attached to its presenter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget

from qrexplore.ui.presenters import Channel

STATIC = Path(__file__).parent.parent / "static"


def bundle(name: str, *, folder: Path = STATIC) -> Path:
    """Give the path of a file of the front end.

    Raises
    ------
    FileNotFoundError
        If it has not been built.
    """
    path = folder / name
    if not path.is_file():
        msg = f"the bundle {name!r} of a widget must be in {folder}, got no such file. Run `npm run build` in widgets/."
        raise FileNotFoundError(msg)
    return path


def connect(widget: anywidget.AnyWidget, channel: Channel, written: Sequence[str] = ()) -> None:
    """Attach a widget to the channel of its presenter.

    Parameters
    ----------
    widget
        The shell; it has a trait for each of the channel's.
    channel
        The presenter's end.
    written
        Traits that the front end writes.
    """
    channel.attach(widget.send, lambda name, value: setattr(widget, name, value))

    def receive(_: Any, message: dict[str, Any], __: Any) -> None:
        channel.receive(message)

    def hear(change: Any) -> None:
        channel.traits[change["name"]] = change["new"]

    widget.on_msg(receive)
    if written:
        widget.observe(hear, names=list(written))
