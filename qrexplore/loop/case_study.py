"""The case study from end to end: measure, learn, say how sure, name what is wrong, and show that the mend works.

It is carried out as a lab would: what the hidden device is made of is looked at in the end only, to score what was found.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float

from qrexplore.core import Named, Status, Step, run, side_by_side
from qrexplore.data import observable
from qrexplore.experiments import Experiment
from qrexplore.learn import (
    WAYS,
    Examination,
    Kernel,
    LearnProblem,
    LearnResult,
    examine,
    in_order,
    problem_of,
    resume_run,
    run_of,
)
from qrexplore.loop.case_folder import BETTER, DATA, FIT, ORDERED, claim, kept
from qrexplore.loop.causes import diagnosed, distortion
from qrexplore.loop.controlled_z import CzPulse, calibrated_cz, corrected, corrections, cz_error, lossy_cz_error
from qrexplore.loop.report import LINE, STEP_TIMES, CaseReport, GateErrors, Panels
from qrexplore.optimize import Stop
from qrexplore.twin import Twin, predict, simulate
from qrexplore.twin.case_study import CaseStudy
from qrexplore.twin.electronics import Delay, Gain, GaussianFilter, SignalChain
from qrexplore.twin.static import late_step

# of a population: what the steps of the solver may be off by where data are made
_TOLERANCE = 3e-4
# where parameters trade against each other, a search goes on for long and gains less than the likelihood can tell
_STEPS, _SETTLED = 30, Stop(patience=3, share=1e-4)
_ORDERED, _ELSEWHERE = "in order", "a better place"
_SYMPTOMS = ("chevron",)
# until when (s) a step has edges, that of an echo too, and how much finer than samples it is followed until then
_EDGES, _FINER = 100e-9, 8
# of the pulse of the CZ, s: with sudden edges the ideal device has errors up to 7e-4 of its own
_RISE = 4e-9
# gates of the trains, one every 80 ns
_TRAINS = (5, 20, 50)
_DRAWS = 12
# draws that tell how sure the step response is
_SURE = 48


def measured(study: CaseStudy, *, seed: int | None = None) -> dict[str, xr.Dataset]:
    """Give what the hidden device answers to all experiments of a case study, those kept out of the fit included."""
    made = list(_made(study))
    return dict(zip(made, side_by_side(partial(_measured, study, seed=seed), made), strict=True))


def _made(study: CaseStudy) -> dict[str, Experiment]:
    return {**study.experiments, **study.held_out}


def _measured(study: CaseStudy, name: str, *, seed: int | None = None) -> xr.Dataset:
    return _answer(study.device, _made(study)[name], seed=study.seed if seed is None else seed, name=name)


def _answer(device: Twin, experiment: Experiment, *, seed: int, name: str) -> xr.Dataset:
    """Give what a device answers to an experiment, with shots of its own, whatever is measured beside."""
    own = np.random.SeedSequence([seed, *name.encode()]).generate_state(1)
    return simulate(device, experiment, shots=experiment.shots, seed=int(own[0]), tolerance=_TOLERANCE)


def solve_case(
    study: CaseStudy,
    data: Mapping[str, xr.Dataset] | None = None,
    *,
    folder: str | Path | None = None,
    on_stage: Callable[[str, float], None] = lambda *_: None,
) -> CaseReport:
    """Carry out a case study.

    Parameters
    ----------
    study
        The case.
    data
        What was measured, see `measured`; measured now if left out, or read from the folder.
    folder
        Where to keep what takes long, made if missing: each dataset in ``data`` when it is measured, and the fit as a run in
        ``fit`` (see `qrexplore.learn.begin_run`; what goes on from it in ``fit-ordered`` and ``fit-better``). Begun again with
        the same folder, whatever ended the process, nothing is measured twice, and the fits go on to the same answer, bit for
        bit on the same machine; what comes after them is done again. Left out, all is in memory.
    on_stage
        Called with name and seconds of each stage when it is over. Those of a fit are told by its history, whatever process did
        the work; all others are of this process, which only reads what was measured before.

    Raises
    ------
    ValueError
        If the folder is of another case, or its fit of other data; the message says which.
    KeyboardInterrupt
        If a fit in a folder was asked to stop, by Ctrl-C, SIGTERM or ``qrexplore runs ask``; it is saved before.
    """
    watch = _Watch(on_stage)
    place = None if folder is None else claim(folder, seed=study.seed, flaw=study.flaw)
    if data is None:
        data = measured(study) if place is None else kept(_made(study), place / DATA, partial(_measured, study))
    watch.over("measuring")
    problem = LearnProblem(
        study.twin,
        {name: data[name] for name in study.experiments},
        free=list(study.priors),
        priors=study.priors,
        likelihood="counts",
        max_steps=_STEPS,
        stop=_SETTLED,
        seed=study.seed,
    )
    result, kernel = _fitted(problem, "staged", place and place / FIT, watch)
    watch.told(_spent(result.history, result.seconds))
    held_out = {name: data[name] for name in study.held_out}

    def gone_on(twin: Twin, stage: str, name: str) -> LearnResult:
        after, _ = _fitted(replace(problem, twin=twin), "fit", place and place / name, watch, kernel)
        watch.told({stage: after.seconds})
        return _continued(result, after, stage)

    if (ordered := in_order(problem, result.twin)) is not result.twin:
        result = gone_on(ordered, _ORDERED, ORDERED)
    examination = examine(result, kernel, held_out=held_out)
    watch.over("examination")
    if examination.better is not None:
        result = gone_on(in_order(problem, examination.better), _ELSEWHERE, BETTER)
        examination = examine(result, kernel, held_out=held_out)
        watch.over("examination")
    known = study.calibration
    rough = CzPulse(known.interaction, 0.5 / (np.sqrt(2) * 2 * _coupling(result.twin)), LINE, ("q0", "q1"), rise=_RISE)
    diagnosis = diagnosed(examination, kernel, study.twin, symptoms=_SYMPTOMS, gate=rough)
    watch.over("diagnosis")
    taps = corrections(result.twin, LINE, max(_TRAINS) * rough.window)
    gate = _gate_errors(study, examination, rough, taps)
    watch.over("gates")
    panels = _panels(study, examination, data["chevron"])
    watch.over("mended chevron")
    return CaseReport(study, examination, diagnosis, taps, gate, panels, _step(study, examination), watch.seconds)


class _Watch:
    """Seconds of the stages, and who is told of them."""

    def __init__(self, tell: Callable[[str, float], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._tell, self._begun = tell, time.perf_counter()

    def over(self, stage: str) -> None:
        """Note that a stage is over that began when the last one was."""
        begun, self._begun = self._begun, time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + self._begun - begun
        self._tell(stage, self.seconds[stage])

    def told(self, spent: Mapping[str, float]) -> None:
        """Note what a history tells of stages that are over; those known already are not told again."""
        self._begun = time.perf_counter()
        for stage, seconds in spent.items():
            if stage not in self.seconds:
                self.seconds[stage] = seconds
                self._tell(stage, seconds)


def _spent(history: Sequence[Step], seconds: float) -> dict[str, float]:
    """Give the seconds of each stage of a history that has taken so many in all."""
    ends = {step.stage: step.seconds for step in history}
    ends[history[-1].stage if history else ""] = seconds
    return dict(zip(ends, np.diff([0.0, *ends.values()]).tolist(), strict=True))


def _fitted(
    problem: LearnProblem, way: str, folder: Path | None, watch: _Watch, kernel: Kernel | None = None
) -> tuple[LearnResult, Kernel]:
    """Give what a fit comes to, as a run if it has a folder, and a kernel to go on with: the one given, if any."""
    steps: list[Step] = []
    if folder is not None:
        begun = run_of(problem, folder, way=way)
        problem, steps = problem_of(begun), begun.history()
    kernel = kernel or Kernel(problem)
    substeps = kernel.substeps
    watch.over("preparing")

    def on_step(step: Step) -> None:
        # what came after the last checkpoint is done again; the first step of a stage tells that the one before is over
        nonlocal steps
        earlier = [one for one in steps if one.iteration < step.iteration]
        if earlier and earlier[-1].stage != step.stage:
            watch.told(_spent(earlier, earlier[-1].seconds))
        steps = [*earlier, step]

    if folder is None:
        result = run(WAYS[way](problem, kernel), on_step=on_step)
    else:
        result = resume_run(folder, on_step=on_step, kernel=kernel)
    if result.status is Status.STOPPED:
        msg = "interrupted and saved; begun again with the same folder, it goes on"
        raise KeyboardInterrupt(msg)
    # how fine the steps of the solver were in the end is not known where the result was read
    kernel.substeps = substeps
    return result, kernel


def _continued(before: LearnResult, after: LearnResult, stage: str) -> LearnResult:
    """Give a result with the steps of the one that it went on from, as those of a stage."""
    steps = [
        replace(
            step,
            iteration=len(before.history) + step.iteration,
            seconds=before.seconds + step.seconds,
            stage=stage,
        )
        for step in after.history
    ]
    return replace(after, history=(*before.history, *steps), seconds=before.seconds + after.seconds)


def _settled(line: SignalChain) -> Float[np.ndarray, " times"]:
    """Give the response to a step of 1 V (Φ0) at `STEP_TIMES` after the middle of its edge has arrived."""
    stages = {name: stage for name, stage in line.stages.items() if not isinstance(stage, Delay | Gain)}
    punctual = replace(line, stages=Named(stages))
    times = jnp.asarray(STEP_TIMES) + line.stage(GaussianFilter).lag
    fine = replace(punctual, sample_rate=_FINER * line.sample_rate)
    early = late_step(fine, 1.0, times, _EDGES)
    late = late_step(punctual, 1.0, times, float(times[-1]) + 20e-9)
    return float(line.stage(Gain).gain) * np.asarray(jnp.where(times < _EDGES, early, late))


def _step(study: CaseStudy, examination: Examination) -> dict[str, Float[np.ndarray, " times"]]:
    """Give the response of the line to a step as it was learned, how sure that is, and the true one."""

    def settled(twin: Twin) -> Float[np.ndarray, " times"]:
        return _settled(twin.lines[LINE])

    sigma = np.std(examination.drawn(settled, _SURE, seed=study.seed), axis=0)
    return {"learned": settled(examination.result.twin), "sigma": sigma, "true": settled(study.device)}


def _coupling(twin: Twin) -> float:
    (path,) = [path for path in twin.parameters.paths if path.endswith(".coupling")]
    return twin.parameters[path].value


def _undistorted(twin: Twin) -> Twin:
    """Give a twin whose line does nothing but be late, round edges and have its gain."""
    return twin.replace(distortion(LINE, twin.lines[LINE]).off)


def _gate_errors(
    study: CaseStudy, examination: Examination, rough: CzPulse, taps: Float[np.ndarray, " taps"]
) -> GateErrors:
    learned, device = examination.result.twin, study.device
    pulse = calibrated_cz(_undistorted(learned), rough)
    again = calibrated_cz(device, pulse)
    refined = calibrated_cz(device, pulse, taps=taps, spread=(2e-3, 0.2e-9))
    short, straight = 2 * pulse.window, _undistorted(device)
    filters = examination.drawn(lambda twin: corrections(twin, LINE, short), _DRAWS, seed=study.seed)
    return GateErrors(
        ideal=cz_error(_undistorted(learned), pulse),
        before=cz_error(device, pulse),
        recalibrated=cz_error(device, again),
        compensated=cz_error(device, pulse, taps=taps),
        refined=cz_error(device, refined, taps=taps),
        drawn=tuple(cz_error(device, pulse, taps=one) for one in filters),
        recalibrated_trains={count: cz_error(device, again, count=count) for count in _TRAINS},
        compensated_trains={count: cz_error(device, pulse, taps=taps, count=count) for count in _TRAINS},
        overshoot=float(np.max(np.abs(np.convolve(taps, pulse.samples(learned.lines[LINE].sample_rate)))))
        / pulse.amplitude,
        total=lossy_cz_error(device, pulse, taps=taps),
        losses=lossy_cz_error(straight, pulse) - cz_error(straight, pulse),
    )


def _panels(study: CaseStudy, examination: Examination, seen: xr.Dataset) -> Panels:
    """Give the four panels; the naive model knows the chip and the gain, and nothing of the line."""
    experiment, learned = study.experiments["chevron"], examination.result.twin
    naive = _undistorted(learned)
    window = experiment.largest("duration") + experiment.setting("settling_time")
    mended = corrected(study.device, LINE, corrections(learned, LINE, window))
    expected = {"naive": np.asarray(predict(naive, experiment)), "learned": np.asarray(predict(learned, experiment))}
    after = _answer(mended, experiment, seed=study.seed, name="compensated chevron")
    before, last = (np.asarray(observable(one).values) for one in (seen, after))
    shots = experiment.shots or 1
    noise = float(np.sqrt(np.mean(expected["learned"] * (1 - expected["learned"]) / shots)))
    return Panels(
        experiment.dataset(expected["naive"]),
        seen,
        _with_errors(experiment.dataset(expected["learned"]), examination.bands["chevron"].sigma),
        after,
        {
            "b-a": _rms(before - expected["naive"]),
            "c-b": _rms(expected["learned"] - before),
            "d-a": _rms(last - expected["naive"]),
            "shot noise": noise,
        },
    )


def _with_errors(data: xr.Dataset, sigma: np.ndarray) -> xr.Dataset:
    array = observable(data)
    words = {**array.attrs, "long_name": f"standard error of the {array.attrs['long_name']}"}
    return data.assign({f"{array.name}_stderr": array.copy(data=sigma).assign_attrs(words)})


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
