"""What became of a case study: the fit, the diagnosis, what the gate gained, and the storyboard, in words and numbers."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from qrexplore.learn import Examination
from qrexplore.loop.causes import Diagnosis
from qrexplore.twin.case_study import CaseStudy

# the line that pulses a qubit to the interaction
LINE = "flux_q1"
# when its response to a step is compared, s
STEP_TIMES = np.concatenate([np.geomspace(2e-9, 4e-6, 80), np.geomspace(4.5e-6, 40e-6, 20)])


@dataclass(frozen=True, eq=False)
class Panels:
    """The storyboard: a chevron of the model before anything was learned, the device, the learned model, the mended device.

    Attributes
    ----------
    naive, device, learned, mended
        Datasets of the same sweep; those of devices are of shots, and the learned one says how sure it is
        (``probability_stderr``).
    rms
        Root of the mean square of (b - a), (c - b) and (d - a), and of the shot noise of b, as shares of an outcome.
    """

    naive: xr.Dataset
    device: xr.Dataset
    learned: xr.Dataset
    mended: xr.Dataset
    rms: dict[str, float]


@dataclass(frozen=True)
class GateErrors:
    """Errors of a CZ on the device, ``1 - F``; coherent ones, where nothing else is said.

    Attributes
    ----------
    ideal
        Of the pulse that is best on an undistorted line, there.
    before
        Of the same pulse on the device.
    recalibrated
        With amplitude and duration calibrated anew on the device.
    compensated
        Of the first pulse, sent through the filter that undoes the line as it was learned; the device was not touched.
    refined
        The same with amplitude and duration calibrated on the device afterwards.
    drawn
        As `compensated`, with filters from draws of the posterior.
    recalibrated_trains, compensated_trains
        Of the last gate of trains, by their length.
    overshoot
        Largest voltage of the corrected pulse over that of the pulse.
    total
        As `compensated`, with relaxation and dephasing.
    losses
        What these alone cost: by how much they raise the error of that pulse where the line of the device is undistorted.
    """

    ideal: float
    before: float
    recalibrated: float
    compensated: float
    refined: float
    drawn: tuple[float, ...]
    recalibrated_trains: dict[int, float]
    compensated_trains: dict[int, float]
    overshoot: float
    total: float
    losses: float


@dataclass(frozen=True, eq=False)
class CaseReport:
    """What became of a case study.

    Attributes
    ----------
    study
        The case.
    examination
        Of the fit, with its scores on what was kept out of it.
    diagnosis
        What is wrong.
    taps
        Filter that undoes the flux line as it was learned, for what its generator plays, sample by sample.
    gate
        What a CZ costs before and after.
    panels
        The storyboard.
    step
        Response of the flux line to a step of 1 V (Φ0) at `STEP_TIMES` after the middle of its edge: ``learned``, its standard
        deviation ``sigma``, and ``true``.
    seconds
        Wall time of each stage: of a fit in a folder that of all processes that worked on it, else of the last one, which only
        reads what was measured before.
    """

    study: CaseStudy
    examination: Examination
    diagnosis: Diagnosis
    taps: Float[np.ndarray, " taps"]
    gate: GateErrors
    panels: Panels
    step: dict[str, Float[np.ndarray, " times"]]
    seconds: dict[str, float]

    @property
    def step_error(self) -> float:
        """Largest deviation of the learned step response from the true one, relative to its gain."""
        gain = self.study.truth[f"{LINE}.transfer.gain"]
        return float(np.max(np.abs(self.step["learned"] - self.step["true"])) / gain)

    def coverage(self) -> dict[str, dict[str, float]]:
        """Give the shares of learned parameters whose truth lies within one standard deviation, and within the interval.

        NaN for ``all`` if none was learned.
        """
        truth, groups = self.study.truth, {"all": []}
        for one in self.examination.estimates:
            if one.verdict == "learned":
                held = one.interval[0] <= truth[one.path] <= one.interval[1]
                near = abs(one.value - truth[one.path]) <= one.sigma
                for group in ("all", one.path.partition(".")[0]):
                    groups.setdefault(group, []).append((near, held))
        return {
            group: {
                "parameters": len(found),
                "within_sigma": sum(near for near, _ in found) / len(found) if found else float("nan"),
                "within_interval": sum(held for _, held in found) / len(found) if found else float("nan"),
            }
            for group, found in groups.items()
        }

    def __repr__(self) -> str:
        """Print it for people."""
        gate, rms, held = self.gate, self.panels.rms, self.coverage()["all"]
        result = self.examination.result
        trains = ", ".join(
            f"{count}: {100 * before:.2g} -> {100 * gate.compensated_trains[count]:.2g} %"
            for count, before in gate.recalibrated_trains.items()
        )
        return "\n".join(
            [
                (
                    f"case study of seed {self.study.seed}: {result.status.value} after {len(result.history)} steps over "
                    f"all data, {sum(self.seconds.values()):.0f} s in all"
                ),
                (
                    f"chi2 per degree of freedom {result.chi2_per_dof:.3f}; of {held['parameters']} learned parameters "
                    f"{100 * held['within_sigma']:.0f} % within a standard deviation, {100 * held['within_interval']:.0f} % "
                    "within their 95 % interval of the truth"
                ),
                f"step response of the line: off by {self.step_error:.1e} at most, 2 ns to 40 us",
                (
                    f"CZ error: ideal {100 * gate.ideal:.2g} %, on the device {100 * gate.before:.3g} %, calibrated anew "
                    f"{100 * gate.recalibrated:.2g} %, line undone {100 * gate.compensated:.2g} %, and calibrated after that "
                    f"{100 * gate.refined:.2g} %; with losses {100 * gate.total:.2g} %, of which {100 * gate.losses:.2g} % are "
                    "theirs alone"
                ),
                f"last gate of a train, calibrated anew -> line undone: {trains}",
                (
                    f"chevrons, rms: device - naive {rms['b-a']:.4f}, learned - device {rms['c-b']:.4f}, mended - naive "
                    f"{rms['d-a']:.4f}, shot noise {rms['shot noise']:.4f}"
                ),
                repr(self.diagnosis),
                *(f"kept out of the fit, {score}" for score in self.examination.scores),
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain numbers and words, as JSON holds them."""
        examined, truth = self.examination.to_dict(), self.study.truth
        for one in examined["parameters"]:
            one["truth"] = truth[one["path"]]
        return {
            "seed": self.study.seed,
            "flaw": self.study.flaw,
            "status": self.examination.result.status.value,
            "steps": len(self.examination.result.history),
            "history": [
                _finite({"stage": step.stage, "seconds": step.seconds, "loss": step.loss})
                for step in self.examination.result.history
            ],
            **examined,
            "coverage": {group: _finite(shares) for group, shares in self.coverage().items()},
            "step_response_error": self.step_error,
            "diagnosis": {
                "named": list(self.diagnosis.named),
                "explained": self.diagnosis.explained,
                "causes": [_finite(asdict(cause)) for cause in self.diagnosis.causes],
                "text": repr(self.diagnosis),
            },
            "correction": {
                "line": LINE,
                "sample_rate": self.study.twin.lines[LINE].sample_rate,
                "taps": np.asarray(self.taps).tolist(),
            },
            "step_response": {
                "times": STEP_TIMES.tolist(),
                **{name: part.tolist() for name, part in self.step.items()},
            },
            "cz_error": asdict(self.gate),
            "rms": self.panels.rms,
            "seconds": self.seconds,
        }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in values.items()
    }
