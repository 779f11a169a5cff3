"""Learning finds a hidden truth again, within the errors it states."""

import json
from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Status
from qrexplore.data import split
from qrexplore.learn import RECIPES, Kernel, LearnProblem, compiled, completed, laplace, learn, start, study
from qrexplore.optimize import OPTAX_METHODS, Coordinates, LeastSquares, LevenbergMarquardt
from qrexplore.twin import library, simulate

NOISE = 0.01
TRUTH = {
    "q0.frequency": 5.00021e9, "q0.t1": 33e-6, "q0.t_phi": 21e-6,
    "readout_q0.false_one": 0.031, "readout_q0.false_zero": 0.072,
    "drive_q0.transfer.gain": 88e6, "bias_q0.gain": 0.37, "flux_q0.transfer.gain": 0.41,
}  # fmt: skip
DELAYS = np.linspace(0.0, 90e-6, 81)
EXPERIMENTS = {
    "t1": (experiments.t1(np.linspace(0, 150e-6, 51)), ("q0.t1",)),
    "ramsey": (experiments.ramsey(DELAYS, artificial_detuning=60e3), ("q0.frequency",)),
    "rabi": (experiments.rabi(np.linspace(0.0, 1.5, 61)), ("drive_q0.transfer.gain", "readout_q0.false_one")),
    "cryoscope": (experiments.cryoscope(np.arange(1, 41) * 1e-9, flux_amplitude=0.25), ("readout_q0.false_one",)),
    "flux_arc": (
        experiments.flux_arc(np.linspace(-0.25, 0.15, 15), np.linspace(4.85e9, 5.002e9, 120), drive_amplitude=0.02),
        ("q0.frequency", "q0.flux_offset", "bias_q0.gain"),
    ),
}


def measure(twin, experiment, seed=0, noise=NOISE):
    """Simulate with Gaussian noise and its standard error in the file."""
    data = simulate(twin, experiment)
    values = data["population"].values
    data["population"].values[...] = values + noise * np.random.default_rng(seed).normal(size=values.shape)
    data["population_stderr"] = data["population"].copy(data=np.full(values.shape, noise))
    return data


def pulls(result, truth):
    """Give the deviation of every learned parameter in units of its stated error."""
    return {
        row.path: (row.value - truth.parameters[row.path].value) / result.stderr[row.path] for row in result.parameters
    }


def restated(data, noise):
    """Give the same data with another standard error in the file."""
    return data.assign(population_stderr=data["population_stderr"] * 0 + noise)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "cryoscope" else name for name in EXPERIMENTS]
)
def test_study_recovers_what_the_experiment_can_tell(name):
    experiment, told = EXPERIMENTS[name]
    truth = library.transmon().replace(TRUTH)
    if name == "flux_arc":
        truth = truth.replace({"q0.flux_offset": 0.02})
    if name == "cryoscope":
        truth = truth.replace({"flux_q0.distortion.amplitude": -0.05, "flux_q0.distortion.time_constant": 7e-9})
    # what the experiment learns is unknown at the start, everything else is known
    unknown = RECIPES[name].paths(truth, experiment)
    begin = truth.replace({row.path: row.value for row in library.transmon().parameters.select(unknown)})
    found = study(measure(truth, experiment), begin)
    result = found.learned
    assert result.status is Status.CONVERGED
    assert 0.6 < result.chi2_per_dof < 1.5
    assert {path: pull for path, pull in pulls(result, truth).items() if abs(pull) > 4} == {}
    for path in told:
        assert np.isfinite(result.stderr[path]), path
    assert found.explained


@pytest.mark.parametrize("height", [0.36, 0.42])
def test_sign_and_alias_of_a_cryoscope_are_the_same_with_rows_kept_out(height):
    truth = library.transmon().replace(TRUTH | {"flux_q0.distortion.amplitude": -0.05})
    data = measure(truth, experiments.cryoscope(np.arange(1, 60) * 1e-9, flux_amplitude=height))
    fitted, _ = split(data, "duration")
    for part in (data, fitted):
        whole = completed(library.transmon(), part)
        assert json.loads(whole.attrs["settings"])["quadrature_sign"] == 1
        assert start(library.transmon(), whole).parameters["flux_q0.transfer.gain"].value == pytest.approx(
            0.41, rel=0.02
        )


