"""The parameter panel: sliders and number boxes that move the twin, and which parameters are free."""

from collections.abc import Callable, Collection
from dataclasses import asdict

from qrexplore.ui.presenters.channel import Channel, Message, UnknownMessageError, number
from qrexplore.ui.session import Session
from qrexplore.views import ParameterRow, parameter_rows


class PanelPresenter:
    """Rows of the session's parameters; its messages move the session.

    Parameters
    ----------
    session
        Shown and moved.
    show
        Called with the number of the request after the twin moved.
    check
        Called before parameters are freed or fixed, with their paths and which of it; raises if that cannot be now.
    """

    def __init__(
        self,
        session: Session,
        show: Callable[[int], None],
        check: Callable[[Collection[str], bool], None] = lambda _paths, _free: None,
    ) -> None:
        self._session = session
        self._show, self._check = show, check
        self._shown: tuple[ParameterRow, ...] = ()
        self.channel = Channel(self._act, rows=[], history={}, state="idle", notice="", look={})
        self.refresh()
        session.subscribe(self.refresh)

    def refresh(self) -> None:
        """Show the rows as they are now."""
        with self._session.lock:
            now = self._session.snapshot
            initial = self._session.initial
            self._shown = parameter_rows(
                now.twin.parameters, free=now.free, stderr=now.stderr, initial=initial, shown=self._shown
            )
            history = {"can_undo": self._session.can_undo, "can_redo": self._session.can_redo}
            self.channel.put(rows=[asdict(row) for row in self._shown], history=history)

    def _act(self, message: Message) -> None:
        kind, path = message.get("kind"), str(message.get("path", ""))
        # read before anything moves: a message that cannot be answered changes nothing
        request = int(number({"request": 0, **message}, "request"))
        # one lock around change and picture: the picture of an earlier request must not come after that of a later one
        with self._session.lock:
            if kind == "set":
                self._session.set_parameter(path, number(message, "value"), final=bool(message.get("final", True)))
            elif kind == "free":
                paths, free = _paths(message), bool(message.get("free"))
                self._check(paths, free)
                self._session.set_free(*paths, free=free)
                return
            elif kind == "undo":
                self._session.undo()
            elif kind == "redo":
                self._session.redo()
            elif kind == "reset":
                self._session.reset()
            else:
                raise UnknownMessageError(message)
            self._show(request)


def _paths(message: Message) -> list[str]:
    """Give what a message names: one path, or several."""
    paths = message.get("paths", [message.get("path", "")])
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        msg = f"`paths` of a 'free' message must be a list of paths, got {paths!r}. Reload the page."
        raise ValueError(msg)
    return paths
