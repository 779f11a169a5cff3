"""The steps of a prediction: how far off it is with them, and how many are taken."""

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.twin import library, predict, resolution, simulate, step_error
from qrexplore.twin.resolution import MOST_SUBSTEPS, TOLERANCE, thinned

CLOSED = library.two_transmons(dissipative=False)
SHARP = CLOSED.replace({"flux_q1.low_pass.cutoff": 250e6, "flux_q1.distortion.amplitude": -0.03})
CHEVRON = experiments.chevron(np.linspace(0.4, 0.6, 21), np.linspace(0, 58e-9, 30))
CRYOSCOPE = experiments.cryoscope(np.linspace(1e-9, 60e-9, 60), flux_amplitude=0.4)
ECHO = experiments.echo(np.linspace(0, 20e-6, 11))
CASES = {
    "chevron": (CLOSED, CHEVRON),
    "chevron behind a sharp filter": (SHARP, CHEVRON),
    "cryoscope": (library.transmon(), CRYOSCOPE),
}
NAMES = [pytest.param(name, marks=pytest.mark.slow) if "chevron" in name else name for name in CASES]


@pytest.mark.parametrize("case", NAMES)
def test_the_estimate_bounds_the_error_at_every_point_and_not_by_much(case):
    twin, experiment = CASES[case]
    exact = predict(twin, experiment, substeps=24)
    for substeps in (3, 6):
        # confusion of the readout shrinks what the populations are off by
        error = np.max(np.abs(predict(twin, experiment, substeps=substeps) - exact)) / 0.93
        estimate, _ = step_error(twin, experiment, substeps)
        assert error < 1.2 * estimate < 6 * error


@pytest.mark.parametrize("case", NAMES)
def test_a_prediction_left_to_itself_is_as_good_as_its_tolerance(case):
    twin, experiment = CASES[case]
    data = simulate(twin, experiment)
    assert data.attrs["step_error"] <= TOLERANCE
    error = np.max(np.abs(data.population - np.asarray(predict(twin, experiment, substeps=24))))
    assert error <= TOLERANCE
    # one rung less would not do
    assert data.attrs["substeps"] == 2 or step_error(twin, experiment, data.attrs["substeps"] // 2)[0] > TOLERANCE


@pytest.mark.slow
def test_a_tighter_tolerance_is_met():
    chosen = resolution(SHARP, CHEVRON, tolerance=1e-6)
    error = np.max(np.abs(predict(SHARP, CHEVRON, tolerance=1e-6) - predict(SHARP, CHEVRON, substeps=48)))
    assert error <= chosen.error <= 1e-6


@pytest.mark.slow
def test_too_few_steps_for_a_tolerance_are_an_error_that_names_enough():
    with pytest.raises(
        ValueError, match=r"`substeps` must be at least (\d+) for a `tolerance` of 1e-06, got 3"
    ) as told:
        predict(SHARP, CHEVRON, substeps=3, tolerance=1e-6)
    needed = int(str(told.value).split("at least ")[1].split()[0])
    predict(SHARP, CHEVRON, substeps=needed, tolerance=1e-6)


def test_a_tolerance_that_takes_too_many_steps_is_refused():
    with pytest.raises(ValueError, match=rf"`tolerance` of 1e-300 takes \d+ steps .* more than {MOST_SUBSTEPS}"):
        resolution(SHARP, CHEVRON, tolerance=1e-300)


def test_an_experiment_without_pulses_is_exact():
    assert step_error(library.transmon(), ECHO, 1) == (0.0, 0.0)


def test_a_thinned_sweep_keeps_both_ends_and_the_largest_values():
    stops = np.array([3e-9, 9e-9, 1e-9, 2e-9, 5e-9, 4e-9, 6e-9])
    few = thinned(experiments.chevron(np.linspace(0.1, 0.7, 9), stops))
    np.testing.assert_allclose(few.coordinates["flux_amplitude"].values, [0.1, 0.4, 0.7])
    np.testing.assert_allclose(few.coordinates["duration"].values, [3e-9, 9e-9, 2e-9, 6e-9])
    words = thinned(CRYOSCOPE).coordinates["quadrature"].values
    assert sorted(words) == sorted(CRYOSCOPE.coordinates["quadrature"].values)
