"""White noise: closed forms, detailed balance, positivity, and a second solver where level 2 relaxes at its own rate."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from qrexplore import experiments
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.quantum import Register, hermitian_basis
from qrexplore.twin import ConfusionReadout, library, noise, populations, predict, second_opinion
from qrexplore.twin.chip import Transmon, UpperRelaxation

qutip = pytest.importorskip("qutip")

IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)
T1, T_PHI, THERMAL, RATIO = 20e-6, 30e-6, 0.03, 0.6
PATH = "q0.relaxation.ratio"


def one_qubit(**numbers):
    """A transmon 0.3 MHz above the carrier, with relaxation, heating and dephasing."""
    settings = {"t1": T1, "t_phi": T_PHI, "frequency": 5.0003e9, "thermal_population": THERMAL, **numbers}
    return library.assemble({"q0": Transmon(**settings)}, readout={"q0": IDEAL})


def driven(heights, duration):
    """A resonant square pulse on one qubit."""

    def sequence(_, point):
        pulse = Pulse("drive_q0", Square(duration), point["drive_amplitude"], phase=0.3)
        return (experiments.Play(Schedule((pulse,), window=duration)),)

    rabi = experiments.rabi(heights)
    protocol = experiments.Protocol("held", ("drive_amplitude",), rabi.protocol.coordinates, 0, sequence)
    return experiments.Experiment(protocol, ("q0",), rabi.coordinates, {"drive_frequency": 5e9, "held": duration})


def generator(transmon):
    """The superoperator of the white noise alone, on real coordinates."""
    matrices = noise.dissipators(Register((transmon.levels,)), 0, uneven=transmon.relaxation is not None)
    return np.tensordot(np.asarray(noise.rates(transmon)), np.stack(matrices), axes=1)


def test_level_2_relaxes_at_the_ratio_times_twice_the_rate_of_level_1():
    transmon = Transmon(frequency=5e9, t1=T1, t_phi=T_PHI, relaxation=UpperRelaxation(RATIO))
    rates = generator(transmon)
    assert rates[1, 2] == pytest.approx(2 * RATIO / T1, rel=1e-12)
    assert rates[0, 1] == pytest.approx(1 / T1, rel=1e-12)
    # coherence between 1 and 2 (after 0-1 and 0-2) is handed to the one between 0 and 1 by the same operator
    assert rates[3, 7] == pytest.approx(np.sqrt(2 * RATIO) / T1, rel=1e-12)


def test_a_ratio_of_one_is_the_oscillator():
    even = Transmon(frequency=5e9, t1=T1, thermal_population=THERMAL, levels=4)
    uneven = Transmon(frequency=5e9, t1=T1, thermal_population=THERMAL, levels=4, relaxation=UpperRelaxation())
    np.testing.assert_allclose(generator(uneven), generator(even), rtol=1e-13, atol=1e-9)


def test_driven_three_levels_with_a_relaxation_of_their_own_agree_with_mesolve():
    heights, duration, gain, alpha = np.array([0.4, 1.3]), 300e-9, 40e6, -0.15e9
    times = {"t1": 1.1e-6, "t_phi": 0.8e-6, "anharmonicity": alpha, "relaxation": UpperRelaxation(RATIO)}
    twin = one_qubit(**times).replace({"drive_q0.transfer.gain": gain})
    found = populations(twin, driven(heights, duration), {"drive_amplitude": heights}, substeps=4)[0][0]
    number = qutip.num(3)
    ladder = qutip.Qobj(np.diag([1.0, np.sqrt(2 * RATIO)], 1))
    jumps = [
        np.sqrt((1 + THERMAL) / 1.1) * ladder,
        np.sqrt(THERMAL / 1.1) * ladder.dag(),
        np.sqrt(2 / 0.8) * number,
    ]
    for column, height in enumerate(heights):
        drive = np.pi * gain * 1e-6 * height * np.exp(0.3j)
        idle = 2 * np.pi * (0.3 * number + alpha * 1e-6 / 2 * number * (number - 1))
        hamiltonian = idle + np.conj(drive) * qutip.destroy(3) + drive * qutip.create(3)
        options = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 100_000, "method": "dop853"}
        state = qutip.mesolve(hamiltonian, qutip.basis(3, 0), [0.0, 0.3], jumps, options=options).states[-1]
        np.testing.assert_allclose(found[:, column], np.real(state.diag()), atol=1e-7)
        assert float(found[2, column]) > 1e-3


def test_the_second_solver_knows_the_ratio_and_the_derivative_in_it_is_right():
    twin = one_qubit(t1=1e-6, anharmonicity=-0.15e9, relaxation=UpperRelaxation(RATIO))
    experiment = driven(np.array([0.6, 1.0]), 60e-9)
    values = predict(twin, experiment, substeps=8)
    assert second_opinion(twin, experiment, np.asarray(values), points=2).deviation < 1e-8
    points = {name: jnp.asarray(column) for name, column in experiment.points().items()}

    @jax.jit
    def at(ratio):
        return populations(twin.replace({PATH: ratio}), experiment, points, substeps=4)[0]

    slope, step = jax.jacfwd(at)(RATIO), 1e-4
    difference = (at(RATIO + step) - at(RATIO - step)) / (2 * step)
    assert float(np.max(np.abs(slope))) > 1e-5
    np.testing.assert_allclose(slope, difference, rtol=1e-5, atol=1e-10)


@pytest.mark.parametrize("ratio", [None, RATIO])
def test_the_bath_leaves_the_levels_in_detailed_balance(ratio):
    photons = 1 / np.expm1(6.62607015e-34 * 5e9 / (1.380649e-23 * 50e-3))
    relaxation = None if ratio is None else UpperRelaxation(ratio)
    twin = one_qubit(thermal_population=float(photons), relaxation=relaxation)
    experiment = experiments.t1(np.array([6e-3]))
    found = populations(twin, experiment, {"delay": jnp.array([6e-3])})[0][0, :, 0]
    boltzmann = np.exp(-6.62607015e-34 * 5e9 / (1.380649e-23 * 50e-3))
    np.testing.assert_allclose(found[1:] / found[:-1], boltzmann, rtol=1e-6)
    assert float(found[1]) == pytest.approx(8.17e-3, rel=1e-3)


def test_echo_in_a_bath_follows_the_rate_equation_and_the_rate_of_all_jumps():
    delays = np.linspace(0.0, 50e-6, 6)
    found = predict(one_qubit(), experiments.echo(delays))[0]
    down, up = (1 + THERMAL) / T1, THERMAL / T1
    rates = np.array([[0.0, down, 0.0], [up, 0.0, 2 * down], [0.0, 2 * up, 0.0]])
    rates -= np.diag(rates.sum(axis=0))
    decay = (1 + 4 * THERMAL) / (2 * T1) + 1 / T_PHI
    turned = np.eye(3)[[1, 0, 2]]
    for value, t in zip(found, delays, strict=True):
        half = expm(rates * t / 2)
        levels = half @ turned @ half @ [0.5, 0.5, 0.0]
        # the half turn swaps the populations of levels 0 and 1, the last quarter turn reads what coherence is left
        assert value == pytest.approx((levels[0] + levels[1]) / 2 - 0.5 * np.exp(-decay * t), abs=1e-6)


@pytest.mark.parametrize("relaxation", [None, UpperRelaxation(RATIO)], ids=["oscillator", "uneven"])
def test_the_noise_keeps_trace_and_hermiticity_and_makes_no_negative_population(relaxation):
    transmon = Transmon(frequency=5e9, t1=1e-6, t_phi=2e-6, thermal_population=0.1, relaxation=relaxation)
    rates, basis = generator(transmon), hermitian_basis(3)
    traces = np.real(np.trace(basis, axis1=1, axis2=2))
    np.testing.assert_allclose(traces @ rates, 0.0, atol=1e-9)
    rng = np.random.default_rng(3)
    for time in (0.05e-6, 0.7e-6, 9e-6):
        vector = rng.normal(size=3) + 1j * rng.normal(size=3)
        start = np.outer(vector, vector.conj()) / np.linalg.norm(vector) ** 2
        begin = np.real(np.einsum("aij,ji->a", basis, start))
        state = np.einsum("a,aij->ij", expm(rates * time) @ begin, basis)
        np.testing.assert_allclose(state, state.conj().T, atol=1e-15)
        assert np.trace(state) == pytest.approx(1.0, abs=1e-12)
        assert np.linalg.eigvalsh(state).min() > -1e-10
