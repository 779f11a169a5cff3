"""Learning: adjust the free parameters of a twin until it reproduces measured data, and say how sure.

The package is also its own verb: ``qrexplore.learn(problem)``.
"""

from qrexplore.core.verb import make_callable
from qrexplore.learn.ambiguity import Ambiguity, Optimum, ambiguity
from qrexplore.learn.archive import digest
from qrexplore.learn.comparison import (
    LeaveOneOut,
    LikelihoodRatio,
    bic,
    leave_one_out,
    likelihood_ratio,
    log_evidence,
    preference,
)
from qrexplore.learn.derived import Derived, derived
from qrexplore.learn.examination import Estimate, Examination, Score
from qrexplore.learn.examine import examine
from qrexplore.learn.expected import expected_residuals, expected_squares
from qrexplore.learn.fit import LearnResult, LearnState, learn, misfit, task
from qrexplore.learn.goodness import AxisTest, Goodness, goodness, parameters_spent
from qrexplore.learn.guided import guided
from qrexplore.learn.heldout import HeldOut, held_out, predictive_density
from qrexplore.learn.identifiability import Direction, Identifiability, identifiability
from qrexplore.learn.landmarks import Landmarks, landmarks
from qrexplore.learn.likelihood import LIKELIHOODS, Measured, Missing, measured
from qrexplore.learn.mean_squares import mean_squares
from qrexplore.learn.order import in_order
from qrexplore.learn.placing import placed
from qrexplore.learn.posterior import Posterior, posterior
from qrexplore.learn.predictive import Band, drawn_band, gaussian_draws, linear_band
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.profile import Profile, profile
from qrexplore.learn.racing import RACERS, raced
from qrexplore.learn.recipe import Recipe
from qrexplore.learn.regions import Axis, Region, worst_region
from qrexplore.learn.residuals import Evaluation, Kernel
from qrexplore.learn.runs import WAYS, begin_run, problem_of, record, report, result_of, resume_run, run_of, way_of
from qrexplore.learn.sampling import Samples, diagnostics, sample, traceable
from qrexplore.learn.score import Candidate, score_test
from qrexplore.learn.several import several
from qrexplore.learn.staged import staged
from qrexplore.learn.starts import RECIPES, completed, recipe_of, start
from qrexplore.learn.study import Study, concluded, question, study
from qrexplore.learn.thorough import left_out, profiled, sampled
from qrexplore.learn.uncertainty import Laplace, fisher, in_units, laplace

make_callable(__name__, learn)

__all__ = [
    "LIKELIHOODS",
    "RACERS",
    "RECIPES",
    "WAYS",
    "Ambiguity",
    "Axis",
    "AxisTest",
    "Band",
    "Candidate",
    "Derived",
    "Direction",
    "Estimate",
    "Evaluation",
    "Examination",
    "Goodness",
    "HeldOut",
    "Identifiability",
    "Kernel",
    "Landmarks",
    "Laplace",
    "LearnProblem",
    "LearnResult",
    "LearnState",
    "LeaveOneOut",
    "LikelihoodRatio",
    "Measured",
    "Missing",
    "Optimum",
    "Posterior",
    "Profile",
    "Recipe",
    "Region",
    "Samples",
    "Score",
    "Study",
    "ambiguity",
    "begin_run",
    "bic",
    "completed",
    "concluded",
    "derived",
    "diagnostics",
    "digest",
    "drawn_band",
    "examine",
    "expected_residuals",
    "expected_squares",
    "fisher",
    "gaussian_draws",
    "goodness",
    "guided",
    "held_out",
    "identifiability",
    "in_order",
    "in_units",
    "landmarks",
    "laplace",
    "learn",
    "leave_one_out",
    "left_out",
    "likelihood_ratio",
    "linear_band",
    "log_evidence",
    "mean_squares",
    "measured",
    "misfit",
    "parameters_spent",
    "placed",
    "posterior",
    "predictive_density",
    "preference",
    "problem_of",
    "profile",
    "profiled",
    "question",
    "raced",
    "recipe_of",
    "record",
    "report",
    "result_of",
    "resume_run",
    "run_of",
    "sample",
    "sampled",
    "score_test",
    "several",
    "staged",
    "start",
    "study",
    "task",
    "traceable",
    "way_of",
    "worst_region",
]
