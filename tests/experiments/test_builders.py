"""What the builders of experiments refuse and record."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.data import DatasetError


@pytest.mark.parametrize("build", [experiments.t1, experiments.ramsey, experiments.echo, experiments.rabi])
@pytest.mark.parametrize("values", [[], [0.0, np.nan], np.zeros((2, 2))])
def test_axis_that_is_no_axis_is_refused(build, values):
    with pytest.raises(ValueError, match=r"`(delay|drive_amplitude)` must be"):
        build(values)


def test_frequencies_of_an_arc_are_one_axis_or_one_row_a_bias():
    bias = np.array([0.0, 0.1, 0.2])
    assert experiments.flux_arc(bias, np.linspace(4e9, 5e9, 7)).sweep_shape == (3, 7)
    assert experiments.flux_arc(bias, np.ones((3, 5))).sweep_shape == (3, 5)
    with pytest.raises(ValueError, match=r"`drive_frequency` must have shape \(points,\) or \(3, points\)"):
        experiments.flux_arc(bias, np.ones((2, 5)))


def test_pulsed_qubit_of_a_chevron_is_the_second_unless_named():
    axes = np.array([0.1]), np.array([1e-9])
    assert experiments.pulsed_qubit(experiments.chevron(*axes)) == "q1"
    assert experiments.pulsed_qubit(experiments.chevron(*axes, flux_qubit="q0")) == "q0"


def test_cryoscope_measures_two_quadratures():
    experiment = experiments.cryoscope(np.array([1e-9, 2e-9]), flux_amplitude=0.3)
    assert experiment.coordinates["quadrature"].values.tolist() == ["x", "y"]
    np.testing.assert_allclose(experiment.points()["quadrature"], [0, 0, -np.pi / 2, -np.pi / 2])


def test_setting_left_out_is_that_of_the_protocol():
    experiment = experiments.rabi(np.array([0.1]))
    assert experiment.setting("pulse_sigmas") == 5.0
    assert experiment.setting("pulse_duration") == 40e-9
    with pytest.raises(KeyError):
        experiment.setting("temperature")


def test_signal_and_shots_are_recorded():
    experiment = experiments.t1(np.ones(2), signal=True, shots=1000)
    assert (experiment.observable, experiment.units, experiment.shots) == ("signal", "V", 1000)


def test_shots_survive_the_way_through_a_dataset():
    data = experiments.t1(np.ones(2), shots=1000).dataset(np.zeros((1, 2)))
    assert experiments.from_dataset(data).shots == 1000


@pytest.mark.parametrize("shots", [0, -5, 0.5, 1e3])
def test_shots_that_are_no_number_of_shots_are_refused_with_the_way_out(shots):
    words = rf"`shots` must be a whole number from 1, got {shots}\. Give for example shots=1000, or leave it out"
    for build, sweep in ((experiments.t1, [1e-6]), (experiments.rabi, [0.1]), (experiments.readout_shots, [0, 1])):
        with pytest.raises(ValueError, match=words):
            build(sweep, shots=shots)
    with pytest.raises(ValueError, match=words):
        replace(experiments.t1([1e-6], shots=100), shots=shots)


def test_dataset_that_is_said_to_be_of_no_shots_is_refused():
    data = experiments.t1(np.ones(2), shots=1000).dataset(np.zeros((1, 2)))
    data.attrs["settings"] = '{"shots": 0}'
    with pytest.raises(DatasetError, match=r"`shots` of a dataset must be a whole number from 1, got '0'\. Write into"):
        experiments.from_dataset(data)


def test_dataset_of_an_unknown_experiment_is_refused_with_the_known_ones():
    data = experiments.t1(np.ones(2)).dataset(np.zeros((1, 2)))
    with pytest.raises(
        DatasetError, match=r"must be the result of a known experiment, got 'other'.*to one of rabi, t1, "
    ):
        experiments.from_dataset(data.assign_attrs(experiment="other"))
