"""The session: the one mutable place. It holds the current twin, which parameters are free, and what was before."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from qrexplore.core import Parameter, ParameterTable, format_quantity
from qrexplore.twin import Twin


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An immutable state: undo goes back to an earlier one."""

    twin: Twin
    free: frozenset[str]
    stderr: Mapping[str, float] = field(default_factory=dict)

    def same(self, other: "Snapshot") -> bool:
        """Whether twin and free parameters are the same."""
        values = np.array_equal(self.twin.parameters.values, other.twin.parameters.values)
        return values and self.free == other.free


@dataclass(frozen=True, eq=False)
class _Drag:
    path: str
    before: Snapshot


class Session:
    """The current state with its history; safe to use from several threads.

    Parameters
    ----------
    twin
        Where the session begins, and what a reset returns to.
    free
        Paths of the parameters that are learned.

    Attributes
    ----------
    lock
        Held during each change; whoever shows the state holds it, too, so that pictures do not overtake each other.
    initial
        Parameters with which the session began.
    """

    def __init__(self, twin: Twin, free: Collection[str]) -> None:
        self.lock = threading.RLock()
        self.initial: ParameterTable = twin.parameters
        self._initial = self._current = Snapshot(twin, frozenset(free))
        self._past: list[Snapshot] = []
        self._future: list[Snapshot] = []
        self._drag: _Drag | None = None
        self._observers: list[Callable[[], None]] = []

    @property
    def snapshot(self) -> Snapshot:
        """The state as it is now, all of it from one moment."""
        return self._current

    @property
    def twin(self) -> Twin:
        """The twin as it is now."""
        return self._current.twin

    @property
    def free(self) -> frozenset[str]:
        """Paths of the parameters that are learned."""
        return self._current.free

    @property
    def stderr(self) -> Mapping[str, float]:
        """Standard errors of what was learned, by path."""
        return self._current.stderr

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier state."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone state."""
        return bool(self._future)

    def subscribe(self, observer: Callable[[], None]) -> None:
        """Call `observer` after each change that is more than a step of a drag; it may not block."""
        self._observers.append(observer)

    def set_parameter(self, path: str, value: float, *, final: bool = True) -> None:
        """Move a parameter.

        Parameters
        ----------
        path
            Which one.
        value
            New value, in its unit.
        final
            False while it is being dragged; all of a drag is one step of the history.

        Raises
        ------
        ValueError
            If there is no such parameter, or the value is outside its bounds.
        """
        with self.lock:
            row = self._row(path)
            low, high = row.bounds
            if not low <= value <= high:
                bounds = f"{format_quantity(low, row.unit)} ... {format_quantity(high, row.unit)}"
                msg = (
                    f"`{path}` must be within {bounds}, got {format_quantity(value, row.unit)}. Stay inside its bounds."
                )
                raise ValueError(msg)
            if self._drag is None or self._drag.path != path:
                self._settle()
                self._drag = _Drag(path, self._current)
            stderr = {name: error for name, error in self.stderr.items() if name != path}
            self._current = replace(self._current, twin=self.twin.replace({path: float(value)}), stderr=stderr)
            if final:
                self._settle()
                self._tell()

    def set_free(self, *paths: str, free: bool) -> None:
        """Let parameters be learned, or fix them, as one step of the history; ValueError if there is no such parameter."""
        with self.lock:
            for path in paths:
                self._row(path)
            self._step(replace(self._current, free=self.free.union(paths) if free else self.free.difference(paths)))

    def apply(self, twin: Twin, stderr: Mapping[str, float]) -> None:
        """Take over a learned twin with its standard errors, as one step of the history."""
        with self.lock:
            self._step(Snapshot(twin, self.free, dict(stderr)))

    def reset(self) -> None:
        """Go back to the twin of the beginning; the free parameters stay as they are."""
        with self.lock:
            self._step(replace(self._initial, free=self.free))

    def undo(self) -> None:
        """Go one step back; nothing happens at the beginning."""
        self._move(self._past, self._future)

    def redo(self) -> None:
        """Go one undone step forward; nothing happens at the end."""
        self._move(self._future, self._past)

    def _row(self, path: str) -> Parameter:
        if path not in self.initial:
            self.initial.select([path])  # raises with the near names, unless the path is a pattern
            msg = f"`path` must name one parameter, got the pattern {path!r}. Give it in full."
            raise ValueError(msg)
        return self.initial[path]

    def _move(self, source: list[Snapshot], target: list[Snapshot]) -> None:
        with self.lock:
            self._settle()  # an unfinished drag is a step of its own
            if source:
                target.append(self._current)
                self._current = source.pop()
            self._tell()

    def _step(self, after: Snapshot) -> None:
        self._settle()
        before, self._current = self._current, after
        self._remember(before)
        self._tell()

    def _settle(self) -> None:
        """End a drag: it becomes one step of the history, unless it ended where it began."""
        if self._drag is not None:
            before, self._drag = self._drag.before, None
            if before.same(self._current):
                self._current = before  # with the standard error that the drag took away
            self._remember(before)

    def _remember(self, before: Snapshot) -> None:
        if not before.same(self._current):
            self._past.append(before)
            self._future.clear()

    def _tell(self) -> None:
        for observer in self._observers:
            observer()
