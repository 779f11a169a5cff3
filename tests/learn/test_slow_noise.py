"""An amplitude of slow noise is learned like any other number."""

import numpy as np

from qrexplore import experiments
from qrexplore.learn import LearnProblem, learn
from qrexplore.twin import FrequencyNoise, library, simulate
from tests.twin.noise.noisy import noisy

AMPLITUDE = "noise.wander.amplitude"


def test_the_amplitude_of_slow_noise_is_found_in_a_ramsey_fringe_beside_white_dephasing():
    plain = library.transmon().replace({"q0.t_phi": 25e-6})
    truth = noisy(plain, wander=FrequencyNoise("q0", 18e3))
    data = simulate(truth, experiments.ramsey(np.linspace(0.2e-6, 30e-6, 60), artificial_detuning=0.3e6))
    values = data["population"].values
    data["population"].values[...] = values + 0.005 * np.random.default_rng(4).normal(size=values.shape)
    data["population_stderr"] = data["population"].copy(data=np.full(values.shape, 0.005))
    start = truth.replace({AMPLITUDE: 8e3, "q0.t_phi": 60e-6, "q0.frequency": 5e9 + 3e3})
    result = learn(LearnProblem(start, data, free=[AMPLITUDE, "q0.t_phi", "q0.frequency"]))
    found, error = result.parameters[AMPLITUDE].value, result.stderr[AMPLITUDE]
    assert abs(found - 18e3) < 4 * error
    assert error < 2e3
