"""The learn monitor: starts, holds and stops learning, and shows the loss while it falls."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from qrexplore.core import Step, Task
from qrexplore.learn import Kernel, LearnProblem, LearnResult, guided
from qrexplore.twin import Twin
from qrexplore.ui.presenters.channel import Channel, Message, UnknownMessageError
from qrexplore.ui.runner import Runner
from qrexplore.ui.session import Session
from qrexplore.views import learned_rows, outcome

# the picture follows a run at most this often (s): each time takes a prediction's worth of the processor from the run
_FOLLOW = 0.25
_MAX_STEPS = {"levenberg-marquardt": 200, "adam": 5000}
_WORDS = {"compiling": "compiling the model and its derivatives", "running": "learning", "paused": "paused"}


class MonitorPresenter:
    """Learns the session's free parameters, from where its twin is or from values read off the data, whichever fits best.

    Parameters
    ----------
    session
        Gives the start and takes the result, as one step of its history.
    data
        What is learned from.
    follow
        Called with the twin of the latest step, a few times a second.
    ended
        Called when a run has ended and the session's twin is what counts again.

    Attributes
    ----------
    runner
        Drives the runs.
    result
        What the last run found, or None.
    """

    def __init__(
        self, session: Session, data: xr.Dataset, *, follow: Callable[[Twin], None], ended: Callable[[], None]
    ) -> None:
        self._session, self._data, self._follow, self._ended = session, data, follow, ended
        self._twin = session.twin
        self._kernel: tuple[list[str], Kernel] | None = None
        self._followed = 0.0
        self.result: LearnResult | None = None
        self.runner = Runner(
            on_state=self._on_state,
            on_steps=self._on_steps,
            on_end=self._on_end,
            on_tick=lambda seconds: self.channel.put(elapsed=seconds),
        )
        self.channel = Channel(self._act, state="idle", status="", method="levenberg-marquardt", table=[], elapsed=0.0)

    def start(self) -> None:
        """Begin a run; RuntimeError if one is going on."""
        now, method = self._session.snapshot, str(self.channel.traits["method"])

        def make() -> Task:
            self._twin = now.twin
            self.channel.put(table=[], elapsed=0.0)
            self.channel.send({"kind": "clear"})
            return self._task(now.twin, sorted(now.free), method)

        self.runner.start(make)

    def stop(self) -> None:
        """End the run with the best result so far; RuntimeError if there is none."""
        self.runner.stop()
        self.channel.put(status="stopping after the present step")

    def _task(self, twin: Twin, free: list[str], method: str) -> Task:
        if not free:
            msg = "no parameter is free. Tick at least one in the panel."
            raise ValueError(msg)
        problem = LearnProblem(twin, self._data, free=free, method=method, max_steps=_MAX_STEPS.get(method, 200))
        if self._kernel is None or self._kernel[0] != free:
            self._kernel = (free, Kernel(problem))
        return guided(problem, self._kernel[1])

    def _act(self, message: Message) -> None:
        commands = {"start": self.start, "pause": self.runner.pause, "resume": self.runner.resume, "stop": self.stop}
        kind = str(message.get("kind"))
        if kind not in commands:
            raise UnknownMessageError(message)
        commands[kind]()

    def _on_state(self, state: str, words: str) -> None:
        if state == "error":
            self.channel.put(status=words)
        elif state in _WORDS:
            self.channel.put(status=_WORDS[state])
        self.channel.put(state=state)

    def _on_steps(self, steps: list[Step]) -> None:
        last = steps[-1]
        content = {
            "kind": "steps",
            "iteration": last.iteration,
            "gradient_norm": last.gradient_norm,
            "seconds": last.seconds,
        }
        self.channel.send(content, np.array([step.loss for step in steps]))
        if self.runner.state == "running":
            self.channel.put(status=f"learning: {last.stage}")
        now = time.perf_counter()
        if now - self._followed >= _FOLLOW:
            self._followed = now
            self._follow(self._twin.replace(last.parameters))

    def _on_end(self, result: Any) -> None:
        if result is None:
            self.channel.put(status="stopped before the first step")
        else:
            self.result = result
            self._session.apply(result.twin, result.stderr)
            self.channel.put(
                table=[asdict(row) for row in learned_rows(result)], status=outcome(result), elapsed=result.seconds
            )
        self._ended()
