"""The learn monitor: starts, holds, steers and stops learning, and streams how it goes."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from qrexplore.core import Prior, Step, Task
from qrexplore.data.runs import Run
from qrexplore.learn import WAYS, Kernel, LearnProblem, LearnResult, begin_run, resume_run, way_of
from qrexplore.optimize import METHODS, OPTAX_METHODS
from qrexplore.twin import Twin
from qrexplore.ui.presenters.channel import Channel, Message, UnknownMessageError, number
from qrexplore.ui.runner import Carry, Runner
from qrexplore.ui.session import Session
from qrexplore.views import METHOD_LABELS, TraceTable, learned_rows, outcome, trace_table

# the picture follows a run at most this often (s): each time takes a prediction's worth of the processor from the run
_FOLLOW = 0.25
# methods whose steps are cheap take many
_MAX_STEPS = {
    "l-bfgs": 1000,
    "cma-es": 2000,
    "nelder-mead": 5000,
    "hybrid": 500,
    "multi-start": 1000,
    **dict.fromkeys(OPTAX_METHODS, 5000),
}
_RATE = 0.02
_WORDS = {"compiling": "compiling the model and its derivatives", "running": "learning", "paused": "paused"}


class MonitorPresenter:
    """Learns the session's free parameters, from where its twin is or from what the data say, whichever fits best.

    Parameters
    ----------
    session
        Gives the start and takes the result, as one step of its history. What is freed or fixed in it while a run goes on,
        the run moves or holds from then on.
    data
        What is learned from: datasets by name.
    follow
        Called with the twin of the latest step, a few times a second.
    begins
        Called before a run begins; raises if none can now.
    ended
        Called when a run has ended and the session's twin is what counts again.
    priors, likelihood
        See `qrexplore.learn.LearnProblem`; a prior on what is not free is left out.
    folder
        Where each run gets a folder of its own; None to keep no runs.

    Attributes
    ----------
    runner
        Drives the runs.
    """

    def __init__(
        self,
        session: Session,
        data: Mapping[str, xr.Dataset],
        *,
        follow: Callable[[Twin], None],
        ended: Callable[[], None],
        begins: Callable[[], None] = lambda: None,
        priors: Mapping[str, Prior] | None = None,
        likelihood: str = "gaussian",
        folder: str | Path | None = None,
    ) -> None:
        self._session, self._data, self._follow, self._ended = session, data, follow, ended
        self._begins = begins
        self._priors, self._likelihood = dict(priors or {}), likelihood
        self._folder = None if folder is None else Path(folder)
        self._twin = session.twin
        # what the compiled functions are over, and what of it the run moves
        self._paths: list[str] = []
        self._moving: frozenset[str] = frozenset()
        self._kernel: Kernel | None = None
        self._traces: TraceTable | None = None
        self._steps: list[Step] = []
        self._followed = 0.0
        self._kept = ""
        self._fitted: tuple[LearnResult, Kernel | None] | None = None
        self.runner = Runner(
            on_state=self._on_state,
            on_steps=self._on_steps,
            on_end=self._on_end,
            on_tick=lambda seconds: self.channel.put(elapsed=seconds),
            on_refused=lambda words: self.channel.put(status=words),
        )
        methods = [{"name": name, "label": METHOD_LABELS[name], "rate": name in OPTAX_METHODS} for name in METHODS]
        self.channel = Channel(
            self._act,
            state="idle",
            status="",
            method="auto",
            methods=[{"name": "auto", "label": "automatic", "rate": False}, *methods],
            choice="",
            rate=_RATE,
            traces={},
            picked={},
            table=[],
            elapsed=0.0,
        )
        session.subscribe(self._on_session)

    def start(self) -> None:
        """Begin a run; RuntimeError if one is going on, or `begins` says that none can."""
        self._begins()
        now, method, rate = (
            self._session.snapshot,
            str(self.channel.traits["method"]),
            float(self.channel.traits["rate"]),
        )

        def pose() -> LearnProblem:
            self._twin = now.twin
            self._steps, self._traces, self._kept = [], None, ""
            self.channel.put(table=[], elapsed=0.0, choice="")
            self.channel.send({"kind": "clear"})
            problem = self._problem(now.twin, now.free, method, rate)
            self._traces = trace_table(problem)
            self.channel.put(traces=asdict(self._traces))
            if method == "auto":
                self.channel.put(choice=f"{METHOD_LABELS[problem.choice.method]}: {problem.choice.reason}")
            with self._session.lock:
                self._moving = now.free
                # what was ticked since the button was pressed
                self._on_session()
            return problem

        def make() -> Task:
            problem = pose()
            self._kernel = self._kernel or Kernel(problem)
            return WAYS[way_of(problem)](problem, self._kernel)

        def make_kept() -> tuple[Run, Carry]:
            problem = pose()
            run = begin_run(problem, self._new_folder(problem), way=way_of(problem))
            self._kept = str(run.folder)
            return run, lambda on_step: resume_run(run.folder, on_step=on_step)

        if not self.runner.busy:
            self._moving = frozenset()
        if self._folder is None:
            self.runner.start(make)
        else:
            self.runner.start_kept(make_kept)

    @property
    def result(self) -> LearnResult | None:
        """What the last run found, or None."""
        return self._fitted and self._fitted[0]

    def fitted(self) -> tuple[LearnResult, Kernel | None]:
        """Give the last result, and its kernel if that is still there; RuntimeError if there is none, or a run goes on."""
        if self.runner.busy or self._fitted is None:
            msg = "there is no fit to examine" + (
                " before the run has ended." if self.runner.busy else ". Learn first."
            )
            raise RuntimeError(msg)
        return self._fitted

    def stop(self) -> None:
        """End the run with the best result so far; RuntimeError if there is none."""
        self.runner.stop()
        self.channel.put(status="stopping after the present step")

    def set_rate(self, rate: float) -> None:
        """Take a learning rate, for the run that goes on, too; ValueError if it is not above zero."""
        if not 0 < rate < float("inf"):
            msg = f"`rate` must be positive and finite, got {rate!r}. Give for example {_RATE}."
            raise ValueError(msg)
        self.channel.put(rate=rate)
        if self.runner.busy and self.channel.traits["method"] in OPTAX_METHODS:
            self.runner.ask("rate", rate)

    def check_free(self, paths: Collection[str], free: bool) -> None:  # noqa: FBT001 (the presenter of the panel calls it)
        """Raise ValueError if a run goes on that cannot move these parameters, or would be left with none."""
        if not self.runner.busy:
            return
        foreign = [path for path in paths if path not in self._paths]
        if free and foreign:
            msg = (
                f"{foreign[0]!r} cannot move in the run that goes on: its derivatives were compiled for "
                f"{len(self._paths)} other parameters. Stop it, free {foreign[0]!r}, and learn again."
            )
            raise ValueError(msg)
        if not free and not self._moving.difference(paths):
            msg = "the run that goes on would be left with no free parameter. Free another one before, or stop the run."
            raise ValueError(msg)

    def _problem(self, twin: Twin, free: frozenset[str], method: str, rate: float) -> LearnProblem:
        if not free:
            msg = "no parameter is free. Tick at least one in the panel."
            raise ValueError(msg)
        # what was free before stays among what may move: to hold it, and to free it again, compiles nothing
        if not free.issubset(self._paths):
            self._paths, self._kernel = sorted(free), None
        known = twin.parameters.select(self._paths)
        return LearnProblem(
            twin,
            self._data,
            free=self._paths,
            priors={path: prior for path, prior in self._given(twin).items() if path in known},
            likelihood=self._likelihood,
            hold=[path for path in self._paths if path not in free],
            method=method,
            max_steps=_MAX_STEPS.get(method, 200),
            learning_rate=rate if method in OPTAX_METHODS else None,
        )

    def _given(self, twin: Twin) -> dict[str, Prior]:
        """Give the priors by path; a later pattern goes before an earlier one."""
        return {
            path: prior for pattern, prior in self._priors.items() for path in twin.parameters.select([pattern]).paths
        }

    def _new_folder(self, problem: LearnProblem) -> Path:
        names = {experiment.name for experiment in problem.experiments}
        stem = f"{names.pop() if len(names) == 1 else 'joint'}-{time.strftime('%Y%m%d-%H%M%S')}"
        names = (stem, *(f"{stem}-{k}" for k in range(2, 1000)))
        root = self._folder or Path()
        return next(root / name for name in names if not (root / name).exists())

    def _act(self, message: Message) -> None:
        commands: dict[str, Callable[[], None]] = {
            "start": self.start,
            "pause": self.runner.pause,
            "resume": self.runner.resume,
            "stop": self.stop,
            "rate": lambda: self.set_rate(number(message, "value")),
            "ready": partial(self._send_all),
        }
        kind = str(message.get("kind"))
        if kind not in commands:
            raise UnknownMessageError(message)
        commands[kind]()

    def _on_session(self) -> None:
        """Let the run that goes on move what is free now, and hold what is not."""
        if not self.runner.busy or not self._moving:
            return
        free = self._session.free.intersection(self._paths)
        # freed first: a run must not be left with none in between
        for name, paths in (("free", free - self._moving), ("hold", self._moving - free)):
            for path in sorted(paths):
                self.runner.ask(name, path)
        self._moving = free

    def _on_state(self, state: str, words: str) -> None:
        if state == "error":
            self.channel.put(status=words)
        elif state in _WORDS:
            self.channel.put(status=_WORDS[state])
        self.channel.put(state=state)

    def _on_steps(self, steps: list[Step]) -> None:
        self._steps += steps
        self._send(steps, whole=False)
        last = steps[-1]
        if self.runner.state == "running":
            self.channel.put(status=f"learning: {last.stage}")
        now = time.perf_counter()
        if now - self._followed >= _FOLLOW:
            self._followed = now
            self._follow(self._twin.replace(last.parameters))

    def _send(self, steps: list[Step], *, whole: bool) -> None:
        if self._traces is None or not steps:
            return
        content = {"kind": "steps", "iteration": steps[-1].iteration, "whole": whole}
        self.channel.send(content, self._traces.numbers(steps))

    def _send_all(self) -> None:
        self._send(self._steps, whole=True)

    def _on_end(self, result: Any) -> None:
        if result is None:
            self.channel.put(status="stopped before the first step")
        else:
            # what a run in a folder was made with is not here
            self._fitted = result, self._kernel if self._folder is None else None
            self._session.apply(result.twin, result.stderr)
            words = outcome(result) + (f". Kept in {self._kept}" if self._kept else "")
            self.channel.put(table=[asdict(row) for row in learned_rows(result)], status=words, elapsed=result.seconds)
        self._ended()
