"""The case study from end to end: measure, learn, say how sure, name what is wrong, and show that the mend works.

It is carried out as a lab would: what the hidden device is made of is looked at in the end only, to score what was found.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float

from qrexplore.core import Named, Step, run, side_by_side
from qrexplore.data import observable
from qrexplore.experiments import Experiment
from qrexplore.learn import Examination, Kernel, LearnProblem, LearnResult, examine, learn, staged
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
_ELSEWHERE = "a better place"
_SYMPTOMS = ("chevron",)
# until when (s) a step has edges, that of an echo too, and how much finer than samples it is followed until then
_EDGES, _FINER = 100e-9, 8
# of the pulse of the CZ, s: with sudden edges the ideal device has errors up to 7e-4 of its own
_RISE = 4e-9
# gates of the trains, one every 80 ns
_TRAINS = (5, 20, 50)
_DRAWS = 12


def measured(study: CaseStudy, *, seed: int | None = None) -> dict[str, xr.Dataset]:
    """Give what the hidden device answers to all experiments of a case study, those kept out of the fit included."""
    made = {**study.experiments, **study.held_out}

    def one(name: str) -> xr.Dataset:
        return _answer(study.device, made[name], seed=study.seed if seed is None else seed, name=name)

    return dict(zip(made, side_by_side(one, list(made)), strict=True))


def _answer(device: Twin, experiment: Experiment, *, seed: int, name: str) -> xr.Dataset:
    """Give what a device answers to an experiment, with shots of its own, whatever is measured beside."""
    own = np.random.SeedSequence([seed, *name.encode()]).generate_state(1)
    return simulate(device, experiment, shots=experiment.shots, seed=int(own[0]), tolerance=_TOLERANCE)


def solve_case(
    study: CaseStudy,
    data: Mapping[str, xr.Dataset] | None = None,
    *,
    on_stage: Callable[[str, float], None] = lambda *_: None,
) -> CaseReport:
    """Carry out a case study.

    Parameters
    ----------
    study
        The case.
    data
        What was measured, see `measured`; measured now if left out.
    on_stage
        Called with name and seconds of each stage when it is over.
    """
    seconds: dict[str, float] = {}
    begun = time.perf_counter()

    def over(stage: str, at: float | None = None) -> None:
        nonlocal begun
        ended = time.perf_counter() if at is None else at
        seconds[stage] = seconds.get(stage, 0.0) + ended - begun
        begun = ended
        on_stage(stage, seconds[stage])

    data = measured(study) if data is None else data
    over("measuring")
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
    kernel = Kernel(problem)
    over("preparing")
    stage, last = "", begun

    def on_step(step: Step) -> None:
        # the first step of a stage tells that the one before was over when its last step was
        nonlocal stage, last
        if step.stage != stage and stage:
            over(stage, last)
        stage, last = step.stage, time.perf_counter()

    result = run(staged(problem, kernel), on_step=on_step)
    over(stage)
    held_out = {name: data[name] for name in study.held_out}
    examination = examine(result, kernel, held_out=held_out)
    over("examination")
    if examination.better is not None:
        result = _continued(result, learn(replace(problem, twin=examination.better), kernel=kernel))
        over(_ELSEWHERE)
        examination = examine(result, kernel, held_out=held_out)
        over("examination")
    known = study.calibration
    rough = CzPulse(known.interaction, 0.5 / (np.sqrt(2) * 2 * _coupling(result.twin)), LINE, ("q0", "q1"), rise=_RISE)
    diagnosis = diagnosed(examination, kernel, study.twin, symptoms=_SYMPTOMS, gate=rough)
    over("diagnosis")
    gate = _gate_errors(study, examination, rough)
    over("gates")
    panels = _panels(study, result.twin, data["chevron"])
    over("mended chevron")
    step = {name: _settled(twin.lines[LINE]) for name, twin in (("learned", result.twin), ("true", study.device))}
    return CaseReport(study, examination, diagnosis, gate, panels, step, seconds)


def _continued(before: LearnResult, after: LearnResult) -> LearnResult:
    """Give a result with the steps of the one that it went on from."""
    steps = [
        replace(
            step,
            iteration=len(before.history) + step.iteration,
            seconds=before.seconds + step.seconds,
            stage=_ELSEWHERE,
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


def _coupling(twin: Twin) -> float:
    (path,) = [path for path in twin.parameters.paths if path.endswith(".coupling")]
    return twin.parameters[path].value


def _undistorted(twin: Twin) -> Twin:
    """Give a twin whose line does nothing but be late, round edges and have its gain."""
    return twin.replace(distortion(LINE, twin.lines[LINE]).off)


def _gate_errors(study: CaseStudy, examination: Examination, rough: CzPulse) -> GateErrors:
    learned, device = examination.result.twin, study.device
    pulse = calibrated_cz(_undistorted(learned), rough)
    taps = corrections(learned, LINE, max(_TRAINS) * pulse.window)
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


def _panels(study: CaseStudy, learned: Twin, seen: xr.Dataset) -> Panels:
    """Give the four panels; the naive model knows the chip and the gain, and nothing of the line."""
    experiment = study.experiments["chevron"]
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
        experiment.dataset(expected["learned"]),
        after,
        {
            "b-a": _rms(before - expected["naive"]),
            "c-b": _rms(expected["learned"] - before),
            "d-a": _rms(last - expected["naive"]),
            "shot noise": noise,
        },
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
