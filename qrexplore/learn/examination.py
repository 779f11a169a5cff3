"""What a fit is worth, in one place: what was learned and what not, what is explained, what carries over to other data."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from qrexplore.core import format_quantity, format_with_error
from qrexplore.learn.ambiguity import Ambiguity
from qrexplore.learn.fit import LearnResult
from qrexplore.learn.goodness import Goodness
from qrexplore.learn.heldout import HeldOut
from qrexplore.learn.identifiability import Identifiability
from qrexplore.learn.posterior import Posterior
from qrexplore.learn.predictive import Band
from qrexplore.twin import Twin

# share of a draw's way over which slopes are taken
_SMALL = 0.02


@dataclass(frozen=True)
class Estimate:
    """What is known of one parameter.

    Attributes
    ----------
    path, unit, label
        Of the parameter.
    value, sigma
        Where the fit has it, and how far from there the posterior is (root mean square), in `unit`; no number to quote unless
        learned.
    interval, prior_interval
        Central intervals after and before the data, in `unit`, within the bounds. Without a prior, the bounds are the prior.
    ratio
        Posterior over prior width, in prior widths of the free coordinate (of the logarithm, say).
    verdict
        ``learned`` if the ratio is below 0.3, ``weak`` below 0.71, else ``not learned``.
    """

    path: str
    unit: str
    label: str
    value: float
    sigma: float
    interval: tuple[float, float]
    prior_interval: tuple[float, float]
    ratio: float
    verdict: str

    @property
    def number(self) -> str:
        """The value with its error, in words; empty unless learned."""
        return format_with_error(self.value, self.sigma, self.unit) if self.verdict == "learned" else ""

    @property
    def range(self) -> str:
        """The interval, in words; that before the data unless they tell anything."""
        return _between(self.prior_interval if self.verdict == "not learned" else self.interval, self.unit)

    def __str__(self) -> str:
        """Write a learned number with its error, a weak one as its interval, and none that was not learned."""
        if self.verdict == "not learned":
            return f"not learned; before the data {self.range}"
        return ", ".join(filter(None, (self.number, self.range)))


@dataclass(frozen=True)
class Score:
    """How well a dataset that was kept out of the fit is predicted.

    Attributes
    ----------
    name
        Of the dataset.
    compared
        In and out of sample, in units of the noise; None where the noise of either is not known.
    inside, outside
        Log predictive density a shot (a point, where the number of shots does not count), less that of a perfect prediction.
    misfit
        rms of the residual over rms of the data about their mean, out of sample.
    """

    name: str
    compared: HeldOut | None
    inside: float
    outside: float
    misfit: float

    def __str__(self) -> str:
        """Say it in a sentence."""
        if self.compared is None:
            return (
                f"{self.name}: misfit {self.misfit:.4f}; the noise is not known, so that over-fitting cannot be judged"
            )
        return (
            f"{self.name}: {self.compared.verdict()} Log predictive density a shot {self.inside:.3g} in, "
            f"{self.outside:.3g} out of sample."
        )


@dataclass(frozen=True, eq=False)
class Examination:
    """What a fit is worth.

    Attributes
    ----------
    result
        The fit.
    estimates
        What is known of each parameter.
    identifiability
        Spectrum of the information in prior units, and the combinations of parameters that the data do not tell.
    goodness
        How well each experiment is explained, with the region that is explained worst.
    unjudged
        Datasets with too few points beside the parameters to be judged.
    scores
        Datasets that were kept out of the fit.
    bands
        What the fit predicts for each dataset, with its uncertainty; NaN where nothing was measured.
    ambiguity
        The distinct optima, where several fits were given.
    log_evidence, bic
        For a comparison with another model of the same data: `qrexplore.learn.preference` says what differences mean.
    level
        Chance that intervals and bands hold the truth.
    posterior
        What all this was read off, save the estimates where amplitudes may be zero.
    better
        The twin at a place where the data are explained better, if one was met; learn again from it.
    """

    result: LearnResult
    estimates: tuple[Estimate, ...]
    identifiability: Identifiability
    goodness: tuple[Goodness, ...]
    unjudged: tuple[str, ...]
    scores: tuple[Score, ...]
    bands: dict[str, Band]
    ambiguity: Ambiguity | None
    log_evidence: float
    bic: float
    level: float
    posterior: Posterior
    better: Twin | None = None

    def __getitem__(self, path: str) -> Estimate:
        """Give what is known of one parameter."""
        return self.estimates[self.result.parameters.paths.index(self.result.parameters[path].path)]

    @property
    def explained(self) -> bool:
        """Whether what is left of every experiment looks like noise."""
        return all(one.explained for one in self.goodness)

    def draws(self, count: int, *, seed: int) -> tuple[dict[str, float], ...]:
        """Draw sets of parameters from the posterior, within their bounds; tied ones follow.

        Parameters
        ----------
        count
            Number of sets.
        seed
            Where they begin.

        Returns
        -------
        tuple
            Each for ``result.twin.replace``.
        """
        return tuple(map(self._named, self.posterior.draws(count, seed=seed)))

    def drawn(
        self, function: Callable[[Twin], float | Float[np.ndarray, "..."]], count: int, *, seed: int
    ) -> Float[np.ndarray, "draws ..."]:
        """Draw what is computed from the twin, to first order about the fit.

        Where parameters trade against each other, the data tell what they do together over a wider range than that in which
        each of them acts linearly. There the first order keeps what is known, and a function of `draws` does not.

        Parameters
        ----------
        function
            Gives a number or an array for a twin.
        count, seed
            See `draws`.

        References
        ----------
        Immer, Korzepa, Bauer, AISTATS 2021, PMLR 130, 703 (linearized Laplace).
        """
        center, twin = self.posterior.center, self.result.twin

        def at(point: np.ndarray) -> np.ndarray:
            return np.asarray(function(twin.replace(self._named(self.posterior.values(point)))))

        here = at(center)
        steps = _SMALL * (self.posterior.points(count, seed=seed) - center)
        return np.stack([here + (at(center + step) - at(center - step)) / (2 * _SMALL) for step in steps])

    def _named(self, values: Float[np.ndarray, " parameters"]) -> dict[str, float]:
        """Give the learned parameters by path, with those that are tied to them."""
        one = dict(zip(self.result.parameters.paths, values.tolist(), strict=True))
        return {**one, **{path: one[lead] for path, lead in self.result.problem.followers.items() if lead in one}}

    def to_dict(self) -> dict[str, Any]:
        """Give all but the bands as plain numbers and words, as JSON holds them; what is no finite number is None."""
        told = self.identifiability
        return _plain({
            "level": self.level,
            "chi2_per_dof": self.result.chi2_per_dof,
            "misfit": self.result.misfit,
            "inflation": self.result.inflation,
            "explained": self.explained,
            "parameters": [asdict(one) for one in self.estimates],
            "spectrum": told.eigenvalues.tolist(),
            "sloppy": [asdict(one) for one in told.sloppy],
            "goodness": [{**asdict(one), "explained": one.explained, "flags": one.flags} for one in self.goodness],
            "unjudged": self.unjudged,
            "missing": {name: asdict(lost) for name, lost in self.result.problem.missing.items()},
            "held_out": [asdict(one) for one in self.scores],
            "optima": [
                {"loss": one.loss, "excess": one.excess, "distance": one.distance, "twins": len(one.twins)}
                for one in (self.ambiguity.optima if self.ambiguity else ())
            ],
            "resolved": self.ambiguity.resolved if self.ambiguity else None,
            "log_evidence": self.log_evidence,
            "bic": self.bic,
            "better": self.better and {path: self.better.parameters[path].value for path in self.result.parameters.paths},
        })  # fmt: skip

    @property
    def head(self) -> str:
        """How much was learned, in a line, and in another by how much errors are wider for what is not explained."""
        counts = Counter(one.verdict for one in self.estimates)
        words = f"{counts['learned']} of {len(self.estimates)} parameters learned, {counts['weak']} weakly, "
        words += f"{counts['not learned']} not; {100 * self.level:.3g} % intervals"
        if self.result.inflation > 1:
            words += f"\nerrors are wider by {math.sqrt(self.result.inflation):.2f} for what is not explained"
        return words

    @property
    def findings(self) -> tuple[str, ...]:
        """All else that is to be said beside the estimates, in lines."""
        lines = []
        if self.better is not None:
            lines.append(
                "another place of what faint amplitudes scale explains the data better: learn again from `better`"
            )
        if self.identifiability.sloppy:
            lines.append("combinations (in prior widths) along which the data say little:")
            lines += [f"  {direction}" for direction in self.identifiability.sloppy]
        failed = [one for one in self.goodness if not one.explained]
        lines.append(f"{len(self.goodness) - len(failed)} of {len(self.goodness)} experiments explained")
        shown = failed or self.goodness[: len(self.goodness) == 1]
        lines += [f"  {line}" for one in shown for line in repr(one).split("\n")]
        lines += self.result.problem.left_out
        if self.unjudged:
            lines.append(f"too few points to be judged: {', '.join(self.unjudged)}")
        lines += [f"kept out of the fit, {one}" for one in self.scores]
        if self.ambiguity is not None:
            lines.append(repr(self.ambiguity))
        return tuple(lines)

    def __repr__(self) -> str:
        """Print it for people: no number that was not learned."""
        width = max(len(one.path) for one in self.estimates)
        rows = [f"{one.path.ljust(width)}  {one} (posterior/prior {one.ratio:.2g})" for one in self.estimates]
        return "\n".join([self.head, *rows, *self.findings])


def _between(ends: tuple[float, float], unit: str) -> str:
    """Write both ends of an interval with two digits of its length, and at least three of their own."""
    length = ends[1] - ends[0]
    size = max(abs(end) for end in ends)
    digits = 3 if length <= 0 else min(12, max(3, 2 + math.ceil(math.log10(size / length))))
    low, high = (format_quantity(end, unit, digits=digits) for end in ends)
    number, _, written = low.rpartition(" ")
    # one unit is enough for both
    return f"{number if number and high.endswith(f' {written}') else low} to {high}"


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case np.generic():
            return _plain(value.item())
        case float() if not math.isfinite(value):
            return None
    return value
