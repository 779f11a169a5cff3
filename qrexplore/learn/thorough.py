"""What goes beyond the curvature at a fit: profiles, draws from the posterior, and how well each dataset follows from the others.

All are asked of the fit as `qrexplore.learn.examine` reads it: with priors as data, and variances inflated by what is not
explained. Without a prior, what is known beforehand is the place between the bounds (see `qrexplore.learn.posterior`).
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.learn.comparison import LeaveOneOut, leave_one_out
from qrexplore.learn.fit import LearnResult
from qrexplore.learn.posterior import Posterior, posterior
from qrexplore.learn.profile import Profile, profile
from qrexplore.learn.residuals import Kernel
from qrexplore.learn.sampling import Samples, sample, traceable
from qrexplore.optimize import Coordinates, LeastSquares


def profiled(result: LearnResult, path: str, *, kernel: Kernel | None = None, level: float = 0.95) -> Profile:
    """Profile the likelihood along a learned parameter: all others fitted anew at each of its values.

    Parameters
    ----------
    result
        The fit.
    path
        Of the parameter.
    kernel
        That of the fit; made anew if left out.
    level
        Chance that the interval holds the truth, in (0, 1).

    Returns
    -------
    Profile
        In the unit of the parameter. Its interval is open where the data bound the parameter from one side only.

    Raises
    ------
    KeyError
        If the parameter was not free.
    ValueError
        If the level is out of range.
    """
    position = result.parameters.paths.index(result.parameters[path].path)
    question = _Question(result, kernel)
    coordinates = Coordinates(question.problem.table)
    return profile(
        question.posed, position, level=level, values=lambda point: np.asarray(coordinates.values(jnp.asarray(point)))
    )


def sampled(
    result: LearnResult,
    *,
    kernel: Kernel | None = None,
    chains: int = 4,
    warmup: int = 500,
    draws: int = 1000,
    acceptance: float = 0.9,
    seed: int = 0,
) -> Samples:
    """Draw from the posterior of a fit by the No-U-Turn sampler.

    Every step of every chain is one gradient of all data or several, so that this is for problems whose gradient is cheap.

    Parameters
    ----------
    result, kernel
        See `profiled`.
    chains, warmup, draws, acceptance, seed
        See `qrexplore.learn.sample`.

    Raises
    ------
    ModuleNotFoundError
        If the extra ``sampling`` is not installed.
    ValueError
        If a number is too small.
    """
    question = _Question(result, kernel)
    outside = traceable(question.posed.gradient)
    free = jnp.asarray(~question.told)

    def loss(point: Array) -> Array:
        # evenly between the bounds where there is no prior
        volume = jax.nn.log_sigmoid(point) + jax.nn.log_sigmoid(-point)
        return outside(point) - jnp.sum(jnp.where(free, volume, 0.0))

    known = question.known()
    slope = np.where(question.told, 1.0, known.center * (1 - known.center))
    found = sample(
        loss,
        result.point,
        known.covariance / np.outer(slope, slope),
        paths=result.parameters.paths,
        chains=chains,
        warmup=warmup,
        draws=draws,
        acceptance=acceptance,
        seed=seed,
    )
    return replace(found, values=np.asarray(known.coordinates.values(jnp.asarray(found.coordinates))))


def left_out(
    result: LearnResult,
    samples: Samples | None = None,
    *,
    kernel: Kernel | None = None,
    draws: int = 400,
    seed: int = 0,
) -> LeaveOneOut:
    """Estimate how well each dataset is predicted from the others, without fitting anew (PSIS-LOO).

    Compare it with that of another twin fitted to the same data by `LeaveOneOut.against`.

    Parameters
    ----------
    result, kernel
        See `profiled`. There must be two datasets at least.
    samples
        From `sampled`; draws from the Gaussian about the fit if left out.
    draws
        At how many the likelihood of each dataset is computed, at most.
    seed
        Of the draws from the Gaussian.

    Raises
    ------
    ModuleNotFoundError
        If the extra ``sampling`` is not installed.
    ValueError
        If there is a single dataset.
    """
    question = _Question(result, kernel)
    names = tuple(result.problem.datasets)
    if len(names) < 2:
        msg = (
            f"at least two datasets are needed to leave one out, got {', '.join(names)} alone. Split it by rows first."
        )
        raise ValueError(msg)
    efficiency = 1.0
    if samples is None:
        known = question.known()
        points = known.free(known.points(draws, seed=seed))[None]
    else:
        chains, length, _ = samples.coordinates.shape
        points = samples.coordinates[:, :: max(1, -(-chains * length // draws))]
        # draws that are skipped leave those that are kept more independent
        efficiency = min(1.0, float(np.min(samples.ess)) / (points.shape[0] * points.shape[1]))
    found = [[question.log_likelihoods(point) for point in chain] for chain in points]
    return leave_one_out(np.array(found), names, efficiency=efficiency)


class _Question:
    """A fit as a question again, its start where the fit ended, its residuals as wide as what is not explained."""

    def __init__(self, result: LearnResult, kernel: Kernel | None) -> None:
        self.result, self.problem = result, replace(result.problem, twin=result.twin)
        self.kernel = kernel or Kernel(self.problem)
        self.told = Coordinates(self.problem.table).whitened
        self._whole = self.kernel.least_squares(self.problem)
        self.posed = LeastSquares(self._linearize, self._gradient, result.point)

    def _linearize(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        residual, jacobian = self._whole.linearize(point)
        weight = np.full(len(residual), self.result.inflation**-0.5)
        # rows of priors come last
        weight[len(weight) - np.count_nonzero(self.told) :] = 1.0
        return residual * weight, jacobian * weight[:, None]

    def _gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        loss, slope = self._whole.gradient(point)
        prior = np.where(self.told, point, 0.0)
        kept = 1 - 1 / self.result.inflation
        return loss / self.result.inflation + kept * float(prior @ prior) / 2, (
            slope / self.result.inflation + kept * prior
        )

    def known(self) -> Posterior:
        """Give the Gaussian about the fit."""
        point = self.result.point
        found = self.kernel.evaluate(self.kernel.point(self.problem, point), self.problem.twin)
        jacobian = found.jacobian[:, self.problem.moving]
        return posterior(self.problem.table, point, jacobian, inflation=self.result.inflation)

    def log_likelihoods(self, point: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " datasets"]:
        """Give the logarithm of the likelihood of each dataset, but for a constant."""
        chi2 = self.kernel.value(self.kernel.point(self.problem, point), self.problem.twin)
        # a wider noise makes every point less likely: a twin that does not fit gains nothing by it
        numbers = np.array([part.independent for part in self.problem.measured])
        return -(chi2 / self.result.inflation + numbers * np.log(self.result.inflation)) / 2