def test_study_of_an_echo_recovers_t2():
    truth = library.transmon().replace(TRUTH)
    found = study(measure(truth, experiments.echo(DELAYS)), library.transmon())
    (t2,) = found.derived
    assert t2.path == "q0.t2_echo"
    assert abs(t2.value - 1 / (1 / (2 * 33e-6) + 1 / 21e-6)) < 4 * t2.stderr
    assert t2.stderr < 2e-6


def test_small_chevron_gives_back_coupling_and_distortion():
    hidden = {
        "q0_q1.coupling": 8.6e6, "q1.frequency": 5.59e9, "flux_q1.transfer.gain": 0.405,
        "flux_q1.distortion.amplitude": -0.05, "flux_q1.distortion.time_constant": 8e-9,
    }  # fmt: skip
    twin = library.assemble(
        dict(library.two_transmons().chip.qubits.items()), {("q0", "q1"): 9e6}, bandwidth=None, dissipative=False
    )
    truth = twin.replace(hidden)
    data = measure(truth, experiments.chevron(np.linspace(0.45, 0.53, 15), np.linspace(2e-9, 60e-9, 20)))
    # the pulse height and the frequency of the pulsed qubit move the pattern alike: one of them is known
    free = ["*.coupling", "flux_q1.transfer.gain", "flux_q1.distortion.*"]
    start = twin.replace({"q1.frequency": 5.59e9, "flux_q1.distortion.amplitude": -0.02})
    result = learn(LearnProblem(start, data, free=free))
    assert result.status is Status.CONVERGED
    assert 0.85 < result.chi2_per_dof < 1.15
    assert {path: pull for path, pull in pulls(result, truth).items() if abs(pull) > 4} == {}
    assert result.stderr["q0_q1.coupling"] < 20e3
    losses = [step.loss for step in result.history]
    assert np.all(np.diff(losses) <= 0)
    # what the result says it predicts is what its twin predicts
    again = simulate(result.twin, experiments.from_dataset(data))["population"]
    np.testing.assert_allclose(result.predictions[0], again, atol=1e-6)


@pytest.fixture(scope="module")
def relaxation():
    """A truth and a T1 experiment on it."""
    return library.transmon().replace({"q0.t1": 33e-6}), experiments.t1(np.linspace(0, 120e-6, 31))


def test_spread_of_refits_agrees_with_the_stated_error(relaxation):
    truth, experiment = relaxation
    problem = LearnProblem(truth, measure(truth, experiment, noise=1e-12), free=["q0.t1", "readout_q0.false_zero"])
    exact = replace(problem, data=restated(problem.data, NOISE))
    kernel, rng = Kernel(exact), np.random.default_rng(8)
    plain = kernel.least_squares(exact)
    method, coordinates = LevenbergMarquardt(), Coordinates(exact.table)
    found, stated = [], []
    for _ in range(60):
        # other data of the same noise: the residuals of the exact data less the noise, in standard errors
        noise = rng.normal(size=experiment.sweep_shape)

        def linearize(point, noise=noise):
            residual, jacobian = plain.linearize(point)
            return residual - noise, jacobian

        posed = LeastSquares(linearize, plain.gradient, plain.start)
        progress = method.init(posed)
        while method.done(progress) is None:
            progress = method.advance(posed, progress)
        found.append(float(coordinates.values(progress.coordinates)[0]))
        _, jacobian = linearize(progress.coordinates)
        stated.append(laplace(jacobian, coordinates.slopes(progress.coordinates), 1.0).stderr[0])
    assert np.std(found, ddof=1) == pytest.approx(np.mean(stated), rel=0.3)
    assert abs(np.mean(found) - 33e-6) < 4 * np.std(found) / np.sqrt(60)


