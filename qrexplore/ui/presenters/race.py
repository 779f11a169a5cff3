"""A race of methods, live: each one's loss against evaluations or seconds, and the ratios at the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qrexplore.learn import RACERS, LearnProblem, raced
from qrexplore.optimize import Progress, Stop, Trace
from qrexplore.ui.presenters.channel import Channel, Message, UnknownMessageError
from qrexplore.ui.runner import Runner
from qrexplore.views import METHOD_LABELS, RaceTable, race_table

# each method ends after so long (s), if it does not by itself
_SECONDS = 60.0


@dataclass(frozen=True)
class Lap:
    """How far a method had come."""

    method: str
    evaluations: int
    seconds: float
    loss: float


class RacePresenter:
    """Lets methods race on a problem, and tells of it.

    Parameters
    ----------
    problem
        What all of them look for.
    methods
        Names in `qrexplore.optimize.METHODS`.
    stop
        Limits of each.

    Attributes
    ----------
    runner
        Drives the race; `wait` is there.
    traces, table
        The outcome, when the race has ended; None before.
    """

    def __init__(self, problem: LearnProblem, methods: Sequence[str] = RACERS, stop: Stop | None = None) -> None:
        self._problem, self._methods = problem, tuple(methods)
        self._stop = stop or Stop(seconds=_SECONDS)
        self._laps: list[Lap] = []
        self.traces: tuple[Trace, ...] | None = None
        self.table: RaceTable | None = None
        self.runner = Runner(on_state=self._on_state, on_steps=self._on_laps, on_end=self._on_end)
        lines = [{"method": name, "label": METHOD_LABELS.get(name, name)} for name in self._methods]
        self.channel = Channel(self._act, state="idle", status="", lines=lines, axis="evaluations", level=0.0, rows=[])

    def start(self) -> None:
        """Begin the race; RuntimeError if one is going on."""

        def work(tell: Callable[[Lap], None], stopped: Callable[[], bool]) -> tuple[Trace, ...]:
            self._laps, self.traces, self.table = [], None, None
            self.channel.put(rows=[], level=0.0)
            self.channel.send({"kind": "clear"})

            def watch(name: str, progress: Progress, seconds: float) -> None:
                tell(Lap(name, progress.evaluations, seconds, progress.loss))

            return raced(self._problem, self._methods, stop=self._stop, on_progress=watch, should_stop=stopped)

        self.runner.start_work(work)

    def _act(self, message: Message) -> None:
        commands = {
            "start": self.start,
            "stop": self.runner.stop,
            "pause": self.runner.pause,
            "resume": self.runner.resume,
            "ready": lambda: self._tell(self._laps, whole=True),
        }
        kind = str(message.get("kind"))
        if kind not in commands:
            raise UnknownMessageError(message)
        commands[kind]()

    def _on_state(self, state: str, words: str) -> None:
        if state == "compiling":
            words = "compiling the model and its derivatives"
        if words:
            self.channel.put(status=words)
        self.channel.put(state=state)

    def _on_laps(self, laps: list[Lap]) -> None:
        self._laps += laps
        self._tell(laps, whole=False)
        self.channel.put(status=f"{METHOD_LABELS.get(laps[-1].method, laps[-1].method)} is on its way")

    def _tell(self, laps: Sequence[Lap], *, whole: bool) -> None:
        numbers = [[self._methods.index(one.method), one.evaluations, one.seconds, one.loss] for one in laps]
        self.channel.send({"kind": "laps", "whole": whole}, np.array(numbers, dtype=np.float64).reshape(-1, 4))

    def _on_end(self, traces: Any) -> None:
        if not traces:
            self.channel.put(status="stopped before the first step")
            return
        self.traces, self.table = traces, race_table(traces)
        self.channel.put(
            level=self.table.level,
            rows=[
                {
                    "label": row.label,
                    "evaluations": row.evaluations if row.reached else None,
                    "seconds": row.seconds if row.reached else None,
                    "ratio_evaluations": row.ratio.evaluations,
                    "ratio_seconds": row.ratio.seconds,
                    "loss": row.loss,
                    "status": row.status,
                }
                for row in self.table.rows
            ],
            status=f"to a loss of {self.table.level:.5g}, as multiples of {METHOD_LABELS[self.table.first]}",
        )
