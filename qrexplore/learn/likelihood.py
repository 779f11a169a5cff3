r"""Likelihoods as residuals: half the sum of their squares is minus the logarithm of the likelihood, up to a constant.

=============== ============================ ===================================================== =========================
``likelihood``  data                         residual                                              noise
=============== ============================ ===================================================== =========================
``gaussian``    any number                   ``(model - data)/sigma``                              file, or scatter
``binomial``    shares of N shots that are 1 signed root of ``2N [f ln(f/p)                        that of N shots
                                             + (1-f) ln((1-f)/(1-p))]``
``multinomial`` shares of N shots in each of signed root of ``2N [f_j ln(f_j/p_j) + p_j - f_j]``   that of N shots
                several outcomes             for each outcome j
``iq mixture``  single shots in the IQ       as ``multinomial``, the outcomes being bins of the    that of N shots
                plane, or their counts in    plane: ``p_b = sum_k P_k`` (cloud k in bin b), ``P_k``
                bins (`data.binned`)         the populations of the levels
``counts``      whichever there is           the one of these four that fits each dataset          as there
``mse``         any number, `data.rescaled`  ``(model - data)/rms(data)``                          none: chi2 means nothing
                and `data.denoised` at best
=============== ============================ ===================================================== =========================

Points that are not finite are left out, as are those whose error in the file is not above 0, and counted (`Missing`): one of
them does not make the others worth less. An error of 0 is what ``sqrt(f (1-f)/N)`` says of a share of 0 or 1; where the number of
shots is known, what these leave open takes its place.

All of them take ``robust``, which holds against outliers, and ``weights`` of datasets. The terms of a multinomial are never
negative, so that each has a root. Bins of the IQ plane use all that single shots tell, also of levels whose clouds overlap, and
learn the clouds along with the populations; ``mse`` is the recipe of the white paper, a start rather than a statement.

A robust residual grows as the square root only where it is larger than a few standard errors, so that outliers pull little:
half its square is the pseudo-Huber loss ``d^2 (sqrt(1 + (r/d)^2) - 1)``.

References
----------
McCullagh and Nelder, Generalized Linear Models (1989), sections 2.4 and 6.2 (deviance residuals, multinomial by Poisson).
Hartley and Zisserman, Multiple View Geometry (2003), appendix 6.8 (pseudo-Huber).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from qrexplore.core import require_choice
from qrexplore.data import DENOISED, PARTS, binned, estimate_noise, observable, stated_shots

LIKELIHOODS = ("gaussian", "binomial", "multinomial", "iq mixture", "counts", "mse")
# probabilities are kept this far from 0 and 1, where one unexpected shot would be impossible
FLOOR = 1e-6
# scatter between neighbors above this share of the spread of all points is the signal itself, sampled too coarsely
_TOLD = 0.5


class Measured(eqx.Module):
    """The numbers a prediction is compared with; a pytree, so that other data of the same shape compile nothing anew.

    Attributes
    ----------
    values
        Measured numbers, in the dimensions of the experiment; missing ones are NaN.
    sigma
        Standard deviation of each number (Gaussian), or the scale (mse); NaN where the file states none above 0.
    shots
        Repetitions of each number (binomial and multinomial), else 0.
    noise
        Where sigma comes from: ``file``, ``scatter`` of neighboring points, or ``unknown``; then sigma is the rms of the data
        and only the ratio of residuals means something.
    likelihood
        ``gaussian``, ``binomial``, ``multinomial`` (also of bins in the IQ plane) or ``mse``.
    weight
        Factor on the logarithm of the likelihood.
    robust
        Residual (in standard errors) from which on outliers pull less; infinity for none.
    edges
        Inner edges (V) of the bins of the IQ plane, where the numbers are the shares of shots in them.
    """

    values: Float[np.ndarray, "qubit *sweep"]
    sigma: Float[np.ndarray, "qubit *sweep"]
    shots: int = eqx.field(static=True)
    noise: str = eqx.field(static=True)
    likelihood: str = eqx.field(static=True)
    weight: float = eqx.field(static=True, default=1.0)
    robust: float = eqx.field(static=True, default=float("inf"))
    edges: Float[np.ndarray, "qubit components edges"] | None = None

    @property
    def present(self) -> np.ndarray:
        """Where there is a number that can be compared."""
        return np.isfinite(np.asarray(self.values)) & np.isfinite(np.asarray(self.sigma))

    @property
    def independent(self) -> int:
        """Number of independent data: shares of outcomes sum to 1."""
        count = int(self.present.sum())
        return count - count // self.values.shape[-1] if self.likelihood == "multinomial" else count

    def taken(self, rows: Sequence[np.ndarray | slice]) -> "Measured":
        """Give some of the numbers, with the noise that all of them told: positions along each of the first dimensions."""
        found = self
        for axis, row in enumerate(rows):
            at = (slice(None),) * axis + (row,)
            found = replace(found, values=found.values[at], sigma=found.sigma[at])
        return found

    def residuals(self, predicted: Float[Array, "qubit *sweep"]) -> Float[Array, " points"]:
        """Give the residual of every point; 0 where there is nothing to compare."""
        model, data, sigma = predicted.reshape(-1), self.values.reshape(-1), self.sigma.reshape(-1)
        there = jnp.isfinite(data) & jnp.isfinite(sigma)
        data, sigma = jnp.where(there, data, 0.5), jnp.where(there, sigma, 1.0)
        if self.likelihood == "binomial":
            found = _deviance_root(model, data, self.shots)
        elif self.likelihood == "multinomial":
            found = _outcome_root(model, data, self.shots)
        else:
            found = (model - data) / sigma
        found = found * self.weight**0.5
        if np.isfinite(self.robust):
            found = found * jnp.sqrt(2 / (1 + jnp.sqrt(1 + (found / self.robust) ** 2)))
        return jnp.where(there, found, 0.0)


@dataclass(frozen=True)
class Missing:
    """How many points of a dataset are left out, and why; one with several numbers counts once, if any of them is.

    Attributes
    ----------
    points
        All points, of every qubit.
    not_finite
        Of these, how many are NaN or infinite.
    no_error
        How many others have a stated error that is not finite or not above 0.
    """

    points: int
    not_finite: int
    no_error: int

    @property
    def count(self) -> int:
        """How many are left out."""
        return self.not_finite + self.no_error

    @property
    def reasons(self) -> str:
        """Why, in words."""
        told = ((self.not_finite, "not finite"), (self.no_error, "without a stated error above 0"))
        return ", ".join(f"{count} {words}" for count, words in told if count)


def missing(part: Measured, data: xr.Dataset) -> Missing:
    """Count the points of a dataset that are left out of a comparison."""
    blank, lost = ~np.isfinite(np.asarray(part.values)), ~part.present
    if observable(data).name in PARTS:
        blank, lost = blank.any(axis=-1), lost.any(axis=-1)
    not_finite = int(blank.sum())
    return Missing(lost.size, not_finite, int(lost.sum()) - not_finite)


def _outcome_root(model: Array, share: Array, shots: int) -> Array:
    p = jnp.maximum(model, FLOOR)
    gap = p - share
    safe = jnp.where(share > 0, share, 1.0)
    near = (jnp.abs(gap) < 1e-5 * share) & (share > 0)
    divergence = jnp.where(share > 0, share * jnp.log(safe / p), 0.0) + gap
    # near p = f the root is taken of the ratio to the parabola, which is smooth
    ratio = jnp.where(
        near, (1 - 2 * gap / (3 * safe)) / (2 * safe), divergence / jnp.where(near | (gap == 0), 1.0, gap) ** 2
    )
    return gap * jnp.sqrt(2 * shots * ratio)


def _deviance_root(model: Array, share: Array, shots: int) -> Array:
    p = FLOOR + (1 - 2 * FLOOR) * jnp.clip(model, 0.0, 1.0)
    f = jnp.clip(share, 0.0, 1.0)
    entropy = jnp.where(f > 0, f * jnp.log(jnp.where(f > 0, f, 1.0)), 0.0)
    entropy += jnp.where(f < 1, (1 - f) * jnp.log(jnp.where(f < 1, 1 - f, 1.0)), 0.0)
    divergence = entropy - f * jnp.log(p) - (1 - f) * jnp.log1p(-p)
    gap = p - f
    # near p = f the root is taken of the ratio to the parabola, which is smooth; the ratio itself needs its own limit
    spread = jnp.where((f > 0) & (f < 1), f * (1 - f), p * (1 - p))
    near = jnp.abs(gap) < 1e-5 * spread
    third = (2 * f - 1) / (3 * spread)
    ratio = jnp.where(near, (1 + third * gap) / (2 * spread), divergence / jnp.where(near, 1.0, gap) ** 2)
    return gap * jnp.sqrt(2 * shots * ratio)


def measured(data: xr.Dataset, likelihood: str, *, weight: float = 1.0, robust: float | None = None) -> Measured:
    """Prepare a dataset for comparison.

    Parameters
    ----------
    data
        Dataset in the schema of `qrexplore.data`.
    likelihood
        One of `LIKELIHOODS`.
    weight, robust
        See `Measured`; None for no robust residuals.

    Raises
    ------
    ValueError
        If an option is unknown or out of its range, or a likelihood of shots is asked of data that are no shares of a known
        number of shots.
    """
    require_choice(likelihood, "likelihood", LIKELIHOODS)
    if data.attrs.get(DENOISED) and likelihood != "mse":
        msg = (
            f"denoised data have no noise that is known, which `likelihood` {likelihood!r} needs. "
            "Use 'mse', or the data as they were."
        )
        raise ValueError(msg)
    array = observable(data)
    array = array.where(np.isfinite(array))
    values = np.asarray(array.values, dtype=np.float64)
    kind = _fitting(data, str(array.name)) if likelihood == "counts" else likelihood
    sigma, shots, noise, edges = np.ones_like(values), 0, "file", None
    if kind == "iq mixture":
        values, shots, edges = _bins(data)
        sigma, kind = np.ones_like(values), "multinomial"
    elif kind in {"binomial", "multinomial"}:
        shots = _shots(data, kind)
    else:
        sigma, noise = _errors(data, array, values, kind)
    return Measured(
        values=values,
        sigma=np.array(np.broadcast_to(sigma, values.shape)),
        shots=shots,
        noise=noise,
        likelihood=kind,
        weight=float(weight),
        robust=float("inf") if robust is None else float(robust),
        edges=edges,
    )


def _fitting(data: xr.Dataset, name: str) -> str:
    """Give the likelihood that fits a dataset."""
    if name == "iq" and any(one in data for one in _SINGLE):
        return "iq mixture"
    if stated_shots(data) is None:
        return "gaussian"
    return {"population": "binomial", "probability": "multinomial"}.get(name, "gaussian")


def _errors(data: xr.Dataset, array: xr.DataArray, values: np.ndarray, kind: str) -> tuple[np.ndarray, str]:
    """Give the standard error of each number, and where it comes from."""
    axes, there = tuple(range(1, values.ndim)), np.isfinite(values)
    lost = ~there.any(axis=axes, keepdims=True)  # qubits without a number
    spread = np.nanstd(np.where(lost, 0.0, values), axis=axes, keepdims=True)
    if kind == "mse":
        return spread, "unknown"
    stderr = data.get(f"{array.name}_stderr")
    if stderr is not None:
        stated = np.asarray(stderr.values, dtype=np.float64)
        if array.name in _SHARES.values() and (shots := stated_shots(data)) is not None:
            stated = _never_certain(stated, values, shots)
        # NaN at every point is how formats say that no error was measured
        if not np.all(np.isnan(stated[there])):
            return np.where(np.isfinite(stated) & (stated > 0), stated, np.nan), "file"
    sigma = _scatter(array)
    if sigma is None or not np.all((sigma <= _TOLD * spread) | lost):
        return spread, "unknown"
    return sigma, "scatter"


def _never_certain(stated: np.ndarray, values: np.ndarray, shots: int) -> np.ndarray:
    """Put what so many shots leave open in the place of an error of 0 that a share of 0 or 1 is said to have.

    The standard error at the mean that the rule of succession gives, ``(k + 1)/(N + 2)`` with k = 0 or N.
    """
    sure = (stated == 0) & ((values == 0) | (values == 1))
    # the same at both ends
    mean = 1 / (shots + 2)
    return np.where(sure, np.sqrt(mean * (1 - mean) / shots), stated)


def _scatter(array: xr.DataArray) -> Float[np.ndarray, "qubit *ones"] | None:
    """Give the noise of each qubit, from whichever sweep shows least of it (the smoothest direction of the signal)."""
    estimates = []
    for dim in array.dims[1:]:
        if array.sizes[dim] >= 8 and np.issubdtype(array[dim].dtype, np.number):
            noise = estimate_noise(array, str(dim)) ** 2
            estimates.append(np.sqrt(noise.mean([d for d in noise.dims if d != "qubit"]).values))
    # a sweep with too many holes tells nothing, which is NaN
    return np.fmin.reduce(estimates).reshape(-1, *[1] * (array.ndim - 1)) if estimates else None


_SINGLE = ("iq_counts", "iq_shots")


def _bins(data: xr.Dataset) -> tuple[np.ndarray, int, np.ndarray]:
    """Give the shares of shots in the bins of the IQ plane, the number of shots, and the edges."""
    if observable(data).name != "iq" or not any(one in data for one in _SINGLE):
        msg = (
            f"`likelihood` 'iq mixture' needs single shots in the IQ plane or their counts, got "
            f"{', '.join(map(str, data.data_vars))}. Use 'gaussian', or keep the shots ('iq_shots')."
        )
        raise ValueError(msg)
    counted = data if "iq_counts" in data else binned(data)
    counts = np.asarray(counted["iq_counts"].values, dtype=np.float64)
    flat = counts.reshape(*counts.shape[:-2], -1)
    totals = flat.sum(axis=-1)
    shots = np.unique(totals[np.isfinite(totals)])
    if len(shots) != 1 or shots[0] < 1:
        msg = (
            f"all points of 'iq_counts' must have the same number of shots, got {', '.join(f'{one:g}' for one in shots[:4])}. "
            "Cut the points that have others."
        )
        raise ValueError(msg)
    return flat / shots[0], int(shots[0]), np.asarray(counted["iq_edges"].values, dtype=np.float64)


_SHARES = {"binomial": "population", "multinomial": "probability"}


def _shots(data: xr.Dataset, kind: str) -> int:
    shots, name = stated_shots(data), observable(data).name
    if name != _SHARES[kind] or shots is None:
        what = "a population" if kind == "binomial" else "the probability of each outcome"
        msg = (
            f"`likelihood` {kind!r} needs {what} from a known number of shots, got {name!r} with shots {shots!r}. "
            "Use 'gaussian', or set 'shots' in the settings of the dataset."
        )
        raise ValueError(msg)
    return shots
