"""What is wrong with a device: the suspects that a learned twin holds, each with its size, its evidence and what it costs.

A suspect is a part of the twin that a healthy device would not have, or only a little of. It is named as a cause where it is
larger than a healthy device allows, surely so, and only if the twin explains the data at all: the parameters of a model that
does not fit mean nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qrexplore.learn import Examination, Kernel, LearnResult
from qrexplore.loop.controlled_z import CzPulse, calibrated_cz, cz_error
from qrexplore.optimize import LevenbergMarquardt, Stop, search
from qrexplore.twin import Twin
from qrexplore.twin.case_study import SETTLED
from qrexplore.twin.electronics import (
    BiasTee,
    Compression,
    Delay,
    ExponentialResponse,
    IQMixer,
    Reflection,
    SignalChain,
    SkinEffect,
    unsettled,
)

# voltage at which an amplifier is looked at, V
_STRONG = 0.5
# what no line has: decays that never end, saturation out of reach
_NEVER, _LOSSLESS = 1e-2, 1e-3
# standard deviations by which a suspect must be above what is healthy
_SURE = 2.0
_DRAWS = 48
# largest chi2 per degree of freedom of a model that still explains its data, and the standard deviations of it beyond
_EXPLAINED, _CHANCE = 1.1, 3.0
# of the other parameters, when a cause is taken away
_REFITTED = Stop(steps=3, share=1e-2, patience=3)
# rise of the deviance below which nothing is there to be looked at
_ABSENT = 25.0


@dataclass(frozen=True, eq=False)
class Suspect:
    """A part of a twin that may be what is wrong.

    Attributes
    ----------
    name
        What it is, in words.
    off
        Values of its parameters on a device that has nothing of it, by path.
    size
        How much a twin has of it, in the measure of `limit`.
    limit
        What a healthy device may have.
    measure
        What is counted, in words.
    mend
        What to do about it, in words.
    coherent
        Whether it acts on gates of flux pulses other than by losses.
    """

    name: str
    off: Mapping[str, float]
    size: Callable[[Twin], float]
    limit: float
    measure: str
    mend: str
    coherent: bool = False


@dataclass(frozen=True)
class Cause:
    """A suspect with its evidence.

    Attributes
    ----------
    name, measure, limit, mend
        See `Suspect`.
    size, sigma
        How much there is of it, and the posterior standard deviation of that.
    evidence
        By how much the deviance of all data rises without it, all other parameters moved so as to make up for it: found by
        fitting them anew, if it is named, and to second order about the fit, if not.
    explains
        Share of the misfit of the twin without any suspect, on the data in question, that is gone once it alone is put in.
    gate_share
        Share of the coherent error of the gate that is gone without it; NaN where it does not act on it.
    named
        Whether it is a cause.
    """

    name: str
    measure: str
    limit: float
    mend: str
    size: float
    sigma: float
    evidence: float
    explains: float
    gate_share: float
    named: bool

    def __str__(self) -> str:
        """Say it in a sentence."""
        parts = [f"{self.measure} {self.size:.3g} ± {self.sigma:.1g} (healthy: up to {self.limit:g})"]
        if np.isfinite(self.explains):
            parts.append(f"explains {100 * self.explains:.0f} % of the misfit of the naive model")
        if np.isfinite(self.gate_share):
            parts.append(f"makes {100 * self.gate_share:.0f} % of the coherent gate error")
        anew = "and all else fitted anew " if self.named else ""
        parts.append(f"without it {anew}the deviance rises by {self.evidence:.3g}")
        if self.named:
            parts.append(f"to mend it, {self.mend}")
        return f"{self.name}: " + "; ".join(parts)


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a device.

    Attributes
    ----------
    causes
        All suspects, those that are named first, then by what they cost the gate.
    explained
        Whether the twin explains the data, all together and each dataset; if not, nothing is named.
    chi2_per_dof
        Of the fit.
    naive_error, error
        Coherent error of the gate on the twin without any suspect, by the pulse that is best there, and of the same pulse on the
        twin as it was learned.
    worst
        The experiment that is explained worst.
    """

    causes: tuple[Cause, ...]
    explained: bool
    chi2_per_dof: float
    naive_error: float
    error: float
    worst: str

    @property
    def named(self) -> tuple[str, ...]:
        """Names of the causes."""
        return tuple(cause.name for cause in self.causes if cause.named)

    def __repr__(self) -> str:
        """Print causes, and the alternatives that were looked at and rejected."""
        if not self.explained:
            return (
                f"the model does not explain the data: chi2 per degree of freedom {self.chi2_per_dof:.3f} of all, worst in "
                f"{self.worst}. No cause is named; something is missing from the twin."
            )
        named = [f"  {cause}" for cause in self.causes if cause.named]
        rejected = [f"  {cause}" for cause in self.causes if not cause.named]
        lines = [f"coherent gate error {100 * self.error:.3g} %, without any suspect {100 * self.naive_error:.3g} %"]
        lines += (
            ["causes:", *named] if named else ["no cause: all that was looked at is within what a healthy device has"]
        )
        return "\n".join([*lines, "looked at and rejected:", *rejected])


