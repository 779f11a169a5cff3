"""Learning: adjust the free parameters of a twin until it reproduces measured data, and say how sure.

The package is also its own verb: ``qrexplore.learn(problem)``.
"""

from qrexplore.core.verb import make_callable
from qrexplore.learn.archive import digest
from qrexplore.learn.derived import Derived, derived
from qrexplore.learn.fit import LearnResult, LearnState, learn, misfit, task
from qrexplore.learn.guided import guided
from qrexplore.learn.likelihood import LIKELIHOODS, Measured, measured
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.recipe import Recipe
from qrexplore.learn.residuals import Evaluation, Kernel
from qrexplore.learn.runs import WAYS, begin_run, problem_of, record, report, result_of, resume_run
from qrexplore.learn.starts import RECIPES, completed, recipe_of, start
from qrexplore.learn.study import Study, concluded, question, study
from qrexplore.learn.uncertainty import Laplace, laplace

make_callable(__name__, learn)

__all__ = [
    "LIKELIHOODS",
    "RECIPES",
    "WAYS",
    "Derived",
    "Evaluation",
    "Kernel",
    "Laplace",
    "LearnProblem",
    "LearnResult",
    "LearnState",
    "Measured",
    "Recipe",
    "Study",
    "begin_run",
    "completed",
    "concluded",
    "derived",
    "digest",
    "guided",
    "laplace",
    "learn",
    "measured",
    "misfit",
    "problem_of",
    "question",
    "recipe_of",
    "record",
    "report",
    "result_of",
    "resume_run",
    "start",
    "study",
    "task",
]
