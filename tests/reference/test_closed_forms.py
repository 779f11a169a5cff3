"""Systems whose answer is a formula: the twin must give the formula."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.quantum import ControlSystem, Propagator, Register
from qrexplore.twin import ConfusionReadout, library, predict
from qrexplore.twin.chip import Transmon
from qrexplore.twin.electronics import DriveGain, IQMixer

IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)
T1, T_PHI, THERMAL, DETUNING = 20e-6, 30e-6, 0.02, 0.4e6


def one_qubit(**numbers):
    """A transmon at 5 GHz plus a detuning, read without error (level 2 as 0)."""
    settings = {"t1": T1, "t_phi": T_PHI, "frequency": 5e9 + DETUNING, **numbers}
    return library.assemble({"q0": Transmon(**settings)}, readout={"q0": IDEAL})


@pytest.fixture(scope="module")
def delays():
    return np.linspace(0.0, 60e-6, 13)


def test_driven_two_level_system_follows_the_rabi_formula_at_every_detuning():
    register = Register((2,))
    sigma_x = register.rotation_generator(0, 0.0)
    system = ControlSystem((-1j * register.number(0),), (-1j * sigma_x,))
    propagator = Propagator(system, largest_norm=2.0, tolerance=1e-12)
    rabi, steps, length = 2 * np.pi * 12e6, 40, 50e-9
    detunings = 2 * np.pi * np.array([0.0, 5e6, -12e6, 40e6])
    for detuning in detunings:
        controls = np.full((steps, 2, 1, 1), rabi)
        start = np.array([[1.0], [0.0]], dtype=complex)
        states, _ = propagator.evolve(np.array([detuning]), controls, length / steps, start, save_every=1)
        times = length / steps * np.arange(1, steps + 1)
        total = np.hypot(rabi, detuning)
        np.testing.assert_allclose(
            np.abs(states[:, 1, 0]) ** 2, (rabi / total) ** 2 * np.sin(total * times / 2) ** 2, atol=1e-9
        )


def test_weak_resonant_pulse_turns_by_its_area():
    gain = 1e6
    twin = one_qubit(frequency=5e9, anharmonicity=-0.5e9, t1=1.0, t_phi=1.0).replace({"drive_q0.transfer.gain": gain})
    volts = np.linspace(0.0, 6.0, 7)
    experiment = experiments.rabi(volts, pulse_duration=400e-9)
    time = (np.arange(400) + 0.5) * 1e-9
    bell, foot = np.exp(-(((time - 200e-9) / 80e-9) ** 2) / 2), np.exp(-(2.5**2) / 2)
    area = np.sum((bell - foot) / (1 - foot)) * 1e-9
    # what remains is leakage and the Stark shift of level 2, of order (Rabi frequency / anharmonicity)^2
    np.testing.assert_allclose(predict(twin, experiment)[0], np.sin(np.pi * gain * volts * area) ** 2, atol=3e-4)


def test_a_turn_about_y_goes_by_the_other_arm_of_the_mixer():
    gain, arm, leak = 1e6, 1.2, 0.3
    twin = one_qubit(frequency=5e9, anharmonicity=-0.5e9, t1=1.0, t_phi=1.0)
    mixed = {"mixer": IQMixer(imbalance=arm, offset_q=leak), "transfer": DriveGain(gain, 0.0)}
    mixer = replace(twin.lines["drive_q0"], stages=Named(mixed))
    twin = replace(twin, lines=Named({**dict(twin.lines.items()), "drive_q0": mixer}))
    volts, length = np.linspace(-6.0, 6.0, 9), 400e-9
    about_x, about_y = (
        predict(twin, experiments.rabi(volts, pulse_duration=length, drive_phase=phase))[0]
        for phase in (0.0, np.pi / 2)
    )
    time = (np.arange(400) + 0.5) * 1e-9
    bell, foot = np.exp(-(((time - 200e-9) / 80e-9) ** 2) / 2), np.exp(-(2.5**2) / 2)
    area = np.sum((bell - foot) / (1 - foot)) * 1e-9
    turned = np.pi * gain * (arm * volts * area + leak * length)
    np.testing.assert_allclose(about_y, np.sin(turned) ** 2, atol=1e-3)
    # about x, the other sign of the offset would give the same
    np.testing.assert_allclose(about_x, about_x[::-1], atol=1e-6)


def square_drive(amplitudes, duration):
    def sequence(_, point):
        pulse = Pulse("drive_q0", Square(duration), point["drive_amplitude"], phase=0.7)
        return (experiments.Play(Schedule((pulse,), window=duration)),)

    rabi = experiments.rabi(amplitudes)
    protocol = experiments.Protocol("square", ("drive_amplitude",), rabi.protocol.coordinates, 0, sequence)
    return experiments.Experiment(protocol, ("q0",), rabi.coordinates, {**rabi.settings, "square": duration})


def test_strong_square_pulse_on_three_levels_equals_one_exponential():
    twin = library.assemble({"q0": Transmon(frequency=5.01e9, anharmonicity=-0.2e9)}, dissipative=False)
    twin = twin.replace({"readout_q0.false_one": 0.0, "readout_q0.false_zero": 0.0, "readout_q0.second_as_one": 0.3})
    volts, duration = np.linspace(0.0, 1.0, 6), 23e-9
    found = predict(twin, square_drive(volts, duration), substeps=4)[0]
    lowering = np.diag(np.sqrt([1.0, 2.0]), 1)
    for value, height in zip(found, volts, strict=True):
        drive = 100e6 * height * np.exp(0.7j)
        hamiltonian = (
            2 * np.pi * (np.diag([0.0, 0.01e9, 0.02e9 - 0.2e9]) + (np.conj(drive) * lowering + drive * lowering.T) / 2)
        )
        final = np.abs(expm(-1j * hamiltonian * duration)[:, 0]) ** 2
        assert value == pytest.approx(final[1] + 0.3 * final[2], abs=1e-9)


def test_relaxation_without_a_bath_is_an_exponential(delays):
    found = predict(one_qubit(), experiments.t1(delays))[0]
    np.testing.assert_allclose(found, np.exp(-delays / T1), atol=1e-12)


def rate_matrix(thermal):
    """Rates among the levels of a truncated oscillator in a bath: n+1 down, n up, times the level number."""
    down, up = (1 + thermal) / T1, thermal / T1
    rates = np.array([[0.0, down, 0.0], [up, 0.0, 2 * down], [0.0, 2 * up, 0.0]])
    return rates - np.diag(rates.sum(axis=0))


def test_relaxation_in_a_bath_follows_the_rate_equation_to_detailed_balance(delays):
    twin = one_qubit(thermal_population=THERMAL)
    delays = np.append(delays, 4e-3)
    found = predict(twin, experiments.t1(delays))[0]
    np.testing.assert_allclose(found, [expm(rate_matrix(THERMAL) * t)[1, 1] for t in delays], atol=1e-12)
    ratio = THERMAL / (1 + THERMAL)
    assert found[-1] == pytest.approx(ratio / (1 + ratio + ratio**2), abs=1e-12)


def test_ramsey_fringe_is_a_decaying_cosine_of_detuning_and_artificial_detuning(delays):
    found = predict(one_qubit(), experiments.ramsey(delays, artificial_detuning=0.3e6))[0]
    t2 = 1 / (1 / (2 * T1) + 1 / T_PHI)
    expected = 0.5 + 0.5 * np.exp(-delays / t2) * np.cos(2 * np.pi * (DETUNING + 0.3e6) * delays)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_ramsey_fringe_in_a_bath_loses_coherence_at_the_rate_of_all_jumps(delays):
    # coherence 0-1: half the rates out of both levels (level 1 is heated on to level 2) and pure dephasing; populations
    # in the three levels by the rate equation. Coherence 1-2 feeds back only at the anharmonicity: 3e-8.
    found = predict(one_qubit(thermal_population=THERMAL), experiments.ramsey(delays))[0]
    rate = (1 + 4 * THERMAL) / (2 * T1) + 1 / T_PHI
    for value, t in zip(found, delays, strict=True):
        levels = expm(rate_matrix(THERMAL) * t) @ [0.5, 0.5, 0.0]
        fringe = 0.5 * np.exp(-rate * t) * np.cos(2 * np.pi * DETUNING * t)
        assert value == pytest.approx((levels[0] + levels[1]) / 2 + fringe, abs=1e-6)


def test_echo_ends_in_level_0_and_decays_at_t2_whatever_the_detuning(delays):
    t2 = 1 / (1 / (2 * T1) + 1 / T_PHI)
    found = predict(one_qubit(), experiments.echo(delays))[0]
    np.testing.assert_allclose(found, 0.5 - 0.5 * np.exp(-delays / t2), atol=1e-9)


def test_delays_that_turn_the_phase_a_million_times_stay_finite_and_exact():
    twin = one_qubit(frequency=6.3e9, t1=10e-3, t_phi=100e-3, thermal_population=0.0)
    delays = np.array([0.2e-3, 1e-3, 5e-3]) + 0.1e-9
    t2 = 1 / (1 / 20e-3 + 1 / 100e-3)
    # the frequency at zero flux is exact to a few mHz, which counts here
    detuning = float(twin.chip.qubits["q0"].at_flux(0.0)[0]) - 5e9
    assert detuning == pytest.approx(1.3e9, abs=5e-3)
    expected = 0.5 + 0.5 * np.exp(-delays / t2) * np.cos(2 * np.pi * detuning * delays)
    np.testing.assert_allclose(predict(twin, experiments.ramsey(delays))[0], expected, atol=1e-6)


WEAK = 0.9e6  # a coupling so weak that |20> is far away and |11> and |02> are alone


@pytest.fixture(scope="module")
def pair():
    """Two transmons with nothing but a gain on the flux lines, and readout 1 for level 1 only."""
    qubits = {"q0": Transmon(frequency=4.8e9, anharmonicity=-0.23e9), "q1": Transmon(frequency=5.6e9)}
    readout = dict.fromkeys(qubits, IDEAL)
    return library.assemble(qubits, {("q0", "q1"): WEAK}, dissipative=False, bandwidth=None, readout=readout)


@pytest.fixture(scope="module")
def volts(pair):
    """Amplitudes that put |02> at 0, 1, 2 MHz above |11>, by bisection of the frequency curve."""
    transmon, found = pair.chip.qubits["q1"], []
    for detuning in (0.0, 1e6, 2e6):
        low, high = 0.15, 0.25
        for _ in range(50):
            middle = (low + high) / 2
            above = sum(float(x) for x in transmon.at_flux(middle)) - 4.8e9 > detuning
            low, high = (middle, high) if above else (low, middle)
        found.append(middle / 0.4)
    return np.array(found)


def test_weakly_coupled_chevron_follows_the_formula_of_two_levels(pair, volts):
    durations = np.arange(10, 420, 10) * 1e-9
    chevron = np.asarray(predict(pair, experiments.chevron(volts, durations)))

    def levels(flux):
        """Splitting (Hz) of |11> and |02> and the angle of their axis; |20> far below pushes |11> up a little."""
        frequency, anharmonicity = (float(x) for x in pair.chip.qubits["q1"].at_flux(flux))
        strength = float(pair.chip.couplings["q0_q1"].at_frequencies(4.8e9, frequency))
        detuning = frequency + anharmonicity - 4.8e9 - 2 * strength**2 / (frequency - 4.8e9 + 0.23e9)
        return np.hypot(np.sqrt(8) * strength, detuning), np.arctan2(np.sqrt(8) * strength, detuning)

    for row, height in enumerate(volts):
        splitting, angle = levels(height * 0.4)
        # states are prepared and read along the axis of the idle point
        stayed = 1 - (np.sin(angle - levels(0.0)[1]) * np.sin(np.pi * splitting * durations)) ** 2
        # the qubit that is not pulsed leaves level 1 in the swap, and so does the other, into level 2
        np.testing.assert_allclose(chevron[0, row], stayed, atol=3e-5)
        np.testing.assert_allclose(chevron[1, row], stayed, atol=3e-5)
    # on resonance the period is 1/(2 sqrt 2 g)
    assert durations[np.argmin(chevron[0, 0])] == pytest.approx(0.5 / (2 * np.sqrt(2) * WEAK), abs=5e-9)


@pytest.mark.parametrize(("detuning", "smallest"), [(0.0, 0.0), (10e6, 0.1337), (20e6, 0.3817)])
def test_contrast_of_the_chevron_of_bare_states(detuning, smallest):
    register, g = Register((2, 3)), 9e6
    a, b, n = register.lowering(0), register.lowering(1), register.number(1)
    # frame in which |11> and |02> differ by the detuning only
    terms = (n, n @ (n - np.eye(6)) / 2, a.T @ b + a @ b.T)
    system = ControlSystem(tuple(-1j * term for term in terms), (-1j * 0 * n,))
    period = 1 / np.hypot(np.sqrt(8) * g, detuning)
    start = np.eye(6, dtype=complex)[:, [register.index((1, 1))]]
    weights = 2 * np.pi * np.array([0.22e9 + detuning, -0.22e9, g])
    steps = 400
    controls = np.zeros((steps, 2, 1, 1))
    states, norm = Propagator(system, largest_norm=2.0, tolerance=1e-12).evolve(
        weights, controls, period / steps, start, save_every=1
    )
    assert float(norm) < 2.0
    stayed = np.abs(states[:, register.index((1, 1)), 0]) ** 2
    assert np.min(stayed) == pytest.approx(smallest, abs=1e-4)
    assert np.argmin(stayed) + 1 == steps // 2
    assert stayed[-1] == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(np.linalg.norm(states[:, :, 0], axis=1), 1.0, atol=1e-10)


def test_equilibrium_photon_number_gives_the_population_of_a_cold_bath():
    # 5 GHz at 50 mK: 8.30e-3 photons, p1 = 8.17e-3 for two levels
    photons = 1 / np.expm1(6.62607015e-34 * 5e9 / (1.380649e-23 * 50e-3))
    found = predict(one_qubit(thermal_population=float(photons)), experiments.t1(np.array([5e-3])))[0, 0]
    assert photons == pytest.approx(8.30e-3, rel=1e-3)
    assert found == pytest.approx(8.17e-3, rel=1e-3)
