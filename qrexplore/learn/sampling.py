"""Draws from the posterior by the No-U-Turn sampler, in coordinates that the covariance of the fit makes round.

Chains that have not converged give no intervals: R-hat, which compares chains with each other, and the effective sample
size are computed for every parameter, and the worst of them decides. BlackJAX samples and ArviZ judges; both come with
``pip install "qrexplore[sampling]"``.

References
----------
Hoffman and Gelman, J. Mach. Learn. Res. 15, 1593 (2014); Vehtari et al., Bayesian Anal. 16, 667 (2021) (R-hat, sizes).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import require_counts, require_finite
from qrexplore.learn.optional import require_extra

LARGEST_RHAT = 1.01
SMALLEST_ESS = 400.0
# outside these the posterior is not the Gaussian that the curvature at the fit describes
GAUSSIAN = (0.8, 1.25)

Loss = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Samples:
    """Draws from the posterior, and whether they can be believed.

    Attributes
    ----------
    paths
        The parameters.
    coordinates
        The draws in free coordinates.
    values
        The draws as parameters in their units; the coordinates again if no map was given.
    rhat, ess
        Split-rank R-hat, and the smaller of the effective sizes of bulk and tails, of each parameter.
    ratios
        Spread of the draws over the standard error of the fit, of each coordinate; outside 0.8 to 1.25 the posterior is no
        Gaussian there, and `qrexplore.learn.profile` says what it is instead.
    divergences
        Number of draws at which the integrator failed.
    acceptance
        Mean acceptance, aimed at the sampler's target.
    seconds
        Wall time, compilation included.
    """

    paths: tuple[str, ...]
    coordinates: Float[np.ndarray, "chains draws parameters"]
    values: Float[np.ndarray, "chains draws parameters"]
    rhat: Float[np.ndarray, " parameters"]
    ess: Float[np.ndarray, " parameters"]
    ratios: Float[np.ndarray, " parameters"]
    divergences: int
    acceptance: float
    seconds: float

    @property
    def unsettled(self) -> tuple[str, ...]:
        """The parameters whose R-hat or effective size is not good enough, or not a number."""
        good = (self.rhat <= LARGEST_RHAT) & (self.ess >= SMALLEST_ESS)
        return tuple(path for path, fine in zip(self.paths, good, strict=True) if not fine)

    @property
    def converged(self) -> bool:
        """Whether every parameter has R-hat up to 1.01 and an effective size from 400."""
        return not self.unsettled

    def flat(self) -> Float[np.ndarray, "draws parameters"]:
        """Give the draws in free coordinates, all chains one after the other."""
        return self.coordinates.reshape(-1, len(self.paths))

    def intervals(self, level: float = 0.95, *, unconverged: bool = False) -> dict[str, tuple[float, float]]:
        """Give the central interval of each parameter.

        Parameters
        ----------
        level
            Share of the draws in it, in (0, 1).
        unconverged
            Whether to give intervals though the chains have not converged.

        Raises
        ------
        ValueError
            If the chains have not converged and that was not asked for.
        """
        if not self.converged and not unconverged:
            msg = (
                f"the chains have not converged: {self._worst()}. Draw more with `draws` and `warmup`, "
                "or ask for intervals nonetheless with unconverged=True."
            )
            raise ValueError(msg)
        ends = np.quantile(self.values, [(1 - level) / 2, (1 + level) / 2], axis=(0, 1)).T
        return {path: (float(low), float(high)) for path, (low, high) in zip(self.paths, ends, strict=True)}

    def _worst(self) -> str:
        bad = [self.paths.index(path) for path in self.unsettled]
        where = max(bad, key=lambda k: np.nan_to_num(self.rhat[k], nan=np.inf))
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        return f"{self.paths[where]} has R-hat {self.rhat[where]:.3f} and {self.ess[where]:.0f} effective draws{more}"

    def __repr__(self) -> str:
        """Print the diagnostics, and intervals only if they can be believed."""
        chains, draws, _ = self.values.shape
        verdict = "converged" if self.converged else f"not converged: {self._worst()}"
        counts = f"{self.divergences} divergences, acceptance {self.acceptance:.2f}, {self.seconds:.1f} s"
        lines = [f"{verdict}; {chains} chains of {draws} draws, {counts}"]
        width = max(len(path) for path in self.paths)
        ends = self.intervals() if self.converged else {}
        for k, path in enumerate(self.paths):
            text = f"{path.ljust(width)}  R-hat {self.rhat[k]:.3f}  effective draws {self.ess[k]:6.0f}"
            text += f"  sigma/Laplace {self.ratios[k]:.2f}"
            if path in ends:
                text += f"  95 % {ends[path][0]:.6g} to {ends[path][1]:.6g}"
            if not GAUSSIAN[0] <= self.ratios[k] <= GAUSSIAN[1]:
                text += "  (not Gaussian)"
            lines.append(text)
        return "\n".join(lines)


def sample(
    loss: Loss,
    point: Float[np.ndarray, " parameters"],
    covariance: Float[np.ndarray, "parameters parameters"],
    *,
    paths: Sequence[str] | None = None,
    values: Callable[[Array], Array] | None = None,
    chains: int = 4,
    warmup: int = 500,
    draws: int = 1000,
    acceptance: float = 0.9,
    seed: int = 0,
) -> Samples:
    """Draw from the posterior.

    Parameters
    ----------
    loss
        Traceable function of the coordinates: minus the logarithm of likelihood times prior. A compiled function from
        elsewhere becomes one by `traceable`.
    point, covariance
        Coordinates of the fit and their covariance, which must be finite and positive.
    paths
        Names of the parameters; numbers if left out.
    values
        Traceable change from coordinates to parameters, each of its own coordinate, for example `Coordinates.values`. The
        prior in `loss` is then one per parameter, and the volume of the change is taken into account; without it, one
        per coordinate.
    chains
        Number of chains, at least 2. They run side by side.
    warmup, draws
        Steps of each chain that tune the sampler, and those that are kept; at least 20 and 4.
    acceptance
        Mean acceptance that the step length is tuned to, in (0, 1); nearer to 1 for bent posteriors, where steps diverge.
    seed
        Of the random numbers.

    Raises
    ------
    ModuleNotFoundError
        If the extra ``sampling`` is not installed.
    ValueError
        If the covariance is not finite or not positive, or a number is too small.
    """
    nuts = require_extra("blackjax", "sampling")
    require_extra("arviz_stats", "sampling")
    require_counts(chains, "chains", smallest=2)
    require_counts(warmup, "warmup", smallest=20)
    require_counts(draws, "draws", smallest=4)
    if not 0 < acceptance < 1:
        msg = f"`acceptance` must be between 0 and 1, got {acceptance!r}. Give for example 0.9."
        raise ValueError(msg)
    root = _root(covariance)
    began = time.perf_counter()
    center, root_traced = jnp.asarray(point), jnp.asarray(root)

    def log_density(round_point: Array) -> Array:
        coordinates = center + root_traced @ round_point
        return -loss(coordinates) + (0.0 if values is None else _log_volume(values, coordinates))

    keys = jax.random.split(jax.random.key(seed), chains)
    chain = _chain(nuts, log_density, len(root), steps=(warmup, draws), target=acceptance)
    found, divergent, accepted = jax.jit(jax.vmap(chain))(keys)
    coordinates = np.asarray(point) + np.asarray(found) @ root.T
    shown = coordinates if values is None else np.asarray(jax.vmap(jax.vmap(values))(jnp.asarray(coordinates)))
    rhat, ess = diagnostics(coordinates)
    spread = np.std(coordinates.reshape(-1, len(root)), axis=0, ddof=1)
    return Samples(
        paths=tuple(paths) if paths is not None else tuple(str(k) for k in range(len(root))),
        coordinates=coordinates,
        values=shown,
        rhat=rhat,
        ess=ess,
        ratios=spread / np.sqrt(np.diag(covariance)),
        divergences=int(np.sum(divergent)),
        acceptance=float(np.mean(accepted)),
        seconds=time.perf_counter() - began,
    )


def diagnostics(
    draws: Float[np.ndarray, "chains draws parameters"],
) -> tuple[Float[np.ndarray, " parameters"], Float[np.ndarray, " parameters"]]:
    """Give R-hat and the effective sample size (the smaller of bulk and tails) of each parameter.

    Parameters
    ----------
    draws
        At least 4 of each chain; a parameter that never moves has the effective size 0 and R-hat infinity.
    """
    judge = require_extra("arviz_stats.base", "sampling").array_stats
    moving = np.ptp(draws, axis=(0, 1)) > 0
    rhat, ess = np.full(len(moving), np.inf), np.zeros(len(moving))
    for k in np.flatnonzero(moving):
        one = draws[:, :, k]
        rhat[k] = judge.rhat(one)
        ess[k] = min(float(judge.ess(one, method="bulk")), float(judge.ess(one, method="tail", prob=(0.05, 0.95))))
    return rhat, ess


def traceable(gradient: Callable[[np.ndarray], tuple[float, np.ndarray]]) -> Loss:
    """Make a loss for `sample` of a function that gives a loss and its gradient but cannot be traced.

    Parameters
    ----------
    gradient
        Gives loss and gradient at some coordinates, for example that of a `LeastSquares`. Called once a step of the
        integrator and chain.
    """

    def outside(point: Array) -> tuple[np.ndarray, np.ndarray]:
        found, slope = gradient(np.asarray(point))
        return np.asarray(found, dtype=np.float64), np.asarray(slope, dtype=np.float64)

    def both(point: Array) -> tuple[Array, Array]:
        shapes = (jax.ShapeDtypeStruct((), jnp.float64), jax.ShapeDtypeStruct(point.shape, jnp.float64))
        return jax.pure_callback(outside, shapes, point, vmap_method="sequential")

    @jax.custom_vjp
    def loss(point: Array) -> Array:
        return both(point)[0]

    loss.defvjp(both, lambda slope, along: (along * slope,))
    return loss


def _root(covariance: np.ndarray) -> np.ndarray:
    require_finite(covariance, "covariance")
    # parameters differ by many orders: the factor is taken of the correlations
    width = np.sqrt(np.abs(np.diag(covariance)))
    safe = np.where(width > 0, width, 1.0)
    try:
        return np.linalg.cholesky(covariance / np.outer(safe, safe)) * safe[:, None]
    except np.linalg.LinAlgError:
        msg = (
            "`covariance` must be positive, got one with a direction of no width. Leave out parameters that the data do not "
            "tell, or give them priors."
        )
        raise ValueError(msg) from None


def _log_volume(values: Callable[[Array], Array], coordinates: Array) -> Array:
    # each value depends on its own coordinate, so that one direction gives the whole diagonal
    _, slopes = jax.jvp(values, (coordinates,), (jnp.ones_like(coordinates),))
    return jnp.sum(jnp.log(jnp.abs(slopes)))


def _chain(nuts: ModuleType, log_density: Loss, size: int, *, steps: tuple[int, int], target: float) -> Callable:
    """Give the function that runs one chain from its key: a draw of the fit's Gaussian, tuned, then kept."""
    tuning = nuts.window_adaptation(nuts.nuts, log_density, target_acceptance_rate=target)

    def run(key: Array) -> tuple[Array, Array, Array]:
        begin, tune, keep = jax.random.split(key, 3)
        (state, tuned), _ = tuning.run(tune, jax.random.normal(begin, (size,)), num_steps=steps[0])
        kernel = nuts.nuts(log_density, **tuned)

        def step(state: Any, key: Array) -> tuple:
            state, info = kernel.step(key, state)
            return state, (state.position, info.is_divergent, info.acceptance_rate)

        _, found = jax.lax.scan(step, state, jax.random.split(keep, steps[1]))
        return found

    return run
