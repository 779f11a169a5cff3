"""Experiments on two coupled qubits against formulas and small matrices."""

import dataclasses

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.experiments import Experiment, Play, Protocol, Rotation, VirtualZ
from qrexplore.pulses import Gaussian, Pulse, Schedule
from qrexplore.quantum import Register
from qrexplore.twin import Chip, ConfusionReadout, ExchangeCoupling, library, predict
from qrexplore.twin.chip import Transmon

TURN = 2 * np.pi
IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)
FIRST = {"frequency": 4.8e9, "anharmonicity": -0.23e9}
SECOND = {"frequency": 5.6e9, "anharmonicity": -0.22e9}


def pair(coupling, *, first=FIRST, second=SECOND, levels=3, dissipative=False):
    """Two transmons whose coupling is quoted at the idle point, with flux lines that do nothing but convert."""
    qubits = {"q0": Transmon(**first, levels=levels), "q1": Transmon(**second, levels=levels)}
    readout = dict.fromkeys(qubits, IDEAL)
    twin = library.assemble(qubits, bandwidth=None, readout=readout, dissipative=dissipative)
    between = ExchangeCoupling(
        coupling=coupling, between=("q0", "q1"), reference=(first["frequency"], second["frequency"])
    )
    return dataclasses.replace(twin, chip=Chip(Named(qubits), Named({"q0_q1": between})))


def volts_for(twin, wanted):
    """Amplitude on the line of q1 at which something of its frequency and anharmonicity vanishes."""

    def missing(flux):
        return wanted(*(float(x) for x in twin.chip.qubits["q1"].at_flux(flux)))

    return brentq(missing, 0.05, 0.33, xtol=1e-14) / 0.4


def hamiltonian(twin, flux=0.0, frame=0.0):
    """Hamiltonian in rad/s, and the dressed states where it is that of the idle point."""
    levels = tuple(twin.chip.qubits[name].levels for name in ("q0", "q1"))
    register = Register(levels)
    total = np.zeros((register.dimension,) * 2)
    at = [twin.chip.qubits["q0"].at_flux(0.0), twin.chip.qubits["q1"].at_flux(flux)]
    for mode, (frequency, anharmonicity) in enumerate(at):
        number = register.number(mode)
        total += (float(frequency) - frame) * number + float(anharmonicity) / 2 * (number @ number - number)
    a, b = register.lowering(0), register.lowering(1)
    strength = float(twin.chip.couplings["q0_q1"].at_frequencies(at[0][0], at[1][0]))
    return TURN * (total + strength * (a.T @ b + a @ b.T)), register


def dressed(matrix):
    _, vectors = np.linalg.eigh(matrix)
    columns = np.array([vectors[:, np.argmax(np.abs(vectors[k]))] for k in range(len(matrix))]).T
    return columns * np.sign(np.diag(columns))


def zz(twin):
    """ZZ in Hz by diagonalisation."""
    matrix, register = hamiltonian(twin)
    states = dressed(matrix)
    energy = {label: states[:, k] @ matrix @ states[:, k] / TURN for label in np.ndindex(2, 2)
              for k in [register.index(label)]}  # fmt: skip
    return energy[1, 1] - energy[1, 0] - energy[0, 1] + energy[0, 0]


@pytest.mark.slow
def test_swap_chevron_follows_the_formula_of_two_levels():
    g = 0.9e6
    twin = pair(g)
    detunings = np.array([0.0, 1e6, 2.5e6])
    volts = np.array([volts_for(twin, lambda f, _, d=d: f - 4.8e9 - d) for d in detunings])
    durations = np.arange(20, 620, 40) * 1e-9
    found = np.asarray(predict(twin, experiments.swap_chevron(volts, durations)))
    here = g * np.sqrt(4.8e9 * (4.8e9 + detunings) / (4.8e9 * 5.6e9))[:, None]
    split = np.sqrt(4 * here**2 + detunings[:, None] ** 2)
    moved = (2 * here / split) ** 2 * np.sin(np.pi * split * durations) ** 2
    # idle states are dressed: amplitudes of g/(800 MHz) beat with those of the exchange
    np.testing.assert_allclose(found[0], moved, atol=4 * g / 800e6)
    np.testing.assert_allclose(found.sum(axis=0), 1.0, atol=1e-9)
    assert moved[0].max() > 0.99


