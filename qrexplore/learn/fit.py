"""Learning: a problem as a task of the iterate contract, and the result with its uncertainty."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from qrexplore.core import ParameterTable, Status, Step, Task, format_quantity, format_with_error, run
from qrexplore.learn.expected import expected_squares
from qrexplore.learn.likelihood import Measured
from qrexplore.learn.posed import Posed, moving_otherwise, posed
from qrexplore.learn.problem import LearnProblem, steered, steering
from qrexplore.learn.residuals import TOLERANCE, Kernel
from qrexplore.learn.steps import below, pack_steps, prefixed, unpack_steps
from qrexplore.learn.uncertainty import laplace
from qrexplore.optimize import Coordinates, Mark, Progress, pack, reposed, unpack, with_rate
from qrexplore.twin import Twin


@dataclass(frozen=True, eq=False)
class LearnResult:
    """What was learned, how sure, and how well it explains the data.

    Attributes
    ----------
    problem
        The question.
    twin
        The twin with the learned values.
    parameters
        Table of the free parameters with the learned values.
    stderr
        Standard error of each, by path, in its unit; infinity where the data do not tell. Errors are
        scaled by the root of chi2 per degree of freedom, except down where the file states its noise.
    covariance
        Of the free parameters, in the order of the table.
    chi2_per_dof
        Sum of squared residuals over what noise alone would bring, less the parameters learned; 1 is a fit to the noise. It says
        nothing where the noise is unknown (likelihood ``mse``, or data too coarse to tell).
    misfit
        rms of the residual over rms of the data about their mean, each qubit with its own scale.
    predictions
        What the learned twin predicts, for each dataset.
    status
        How the search ended.
    history
        The steps.
    seconds
        Wall time, compilation included.
    step_error
        Estimate of the largest error of a population that the steps of the solver make (see `qrexplore.twin.resolution`).
    ideal
        Best fit of an undistorted device, where the search came by one (see `qrexplore.learn.guided`).
    coordinates
        Free coordinates of the parameters where the search ended (see `qrexplore.optimize.Coordinates`).
    inflation
        Factor by which the misfit widened the variances, next to what the noise alone would give.
    """

    problem: LearnProblem
    twin: Twin
    parameters: ParameterTable
    stderr: dict[str, float]
    covariance: Float[np.ndarray, "parameters parameters"]
    chi2_per_dof: float
    misfit: float
    predictions: tuple[np.ndarray, ...]
    status: Status
    history: tuple[Step, ...]
    seconds: float
    step_error: float
    ideal: "LearnResult | None" = None
    coordinates: Float[np.ndarray, " parameters"] | None = None
    inflation: float = 1.0

    @property
    def point(self) -> Float[np.ndarray, " parameters"]:
        """Free coordinates of the fit, also where an earlier version has kept none."""
        if self.coordinates is not None:
            return np.asarray(self.coordinates)
        return Coordinates(self.problem.table).free(self.parameters.values)

    def __repr__(self) -> str:
        """Print the learned values with their errors."""
        width = max(len(path) for path in self.parameters.paths)
        lines = [f"{self.status.value}; {len(self.history)} steps, {self.seconds:.1f} s"]
        if self.problem.method == "auto":
            lines.append(f"{self.problem.choice.method}: {self.problem.choice.reason}")
        lines.append(
            f"misfit {self.misfit:.4f} (rms residual / rms data), chi2 per degree of freedom {self.chi2_per_dof:.2f}"
        )
        if self.problem.subsample is not None:
            lines.append(
                f"a first look: fitted to {100 * self.problem.fitted_share:.0f} % of the points (seed {self.problem.seed}), "
                "errors are those of so many"
            )
        lines += self.problem.left_out
        if self.step_error > TOLERANCE:
            lines.append(
                f"the steps of the solver are too long here: they put populations off by up to {self.step_error:.1e}. "
                "Learn again from the learned twin."
            )
        for row in self.parameters:
            error = self.stderr[row.path]
            text = format_with_error(row.value, error, row.unit)
            if not np.isfinite(error):
                text = f"{format_quantity(row.value, row.unit)} (not determined by these data)"
            lines.append(f"{row.path.ljust(width)}  {text}")
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class LearnState:
    """Where a learning run stands: the search and what it looks for now, and the sum of squares of each dataset."""

    posed: Posed
    progress: Progress
    began: float
    mark: Mark
    chi2: dict[str, float]
    history: tuple[Step, ...] = ()


def task(problem: LearnProblem, kernel: Kernel | None = None) -> Task:
    """Give a learning problem as a task that can be driven by a script or by a worker behind a widget.

    Its `answer` takes ``rate`` with a number, and ``hold`` and ``free`` with a path (or a pattern of paths): the search goes
    on from where it stands with fewer or more parameters, of those named by `LearnProblem.free`.

    Parameters
    ----------
    problem
        The question.
    kernel
        Compiled functions of an earlier problem with the same experiments, data and free paths; made anew if left out.
    """
    kernel = kernel or Kernel(problem)
    begin = posed(kernel, problem)

    def init() -> LearnState:
        began = time.perf_counter()
        progress = begin.method.init(begin.objective)
        return LearnState(begin, progress, began, problem.stop.mark(progress), begin.chi2(progress) or {})

    def advance(state: LearnState) -> tuple[LearnState, Step]:
        question = state.posed
        question.heard.clear()
        progress = question.method.advance(question.objective, state.progress)
        # no call of the model is made for it: what is the best point now was evaluated in this step, or is the best still
        chi2 = question.chi2(progress) or state.chi2
        seconds = time.perf_counter() - state.began
        values = question.values(progress, begin.problem)
        step = Step(progress.iteration, progress.loss, progress.gradient_norm, values, seconds, chi2=chi2)
        mark = problem.stop.mark(progress, state.mark)
        return LearnState(question, progress, state.began, mark, chi2, (*state.history, step)), step

    def done(state: LearnState) -> Status | None:
        reached = problem.stop.reached(state.progress, state.mark, time.perf_counter() - state.began)
        status = reached if reached is Status.TARGET else state.posed.method.done(state.progress) or reached
        if status is None and state.progress.iteration >= problem.max_steps:
            return Status.MAX_STEPS
        return status

    def answer(state: LearnState, name: str, value: Any) -> LearnState:
        if name == "rate" and isinstance(value, int | float):
            return replace(state, progress=with_rate(state.progress, float(value)))
        if name not in {"hold", "free"} or not isinstance(value, str):
            msg = (
                f"a fit takes 'rate' with a number, and 'hold' and 'free' with a path, got {name!r} with {value!r}. "
                "Stop it and begin another one."
            )
            raise ValueError(msg)
        question = moving_otherwise(kernel, state.posed, state.progress, name, value)
        if question is state.posed:
            return state
        progress = reposed(question.method, question.objective, state.progress)
        mark = problem.stop.mark(progress)
        return replace(state, posed=question, progress=progress, mark=mark, chi2=question.chi2(progress) or state.chi2)

    return Task(
        problem,
        init,
        advance,
        done,
        partial(_finished, kernel),
        pack=partial(_packed, kernel),
        unpack=partial(_unpacked, kernel, begin),
        answer=answer,
    )


def _finished(kernel: Kernel, state: LearnState, status: Status) -> LearnResult:
    problem, coordinates, best = state.posed.problem, state.posed.coordinates, state.progress.coordinates
    paths = problem.table.paths
    twin = problem.moved(state.posed.values(state.progress))
    found = kernel.evaluate(kernel.point(problem, best), problem.twin)
    slopes, told = found.jacobian[:, problem.moving], coordinates.whitened
    noise = sum(
        float(np.nansum(expected_squares(*pair))) for pair in zip(problem.measured, found.predictions, strict=True)
    )
    freedom = max(1.0, noise - learned_count(slopes, told))
    chi2 = float(found.residual @ found.residual) / freedom
    known = all(part.noise == "file" for part in problem.measured)
    # of data without noise that are matched, nothing is left to widen errors by, and something to divide by
    inflation = max(1.0 if known else np.finfo(float).eps ** 2, chi2)
    # errors of the data grow with what is left unexplained, priors stay what they are
    rows = [slopes / np.sqrt(inflation), np.eye(len(paths))[told]]
    spread = laplace(np.vstack(rows), coordinates.slopes(best), 1.0)
    return LearnResult(
        problem=problem,
        twin=twin,
        parameters=twin.parameters.select(paths),
        stderr={path: float(error) for path, error in zip(paths, spread.stderr, strict=True)},
        covariance=spread.covariance,
        chi2_per_dof=chi2,
        misfit=misfit(problem.measured, found.predictions),
        predictions=found.predictions,
        status=status,
        history=state.history,
        seconds=time.perf_counter() - state.began,
        step_error=kernel.step_error(twin),
        coordinates=np.asarray(best),
        inflation=inflation,
    )


def _packed(kernel: Kernel, state: LearnState) -> dict[str, np.ndarray]:
    return {
        # the steps of the solver decide the last bits
        "substeps": np.array(kernel.substeps, dtype=np.int64),
        "seconds": np.array(time.perf_counter() - state.began),
        "mark/loss": np.array(state.mark.loss),
        "mark/iteration": np.array(state.mark.iteration),
        **steering(state.posed.problem),
        "chi2": np.array(list(state.chi2.values()), dtype=np.float64),
        **prefixed("progress/", pack(state.progress)),
        **prefixed("history/", pack_steps(state.history)),
    }


def _unpacked(kernel: Kernel, begin: Posed, arrays: dict[str, np.ndarray]) -> LearnState:
    problem = steered(begin.problem, arrays)
    if problem is not begin.problem:
        begin = posed(kernel, problem)
    template = begin.method.init(begin.objective)
    kernel.substeps = tuple(arrays["substeps"].tolist())
    began = time.perf_counter() - float(arrays["seconds"])
    mark = Mark(float(arrays["mark/loss"]), int(arrays["mark/iteration"]))
    progress = unpack(template, below("progress/", arrays))
    # an earlier version has kept none
    chi2 = dict(zip(problem.datasets, arrays["chi2"].tolist(), strict=True)) if "chi2" in arrays else {}
    return LearnState(begin, progress, began, mark, chi2, unpack_steps(below("history/", arrays)))


def learn(
    problem: LearnProblem, *, on_step: Callable[[Step], None] | None = None, kernel: Kernel | None = None
) -> LearnResult:
    """Learn the free parameters of a problem.

    Parameters
    ----------
    problem
        Twin, data and what is free.
    on_step
        Called with each `Step`, for a progress bar.
    kernel
        See `task`.

    Returns
    -------
    LearnResult
        The learned twin with uncertainties, goodness of fit and history. Its `status` says how the search ended.
    """
    return run(task(problem, kernel), on_step=on_step)


def learned_count(jacobian: Float[np.ndarray, "residuals parameters"], told: Bool[np.ndarray, " parameters"]) -> float:
    """Give how many parameters the data determine: all, less what priors of unit width (where `told`) hold of them.

    The trace of ``F (F + P)^-1`` with the Fisher matrix F of the data and the precision P of the priors.
    """
    if not np.any(told):
        return float(jacobian.shape[1])
    fisher = jacobian.T @ jacobian
    scale = 1 / np.sqrt(np.maximum(np.diag(fisher) + told, np.finfo(float).tiny))
    joint = (fisher + np.diag(told.astype(float))) * np.outer(scale, scale)
    return float(np.trace(np.linalg.pinv(joint) @ (fisher * np.outer(scale, scale))))


def misfit(measured: Sequence[Measured], predictions: Sequence[np.ndarray]) -> float:
    """Give rms(residual)/rms(data about their mean) over all datasets, each qubit with its own scale; NaN without data."""
    shares = []
    for part, predicted in zip(measured, predictions, strict=True):
        axes = tuple(range(1, part.values.ndim))
        known = part.present.any(axis=axes)  # of a qubit without a number there is no scale
        values = np.where(part.present, part.values, np.nan)[known]
        variance = np.nanvar(values, axis=axes)
        error = np.nanmean((np.asarray(predicted)[known] - values) ** 2, axis=axes)
        shares.append(error / np.where(variance > 0, variance, 1.0))
    found = np.concatenate(shares)
    return float(np.sqrt(np.mean(found))) if len(found) else np.nan
