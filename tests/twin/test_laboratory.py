"""The laboratory frame: shifts that the rotating-wave approximation leaves out, and agreement where it is good."""

import numpy as np
import pytest
from scipy.optimize import brentq

from qrexplore.core import Named
from qrexplore.pulses import Gaussian, Pulse, Schedule, Square
from qrexplore.twin import (
    DriveGain,
    SignalChain,
    laboratory_propagator,
    library,
    play,
    play_in_laboratory,
)
from qrexplore.twin.chip import Transmon

CARRIER = 5e9


def one_qubit(gain, *, rate=1e9, **numbers):
    twin = library.assemble({"q0": Transmon(**{"frequency": CARRIER, **numbers})}, dissipative=False)
    lines = {**dict(twin.lines.items()), "drive_q0": SignalChain(rate, Named({"transfer": DriveGain(gain)}))}
    return type(twin)(twin.chip, Named(lines), twin.readout, twin.biases, dissipative=False)


# Rabi frequency, and how far the resonance lies above the qubit, in units of the carrier
SHIFTS = [
    pytest.param(0.05, 6.255e-4, marks=pytest.mark.slow),
    (0.1, 2.508e-3),
    pytest.param(0.2, 1.0127e-2, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("strength", "shift"), SHIFTS)
def test_bloch_siegert_shift_of_two_levels(strength, shift):
    """The resonance is where the phase that a period adds does not depend on the qubit (Shirley, PR 138, B979, 1965)."""
    period = 1 / CARRIER
    pulse = Pulse("drive_q0", Square(period), 1.0)
    schedule = Schedule((pulse,), window=period)

    def phase(frequency):
        twin = one_qubit(strength * CARRIER, rate=CARRIER, frequency=frequency)
        found = laboratory_propagator(twin, schedule, carriers={"q0": CARRIER}, levels=2)
        # without the common phase, so that both eigenvalues are exp(+-i phase)
        return np.arccos(np.real(np.trace(found) / np.sqrt(np.linalg.det(found) + 0j)) / 2)

    def slope(below):
        step = 2e-4
        return phase(CARRIER * (1 - below + step)) - phase(CARRIER * (1 - below - step))

    found = brentq(slope, 0.0, 2 * shift, xtol=1e-7)
    assert found == pytest.approx(shift, rel=1e-3)


def test_weak_pulse_does_what_it_does_in_the_rotating_frame():
    twin = one_qubit(100e6, anharmonicity=-0.25e9)
    schedule = Schedule((Pulse("drive_q0", Gaussian(20e-9, 5e-9), 0.36, phase=0.4),), window=20e-9)
    rotating, full = np.asarray(play(twin, schedule)), play_in_laboratory(twin, schedule)
    np.testing.assert_allclose(full, rotating, atol=1e-2)
    assert np.sum(full) == pytest.approx(1.0, abs=1e-8)
    assert 0.1 < full[0, 1] < 0.9
    # and the difference is there: it goes with the Rabi frequency over the carrier
    assert np.max(np.abs(full - rotating)) > 1e-6


@pytest.mark.slow
def test_idle_pair_keeps_its_dressed_levels_of_the_full_coupling():
    twin = library.two_transmons(dissipative=False)
    silence = Schedule((Pulse("flux_q1", Square(2e-9), 0.0),), window=2e-9)
    for level in (0, 1):
        found = play_in_laboratory(twin, silence, preparation=level)
        np.testing.assert_allclose(found[:, level], 1.0, atol=1e-9)


def test_lines_of_other_qubits_are_refused():
    schedule = Schedule((Pulse("flux_q7", Square(2e-9), 0.1),), window=2e-9)
    with pytest.raises(ValueError, match="plays on 'flux_q7', which is no line of the qubits q0"):
        play_in_laboratory(library.transmon(), schedule)
