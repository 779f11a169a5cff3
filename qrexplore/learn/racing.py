"""The race of methods on a learning problem: gradients against searches that know of no derivative."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from qrexplore.core import require_choice
from qrexplore.learn.posed import posed
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.optimize import METHODS, Progress, Stop, Trace, race

RACERS = ("levenberg-marquardt", "l-bfgs", "adam", "cma-es", "nelder-mead")


def raced(
    problem: LearnProblem,
    methods: Sequence[str] = RACERS,
    *,
    stop: Stop | None = None,
    kernel: Kernel | None = None,
    on_progress: Callable[[str, Progress, float], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Trace, ...]:
    """Let methods look for the answer to a problem, one after the other, each posed as a fit by it would be.

    Each takes a step beforehand, which is not counted, so that nothing is compiled while the clock runs.

    Parameters
    ----------
    problem
        The question; its own method is not used.
    methods
        Names in `qrexplore.optimize.METHODS`.
    stop
        Limits of each method; those of the problem if left out.
    kernel
        See `qrexplore.learn.task`.
    on_progress, should_stop
        See `qrexplore.optimize.race`.

    Returns
    -------
    tuple of Trace
        One a method, in their order; fewer if the race was stopped.

    Raises
    ------
    ValueError
        If a method is not known.
    """
    for name in methods:
        require_choice(name, "methods", tuple(METHODS))
    kernel = kernel or Kernel(problem)
    traces: list[Trace] = []
    for name in methods:
        if should_stop():
            break
        warm = posed(kernel, replace(problem, method=name))
        warm.method.advance(warm.objective, warm.method.init(warm.objective))
        # an evaluation that is remembered would cost nothing
        kernel.forget()
        began = time.perf_counter()
        question = posed(kernel, replace(problem, method=name))
        # lengths of the coordinates are measured by a Jacobian
        scaled = question.objective.scale is not None
        calls, lead = (1, time.perf_counter() - began) if scaled else (0, 0.0)

        def watch(name: str, progress: Progress, seconds: float, calls: int = calls, lead: float = lead) -> None:
            if on_progress is not None:
                on_progress(name, replace(progress, evaluations=progress.evaluations + calls), seconds + lead)

        (trace,) = race(
            question.objective,
            {name: question.method},
            stop=stop or problem.stop,
            on_progress=watch,
            should_stop=should_stop,
        )
        traces.append(replace(trace, evaluations=trace.evaluations + calls, seconds=trace.seconds + lead))
    return tuple(traces)
