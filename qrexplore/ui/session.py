"""The session: the one mutable place. It holds the current twin, which parameters are free, and what was before."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from qrexplore.core import ParameterTable, format_quantity
from qrexplore.twin import Twin


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An immutable state: undo goes back to an earlier one."""

    twin: Twin
    free: frozenset[str]
    stderr: Mapping[str, float] = field(default_factory=dict)


class Session:
    """The current state with its history; safe to use from several threads.

    Parameters
    ----------
    twin
        Where the session begins, and what a reset returns to.
    free
        Paths of the parameters that are learned.
    """

    def __init__(self, twin: Twin, free: Collection[str]) -> None:
        self.lock = threading.RLock()
        self._initial = self._current = Snapshot(twin, frozenset(free))
        self._past: list[Snapshot] = []
        self._future: list[Snapshot] = []
        self._before_drag: Snapshot | None = None
        self._observers: list[Callable[[], None]] = []

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
    def initial(self) -> ParameterTable:
        """Parameters with which the session began."""
        return self._initial.twin.parameters

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier state."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone state."""
        return bool(self._future)

    def subscribe(self, observer: Callable[[], None]) -> None:
        """Call `observer` after each change that is more than a step of a drag."""
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
            row = self.twin.parameters.select(path)[0]
            low, high = row.bounds
            if not low <= value <= high:
                bounds = f"{format_quantity(low, row.unit)} ... {format_quantity(high, row.unit)}"
                msg = (
                    f"`{path}` must be within {bounds}, got {format_quantity(value, row.unit)}. Stay inside its bounds."
                )
                raise ValueError(msg)
            before = self._before_drag or self._current
            stderr = {name: error for name, error in self.stderr.items() if name != path}
            self._current = replace(self._current, twin=self.twin.replace({path: value}), stderr=stderr)
            if final:
                self._before_drag = None
                self._remember(before)
            else:
                self._before_drag = before
        if final:
            self._tell()

    def set_free(self, path: str, *, free: bool) -> None:
        """Let a parameter be learned, or fix it; ValueError if there is no such parameter."""
        with self.lock:
            self.twin.parameters.select(path)
            change = self.free | {path} if free else self.free - {path}
            self._step(replace(self._current, free=frozenset(change)))
        self._tell()

    def apply(self, values: Mapping[str, float], stderr: Mapping[str, float]) -> None:
        """Take over learned values with their standard errors, as one step of the history."""
        with self.lock:
            self._step(replace(self._current, twin=self.twin.replace(values), stderr={**self.stderr, **stderr}))
        self._tell()

    def reset(self) -> None:
        """Go back to the twin of the beginning; the free parameters stay as they are."""
        with self.lock:
            self._step(replace(self._initial, free=self.free))
        self._tell()

    def undo(self) -> None:
        """Go one step back; nothing happens at the beginning."""
        with self.lock:
            self._move(self._past, self._future)
        self._tell()

    def redo(self) -> None:
        """Go one undone step forward; nothing happens at the end."""
        with self.lock:
            self._move(self._future, self._past)
        self._tell()

    def _move(self, source: list[Snapshot], target: list[Snapshot]) -> None:
        self._before_drag = None
        if source:
            target.append(self._current)
            self._current = source.pop()

    def _step(self, after: Snapshot) -> None:
        before = self._before_drag or self._current
        self._before_drag = None
        self._current = after
        self._remember(before)

    def _remember(self, before: Snapshot) -> None:
        self._past.append(before)
        self._future.clear()

    def _tell(self) -> None:
        for observer in self._observers:
            observer()
