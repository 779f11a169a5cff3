"""Guided learning: a start read off the data, an undistorted device first, and then everything that is free.

A distortion that is learned together with a wrong coupling settles in a wrong valley; an undistorted device has few
parameters and one valley, and is the place from which to look for the rest.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qrexplore.core import ParameterTable, Status, Step, Task, require_positive
from qrexplore.learn.archive import pack_result, unpack_result
from qrexplore.learn.fit import LearnResult, LearnState, task
from qrexplore.learn.posed import with_asked
from qrexplore.learn.problem import LearnProblem, steered, steering, with_values
from qrexplore.learn.residuals import Kernel
from qrexplore.learn.starts import recipe_of, start
from qrexplore.learn.steps import below, pack_steps, prefixed, unpack_steps
from qrexplore.optimize import OPTAX_METHODS
from qrexplore.twin import Twin

IDEAL, ALL = "ideal device", "all parameters"
# a model that is known to lack something need not be fitted to the last digit
_IDEAL_STEPS = 20


@dataclass(frozen=True, eq=False)
class GuidedState:
    """Where a guided run stands: its stage, the state within it, what the stage before has found, and all steps.

    `question` is what was asked, with what was asked since of the parameters that move and of the rate. `substeps` are those of
    the kernel when the stage began, which decide the last bits of how its task was posed.
    """

    question: LearnProblem
    stage: str
    task: Task
    inner: LearnState
    substeps: tuple[int, ...]
    ideal: LearnResult | None = None
    history: tuple[Step, ...] = ()


def guided(problem: LearnProblem, kernel: Kernel | None = None, *, seeded: bool = True, by_ideal: bool = False) -> Task:
    """Give a learning problem as a task that finds its own way.

    Where parameters are free that an undistorted device would not need, they are held at first, and released from the
    better of the start and the ideal device.

    Parameters
    ----------
    problem
        The question. Free parameters may begin elsewhere than its twin has them; the others stay.
    kernel
        See `qrexplore.learn.task`.
    seeded
        Whether to read starting values off the data; if not, those of the twin are the start.
    by_ideal
        Whether to go by the ideal device even where the twin, with the distortion that it has, fits better.

    Returns
    -------
    Task
        Ends in a `LearnResult` whose `ideal` is that of the undistorted device; its steps name their stage.
    """
    return _Guide(problem, kernel, seeded=seeded, by_ideal=by_ideal).task()


class _Guide:
    """What a guided run knows beforehand: where it may begin, and what an undistorted device has."""

    def __init__(self, problem: LearnProblem, kernel: Kernel | None, *, seeded: bool, by_ideal: bool) -> None:
        self.began = time.perf_counter()
        self.problem, self.kernel, self.by_ideal = problem, kernel or Kernel(problem), by_ideal
        self.recipes = [(recipe_of(experiment), experiment) for experiment in problem.experiments]
        self.read = [start(problem.twin, data) for data in problem.datasets.values()] if seeded else []
        self.ideal_values = {
            path: value
            for recipe, experiment in self.recipes
            for path, value in recipe.undistorted(problem.twin, experiment).items()
            if path in problem.table
        }
        self._rated = problem.choice.method in OPTAX_METHODS
        self.undistorted = {
            "hold": (*problem.hold, *self.ideal_values),
            "max_steps": _IDEAL_STEPS,
            "method": "levenberg-marquardt",
        }

    def task(self) -> Task:
        return Task(self.problem, self.init, self.advance, self.done, self.finish, self.pack, self.unpack, self.answer)

    def init(self) -> GuidedState:
        problem = self.problem
        if not self.ideal_values or len(self.ideal_values) == len(problem.table):
            return self._everything(problem, None)
        begins = (twin.replace(self.ideal_values) for twin in self._begins(problem))
        undistorted, loss = self._best(problem, begins, **self.undistorted)
        table = problem.twin.parameters
        distorts = any(table[path].value != value for path, value in self.ideal_values.items())
        if distorts and not self.by_ideal and self.kernel.loss(problem) < loss:
            return self._everything(problem, None)
        return self._stage(problem, IDEAL, undistorted)

    def done(self, state: GuidedState) -> Status | None:
        status = state.task.done(state.inner)
        return None if state.stage == IDEAL and status is not Status.NONFINITE else status

    def advance(self, state: GuidedState) -> tuple[GuidedState, Step]:
        status = state.task.done(state.inner)
        if status is not None:
            state = replace(self._everything(state.question, self.finish(state, status)), history=state.history)
        inner, step = state.task.advance(state.inner)
        step = replace(
            step,
            iteration=len(state.history) + 1,
            parameters=self._all(state.inner.posed.problem, step.parameters),
            seconds=time.perf_counter() - self.began,
            stage=state.stage,
        )
        return replace(state, inner=inner, history=(*state.history, step)), step

    def finish(self, state: GuidedState, status: Status) -> LearnResult:
        result = state.task.finish(state.inner, status)
        seconds = time.perf_counter() - self.began
        return replace(result, history=state.history, ideal=state.ideal, seconds=seconds)

    def pack(self, state: GuidedState) -> dict[str, np.ndarray]:
        return {
            "stage": np.array(state.stage),
            **steering(state.question),
            "rate": np.array(state.question.learning_rate, dtype=np.float64),
            "seconds": np.array(time.perf_counter() - self.began),
            "substeps": np.array(state.substeps, dtype=np.int64),
            "start": state.task.problem.twin.parameters.values,
            **prefixed("inner/", state.task.pack(state.inner)),
            **prefixed("history/", pack_steps(state.history)),
            **({} if state.ideal is None else prefixed("ideal/", pack_result(state.ideal))),
        }

    def unpack(self, arrays: dict[str, np.ndarray]) -> GuidedState:
        stage, ideal = str(arrays["stage"]), below("ideal/", arrays)
        changed = self._changed(arrays)
        rate = {"learning_rate": changed.learning_rate}
        question = with_values(self.problem, arrays["start"], **(self.undistorted if stage == IDEAL else {}), **rate)
        substeps = tuple(arrays["substeps"].tolist())
        self.kernel.substeps = substeps
        inner = task(question, self.kernel)
        self.began = time.perf_counter() - float(arrays["seconds"])
        return GuidedState(
            changed,
            stage,
            inner,
            inner.unpack(below("inner/", arrays)),
            substeps,
            unpack_result(self.problem, ideal) if ideal else None,
            unpack_steps(below("history/", arrays)),
        )

    def answer(self, state: GuidedState, name: str, value: Any) -> GuidedState:
        if state.stage == IDEAL and name in {"hold", "free"} and isinstance(value, str):
            return self._moving_otherwise(state, name, value)
        if state.stage == IDEAL and name == "rate" and isinstance(value, int | float) and self._rated:
            require_positive(value, "rate", "free coordinates")
            return replace(state, question=replace(state.question, learning_rate=float(value)))
        return replace(state, inner=state.task.answer(state.inner, name, value))

    def _moving_otherwise(self, state: GuidedState, name: str, value: str) -> GuidedState:
        """Answer what is asked of the parameters of an undistorted device, and note it for the stage in which all move."""
        question, inner = state.question, state.inner
        held = with_asked(question, name, value)
        # a distortion that is freed is so from the next stage on
        freed = [path for path in question.held if path not in {*held, *self.ideal_values}]
        for pattern in [value] if name == "hold" else freed:
            inner = state.task.answer(inner, name, pattern)
        # what is held stays where it stands, and not where the search began
        stands = inner.posed.problem.candidates
        twin = question.moved({path: stands[path].value for path in held if path not in question.held})
        return replace(state, inner=inner, question=replace(question, twin=twin, hold=held))

    def _changed(self, arrays: dict[str, np.ndarray]) -> LearnProblem:
        """Give the question with what was asked of the run up to a checkpoint; an earlier version has kept nothing of it."""
        rate = float(arrays["rate"]) if "rate" in arrays else np.nan
        return steered(replace(self.problem, learning_rate=None if np.isnan(rate) else rate), arrays)

    def _all(self, now: LearnProblem, values: Mapping[str, float]) -> dict[str, float]:
        """Give the values of what moves, and of what is held now and was free at the beginning."""
        known = {*self.problem.table.paths, *values}
        return {row.path: values.get(row.path, row.value) for row in now.candidates if row.path in known}

    def _stage(
        self, asked: LearnProblem, name: str, question: LearnProblem, ideal: LearnResult | None = None
    ) -> GuidedState:
        substeps = self.kernel.substeps
        inner = task(question, self.kernel)
        return GuidedState(asked, name, inner, inner.init(), substeps, ideal)

    def _everything(self, asked: LearnProblem, ideal: LearnResult | None) -> GuidedState:
        known = self._begins(asked)
        if ideal is not None:
            known.append(asked.twin.replace(_moving(asked, ideal.twin.parameters)))
        distorted = (self._distorted(asked, twin) for twin in known)
        return self._stage(asked, ALL, self._best(asked, distorted)[0], ideal)

    def _begins(self, asked: LearnProblem) -> list[Twin]:
        """Give where a search may begin: the twin, and what was read off the data."""
        return [asked.twin, *(asked.twin.replace(_moving(asked, twin.parameters)) for twin in self.read)]

    def _best(self, asked: LearnProblem, twins: Iterable[Twin], **changes: Any) -> tuple[LearnProblem, float]:
        """Give the problem with the start that fits best, and its loss."""
        questions = [replace(asked, twin=twin, **changes) for twin in twins]
        losses = np.array([self.kernel.loss(question) for question in questions])
        # one that cannot be computed is no candidate; if none can be, the run ends with that status
        best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
        return questions[best], float(losses[best])

    def _distorted(self, asked: LearnProblem, twin: Twin) -> Twin:
        """Give a twin with a small distortion where it has none and one is free: it has no direction to grow in."""
        for recipe, experiment in self.recipes:
            twin = twin.replace(_moving(asked, recipe.distorted(twin, experiment)))
        return twin


def _moving(problem: LearnProblem, values: ParameterTable | Mapping[str, float]) -> dict[str, float]:
    """Give the values of what a problem moves."""
    if isinstance(values, ParameterTable):
        values = {row.path: row.value for row in values}
    return {path: value for path, value in values.items() if path in problem.table}
