"""Gate pulses through the drive line against exact matrices and published numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.pulses import Gaussian, Pulse, Schedule, Square
from qrexplore.twin import ConfusionReadout, DriveGain, SignalChain, library, predict
from qrexplore.twin.chip import Transmon
from qrexplore.twin.dynamics import dynamics
from qrexplore.twin.evolve import Setting, evolve

IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)
GAIN = 100e6


def one_qubit(*, rate=1e9, levels=3, **numbers):
    """A transmon without decay whose drive line is a gain."""
    numbers = {"frequency": 5e9, **numbers}
    twin = library.assemble({"q0": Transmon(levels=levels, **numbers)}, readout={"q0": IDEAL}, dissipative=False)
    line = SignalChain(rate, Named({"transfer": DriveGain(GAIN)}))
    return type(twin)(twin.chip, Named({"drive_q0": line}), twin.readout, twin.biases, dissipative=False)


def half_turn(duration, sigmas):
    """Give the amplitude (V) of a Gaussian pulse whose area is a half turn, sampled at 1 GS/s."""
    edges = jnp.arange(0, duration + 0.5e-9, 1e-9)
    return 0.5 / (GAIN * float(jnp.sum(jnp.real(Gaussian(duration, duration / sigmas).cells(edges)))) * 1e-9)


def unitary(twin, block, *, substeps, frequency=5e9):
    """Give what a block does to each level, up to a common phase, in the frame of the nominal frequency."""
    one = experiments.Coordinate(("turn",), np.zeros(1), "1", "turn")
    protocol = experiments.Protocol("turn", ("turn",), {}, 0, lambda *_: (block,))
    made = experiments.Experiment(protocol, ("q0",), {"turn": one}, {"drive_frequency": frequency})
    matrices = dynamics(twin, made, (block,))
    levels = len(matrices.kept)
    every = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (levels, *jnp.shape(leaf))), block)
    found, _ = evolve(every, jnp.eye(levels, dtype=complex), Setting(twin, made, matrices, (every,), substeps=substeps))
    return np.asarray(found)


def test_rabi_chevron_is_one_exponential_for_each_detuning():
    twin = one_qubit(frequency=5.002e9, anharmonicity=-0.2e9)
    detunings, durations = np.array([-30e6, 0.0, 14e6]), np.array([3e-9, 10e-9, 37e-9])
    found = predict(twin, experiments.rabi_chevron(detunings, durations, drive_amplitude=0.3), substeps=8)[0]
    lowering = np.diag(np.sqrt([1.0, 2.0]), 1)
    for row, detuning in zip(found, detunings, strict=True):
        off = 5.002e9 - 5e9 - detuning
        levels = np.diag([0.0, off, 2 * off - 0.2e9])
        # the settling after the pulse turns phases only
        hamiltonian = 2 * np.pi * (levels + 0.3 * GAIN * (lowering + lowering.T) / 2)
        expected = [np.abs(expm(-1j * hamiltonian * time)[1, 0]) ** 2 for time in durations]
        np.testing.assert_allclose(row, expected, atol=1e-7)


def test_weak_rabi_chevron_follows_the_rabi_formula():
    twin = one_qubit(anharmonicity=-0.6e9)
    detunings, durations = np.linspace(-8e6, 8e6, 5), np.array([100e-9, 250e-9, 400e-9])
    found = predict(twin, experiments.rabi_chevron(detunings, durations, drive_amplitude=0.02))[0]
    rabi = 0.02 * GAIN
    # level 2 shifts the resonance by Omega^2/2 alpha
    total = np.hypot(rabi, detunings[:, None] - rabi**2 / (2 * 0.6e9))
    np.testing.assert_allclose(found, (rabi / total * np.sin(np.pi * total * durations)) ** 2, atol=1e-4)


@pytest.mark.parametrize(("detuning", "shift"), [(0.1e9, 0.8278e6), (-0.1e9, -0.3565e6)])
def test_ac_stark_shift_of_an_off_resonant_drive(detuning, shift):
    # the qubit is `detuning` above the carrier; in the frame of the carrier the drive stands still, and after 1 ns no phase
    # of the two levels has gone around
    twin, time = one_qubit(anharmonicity=-0.25e9, levels=5), 1e-9
    pulse = Pulse("drive_q0", Square(time), 10e6 / GAIN)
    block = experiments.Play(Schedule((pulse,), window=time), carrier=5e9 - detuning)
    turned = unitary(twin, block, substeps=32, frequency=5e9 - detuning)
    values, vectors = np.linalg.eig(turned)
    energies = -np.angle(values) / (2 * np.pi * time)
    ground, excited = (energies[np.argmax(np.abs(vectors[level]))] for level in (0, 1))
    assert excited - ground - detuning == pytest.approx(shift, rel=1e-3)


def error_and_leakage(matrix):
    """Give the average gate error of a half turn about x and its leakage (Pedersen et al. 2007)."""
    part = matrix[:2, :2]
    target = np.array([[0, 1], [1, 0]])
    fidelity = (np.abs(np.trace(target.T @ part)) ** 2 + np.trace(part.conj().T @ part).real) / 6
    return 1 - fidelity, 1 - np.trace(part.conj().T @ part).real / 2


DRAG_TABLE = [
    pytest.param(0.0, 6.93e-3, 6.8e-5, marks=pytest.mark.slow),
    pytest.param(0.7958e-9, 6.85e-3, 3.6e-9, marks=pytest.mark.slow),
    (0.3979e-9, 4.66e-5, 1.6e-5),
]


@pytest.mark.parametrize(("drag", "error", "leakage"), DRAG_TABLE)
def test_error_and_leakage_of_a_drag_pulse(drag, error, leakage):
    duration, rate = 20e-9, 50e9
    twin = one_qubit(anharmonicity=-0.2e9, levels=4, rate=rate)
    shape = Gaussian(duration, 5e-9, drag)
    area = float(jnp.sum(jnp.real(shape.cells(jnp.arange(duration * rate + 1) / rate)))) / rate
    pulse = Pulse("drive_q0", shape, 0.5 / (GAIN * area))
    found = error_and_leakage(unitary(twin, experiments.Play(Schedule((pulse,), window=duration)), substeps=1))
    assert found[0] == pytest.approx(error, rel=1e-2)
    # published to two digits
    assert found[1] == pytest.approx(leakage, rel=3e-2)


LONG = {"pulse_duration": 200e-9, "pulse_sigmas": 4.0}
STAIRCASE = np.repeat([0.0, 0.5, 1.0], [5, 12, 4])


def test_allxy_of_right_pulses_is_the_staircase():
    assert len(set(experiments.ALLXY_PAIRS)) == 21
    twin = one_qubit(anharmonicity=-0.6e9)
    amplitude = half_turn(200e-9, 4.0)
    found = predict(twin, experiments.allxy(drive_amplitude=amplitude, drag=0.5 / (2 * np.pi * 0.6e9), **LONG))[0]
    np.testing.assert_allclose(found, STAIRCASE, atol=2e-4)


def test_allxy_of_wrong_pulses_is_that_of_the_rotations():
    twin = one_qubit(frequency=5.0002e9, anharmonicity=-0.6e9)
    amplitude = 1.05 * half_turn(20e-9, 4.0)
    settings = {"pulse_duration": 20e-9, "drag": 0.5 / (2 * np.pi * 0.6e9)}
    found = predict(twin, experiments.allxy(drive_amplitude=amplitude, **settings), substeps=4)[0]
    # the error of the area is exact, the detuning acts during both pulses: as half of it before and half behind each
    pauli = {"X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]])}
    expected = []
    for pair in experiments.ALLXY_PAIRS:
        state = np.array([1.0, 0.0], dtype=complex)
        for turn in pair:
            angle = 0.0 if turn == "I" else 1.05 * np.pi * (1.0 if turn.isupper() else 0.5)
            generator = angle * pauli[turn.upper() if turn != "I" else "X"] / 2
            drift = 2 * np.pi * 0.2e6 * 20e-9 * np.diag([0.0, 1.0])
            state = expm(-1j * (generator + drift)) @ state
        expected.append(np.abs(state[1]) ** 2)
    assert np.max(np.abs(expected - STAIRCASE)) > 0.05
    np.testing.assert_allclose(found, expected, atol=6e-3)


def test_error_of_a_quarter_turn_adds_up_in_a_train():
    twin = one_qubit(anharmonicity=-0.6e9)
    numbers = np.array([1, 3, 5, 9])
    amplitude = 1.01 * half_turn(200e-9, 4.0)
    drag = 0.5 / (2 * np.pi * 0.6e9)
    found = predict(twin, experiments.fine_amplitude(numbers, drive_amplitude=amplitude, drag=drag, **LONG))[0]
    sign = np.where(numbers % 4 == 1, 1, -1)
    np.testing.assert_allclose(found, 0.5 + sign * np.sin(numbers * 0.01 * np.pi / 2) / 2, atol=1e-3)


def test_trains_of_a_drag_scan_stay_in_level_0_at_the_coefficient_that_keeps_the_phase():
    twin = one_qubit(anharmonicity=-0.2e9)
    best = 0.5 / (2 * np.pi * 0.2e9)
    drags = np.linspace(0.4, 1.6, 25) * best
    experiment = experiments.drag_scan(drags, np.array([4, 8]), drive_amplitude=half_turn(20e-9, 4.0))
    found = np.asarray(predict(twin, experiment, substeps=4)[0])
    for train in found.T:
        assert train.max() > 0.05
        assert drags[np.argmin(train)] == pytest.approx(best, rel=0.12)
    # twice as long a train errs twice as much in amplitude, four times in population
    far = np.abs(drags - drags[np.argmin(found[:, 1])]) > 0.3 * best
    np.testing.assert_allclose(found[far, 1] / found[far, 0], 4.0, rtol=0.35)


def test_pairs_of_pulses_with_relaxation_agree_with_qutip():
    qutip = pytest.importorskip("qutip")
    numbers = {"t1": 0.4e-6, "t_phi": 0.3e-6, "thermal_population": 0.1, "anharmonicity": -0.21e9}
    twin = library.assemble({"q0": Transmon(frequency=5.003e9, **numbers)}, readout={"q0": IDEAL})
    pairs, volts, drag = np.array([3, 8, 13]), 0.9, 0.3e-9
    experiment = experiments.allxy(pairs, drive_amplitude=volts, drag=drag, pulse_duration=12e-9)
    found = predict(twin, experiment, substeps=4)[0]
    lower = qutip.destroy(3)
    down, up = np.sqrt(1.1 / 0.4e-6) * lower, np.sqrt(0.1 / 0.4e-6) * lower.dag()
    jumps = [down, up, np.sqrt(2 / 0.3e-6) * lower.dag() * lower]
    still = 2 * np.pi * (0.003e9 * lower.dag() * lower - 0.105e9 * lower.dag() ** 2 * lower**2)
    middles = (np.arange(12) + 0.5) * 1e-9
    argument = (middles - 6e-9) / 3e-9
    foot = np.exp(-2.0)
    bell = np.exp(-(argument**2) / 2)
    shape = (bell - foot) / (1 - foot) - 1j * drag * argument / 3e-9 * bell / (1 - foot)
    turns = {"X": 1.0, "Y": 1.0j, "x": 0.5, "y": 0.5j}
    for value, pair in zip(found, pairs, strict=True):
        samples = np.concatenate([turns[turn] * shape for turn in experiments.ALLXY_PAIRS[pair]] + [np.zeros(6)])
        state = qutip.operator_to_vector(qutip.fock_dm(3, 0))
        for sample in 2 * np.pi * volts * GAIN * samples:
            drive = (sample * lower.dag() + np.conj(sample) * lower) / 2
            state = (qutip.liouvillian(still + drive, jumps) * 1e-9).expm() * state
        expected = np.real(qutip.vector_to_operator(state)[1, 1])
        assert value == pytest.approx(expected, abs=1e-8)
