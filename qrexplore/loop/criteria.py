"""What a case study must reach, and whether it did: a number, and the range it has to be in.

The ranges are those that were set before anything was built; the truth is looked at for most of them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from qrexplore.loop.report import LINE, CaseReport
from qrexplore.twin.electronics import ExponentialResponse

# the suspect that each flaw is, as `qrexplore.loop.suspects` calls it; the model knows nothing of a defect
CULPRITS = {
    "distortion": "distortion of flux line q1",
    "crosstalk": "crosstalk of flux pulses from q1 to q0",
    "skew": "timing of flux line q1 against its drive",
    "compression": "compression in drive line q1",
}
# length of the train that must be as good as its first gate
_TRAIN = 20
# of a settling that is there at all, and of one that is large enough for its time constant to be asked for
_SMALL_AMPLITUDE, _LARGE_AMPLITUDE = 0.002, 0.01


@dataclass(frozen=True)
class Criterion:
    """A number that must be in a range.

    Attributes
    ----------
    name
        What it is.
    value, low, high
        The number, and the range with its ends.
    """

    name: str
    value: float
    low: float
    high: float

    @property
    def met(self) -> bool:
        """Whether it is; no number is not."""
        return self.low <= self.value <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON holds it: an open end and what is no number are None."""
        ends = {
            key: value if np.isfinite(value) else None
            for key, value in (("value", self.value), ("low", self.low), ("high", self.high))
        }
        return {"name": self.name, **ends, "met": self.met}

    def __str__(self) -> str:
        """Write it in a line."""
        verdict = "met" if self.met else "missed"
        words = (("from", self.low), ("up to", self.high))
        ends = [f"{word} {end:.4g}" for word, end in words if np.isfinite(end)]
        return f"{self.name}: {self.value:.4g} ({' '.join(ends)}), {verdict}"


def criteria(report: CaseReport) -> tuple[Criterion, ...]:
    """Give the criteria that apply to the flaw of a device."""
    flaw = report.study.flaw
    found = _causes(report)
    # a model that lacks what is wrong cannot fit, and must say so
    if flaw == "none" or flaw in CULPRITS:
        found = [*_fit(report), *found]
    if flaw == "distortion":
        found += [*_line(report), *_panels(report), *_gate(report)]
    return tuple(found)


def _up_to(name: str, value: float, high: float) -> Criterion:
    return Criterion(name, float(value), -np.inf, high)


def _fit(report: CaseReport) -> list[Criterion]:
    """Give what the fit must be: as good as the noise, in and out of sample, and sure of itself by as much as it may be."""
    examined = report.examination
    kept_out = [score.compared for score in examined.scores if score.compared is not None]
    squares = sum(one.outside_chi2 * one.outside_dof for one in kept_out)
    freedom = sum(one.outside_dof for one in kept_out)
    return [
        Criterion("chi2 per degree of freedom", examined.result.chi2_per_dof, 0.95, 1.05),
        # of all together: a train of a few points by itself is not that exact
        Criterion("chi2 per degree of freedom, kept out", squares / freedom if freedom else np.nan, 0.9, 1.1),
        Criterion("share within a standard deviation", report.coverage()["all"]["within_sigma"], 0.60, 0.76),
    ]


def _causes(report: CaseReport) -> list[Criterion]:
    """Give what the diagnosis must be: the right cause, or that something is missing from the model; never a wrong one."""
    told, culprit = report.diagnosis, CULPRITS.get(report.study.flaw)
    wrong = [name for name in told.named if name != culprit]
    if report.study.flaw == "none":
        return [_up_to("wrong causes named", len(wrong), 0), *_settled(report)]
    if report.study.flaw != "distortion":
        noticed = culprit in told.named or not told.explained
        return [
            _up_to("wrong causes named", len(wrong), 0),
            Criterion("the cause is named, or the data called unexplained", float(noticed), 1, 1),
        ]
    (cause,) = [one for one in told.causes if one.name == culprit]
    first = bool(told.named) and told.named[0] == culprit
    return [
        Criterion("the right cause comes first", float(first), 1, 1),
        Criterion("its share of the coherent gate error", cause.gate_share, 0.8, np.inf),
        Criterion("rise of the deviance without it", cause.evidence, 1000, np.inf),
    ]


def _settled(report: CaseReport) -> list[Criterion]:
    """Give what must be said of settlings on a device without a flaw: that zero is possible, or that they are below 0.2 %."""
    off = [
        one.path
        for one in report.examination.estimates
        if one.path in _amplitudes(report)
        and not (one.interval[0] <= 0 <= one.interval[1] or abs(one.value) < _SMALL_AMPLITUDE)
    ]
    return [_up_to("settlings that are not there, seen", len(off), 0)]


def _amplitudes(report: CaseReport) -> dict[str, str]:
    """Give the path of the amplitude of each settling, with the path of its stage."""
    return {
        f"{line}.{name}.amplitude": f"{line}.{name}"
        for line, chain in report.study.twin.lines.items()
        for name, stage in chain.stages.items()
        if isinstance(stage, ExponentialResponse)
    }


def _line(report: CaseReport) -> list[Criterion]:
    """Give how well the line must be known: its response to a step, and each number of it that was learned."""
    truth = report.study.truth
    found = [_up_to("step response off by", report.step_error, 2e-3)]
    learned = {one.path: one.value for one in report.examination.estimates if one.verdict == "learned"}
    for path, stage in _amplitudes(report).items():
        if not path.startswith(f"{LINE}."):
            continue
        constant = f"{stage}.time_constant"
        if path in learned:
            allowed = max(0.1 * abs(truth[path]), _SMALL_AMPLITUDE)
            found.append(_up_to(f"{path} off, of what is allowed", abs(learned[path] - truth[path]) / allowed, 1))
        if constant in learned and abs(truth[path]) >= _LARGE_AMPLITUDE:
            found.append(_relative(constant, learned, truth, 0.15 if stage.endswith("slow") else 0.1))
    tee = f"{LINE}.bias_tee.time_constant"
    return [*found, _relative(tee, learned, truth, 0.05)] if tee in learned else found


def _relative(path: str, learned: dict[str, float], truth: dict[str, float], high: float) -> Criterion:
    return _up_to(f"{path} off by", abs(learned[path] / truth[path] - 1), high)


def _panels(report: CaseReport) -> list[Criterion]:
    rms = report.panels.rms
    noise = rms["shot noise"]
    return [
        _up_to("learned model against device, of the shot noise", rms["c-b"] / noise, 1.1),
        _up_to("mended device against naive model", rms["d-a"], float(np.hypot(noise, 0.02))),
    ]


def _gate(report: CaseReport) -> list[Criterion]:
    gate = report.gate
    return [
        _up_to("coherent error of the CZ, median of draws", float(np.median(gate.drawn)), 1e-3),
        _up_to("coherent error of the CZ, of 90 % of draws", float(np.quantile(gate.drawn, 0.9)), 2e-3),
        _up_to("coherent error of the CZ, calibrated after that", gate.refined, 5e-4),
        _up_to("error of the CZ with losses, above what they cost", gate.total - gate.losses, 1e-3),
        _up_to(f"coherent error of gate {_TRAIN} of a train", gate.compensated_trains[_TRAIN], 2e-3),
    ]