def suspects(twin: Twin) -> tuple[Suspect, ...]:
    """Give what may be wrong with a device, from the parts of its twin.

    Parameters
    ----------
    twin
        Before anything was learned: what it says of delays is what they should be.
    """
    found = []
    for name, chain in twin.lines.items():
        if name.startswith("flux_"):
            found += [distortion(name, chain), *_skew(name, chain)]
        else:
            found += _drive(name, chain)
    for kind, words, limit, mend in (
        ("fast_flux", "crosstalk of flux pulses", 0.02, "play its share with the opposite sign on the other line"),
        ("static_flux", "crosstalk of static flux", 0.1, "set all biases by the inverse of the matrix"),
        ("microwave", "crosstalk of drives", 0.1, "play its share with the opposite phase on the other drive"),
    ):
        for name, leak in getattr(twin.crosstalk, kind).leaks.items():
            path = f"crosstalk.{kind}.{name}"
            parts = [one for one in twin.parameters.paths if one.startswith(f"{path}.")]
            found.append(
                Suspect(
                    f"{words} from {leak.source} to {leak.target}",
                    dict.fromkeys(parts, 0.0),
                    _norm(parts),
                    limit,
                    "share",
                    mend,
                    coherent=kind == "fast_flux",
                )
            )
    for name in twin.chip.qubits:
        found += _losses(twin, name)
    return tuple(found)


def _norm(paths: Sequence[str], center: float = 0.0) -> Callable[[Twin], float]:
    return lambda twin: float(np.linalg.norm([twin.parameters[path].value - center for path in paths]))


def distortion(line: str, chain: SignalChain) -> Suspect:
    """Give the suspect that a line (of that name and those stages) does more than be late, round edges and have its gain."""
    off: dict[str, float] = {}
    for name, stage in chain.stages.items():
        path = f"{line}.{name}"
        if isinstance(stage, ExponentialResponse | Reflection):
            off[f"{path}.amplitude"] = 0.0
        elif isinstance(stage, SkinEffect):
            off[f"{path}.loss"] = _LOSSLESS
        elif isinstance(stage, BiasTee):
            off[f"{path}.time_constant"] = _NEVER

    def size(twin: Twin) -> float:
        return unsettled(twin.lines[line], SETTLED)

    words = "largest deviation of the step response between 5 and 200 ns"
    mend = "send its samples through the filter that undoes the line as it was learned (qrexplore.loop.corrections)"
    return Suspect(f"distortion of {_words(line)}", off, size, 0.01, words, mend, coherent=True)


def _skew(line: str, chain: SignalChain) -> list[Suspect]:
    for name, stage in chain.stages.items():
        if isinstance(stage, Delay):
            path, due = f"{line}.{name}.time", float(stage.time)
            size = _norm([path], due)
            mend = "shift its pulses by what they are off"
            return [Suspect(f"timing of {_words(line)} against its drive", {path: due}, size, 4e-9, "s off", mend)]
    return []


def _drive(line: str, chain: SignalChain) -> list[Suspect]:
    found = []
    for name, stage in chain.stages.items():
        path = f"{line}.{name}"
        if isinstance(stage, Compression):

            def lost(twin: Twin, path: str = f"{path}.ceiling") -> float:
                share = _STRONG / twin.parameters[path].value
                return float(1 - np.tanh(share) / share)

            words = f"gain lost at {_STRONG:g} V"
            mend = "drive it weaker and longer, or bend the samples the other way before they are played"
            found.append(Suspect(f"compression in {_words(line)}", {f"{path}.ceiling": 1e3}, lost, 0.1, words, mend))
        elif isinstance(stage, IQMixer):
            found.append(_mixer(line, path))
    return found


def _mixer(line: str, path: str) -> Suspect:
    off = {f"{path}.imbalance": 1.0, f"{path}.skew": 0.0}

    def size(twin: Twin) -> float:
        return float(np.linalg.norm([twin.parameters[one].value - value for one, value in off.items()]))

    mend = "set gain and phase between I and Q at the generator to the inverse of what was learned"
    return Suspect(f"imbalance of the mixer of {_words(line)}", off, size, 0.1, "amplitude of the image, twice", mend)


def _losses(twin: Twin, name: str) -> list[Suspect]:
    """Give losses of a qubit: rates that are too high."""
    found = []

    def rate(path: str) -> Callable[[Twin], float]:
        return lambda twin: 1 / twin.parameters[path].value

    for path, words, limit, mend in (
        (f"{name}.t1", "relaxation", 1 / 10e-6, "look for what it decays into: a defect, the resonator, a line"),
        (f"{name}.t_phi", "white dephasing", 1 / 8e-6, "look for photons in the resonator, and generators"),
    ):
        if path in twin.parameters:
            most = twin.parameters[path].bounds[1]
            found.append(Suspect(f"{words} of {name}", {path: most}, rate(path), limit, "rate in 1/s", mend))
    path = f"{name}.thermal_population"
    if path in twin.parameters:
        mend = "attenuate and filter its lines better, or reset it before each shot"
        found.append(Suspect(f"thermal excitation of {name}", {path: 1e-4}, _norm([path]), 0.1, "population", mend))
    for source, noise in twin.noise.sources.items():
        path = f"noise.{source}.amplitude"
        if noise.on == name and path in twin.parameters:
            measure, mend = "amplitude in Phi0", "work nearer to the sweet spot, or echo it"
            found.append(Suspect(f"slow flux noise of {name}", {path: 1e-8}, _norm([path]), 15e-6, measure, mend))
    return found