def test_swap_chevron_equals_one_exponential_between_dressed_states():
    twin = pair(9e6)
    volts, durations = np.array([0.5, volts_for(twin, lambda f, _: f - 4.8e9), 0.7]), np.array([7e-9, 26e-9])
    experiment = experiments.swap_chevron(volts, durations, excited_qubit="q0")
    found = np.asarray(predict(twin, experiment))
    idle, register = hamiltonian(twin)
    states = dressed(idle)
    for row, height in enumerate(volts):
        during, _ = hamiltonian(twin, 0.4 * height)
        for column, duration in enumerate(durations):
            final = expm(-1j * during * duration) @ states[:, register.index((1, 0))]
            shares = [abs(states[:, register.index(label)] @ final) ** 2 for label in ((1, 0), (0, 1))]
            np.testing.assert_allclose(found[:, row, column], shares, atol=1e-8)


@pytest.mark.parametrize(
    ("first", "second", "coupling", "expected"),
    [
        (FIRST, SECOND, 9e6, -121.951e3),
        ({"frequency": 5.0e9, "anharmonicity": -0.3e9}, {"frequency": 5.1e9, "anharmonicity": -0.3e9}, 5e6, 374.416e3),
    ],
)
def test_zz_seen_by_ramsey_and_jazz_is_that_of_the_spectrum(first, second, coupling, expected):
    twin = pair(coupling, first=first, second=second, levels=5)
    assert zz(twin) == pytest.approx(expected, rel=1e-4)
    delay, artificial = np.array([0.4e-6]), 0.5e6
    ramsey = predict(twin, experiments.zz_ramsey(delay, artificial_detuning=artificial))[1, :, 0]
    frequencies = np.arccos(2 * np.asarray(ramsey) - 1) / (TURN * delay) - artificial
    # carriers follow the qubits while their neighbours are in level 0
    np.testing.assert_allclose(frequencies, [0.0, zz(twin)], atol=1.0)
    jazz = predict(twin, experiments.jazz(delay, artificial_detuning=artificial))[1, :, 0]
    frequencies = np.arccos(1 - 2 * np.asarray(jazz)) / (TURN * delay) - artificial
    np.testing.assert_allclose(frequencies, [zz(twin) / 2, -zz(twin) / 2], atol=1.0)


def test_carrier_that_is_given_stays_where_it_is():
    twin, delay = pair(9e6), np.array([0.3e-6])
    matrix, register = hamiltonian(twin)
    states = dressed(matrix)
    ground, target = (states[:, register.index(label)] for label in ((0, 0), (0, 1)))
    frequency = (target @ matrix @ target - ground @ matrix @ ground) / TURN
    carriers = (4.8e9, frequency - 0.7e6)
    found = predict(twin, experiments.zz_ramsey(delay, drive_frequencies=carriers))[1, 0, 0]
    assert found == pytest.approx(0.5 + 0.5 * np.cos(TURN * 0.7e6 * delay[0]), abs=1e-6)


def test_resonant_exchange_of_one_period_is_a_conditional_phase_of_pi():
    g = 1e6
    twin = pair(g)
    volts = volts_for(twin, lambda f, a: f + a - 4.8e9)
    at_chip = g * np.sqrt(4.8e9 * 5.02e9 / (4.8e9 * 5.6e9))
    period = 1 / (2 * np.sqrt(2) * at_chip)
    experiment = experiments.conditional_oscillation_duration(
        np.array([period, period / 2]), np.linspace(0, TURN, 6, endpoint=False), flux_amplitude=volts
    )
    found = experiments.conditional_phase(experiment.dataset(np.asarray(predict(twin, experiment))))
    # |01> and |10> are 220 MHz apart and shift by g^2 over that: 2 pi g^2 T/220 MHz = 0.01
    assert abs(abs(found["conditional_phase"].values[0]) - np.pi) < 0.03
    np.testing.assert_allclose(found["missing_fraction"], [0.0, 0.5], atol=2e-3)


