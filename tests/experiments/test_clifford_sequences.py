"""Random sequences of Clifford elements: what they come to, and that each is the same wherever it is played."""

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.experiments.clifford_sequences import _heights
from qrexplore.quantum import one_qubit_cliffords
from qrexplore.twin import half_turn_amplitude, library, predict

NAMES = {1.0: "x", 1j: "y", 0.5: "x/2", -0.5: "-x/2", 0.5j: "y/2", -0.5j: "-y/2"}
LONG = {"pulse_duration": 40e-9}


@pytest.mark.parametrize("length", [0, 1, 7])
@pytest.mark.parametrize("sequence", [0, 3])
def test_a_sequence_does_nothing_together(length, sequence):
    group, total = one_qubit_cliffords(), np.eye(2)
    for height in _heights(length, sequence, 2):
        total = group.gate_unitary((NAMES[complex(height)], 0)) @ total
    assert abs(np.trace(total)) == pytest.approx(2)


def test_sequences_differ_and_go_by_their_own_numbers():
    words = [tuple(_heights(8, number, seed)) for number, seed in ((0, 0), (1, 0), (0, 1))]
    assert len(set(words)) == 3
    assert len(words[0]) == pytest.approx(9 * 1.875, abs=6)


def ideal(**changes):
    twin = library.transmon(dissipative=False).replace(changes)
    height = half_turn_amplitude(twin, "q0", pulse_duration=40e-9, pulse_sigmas=4.0)
    return twin, {"drive_amplitude": height, "drive_frequency": 5e9, "drag": 0.5 / (2 * np.pi * 0.22e9), **LONG}


def test_some_of_the_sequences_are_those_of_all():
    twin, settings = ideal()
    every = predict(twin, experiments.clifford_sequences([1, 3, 2], [0, 1, 2], **settings), substeps=4)
    some = predict(twin, experiments.clifford_sequences([2, 3], [2, 0], **settings), substeps=4)
    np.testing.assert_allclose(some, np.asarray(every)[:, [2, 1]][:, :, [2, 0]], atol=1e-9)


def test_right_pulses_bring_the_qubit_back_and_wrong_ones_do_not():
    twin, settings = ideal(**{"q0.frequency": 5e9})
    zero = float(twin.parameters["readout_q0.false_one"].value)
    right = predict(twin, experiments.clifford_sequences([1, 4], range(4), **settings))
    np.testing.assert_allclose(right, zero, atol=2e-3)
    strong = {**settings, "drive_amplitude": 1.2 * settings["drive_amplitude"]}
    assert np.mean(predict(twin, experiments.clifford_sequences([4], range(4), **strong))) > zero + 0.05


def test_relaxation_costs_as_much_as_it_does_in_the_time_that_a_sequence_takes():
    _, settings = ideal()
    lossy = library.transmon().replace({"q0.t1": 5e-6, "q0.t_phi": 1e-2, "q0.frequency": 5e9})
    numbers = range(12)
    found = np.asarray(predict(lossy, experiments.clifford_sequences([12], numbers, **settings)))[0, 0]
    false_one, false_zero = (lossy.parameters[f"readout_q0.{n}"].value for n in ("false_one", "false_zero"))
    kept = 1 - (found - false_one) / (1 - false_one - false_zero)
    pulses = np.array([len(_heights(12, number, 0)) for number in numbers])
    # a depolarising qubit loses a share of 2/3 t/T1 of its polarisation, and waits for the longest one at its end in level 0
    expected = 0.5 + 0.5 * np.exp(-pulses * 40e-9 * 2 / (3 * 5e-6))
    np.testing.assert_allclose(np.mean(kept), np.mean(expected), atol=0.02)


@pytest.mark.parametrize("wrong", [{"length": [1.5]}, {"sequence": [-1]}, {"seed": 0.5}])
def test_numbers_that_are_not_whole_are_refused(wrong):
    asked = {"length": [1], "sequence": [0], "drive_amplitude": 0.5, **wrong}
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must hold whole numbers"):
        experiments.clifford_sequences(asked.pop("length"), asked.pop("sequence"), **asked)
