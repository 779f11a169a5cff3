"""Recipes of the experiments: what is free, where the search begins, and experiments that have none."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.experiments import PROTOCOLS, Experiment
from qrexplore.learn import RECIPES, recipe_of, start, study
from qrexplore.twin import AssignmentReadout, Resonator, Transmon, library, simulate

DELAYS = np.linspace(0.0, 12e-6, 41)


def test_every_recipe_is_for_an_experiment():
    assert set(RECIPES) <= set(PROTOCOLS)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "chevron"])
def test_every_recipe_names_parameters_of_a_transmon(name):
    twin = library.assemble({"q0": Transmon(frequency=5e9)}, resonators={"q0": Resonator(frequency=7.2e9)})
    paths = recipe_of(Experiment(PROTOCOLS[name], ("q0",), {})).paths(twin, Experiment(PROTOCOLS[name], ("q0",), {}))
    found = twin.parameters.select(paths).paths
    assert {"readout_q0.false_one", "readout_q0.false_zero"} < set(found)


def test_experiment_without_a_recipe_frees_its_readout_and_starts_from_the_twin():
    twin, known = library.transmon(), experiments.t1(DELAYS)
    unknown = replace(known, protocol=replace(known.protocol, name="unheard_of"))
    recipe = recipe_of(unknown)
    assert recipe.paths(twin, unknown) == ["readout_q0.false_one", "readout_q0.false_zero"]
    assert recipe.start(twin, unknown, np.zeros((1, 41))) == {}


@pytest.mark.parametrize("detuning", [0.31e6, -0.31e6])
def test_two_quadratures_start_a_ramsey_fringe_at_the_right_sign(detuning):
    device = library.transmon().replace({"q0.frequency": 5e9 + detuning})
    data = simulate(device, experiments.ramsey_phases(DELAYS))
    assert start(library.transmon(), data).parameters["q0.frequency"].value == pytest.approx(5e9 + detuning, abs=2e4)


def test_one_quadrature_given_as_a_sweep_starts_like_a_ramsey_experiment():
    device = library.transmon().replace({"q0.frequency": 5e9 - 0.31e6})
    data = simulate(device, experiments.ramsey_phases(DELAYS, phase=[0.0]))
    found = start(library.transmon(), data).parameters["q0.frequency"].value
    assert abs(found - 5e9) == pytest.approx(0.31e6, abs=2e4)


@pytest.mark.parametrize("photons", [1, 2])
def test_line_of_level_2_starts_the_anharmonicity(photons):
    device = library.transmon().replace({"q0.anharmonicity": -0.233e9})
    frequency = 5e9 - 0.233e9 / photons + np.linspace(-5e6, 5e6, 11)
    build = (experiments.ef_spectroscopy, experiments.two_photon_spectroscopy)[photons - 1]
    height = (5e-3, 0.05)[photons - 1]
    data = simulate(device, build(frequency, drive_amplitude=height, pulse_duration=0.5e-6))
    assert start(library.transmon(), data).parameters["q0.anharmonicity"].value == pytest.approx(-0.233e9, abs=1.1e6)


def test_study_of_both_quadratures_finds_the_device():
    device = library.transmon().replace({"q0.frequency": 5e9 - 0.31e6, "q0.t_phi": 8e-6, "q0.t1": 20e-6})
    data = simulate(device, experiments.ramsey_phases(DELAYS))
    noise = 2e-3 * np.random.default_rng(5).normal(size=data["population"].shape)
    data = data.assign(population=data["population"] + noise)
    found = study(data, library.transmon().replace({"q0.t1": 20e-6})).learned.twin.parameters
    assert found["q0.frequency"].value == pytest.approx(5e9 - 0.31e6, abs=300)
    assert found["q0.t_phi"].value == pytest.approx(8e-6, rel=0.03)


@pytest.mark.parametrize(
    ("experiment", "path", "within"),
    [
        (experiments.t1(np.linspace(0, 120e-6, 31)), "q0.t1", 0.1),
        (experiments.ramsey_phases(DELAYS), "q0.frequency", 1e-5),
        (experiments.rabi(np.linspace(0, 0.4, 31), drive_frequency=5e9), "drive_q0.transfer.gain", 0.1),
    ],
)
def test_of_several_outcomes_the_share_of_level_1_is_read(experiment, path, within):
    twin = library.assemble({"q0": Transmon(frequency=5e9)}, readout={"q0": AssignmentReadout()})
    true = twin.parameters[path].value * (1 + 2e-5 if path == "q0.frequency" else 0.7)
    asked = replace(experiment, observable="probability", units="1")
    data = simulate(twin.replace({path: true}), asked)
    assert data["probability"].sizes["outcome"] == 3
    assert start(twin, data).parameters[path].value == pytest.approx(true, rel=within)