def _words(line: str) -> str:
    kind, _, qubit = line.partition("_")
    return f"{kind} line {qubit}"


def diagnosed(
    examination: Examination,
    kernel: Kernel,
    before: Twin,
    *,
    symptoms: Sequence[str],
    gate: CzPulse,
) -> Diagnosis:
    """Say what is wrong with a device.

    Parameters
    ----------
    examination
        Of the fit.
    kernel
        That of the fit.
    before
        The twin before anything was learned.
    symptoms
        Names of the datasets in which the device misbehaves.
    gate
        A pulse to begin with for the gate that matters; it is calibrated on the twin without any suspect.
    """
    result = examination.result
    learned, free = result.twin, set(result.parameters.paths)
    listed = [replace(one, off={path: v for path, v in one.off.items() if path in free}) for one in suspects(before)]
    listed = [one for one in listed if one.off]
    naive = learned.replace({path: value for one in listed for path, value in one.off.items()})
    pulse = calibrated_cz(naive, gate)
    error, naive_error = cz_error(learned, pulse), cz_error(naive, pulse)

    part = kernel.only(symptoms)

    def misfit(twin: Twin) -> float:
        values = [twin.parameters[path].value for path in result.problem.candidates.paths]
        return float(np.sum(part.value(kernel.coordinates.free(np.array(values)), twin)))

    worst_misfit, best_misfit = misfit(naive), misfit(learned)
    chance = _CHANCE * np.sqrt(2 / max(1, result.problem.independent - len(free)))
    # what goes wrong in one experiment alone is little in the sum of all
    explained = bool(result.chi2_per_dof < _EXPLAINED + chance) and examination.explained
    causes = []
    for one in listed:
        size = one.size(learned)
        sigma = float(np.std(examination.drawn(one.size, _DRAWS, seed=0)))
        evidence = _evidence(examination, one.off)
        explains = gate_share = float("nan")
        if evidence > _ABSENT:
            put_in = naive.replace({path: learned.parameters[path].value for path in one.off})
            explains = (worst_misfit - misfit(put_in)) / (worst_misfit - best_misfit)
            if one.coherent:
                gate_share = 1 - cz_error(learned.replace(one.off), pulse) / error
        named = explained and evidence > _ABSENT and size - _SURE * sigma > one.limit
        if named:
            evidence = _rise(kernel, result, one.off)
        causes.append(
            Cause(
                name=one.name,
                measure=one.measure,
                limit=one.limit,
                mend=one.mend,
                size=size,
                sigma=sigma,
                evidence=evidence,
                explains=explains,
                gate_share=gate_share,
                named=named,
            )
        )
    causes.sort(key=lambda cause: (not cause.named, -np.nan_to_num(cause.gate_share), -cause.size / cause.limit))
    worst = min(examination.goodness, key=lambda one: (one.explained, one.p_value), default=None)
    return Diagnosis(tuple(causes), explained, result.chi2_per_dof, naive_error, error, worst.name if worst else "")


def _rise(kernel: Kernel, result: LearnResult, off: Mapping[str, float]) -> float:
    """Give the rise of the deviance of the data if some parameters are held at other values and all others fitted anew.

    The search is given a few steps: far from the fit, more of them gain little, and what it finds is an upper limit.
    """
    problem = replace(result.problem, twin=result.twin.replace(off), hold=[*result.problem.hold, *off])
    end = search(kernel.least_squares(problem), LevenbergMarquardt(), stop=_REFITTED)
    here = kernel.coordinates.free(np.array([result.twin.parameters[p].value for p in problem.candidates.paths]))
    without = kernel.evaluate(kernel.point(problem, end.coordinates), problem.twin).chi2
    return float(np.sum(without) - np.sum(kernel.evaluate(here, result.twin).chi2))


def _evidence(examination: Examination, off: Mapping[str, float]) -> float:
    """Give the rise of the deviance if some parameters had other values, with all others moved to make up for it."""
    posterior, paths = examination.posterior, examination.result.parameters.paths
    places = np.array([paths.index(path) for path in off])
    values = np.array([row.value for row in examination.result.parameters])
    moved = values.copy()
    moved[places] = list(off.values())
    there, here = (posterior.placed(posterior.coordinates.free(at)) for at in (moved, values))
    apart = (there - here)[places]
    return float(apart @ np.linalg.solve(posterior.covariance[np.ix_(places, places)], apart))
