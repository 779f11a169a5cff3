"""Learning many parameters from many experiments and wide priors, in stages.

The likelihood of all data has many valleys, and each look at it is dear. Landmarks lead into the right one; what was measured on
one qubit is cheaper than the rest, and tells most of the chip and its lines; then all data are fitted.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qrexplore.core import Status, Step, Task
from qrexplore.learn.fit import LearnResult, LearnState, task
from qrexplore.learn.placing import placed
from qrexplore.learn.posed import with_asked
from qrexplore.learn.problem import LearnProblem, steered, steering
from qrexplore.learn.residuals import Kernel
from qrexplore.learn.steps import below, pack_steps, prefixed, unpack_steps
from qrexplore.optimize import Stop

LANDMARKS, ONE_QUBIT, ALL = "landmarks", "one qubit at a time", "all data"
# a stage only has to come near: it ends when it no longer gets ahead
_NEAR = Stop(steps=15, patience=4, share=1e-2)
# standard deviations by which noise alone would rarely be above its mean
_CHANCE = 3.0


@dataclass(frozen=True, eq=False)
class StagedState:
    """Where a run in stages stands.

    `question` is what was asked, with the values found before the stage, and with what was asked since of the parameters that
    move. `task` and `inner` are the search of the stage, none where landmarks are looked for; `substeps` those of the kernel
    when it began.
    """

    question: LearnProblem
    stage: str
    task: Task | None
    inner: LearnState | None
    substeps: tuple[int, ...]
    history: tuple[Step, ...] = ()


def staged(problem: LearnProblem, kernel: Kernel | None = None) -> Task:
    """Give a learning problem as a task that comes from wide priors into the right valley.

    Parameters
    ----------
    problem
        The question; priors on all that is free are what the search goes by. Its seed is that of the places around the start
        where landmarks are looked for. Where its twin explains what was measured on single qubits, all data are fitted from
        there.
    kernel
        See `qrexplore.learn.task`.

    Returns
    -------
    Task
        Ends in a `LearnResult` of all data; its steps name their stage, and their loss is that of the data of the stage. One
        that is stopped before all data are fitted ends in a result of what was fitted.
    """
    return _Stages(problem, kernel).task()


class _Stages:
    """What a run in stages knows beforehand: which data are of one qubit."""

    def __init__(self, problem: LearnProblem, kernel: Kernel | None) -> None:
        self.began = time.perf_counter()
        self.problem, self.kernel = problem, kernel or Kernel(problem)
        named = list(zip(problem.datasets, problem.experiments, strict=True))
        self.single = [name for name, experiment in named if len(experiment.qubits) == 1]

    def task(self) -> Task:
        return Task(self.problem, self.init, self.advance, self.done, self.finish, self.pack, self.unpack, self.answer)

    def init(self) -> StagedState:
        first = self.single or list(self.problem.datasets)
        part = self._of(self.problem, first)
        if self.kernel.only(first).loss(part) <= _like_noise(part.independent):
            return self._enter(self.problem, ALL)
        return StagedState(self.problem, LANDMARKS, None, None, self.kernel.substeps)

    def done(self, state: StagedState) -> Status | None:
        status = None if state.task is None else state.task.done(state.inner)
        return status if state.stage == ALL or status is Status.NONFINITE else None

    def advance(self, state: StagedState) -> tuple[StagedState, Step]:
        if state.task is None or state.inner is None:
            twin = placed(state.question, seed=state.question.seed)
            question = replace(state.question, twin=twin)
            after = self._enter(question, ONE_QUBIT if self.single else ALL)
            return self._told(state, after, LANDMARKS)
        if state.task.done(state.inner) is None:
            inner, step = state.task.advance(state.inner)
            return self._noted(replace(state, inner=inner), step, state.stage)
        return self._told(state, self._enter(self._found(state), ALL), ALL)

    def finish(self, state: StagedState, status: Status) -> LearnResult:
        if (state.stage != ALL and status is not Status.STOPPED) or state.task is None:
            # what was asked is answered for all data, however far it came
            state = replace(self._enter(self._found(state), ALL), history=state.history)
        assert state.task is not None  # noqa: S101 (a stage with data has a search)
        result = state.task.finish(state.inner, status)
        return replace(result, history=state.history, seconds=time.perf_counter() - self.began)

    def pack(self, state: StagedState) -> dict[str, np.ndarray]:
        inner = {} if state.task is None else prefixed("inner/", state.task.pack(state.inner))
        return {
            "stage": np.array(state.stage),
            **steering(state.question),
            "seconds": np.array(time.perf_counter() - self.began),
            "substeps": np.array(state.substeps, dtype=np.int64),
            **inner,
            **prefixed("history/", pack_steps(state.history)),
        }

    def unpack(self, arrays: dict[str, np.ndarray]) -> StagedState:
        self.began = time.perf_counter() - float(arrays["seconds"])
        stage, question = str(arrays["stage"]), steered(self.problem, arrays)
        self.kernel.substeps = substeps = tuple(arrays["substeps"].tolist())
        search = self._search(question, stage)
        return StagedState(
            question,
            stage,
            search,
            None if search is None else search.unpack(below("inner/", arrays)),
            substeps,
            unpack_steps(below("history/", arrays)),
        )

    def answer(self, state: StagedState, name: str, value: Any) -> StagedState:
        inner = state.inner
        if state.task is not None:
            inner = state.task.answer(inner, name, value)
        if state.stage == ALL or name not in {"hold", "free"} or not isinstance(value, str):
            return replace(state, inner=inner)
        # what is held stays where it stands, and not where the stage began
        found = self._found(replace(state, inner=inner))
        return replace(state, inner=inner, question=replace(found, hold=with_asked(state.question, name, value)))

    def _search(self, question: LearnProblem, stage: str) -> Task | None:
        """Give the search of a stage."""
        if stage == LANDMARKS:
            return None
        if stage == ALL:
            return task(question, self.kernel)
        part = self._of(question, self.single)
        return task(replace(part, stop=_NEAR, method="levenberg-marquardt"), self.kernel.only(self.single))

    def _enter(self, question: LearnProblem, stage: str) -> StagedState:
        substeps, search = self.kernel.substeps, self._search(question, stage)
        return StagedState(question, stage, search, None if search is None else search.init(), substeps)

    def _of(self, question: LearnProblem, names: Sequence[str]) -> LearnProblem:
        whole, weights = question.whole, question.weights
        return replace(
            question,
            data={name: whole[name] for name in question.datasets if name in names},
            weights={name: weight for name, weight in weights.items() if name in names},
        )

    def _found(self, state: StagedState) -> LearnProblem:
        """Give the question with the values that a stage has come to."""
        if state.inner is None:
            return state.question
        return replace(
            state.question, twin=state.question.moved(state.inner.posed.values(state.inner.progress, state.question))
        )

    def _told(self, before: StagedState, after: StagedState, stage: str) -> tuple[StagedState, Step]:
        """Give the first state of a stage, and a step that tells of it."""
        assert after.inner is not None  # noqa: S101 (what comes after landmarks is a search)
        inner = after.inner
        norm = inner.progress.gradient_norm
        step = Step(0, inner.progress.loss, norm, inner.posed.values(inner.progress), 0.0, chi2=inner.chi2)
        return self._noted(replace(after, history=before.history), step, stage)

    def _noted(self, state: StagedState, step: Step, stage: str) -> tuple[StagedState, Step]:
        seconds = time.perf_counter() - self.began
        step = replace(step, iteration=len(state.history) + 1, seconds=seconds, stage=stage)
        return replace(state, history=(*state.history, step)), step


def _like_noise(points: int) -> float:
    """Give half the sum of squares below which so many points are explained; the priors' part of it is small."""
    return (points + _CHANCE * np.sqrt(2 * points)) / 2
