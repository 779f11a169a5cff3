"""Landmarks: what they read off simulated data agrees with the twin that made them, and they lead a search there."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore import experiments as lab
from qrexplore.core import LogNormal, Normal, Uniform, compilation
from qrexplore.learn import LearnProblem, landmarks, placed, placing
from qrexplore.twin import crosstalk, dressed_frequencies, library, simulate

TRUTH = {
    "q0.frequency": 5.012e9, "q0.anharmonicity": -0.216e9, "q0.flux_offset": 0.021, "bias_q0.gain": 0.31,
    "flux_q0.transfer.gain": 0.37, "flux_q0.distortion.amplitude": -0.03, "flux_q0.distortion.time_constant": 30e-9,
}  # fmt: skip
BIASES = np.linspace(-0.5, 0.5, 9)


def device():
    return library.transmon().replace(TRUTH)


def on_arc(twin, flux):
    return np.asarray(twin.chip.qubits["q0"].at_flux(jnp.asarray(flux))[0])


@pytest.fixture(scope="module")
def data():
    twin, gain = device(), TRUTH["flux_q0.transfer.gain"]
    idle = float(on_arc(twin, 0.0))
    around = np.linspace(-30e6, 30e6, 25)
    arc = on_arc(twin, TRUTH["bias_q0.gain"] * BIASES)[:, None] + 3e6 + around
    delays = np.geomspace(0.1e-6, 3e-6, 4)
    pulse = {"drive_amplitude": 0.08, "pulse_duration": 100e-9}
    made = {
        "arc": lab.flux_arc(BIASES, arc, drive_amplitude=0.02, shots=1000),
        "step": lab.flux_step(
            delays, float(on_arc(twin, gain * 0.2)) + around, flux_amplitude=0.2, shots=1000, **pulse
        ),
        "level two": lab.ef_spectroscopy(
            idle + TRUTH["q0.anharmonicity"] + np.linspace(-9e6, 9e6, 31), shots=1000, **pulse
        ),
        "ramsey": lab.ramsey_phases(
            np.linspace(0, 4e-6, 41), artificial_detuning=1e6, drive_frequency=idle + 0.4e6, shots=1000
        ),
        "cryoscope": lab.cryoscope_amplitudes([0.2, 0.3], np.arange(1, 60, 3) * 1e-9, drive_frequency=idle, shots=4000),
    }
    return {name: simulate(twin, one, shots=one.shots, seed=k) for k, (name, one) in enumerate(made.items())}


@pytest.mark.parametrize(
    "name", [pytest.param("arc", marks=pytest.mark.slow), "step", "level two", "ramsey", "cryoscope"]
)
def test_the_twin_that_made_the_data_is_within_the_errors_of_its_landmarks_and_another_is_not(data, name):
    marks = landmarks(data[name])
    residual = np.asarray(marks.residuals(device()))
    assert np.all(np.isfinite(residual))
    assert np.sqrt(np.mean(residual**2)) < 1.5
    elsewhere = device().replace({"q0.frequency": 5.06e9, "q0.anharmonicity": -0.24e9, "flux_q0.transfer.gain": 0.34})
    assert np.sqrt(np.mean(np.asarray(marks.residuals(elsewhere)) ** 2)) > 3


@pytest.mark.slow
def test_the_fast_exchange_of_a_chevron_tells_coupling_and_meeting():
    twin = library.two_transmons(dissipative=False).replace({"q0_q1.coupling": 11e6})
    sweep = lab.chevron(np.linspace(0.46, 0.52, 13), np.arange(2, 90, 3) * 1e-9, shots=1000)
    marks = landmarks(simulate(twin, sweep, shots=1000, seed=1))
    meeting, splitting = np.asarray(marks.predicted(twin)) - marks.observed
    # the height of a row is 5 mV, or 12 MHz
    assert abs(meeting) < 15e6
    assert splitting == pytest.approx(0, abs=0.1 * float(marks.observed[1]))
    assert marks.observed[1] == pytest.approx(2 * np.sqrt(2) * 11e6, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, -0.05])
def test_fringes_beside_a_pulse_tell_the_crosstalk_with_its_sign(share):
    # the slower fringe runs backwards, which its frequency alone does not say
    twin = library.two_transmons(dissipative=False)
    twin = replace(twin, crosstalk=crosstalk(fast_flux={("q0", "q1"): share}))
    twin = twin.replace({"q0.flux_offset": 0.05})
    idle = float(dressed_frequencies(twin, ("q0",))[0])
    sweep = lab.flux_crosstalk(
        [-0.3, 0.3], np.linspace(20e-9, 500e-9, 25), source="q1", victim="q0", alone=True, drive_frequencies=[idle],
        artificial_detuning=4e6, shots=1000,
    )  # fmt: skip
    marks = landmarks(simulate(twin, sweep, shots=1000, seed=2))
    assert np.min(np.asarray(marks.observed) - idle) < -4e6
    assert np.all(np.abs(np.asarray(marks.residuals(twin))) < 2)
    other_way = twin.replace({"crosstalk.fast_flux.q0_q1.share": -share})
    assert np.all(np.abs(np.asarray(marks.residuals(other_way))) > 10)


def test_a_spectrum_without_a_line_tells_nothing():
    twin = device()
    nowhere = lab.flux_arc(BIASES, 4.0e9 + np.linspace(-30e6, 30e6, 25), drive_amplitude=0.02, shots=1000)
    marks = landmarks(simulate(twin, nowhere, shots=1000, seed=1))
    assert np.all(np.isnan(marks.observed))
    assert np.all(np.asarray(marks.residuals(twin)) == 0)


def test_an_experiment_without_landmarks_leaves_the_start_where_it_is():
    data = simulate(device(), lab.t1(np.linspace(0, 80e-6, 11), shots=1000), shots=1000, seed=1)
    assert landmarks(data) is None
    problem = LearnProblem(library.transmon(), data, free=["q0.t1"])
    assert placed(problem).parameters["q0.t1"].value == library.transmon().parameters["q0.t1"].value


def test_a_start_many_lines_away_is_led_to_within_one(data):
    priors = {
        "q0.frequency": Normal(5.0e9, 15e6),
        "q0.anharmonicity": Normal(-0.23e9, 10e6),
        "q0.flux_offset": Normal(0.0, 0.03),
        "bias_q0.gain": LogNormal(0.36, 0.3),
        "flux_q0.transfer.gain": LogNormal(0.42, 0.2),
        "flux_q0.distortion.amplitude": Normal(0.0, 0.03),
        "flux_q0.distortion.time_constant": LogNormal(15e-9, 1.0),
    }
    start = library.transmon().replace({path: prior.center for path, prior in priors.items()})
    problem = LearnProblem(start, data, free=list(priors), priors=priors)
    found = placed(problem, count=2)
    within = {
        "q0.frequency": 0.3e6, "q0.anharmonicity": 0.5e6, "q0.flux_offset": 0.002, "bias_q0.gain": 0.005,
        "flux_q0.transfer.gain": 0.004, "flux_q0.distortion.amplitude": 0.01,
    }  # fmt: skip
    for path, error in within.items():
        assert abs(found.parameters[path].value - TRUTH[path]) < error, path
        assert abs(start.parameters[path].value - TRUTH[path]) > error, path


def test_what_landmarks_hardly_tell_does_not_run_into_a_bound():
    # a line without distortion says nothing of a time constant, of which only bounds are known
    twin = device().replace({"flux_q0.distortion.amplitude": 0.0})
    pulses = lab.cryoscope_amplitudes(
        [0.2, 0.3], np.arange(1, 60, 3) * 1e-9, drive_frequency=float(on_arc(twin, 0.0)), shots=4000
    )
    priors = {
        "flux_q0.transfer.gain": Normal(0.37, 0.02),
        "flux_q0.distortion.amplitude": Normal(0.02, 0.02),
        "flux_q0.distortion.time_constant": Uniform(2e-9, 100e-9),
    }
    start = twin.replace({path: prior.center for path, prior in priors.items()})
    data = {"cryoscope": simulate(twin, pulses, shots=pulses.shots, seed=3)}
    found = placed(LearnProblem(start, data, free=list(priors), priors=priors))
    assert found.parameters["flux_q0.distortion.amplitude"].value < 0.01
    assert found.parameters["flux_q0.distortion.time_constant"].value == pytest.approx(51e-9, rel=0.2)


def test_what_was_compiled_for_one_device_serves_the_next(monkeypatch):
    free = {"q0.frequency": Normal(5.0e9, 20e6), "q0.anharmonicity": Normal(-0.22e9, 5e6)}

    def found(moved):
        twin = device().replace({"q0.frequency": TRUTH["q0.frequency"] + moved})
        around = TRUTH["q0.anharmonicity"] + np.linspace(-9e6, 9e6, 31)
        two = lab.ef_spectroscopy(
            float(on_arc(twin, 0.0)) + around, drive_amplitude=0.08, pulse_duration=100e-9, shots=1000
        )
        spectrum = simulate(twin, two, shots=1000, seed=3)
        start = device().replace({"q0.frequency": 5.0e9})
        return placed(LearnProblem(start, {"two": spectrum}, free=list(free), priors=free))

    def programs():
        # others are functions of another kind, without a name of their own
        return sum(len(one.programs) for one in compilation._ALL if getattr(one.function, "__name__", "") == "both")

    first = found(0.0)
    monkeypatch.setattr(placing, "jit", None)  # none is made anew
    before = programs()
    second = found(6e6)
    assert programs() == before > 0
    line = [
        twin.parameters["q0.frequency"].value + twin.parameters["q0.anharmonicity"].value for twin in (first, second)
    ]
    assert line[1] - line[0] == pytest.approx(6e6, abs=1e6)
