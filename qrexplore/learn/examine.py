"""Everything that one evaluation of residuals and their Jacobian at a fit can tell, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array
from scipy.special import chdtrc, ndtri

from qrexplore.core import jit
from qrexplore.data import APART, observable
from qrexplore.learn.ambiguity import Ambiguity, ambiguity
from qrexplore.learn.comparison import bic, log_evidence
from qrexplore.learn.examination import Estimate, Examination, Score
from qrexplore.learn.expected import expected_residuals, expected_squares
from qrexplore.learn.fit import LearnResult, misfit
from qrexplore.learn.goodness import FALSE_ALARM, Goodness, goodness, parameters_spent
from qrexplore.learn.heldout import held_out as in_and_out
from qrexplore.learn.identifiability import identifiability, verdict
from qrexplore.learn.likelihood import Measured, Missing, missing
from qrexplore.learn.mixture import Mixture, about
from qrexplore.learn.posterior import Posterior
from qrexplore.learn.predictive import Band, require_level
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.regions import Axis
from qrexplore.learn.residuals import Evaluation, Kernel
from qrexplore.twin import Twin

LEVEL = 0.95
# a p-value from less freedom than this says nothing
_FREEDOM = 1.0
# expected counts below which bins of the IQ plane are judged together
_FEW = 5.0


@dataclass(frozen=True, eq=False)
class _Part:
    """One dataset at the fit: residuals and their derivatives where something was measured, and what is predicted."""

    name: str
    data: xr.Dataset
    measured: Measured
    predicted: np.ndarray
    residual: np.ndarray
    jacobian: np.ndarray

    @property
    def freedom(self) -> float:
        """What noise alone makes of the sum of squares."""
        return float(np.nansum(expected_squares(self.measured, self.predicted)))

    @property
    def missing(self) -> Missing:
        """What is left out."""
        return missing(self.measured, self.data)

    @property
    def shots(self) -> int:
        """Shots that were taken; points, where their number does not count."""
        points = int(self.measured.present.sum())
        if self.measured.likelihood == "multinomial":
            points //= self.measured.values.shape[-1]
        return points * (self.measured.shots or 1)


def examine(
    result: LearnResult,
    kernel: Kernel | None = None,
    *,
    held_out: Mapping[str, xr.Dataset] | None = None,
    optima: Sequence[LearnResult] = (),
    level: float = LEVEL,
    seed: int = 0,
) -> Examination:
    """Say what a fit is worth: what was learned, what is explained, and what carries over to other data.

    Parameters
    ----------
    result
        Of `qrexplore.learn`.
    kernel
        The one that the fit was made with, which remembers where it ended; made anew if left out.
    held_out
        Datasets by name that were not fitted (see `qrexplore.data.split`), to score the fit with.
    optima
        Results from other starts of the same problem, of which the distinct ones are listed.
    level
        Chance that intervals and bands hold the truth, in (0, 1).
    seed
        Of the shuffles that the worst region of an experiment is compared with.

    Returns
    -------
    Examination
        It prints itself, and gives draws from the posterior.

    Raises
    ------
    ValueError
        If the level is out of range, or another optimum is not of the same free parameters.

    Notes
    -----
    Costs one evaluation at most, no compilation but for held-out data, and the search for regions. All is to first order about
    the fit; where a posterior is no Gaussian, `qrexplore.learn.profile` and `qrexplore.learn.sample` say more. One case is known
    beforehand: where an amplitude may be zero, what it scales (its time constant, say) is looked for everywhere, and estimates
    are those of all places, each with its probability (`qrexplore.learn.mixture`; a Jacobian or a few more, and some hundred
    evaluations of the residuals). Draws and bands are those about the fit.
    """
    require_level(level)
    problem = result.problem
    kernel = kernel or Kernel(problem)
    found = kernel.evaluate(kernel.point(problem, result.point), problem.twin)
    known, spread = about(result, kernel)
    table, scale = known.parameters, float(np.sqrt(result.inflation))
    parts = _parts(problem, found, known.jacobian * scale)
    sizes = [len(part.residual) for part in parts]
    spent = parameters_spent(known.jacobian, known.covariance, sizes)
    freedoms = np.array([part.freedom for part in parts])
    enough = freedoms - spent >= _FREEDOM
    loss = float(found.residual @ found.residual) / 2
    shifts = np.where(known.coordinates.whitened, known.center, 0.0)
    ones, sigma = np.ones(len(table)), known.prior_sigma
    told = all(part.measured.noise != "unknown" for part in parts)
    return Examination(
        result=result,
        estimates=_estimates(known, spread or known, level),
        identifiability=identifiability(known.jacobian, ones, sigma, table.paths),
        goodness=tuple(
            _judged(part, lost, false_alarm=FALSE_ALARM / int(enough.sum()), seed=seed)
            for part, lost, fine in zip(parts, spent, enough, strict=True)
            if fine
        ),
        unjudged=tuple(part.name for part, fine in zip(parts, enough, strict=True) if not fine),
        scores=_scores(result, held_out, parts, known, spent=float(spent.sum())) if held_out else (),
        bands={part.name: _band(part, known, level) for part in parts},
        ambiguity=_ambiguity((result, *optima), kernel, known) if optima else None,
        log_evidence=log_evidence(loss, known.jacobian * scale, ones, shifts=shifts, prior=sigma) if told else np.nan,
        bic=bic(loss, parameters=len(table), points=problem.independent) if told else np.nan,
        level=level,
        posterior=known,
        better=_twin(result, known, spread.better) if spread is not None and spread.better is not None else None,
    )


def _twin(result: LearnResult, known: Posterior, values: np.ndarray) -> Twin:
    return result.problem.moved(dict(zip(known.parameters.paths, values.tolist(), strict=True)))


def _parts(problem: LearnProblem, found: Evaluation, jacobian: np.ndarray) -> list[_Part]:
    ends = np.cumsum([int(part.present.sum()) for part in problem.measured])[:-1]
    rows = zip(np.split(found.residual, ends), np.split(jacobian, ends), strict=True)
    return [
        _Part(name, data, measured, predicted, *row)
        for (name, data), measured, predicted, row in zip(
            problem.datasets.items(), problem.measured, found.predictions, rows, strict=True
        )
    ]


def _estimates(known: Posterior, spread: Posterior | Mixture, level: float) -> tuple[Estimate, ...]:
    after, before = spread.intervals(level), known.intervals(level, prior=True)
    sigma, ratios = spread.sigma * np.abs(known.slopes), spread.ratios
    return tuple(
        Estimate(
            path=row.path,
            unit=row.unit,
            label=row.label,
            value=row.value,
            sigma=float(sigma[k]),
            interval=(float(after[k, 0]), float(after[k, 1])),
            prior_interval=(float(before[k, 0]), float(before[k, 1])),
            ratio=float(ratios[k]),
            verdict=verdict(float(ratios[k])),
        )
        for k, row in enumerate(known.parameters)
    )


def _judged(part: _Part, spent: float, *, false_alarm: float, seed: int) -> Goodness:
    pooled, predicted = _pooled(part.measured, part.predicted)
    there = pooled.present
    if pooled is part.measured:
        found = np.zeros(there.shape)
        found[there] = part.residual
    else:
        found = np.asarray(pooled.residuals(jnp.asarray(predicted))).reshape(there.shape)
    # few counts have a mean of their own, which neighbors would share, and outcomes that come often a smaller variance;
    # what is left is told as data less fit
    found = expected_residuals(pooled, predicted) - found
    variance = expected_squares(pooled, predicted) - expected_residuals(pooled, predicted) ** 2
    freedom, squares = float(np.nansum(variance)) - spent, float(np.nansum(found**2))
    if pooled.noise == "unknown":  # then only what is left of neighbors tells
        variance, squares = variance * squares / freedom, freedom
    grid = np.full(there.shape, np.nan)
    grid[there] = found[there] / np.sqrt(np.maximum(variance[there], np.finfo(float).tiny))
    judged = goodness(grid, _axes(part.data, grid.shape), name=part.name, false_alarm=false_alarm, seed=seed)
    lost = part.missing  # points, not their outcomes; bins that are put together are not missing
    return replace(
        judged,
        chi2=squares,
        dof=freedom,
        p_value=float(chdtrc(freedom, squares)),
        points=lost.points - lost.count,
        missing=lost.count,
    )


def _pooled(measured: Measured, predicted: np.ndarray) -> tuple[Measured, np.ndarray]:
    """Give bins of the IQ plane with those of few counts put together at each point, in a further one; all else as it is."""
    if measured.edges is None:
        return measured, predicted
    few = measured.shots * predicted < _FEW
    pooled = [
        np.concatenate([np.where(few, empty, one), np.sum(np.where(few, one, 0.0), axis=-1, keepdims=True)], axis=-1)
        for one, empty in ((np.asarray(measured.values), np.nan), (predicted, 0.0))
    ]
    # nothing is expected where all bins have counts enough
    pooled[0][..., -1] = np.where(few.any(axis=-1), pooled[0][..., -1], np.nan)
    return replace(measured, values=pooled[0], sigma=np.ones_like(pooled[0])), pooled[1]


def _axes(data: xr.Dataset, shape: tuple[int, ...]) -> list[Axis]:
    array = observable(data)
    # bins of the IQ plane stand where its components would
    dims = ["bin" if dim == "component" and shape[-1] != 2 else str(dim) for dim in array.dims]
    axes = []
    for dim, size in zip(dims, shape, strict=True):
        there = dim in array.coords and array.sizes[dim] == size
        values = array[dim].values if there else np.arange(size)
        unit = array[dim].attrs.get("units", "1") if there else "1"
        # names and outcomes have no order in which to look for runs
        axes.append(Axis(dim, values.astype(str) if dim in (*APART, "bin") else values, unit))
    return axes


@jit
def _slopes(measured: Measured, predicted: Array) -> Array:
    _, slope = jax.jvp(measured.residuals, (predicted,), (jnp.ones_like(predicted),))
    return slope


def _band(part: _Part, known: Posterior, level: float) -> Band:
    """Give the band of a prediction: residuals are elementwise, so that their slope leads back to it."""
    slope = _slopes(part.measured, jnp.asarray(part.predicted))
    values, vectors = np.linalg.eigh(known.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    rows = part.jacobian @ root
    slope = np.asarray(slope).reshape(part.predicted.shape)[part.measured.present]
    sigma = np.full(part.predicted.shape, np.nan)
    sigma[part.measured.present] = np.linalg.norm(rows, axis=1) / np.where(slope == 0, np.nan, np.abs(slope))
    reach = float(ndtri((1 + level) / 2)) * sigma
    return Band(part.predicted, sigma, part.predicted - reach, part.predicted + reach, level)


def _scores(
    result: LearnResult, held: Mapping[str, xr.Dataset], parts: Sequence[_Part], known: Posterior, *, spent: float
) -> tuple[Score, ...]:
    problem = result.problem
    # nothing is learned from them, so that they need not have points enough for it
    asked = replace(problem, data=held, weights={}, subsample=None, hold=problem.candidates.paths[1:])
    kernel = Kernel(asked)
    found = kernel.evaluate(kernel.point(problem, result.point), problem.twin)
    outside = _parts(asked, found, known.columns(found.jacobian[:, problem.moving]))
    inside, freedom = np.concatenate([part.residual for part in parts]), sum(part.freedom for part in parts)
    density = -float(inside @ inside) / 2 / sum(part.shots for part in parts)
    judged = all(part.measured.noise != "unknown" for part in (*parts, *outside)) and freedom - spent >= _FREEDOM
    return tuple(
        Score(
            name=part.name,
            compared=in_and_out(
                inside,
                part.residual,
                parameters=spent,
                outside_jacobian=part.jacobian,
                covariance=known.covariance,
                freedom=(freedom, part.freedom),
            )
            if judged
            else None,
            inside=density,
            outside=-float(part.residual @ part.residual) / 2 / part.shots,
            misfit=misfit([part.measured], [part.predicted]),
        )
        for part in outside
    )


def _ambiguity(results: Sequence[LearnResult], kernel: Kernel, known: Posterior) -> Ambiguity:
    paths = known.parameters.paths
    places, losses, residuals = [], [], []
    for one in results:
        if one.parameters.paths != paths:
            other = sorted(set(one.parameters.paths) ^ set(paths))
            msg = (
                f"`optima` must have the free parameters of the result that is examined, got others in {', '.join(other[:3])}. "
                "Give results of the same problem."
            )
            raise ValueError(msg)
        point = one.point
        found = kernel.evaluate(kernel.point(one.problem, point), one.problem.twin)
        place = known.placed(point)
        prior = place[known.coordinates.whitened]
        places.append(place)
        losses.append(float(found.residual @ found.residual + prior @ prior) / 2)
        residuals.append(found.residual)
    return ambiguity(np.array(places), np.array(losses), np.array(residuals), widths=known.sigma, paths=paths)