def test_binomial_likelihood_recovers_the_truth_from_counted_shots():
    truth = library.transmon().replace({"q0.t1": 33e-6, "readout_q0.false_zero": 0.08})
    experiment, shots = experiments.t1(np.linspace(0, 400e-6, 41), shots=400), 400
    data = simulate(truth, experiment)
    exact = data["population"].values
    data["population"].values[...] = np.random.default_rng(4).binomial(shots, exact) / shots
    assert json.loads(data.attrs["settings"])["shots"] == shots
    free = ["q0.t1", "readout_q0.false_zero", "readout_q0.false_one"]
    result = learn(LearnProblem(library.transmon(), data, free=free, likelihood="binomial"))
    assert result.status is Status.CONVERGED
    assert 0.5 < result.chi2_per_dof < 1.6
    assert {path: pull for path, pull in pulls(result, truth).items() if abs(pull) > 4} == {}


def test_adam_ends_near_the_optimum_of_levenberg_marquardt(relaxation):
    truth, experiment = relaxation
    data = measure(truth, experiment, seed=3)
    start = library.transmon().replace({"q0.t1": 40e-6})
    exact = learn(LearnProblem(start, data, free=["q0.t1"]))
    rough = learn(LearnProblem(start, data, free=["q0.t1"], method="adam", learning_rate=0.02, max_steps=150))
    assert abs(rough.parameters["q0.t1"].value - exact.parameters["q0.t1"].value) < exact.stderr["q0.t1"]
    assert len(rough.history) > 20


@pytest.fixture(scope="module")
def detuned():
    """A qubit whose frequency is off by a two hundred thousandth of its range, but by half a fringe of its Ramsey experiment."""
    truth = library.transmon().replace({"q0.frequency": 5.00002e9, "q0.t_phi": 20e-6})
    experiment = experiments.ramsey(np.linspace(0, 20e-6, 41), artificial_detuning=2e5)
    free = ["q0.frequency", "q0.t_phi", "readout_q0.false_*"]
    problem = LearnProblem(library.transmon(), measure(truth, experiment, seed=4), free=free)
    kernel = Kernel(problem)
    return problem, kernel, learn(problem, kernel=kernel).history[-1].loss


@pytest.mark.parametrize("method", OPTAX_METHODS)
def test_a_method_along_the_gradient_finds_what_the_data_fix_to_a_billionth(detuned, method):
    problem, kernel, least = detuned
    found = learn(replace(problem, method=method), kernel=kernel)
    assert found.history[0].loss > 50 * least
    assert found.history[-1].loss < 1.5 * least
    assert found.parameters["q0.frequency"].value == pytest.approx(5.00002e9, abs=5e3)


def test_held_parameters_stay_and_are_released_without_compiling(monkeypatch):
    traces, original = [], compiled.populations
    monkeypatch.setattr(compiled, "populations", lambda *a, **k: traces.append(1) or original(*a, **k))
    truth = library.transmon().replace({"q0.t1": 33e-6, "readout_q0.false_zero": 0.08})
    data = measure(truth, experiments.t1(np.linspace(0, 121e-6, 32)))
    free = ["q0.t1", "readout_q0.false_zero"]
    held = LearnProblem(library.transmon(), data, free=free, hold=["readout_*"])
    kernel = Kernel(held)
    first = learn(held, kernel=kernel)
    assert first.parameters.paths == ("q0.t1",)
    assert first.twin.parameters["readout_q0.false_zero"].value == 0.05
    # what influences the data is found out once, and a whole fit, from its first step to its result, compiles once
    assert len(traces) == 2
    assert len(first.history) > 1
    second = learn(LearnProblem(first.twin, data, free=free), kernel=kernel)
    assert len(traces) == 2
    assert second.chi2_per_dof < first.chi2_per_dof
    assert {path: pull for path, pull in pulls(second, truth).items() if abs(pull) > 4} == {}