def test_conditional_oscillation_equals_small_matrices():
    twin = pair(9e6)
    heights, phases, duration, settling = np.array([0.45, 0.491]), np.array([0.3, 2.0]), 31e-9, 10e-9
    experiment = experiments.conditional_oscillation(heights, phases, flux_duration=duration)
    found = np.asarray(predict(twin, experiment, substeps=8))
    idle, register = hamiltonian(twin)
    states = dressed(idle)
    energies = np.einsum("ik,ij,jk->k", states, idle, states)
    carrier = energies[register.index((0, 1))]
    x, y = (register.rotation_generator(1, phase) for phase in (0.0, np.pi / 2))

    def quarter(phase):
        return states @ expm(-0.5j * np.pi * (np.cos(phase) * x + np.sin(phase) * y)) @ states.T

    for row, height in enumerate(heights):
        after = expm(-1j * idle * settling) @ expm(-1j * hamiltonian(twin, 0.4 * height)[0] * duration)
        for column, phase in enumerate(phases):
            # in the laboratory frame the axis of the second pulse has turned with the carrier
            second = quarter(phase - carrier * (duration + settling))
            for control in (0, 1):
                final = second @ after @ quarter(0.0) @ states[:, register.index((control, 0))]
                shares = np.abs(states.T @ final) ** 2
                ones = [shares[register.labels[:, mode] == 1].sum() for mode in (0, 1)]
                np.testing.assert_allclose(found[:, control, row, column], ones, atol=1e-6)


@pytest.mark.slow
def test_train_without_spacing_is_one_long_pulse():
    twin, duration = pair(9e6), 13e-9
    train = experiments.cz_train(np.array([0, 2]), np.array([0.0]), flux_amplitude=0.48, flux_duration=duration)
    found = np.asarray(predict(twin, train))[:, :, 0]
    for place, length in enumerate((0.0, 2 * duration)):
        phases = np.array([0.0, -np.pi / 2])
        single = experiments.conditional_oscillation_duration(
            np.array([length, 2 * duration]), phases, flux_amplitude=0.48
        )
        np.testing.assert_allclose(found[..., place], np.asarray(predict(twin, single))[:, :, 0], atol=1e-9)


@pytest.mark.parametrize("phase", [0.0, 0.9])
def test_cross_resonance_equals_one_exponential_and_its_zx_the_formula(phase):
    twin = pair(3.8e6, first={"frequency": 5.1e9, "anharmonicity": -0.33e9}, second={"frequency": 5.0e9,
                "anharmonicity": -0.33e9}, levels=5)  # fmt: skip
    volts, durations = 0.02, np.array([40e-9, 150e-9])
    experiment = experiments.cross_resonance(durations, drive_amplitude=volts, drive_phase=phase)
    found = 1 - 2 * np.asarray(predict(twin, experiment, substeps=8))[1]
    idle, register = hamiltonian(twin)
    states = dressed(idle)
    carrier = states[:, 1] @ idle @ states[:, 1] / TURN
    rabi = 100e6 * volts
    lowering = register.lowering(0)
    still, _ = hamiltonian(twin, frame=carrier)
    drive = TURN * rabi / 2 * (np.exp(-1j * phase) * lowering + np.exp(1j * phase) * lowering.T)
    paulis = [2 * register.rotation_generator(1, angle) for angle in (0.0, np.pi / 2)]
    paulis.append(np.diag((register.labels[:, 1] == 0) * 1.0 - (register.labels[:, 1] == 1)))
    for place, duration in enumerate(durations):
        after = expm(-1j * still * 4e-9) @ expm(-1j * (still + drive) * duration)
        for control in (0, 1):
            final = states.T @ after @ states[:, register.index((control, 0))]
            exact = [np.real(final.conj() @ pauli @ final) for pauli in paulis]
            leaked = (register.labels[:, 1] > 1) @ np.abs(final) ** 2
            np.testing.assert_allclose(found[control, :, place], exact, atol=1e-5 + 2 * leaked)
    if phase == 0:
        rates = -np.arcsin(found[:, 1, 0]) / (TURN * durations[0])
        delta, alpha, strength = 100e6, -330e6, 3.8e6
        formula = -strength * rabi / delta * alpha / (alpha + delta)
        assert (rates[0] - rates[1]) / 2 == pytest.approx(formula, rel=0.1)


