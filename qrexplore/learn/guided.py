"""A guided start: of the values someone has set and those read off the data, begin where the data fit best."""

from dataclasses import replace

from qrexplore.core import Task
from qrexplore.experiments import from_dataset
from qrexplore.learn.fit import task
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.learn.starts import RECIPES, start
from qrexplore.twin import Twin


def guided(problem: LearnProblem) -> Task:
    """Give a learning problem as a task that begins at the best of several starts.

    Parameters
    ----------
    problem
        The question. Free parameters may begin elsewhere than its twin has them; the others stay.
    """
    kernel = Kernel(problem)
    return task(replace(problem, twin=best_start(problem, kernel)), kernel)


def best_start(problem: LearnProblem, kernel: Kernel) -> Twin:
    """Give the twin to begin with: that of the problem, or with its free parameters as read off the data, whichever fits best.

    Each is tried with a small distortion, too, where one is free and absent, since it has no direction to grow in.
    """
    twins = [problem.twin]
    for data in problem.datasets.values():
        twins.append(start(problem.twin, data))
        experiment = from_dataset(data)
        recipe = RECIPES[experiment.name]
        twins += [twin.replace(recipe.distorted(experiment, twin)) for twin in twins if recipe.ideal]
    free = problem.table.paths

    def restricted(twin: Twin) -> Twin:
        table = twin.parameters
        return problem.twin.replace({path: table[path].value for path in free})

    candidates = [restricted(twin) for twin in twins]
    return min(candidates, key=lambda twin: kernel.loss(replace(problem, twin=twin)))
