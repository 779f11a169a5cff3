"""The second solver: it agrees with the first where that is fine enough, and shows where it is not."""

from itertools import product

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.twin import library, predict, second_opinion, simulate

CHEVRON = experiments.chevron(np.linspace(0.45, 0.53, 5), np.array([5e-9, 12e-9]))
SINGLE = {
    "rabi": experiments.rabi(np.linspace(0, 1, 9)),
    "ramsey": experiments.ramsey(np.linspace(0, 20e-6, 9), artificial_detuning=2e5),
    "t1": experiments.t1(np.linspace(0, 90e-6, 9)),
    "echo": experiments.echo(np.linspace(0, 50e-6, 9)),
    "cryoscope": experiments.cryoscope(np.arange(1, 12) * 1e-9, flux_amplitude=0.25),
    "flux_arc": experiments.flux_arc(
        np.linspace(-0.25, 0.15, 4), np.linspace(4.9e9, 5e9, 5), drive_amplitude=0.02
    ),
}  # fmt: skip
PAIR = {
    "chevron": CHEVRON,
    "conditional_oscillation": experiments.conditional_oscillation(
        np.array([0.5]), np.array([0.1, 2.0]), flux_duration=7e-9
    ),
    "jazz": experiments.jazz(np.array([0.0, 2e-6, 5e-6]), artificial_detuning=1e5),
    "cross_resonance": experiments.cross_resonance(np.array([4e-9, 9e-9]), drive_amplitude=0.3),
}
WARM = {"q0.thermal_population": 0.06, "q0.t1": 3e-6, "q0.t_phi": 5e-6}


# one of a qubit, one of a pulse that is distorted, one of a pair; the others are as they are
OFTEN = [("ramsey", True), ("chevron", False)]
CASES = [*product(["chevron", *SINGLE], [False, True]), *((name, True) for name in PAIR if name != "chevron")]


@pytest.mark.parametrize(
    ("name", "dissipative"),
    [case if case in OFTEN else pytest.param(*case, marks=pytest.mark.slow) for case in CASES],
)
def test_both_solvers_agree(name, dissipative):
    experiment = {**PAIR, **SINGLE}[name]
    twin = library.two_transmons(dissipative=dissipative) if name in PAIR else library.transmon(dissipative=dissipative)
    twin = twin.replace(WARM)
    found = np.asarray(predict(twin, experiment, substeps=16))
    again = second_opinion(twin, experiment, found, points=4)
    assert len(again.positions) == 4
    assert again.deviation < 2e-6
    flat = found.reshape(len(found), -1)
    np.testing.assert_array_equal(again.first, flat[:, again.positions])
    if name != "flux_arc" and (dissipative or name not in ("t1", "echo")):
        assert np.ptp(flat) > 0.02, "nothing happens in this experiment"


@pytest.mark.slow
def test_steps_that_are_too_long_are_seen_and_told():
    twin = library.two_transmons(dissipative=False)
    deviations = [simulate(twin, CHEVRON, substeps=n, recheck=4).attrs["recheck_deviation"] for n in (3, 6)]
    assert deviations[0] > 1e-6
    assert deviations[0] > 8 * deviations[1]


def test_a_simulation_that_is_not_rechecked_says_nothing_of_it():
    data = simulate(library.transmon(), SINGLE["t1"])
    assert not {"recheck_points", "recheck_deviation"} & set(data.attrs)


def test_points_are_the_corners_and_then_spread_without_repetition():
    twin = library.two_transmons(dissipative=False)
    values = np.zeros((2, 5, 2))
    assert second_opinion(twin, CHEVRON, values, points=4).positions.tolist() == [0, 1, 8, 9]
    assert second_opinion(twin, CHEVRON, values, points=1).positions.tolist() == [0]


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="`points` must be at least 1, got 0"):
        second_opinion(library.transmon(), SINGLE["t1"], np.zeros((1, 9)), points=0)
