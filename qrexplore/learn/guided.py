"""Guided learning: a start read off the data, an undistorted device first, and then everything that is free.

A distortion that is learned together with a wrong coupling settles in a wrong valley; an undistorted device has few
parameters and one valley, and is the place from which to look for the rest.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qrexplore.core import ParameterTable, Status, Step, Task
from qrexplore.learn.archive import pack_result, unpack_result, with_values
from qrexplore.learn.fit import LearnResult, LearnState, task
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.learn.starts import recipe_of, start
from qrexplore.learn.steps import below, pack_steps, prefixed, unpack_steps
from qrexplore.twin import Twin

IDEAL, ALL = "ideal device", "all parameters"
# a model that is known to lack something need not be fitted to the last digit
_IDEAL_STEPS = 20


@dataclass(frozen=True, eq=False)
class GuidedState:
    """Where a guided run stands: its stage, the state within it, what the stage before has found, and all steps.

    `substeps` are those of the kernel when the stage began, which decide the last bits of how its task was posed.
    """

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
        read = [start(problem.twin, data) for data in problem.datasets.values()] if seeded else []
        self.begins = [problem.twin, *(problem.twin.replace(self._free(twin.parameters)) for twin in read)]
        self.ideal_values = {
            path: value
            for recipe, experiment in self.recipes
            for path, value in recipe.undistorted(problem.twin, experiment).items()
            if path in problem.table
        }
        self.undistorted = {
            "hold": (*problem.hold, *self.ideal_values),
            "max_steps": _IDEAL_STEPS,
            "method": "levenberg-marquardt",
        }

    def task(self) -> Task:
        return Task(self.problem, self.init, self.advance, self.done, self.finish, self.pack, self.unpack, self.answer)

    def init(self) -> GuidedState:
        if not self.ideal_values or len(self.ideal_values) == len(self.problem.table):
            return self._everything(None)
        undistorted, loss = self._best((twin.replace(self.ideal_values) for twin in self.begins), **self.undistorted)
        table = self.problem.twin.parameters
        distorts = any(table[path].value != value for path, value in self.ideal_values.items())
        if distorts and not self.by_ideal and self.kernel.loss(self.problem) < loss:
            return self._everything(None)
        return self._stage(IDEAL, undistorted)

    def done(self, state: GuidedState) -> Status | None:
        status = state.task.done(state.inner)
        return None if state.stage == IDEAL and status is not Status.NONFINITE else status

    def advance(self, state: GuidedState) -> tuple[GuidedState, Step]:
        status = state.task.done(state.inner)
        if status is not None:
            state = replace(self._everything(self.finish(state, status)), history=state.history)
        inner, step = state.task.advance(state.inner)
        step = replace(
            step,
            iteration=len(state.history) + 1,
            parameters=step.parameters if state.stage == ALL else {**self.ideal_values, **step.parameters},
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
            "seconds": np.array(time.perf_counter() - self.began),
            "substeps": np.array(state.substeps, dtype=np.int64),
            "start": state.task.problem.twin.parameters.values,
            **prefixed("inner/", state.task.pack(state.inner)),
            **prefixed("history/", pack_steps(state.history)),
            **({} if state.ideal is None else prefixed("ideal/", pack_result(state.ideal))),
        }

    def unpack(self, arrays: dict[str, np.ndarray]) -> GuidedState:
        stage, ideal = str(arrays["stage"]), below("ideal/", arrays)
        question = with_values(self.problem, arrays["start"], **(self.undistorted if stage == IDEAL else {}))
        substeps = tuple(arrays["substeps"].tolist())
        self.kernel.substeps = substeps
        inner = task(question, self.kernel)
        self.began = time.perf_counter() - float(arrays["seconds"])
        return GuidedState(
            stage,
            inner,
            inner.unpack(below("inner/", arrays)),
            substeps,
            unpack_result(self.problem, ideal) if ideal else None,
            unpack_steps(below("history/", arrays)),
        )

    def answer(self, state: GuidedState, name: str, value: Any) -> GuidedState:
        return replace(state, inner=state.task.answer(state.inner, name, value))

    def _stage(self, name: str, question: LearnProblem, ideal: LearnResult | None = None) -> GuidedState:
        substeps = self.kernel.substeps
        inner = task(question, self.kernel)
        return GuidedState(name, inner, inner.init(), substeps, ideal)

    def _everything(self, ideal: LearnResult | None) -> GuidedState:
        known = self.begins if ideal is None else [*self.begins, ideal.twin]
        return self._stage(ALL, self._best(map(self._distorted, known))[0], ideal)

    def _best(self, twins: Iterable[Twin], **changes: Any) -> tuple[LearnProblem, float]:
        """Give the problem with the start that fits best, and its loss."""
        questions = [replace(self.problem, twin=twin, **changes) for twin in twins]
        losses = np.array([self.kernel.loss(question) for question in questions])
        # one that cannot be computed is no candidate; if none can be, the run ends with that status
        best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
        return questions[best], float(losses[best])

    def _distorted(self, twin: Twin) -> Twin:
        """Give a twin with a small distortion where it has none and one is free: it has no direction to grow in."""
        for recipe, experiment in self.recipes:
            twin = twin.replace(self._free(recipe.distorted(twin, experiment)))
        return twin

    def _free(self, values: ParameterTable | Mapping[str, float]) -> dict[str, float]:
        if isinstance(values, ParameterTable):
            values = {row.path: row.value for row in values}
        return {path: value for path, value in values.items() if path in self.problem.table}