def made(sequence, name):
    protocol = Protocol(name, ("repetition",), {}, 0, lambda _, __: sequence)
    once = experiments.Coordinate(("repetition",), np.zeros(1), "1", "repetition")
    return Experiment(protocol, ("q0", "q1"), {"repetition": once}, {"number": repr(sequence)})


@pytest.mark.slow
def test_virtual_z_turns_the_axes_of_all_later_pulses_back():
    twin, angle = pair(9e6), 0.8
    envelope = Gaussian(20e-9, 5e-9)

    def drive(phase):
        return Play(Schedule((Pulse("drive_q1", envelope, 0.3, phase=phase),), window=20e-9))

    turned = (Rotation("q1", 1.1), VirtualZ("q1", angle), Rotation("q1", 0.7, 0.2), drive(0.4))
    plain = (Rotation("q1", 1.1), Rotation("q1", 0.7, 0.2 - angle), drive(0.4 - angle))
    other = (Rotation("q1", 1.1), VirtualZ("q0", angle), Rotation("q1", 0.7, 0.2 - angle), drive(0.4 - angle))
    found = [np.asarray(predict(twin, made(s, f"made {n}"))) for n, s in enumerate((turned, plain, other))]
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)
    np.testing.assert_allclose(found[2], found[1], atol=1e-12)
    assert 0.05 < found[0][1, 0] < 0.95


def test_two_windows_one_after_the_other_are_one_window():
    twin, envelope = pair(9e6), Gaussian(20e-9, 5e-9)
    pulses = [Pulse("drive_q1", envelope, 0.1), Pulse("drive_q1", envelope, 0.15, phase=0.5)]
    later = dataclasses.replace(pulses[1], start=20e-9)
    whole = (Play(Schedule((pulses[0], later), window=40e-9)),)
    parts = tuple(Play(Schedule((pulse,), window=20e-9)) for pulse in pulses)
    found = [np.asarray(predict(twin, made(s, f"window {n}"), substeps=16)) for n, s in enumerate((whole, parts))]
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)
    assert 0.05 < found[0][1, 0] < 0.95


def test_tone_at_the_frequency_of_another_qubit_leaves_it_alone_without_crosstalk_and_coupling():
    qubits = {"q0": Transmon(**FIRST), "q1": Transmon(**SECOND)}
    twin = library.assemble(qubits, readout=dict.fromkeys(qubits, IDEAL), dissipative=False)
    volts = np.array([0.01, 0.03])
    across = predict(twin, experiments.drive_crosstalk(volts))
    np.testing.assert_allclose(across[1], 0.0, atol=1e-12)
    phases = np.array([0.0, 1.0])
    own = predict(twin, experiments.drive_cancellation(volts, phases, drive_amplitude=0.0))
    alone = library.assemble({"q1": qubits["q1"]}, readout={"q1": IDEAL}, dissipative=False)
    rabi = experiments.rabi(volts, qubit="q1", drive_frequency=5.6e9, pulse_duration=200e-9)
    np.testing.assert_allclose(own[1, :, 0], predict(alone, rabi)[0], atol=1e-6)
    np.testing.assert_allclose(own[1, :, 0], own[1, :, 1], atol=1e-12)
