"""The case study: what is learned, what is hidden, what is measured."""

from collections import Counter
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.core import LogNormal, Normal, Uniform, influential
from qrexplore.data import thinned
from qrexplore.experiments import from_dataset
from qrexplore.twin import library, predict, simulate, zz_interaction
from qrexplore.twin.case_study.device import RANGE
from qrexplore.twin.electronics import settling
from qrexplore.twin.electronics.filters import GAUSSIAN_LAG
from qrexplore.twin.populations import populations
from qrexplore.twin.prediction import read


@pytest.fixture(scope="module")
def study():
    return library.case_study(0)


def test_eighty_three_numbers_are_learned_each_with_a_prior(study):
    assert len(study.priors) == 83
    assert set(study.priors) == set(study.truth)
    assert set(study.priors) <= set(study.twin.parameters.paths)
    groups = Counter(path.rsplit(".", 1)[0].split("_", 1)[0] for path in study.priors)
    # as in the table of the white paper's case study: qubits, coupling, lines, crosstalk, noise, readout
    assert groups["readout"] == 12
    assert sum(path.startswith("flux_q1.") for path in study.priors) == 13
    assert sum(path.startswith("flux_q0.") for path in study.priors) == 9
    assert sum(path.startswith("drive_") for path in study.priors) == 14
    assert sum(path.startswith("crosstalk.") for path in study.priors) == 8


def test_time_constants_and_times_name_the_amplitudes_that_scale_them(study):
    table = study.twin.parameters
    scaled = {row.path: row.scaled_by for row in table if row.scaled_by is not None}
    assert set(scaled.values()) <= set(table.paths)
    assert scaled["flux_q1.slow.time_constant"] == "flux_q1.slow.amplitude"
    assert {path.rpartition(".")[2] for path in scaled} == {"time_constant", "time"}
    assert len(scaled) == 6  # three settlings and an echo of one line, two settlings of the other


def test_hidden_step_response_is_that_of_the_white_papers_device(study):
    # settlings, bias tee, cable, echo and bandwidth, without delay and at unit gain
    line = study.twin.replace({**study.truth, "flux_q1.delay.time": 0.0, "flux_q1.transfer.gain": 1.0}).lines["flux_q1"]
    fine = 32
    wave = np.asarray(line.forward(jnp.ones(140), fine)).mean(axis=-1)
    # a Gaussian filter that acts only on what came before lags
    lag = GAUSSIAN_LAG * 0.1325 / 0.35
    times = (np.arange(len(wave)) + 0.5) / fine - lag  # ns
    expected = {0.5: 0.932, 1: 0.949, 2: 0.957, 4: 0.964, 8: 0.980, 16: 0.987, 64: 0.985, 128: 0.981}
    found = np.interp(list(expected), times, wave)
    np.testing.assert_allclose(found[2:], list(expected.values())[2:], atol=2e-3)
    # the first nanosecond is the edge of the filter
    np.testing.assert_allclose(found[:2], list(expected.values())[:2], atol=0.1)


def test_same_seed_draws_the_same_and_another_seed_another_device(study):
    again, other = library.case_study(0), library.case_study(5)
    assert again.truth == study.truth
    assert again.calibration == study.calibration
    assert sum(other.truth[path] != study.truth[path] for path in study.truth) == 83


@pytest.mark.parametrize("seed", [2, 3, 7])
def test_line_is_distorted_where_that_is_the_flaw_and_settles_where_it_is_not(seed):
    def off(flaw):
        study = library.case_study(seed, flaw=flaw)
        # the exact response of the settlings, sample by sample
        wave = np.asarray(settling(study.device.lines["flux_q1"]).forward(jnp.ones(201), 4)).mean(axis=-1)
        return np.max(np.abs(wave[20:800] - 1))

    assert off("distortion") > 0.02
    assert off("none") < 0.01


@pytest.mark.parametrize("seed", range(4))
def test_truths_are_what_the_priors_expect_and_devices_can_do_a_cz(seed):
    study = library.case_study(seed)
    distances = []
    for path, prior in study.priors.items():
        value = study.truth[path]
        if isinstance(prior, Uniform):
            assert prior.low < value < prior.high
            continue
        distance = np.log(value / prior.median) if isinstance(prior, LogNormal) else value - prior.mean
        distances.append(distance / prior.deviation)
        assert isinstance(prior, Normal | LogNormal)
    assert np.max(np.abs(distances)) < 3
    assert 0.2 < np.std(distances) < 0.8
    true = study.twin.replace(study.truth)
    assert abs(float(zz_interaction(true, ("q0", "q1")))) < 0.4e6
    assert 0 < study.calibration.interaction < RANGE
    frequencies = study.calibration.frequency
    assert 0.3e9 < frequencies["q1"] - frequencies["q0"] < 1.3e9


# a few experiments that tell all of it together
TELLING = (
    *("resonator_q0", "resonator_q1", "arc_q0", "arc_q1", "static_crosstalk_q0", "static_crosstalk_q1"),
    *("rabi_q0", "rabi_q1", "echo_q0", "echo_q1", "delay_q0", "delay_q1", "chevron", "drive_q0_q1", "drive_q1_q0"),
    *("flux_q0_q1", "flux_q1_q0"),
)


def test_every_number_can_be_told_by_some_experiment(study):
    told = set()
    for name in TELLING:
        experiment = study.experiments[name]
        points = {key: jnp.asarray(values) for key, values in experiment.points().items()}
        told |= influential(
            lambda t, e=experiment, p=points: read(t, e, populations(t, e, p, substeps=1)[0]), study.twin
        )
    assert set(study.priors) <= told


def test_every_experiment_is_recorded_with_all_that_it_takes(study):
    for name, experiment in (study.experiments | study.held_out).items():
        assert experiment.shots, name
        size = (len(experiment.qubits), *experiment.sweep_shape)
        shape = size if experiment.observable == "transmission" else (*size, 3)
        assert from_dataset(experiment.dataset(np.zeros(shape))) == experiment, name


def test_the_device_is_richer_than_the_model_but_not_another_one(study):
    experiment = study.experiments["t1_q1"]
    data = study.measured(experiment, seed=3)
    model = np.asarray(predict(study.twin.replace(study.truth), experiment))
    pulls = (data["probability"].values - model) / data["probability_stderr"].values
    assert np.mean(pulls**2) < 1.6
    assert study.device.chip.qubits["q1"].levels == 4
    assert study.device.parameters.paths != study.twin.parameters.paths


@pytest.mark.slow
def test_the_naive_model_does_not_know_the_distortion(study):
    experiment = study.experiments["chevron"]
    straight = {path: 0.0 for path in study.truth if path.startswith("flux_q1.") and path.endswith(".amplitude")}
    true = study.twin.replace(study.truth)
    naive = true.replace({**straight, "flux_q1.cable.loss": 0.0, "flux_q1.bandwidth.cutoff": 5e9})
    coarse = from_dataset(thinned(experiment.dataset(np.zeros((2, *experiment.sweep_shape, 3))), {"flux_amplitude": 4}))
    found, expected = (simulate(twin, coarse, substeps=4)["probability"] for twin in (naive, true))
    # white paper's figure 5: the fringes of both differ by far more than shot noise
    assert float(np.sqrt(((found - expected) ** 2).mean())) > 0.1


def test_experiments_without_shots_cannot_be_measured(study):

    with pytest.raises(ValueError, match=r"must say how many shots it takes\. Build it with shots=1000"):
        study.measured(replace(study.experiments["t1_q0"], shots=None))
