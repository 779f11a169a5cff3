"""Readout resonators: shifts against diagonalisation by NumPy, decay and dephasing against QuTiP, fields against integration."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from qrexplore.core import Named
from qrexplore.core.parameters import get, replace, table
from qrexplore.quantum import Register, dressed_energies
from qrexplore.twin import Chip, CoupledResonator, Resonator, Transmon, Twin, readout, resonator_response
from qrexplore.twin.readout import (
    cavity_field,
    critical_photon_number,
    measurement_coherence,
    pulls,
    purcell_rate,
    shot_noise_dephasing,
    signal_to_noise,
)

QUBIT = Transmon(frequency=5e9, anharmonicity=-0.25e9)
COUPLED = CoupledResonator(frequency=7e9, linewidth=1e6, coupling=0.1e9)


def diagonalised(qubit, anharmonicity, resonator, coupling, *, counter_rotating=False, size=(6, 12)):
    """Energies by label, in plain NumPy: each label goes to the eigenvector with the largest share of that bare state."""
    a = np.kron(np.diag(np.sqrt(np.arange(1.0, size[0])), 1), np.eye(size[1]))
    b = np.kron(np.eye(size[0]), np.diag(np.sqrt(np.arange(1.0, size[1])), 1))
    n, m = a.T @ a, b.T @ b
    exchange = (a + a.T) @ (b + b.T) if counter_rotating else a.T @ b + a @ b.T
    hamiltonian = qubit * n + anharmonicity / 2 * (n @ n - n) + resonator * m + coupling * exchange
    values, vectors = np.linalg.eigh(hamiltonian)
    return lambda k, photons: values[np.argmax(vectors[k * size[1] + photons] ** 2)]


def twin_with(resonator, qubit=QUBIT):
    chip = Chip(Named({"q0": qubit}), Named(), resonators=Named({"resonator_q0": resonator}))
    return Twin(chip, Named(), Named())


def test_resonances_for_each_level_are_those_of_the_diagonalization():
    energy = diagonalised(5.0, -0.25, 7.0, 0.1)
    expected = [energy(k, 1) - energy(k, 0) for k in range(3)]
    assert expected == pytest.approx([7.004988, 7.003886, 7.003112], abs=1e-6)
    np.testing.assert_allclose(COUPLED.frequencies(QUBIT) / 1e9, expected, atol=1e-9)
    assert float(pulls(COUPLED, QUBIT)[1]) == pytest.approx(-1.1013e6, abs=100)


def test_counter_rotating_terms_pull_a_little_more():
    register = Register((6, 12))
    energies = dressed_energies(COUPLED.hamiltonian(register, QUBIT, counter_rotating=True))
    found = {(k, n): float(energies[register.index((k, n))]) for k in (0, 1) for n in (0, 1)}
    pull = found[1, 1] - found[1, 0] - found[0, 1] + found[0, 0]
    energy = diagonalised(5.0, -0.25, 7.0, 0.1, counter_rotating=True)
    assert pull == pytest.approx(1e9 * (energy(1, 1) - energy(1, 0) - energy(0, 1) + energy(0, 0)), abs=1)
    assert pull == pytest.approx(-1.1367e6, abs=100)
    # the qubit, dressed by the resonator, without them
    energy = diagonalised(5.0, -0.25, 7.0, 0.1)
    assert energy(1, 0) - energy(0, 0) == pytest.approx(4.995012, abs=1e-6)


def test_a_dispersive_shift_is_half_of_the_pull_and_means_the_coupling_of_the_formula():
    resonator = Resonator(frequency=7e9, linewidth=1e6, dispersive_shift=-1.1111111e6 / 2)
    assert float(resonator.squared_coupling(QUBIT)) == pytest.approx(0.1e9**2, rel=1e-7)
    found = pulls(resonator, QUBIT)
    assert float(found[1]) == pytest.approx(-1.1111111e6, rel=1e-12)
    # the weaker the coupling, the better the second order is
    weak = CoupledResonator(frequency=7e9, coupling=5e6)
    exact = pulls(weak, QUBIT)
    same = Resonator(frequency=float(weak.frequencies(QUBIT)[0]), dispersive_shift=float(exact[1] / 2))
    np.testing.assert_allclose(pulls(same, QUBIT), exact, rtol=2e-4)
    np.testing.assert_allclose(same.frequencies(QUBIT, 0.2), weak.frequencies(QUBIT, 0.2), atol=5)


def test_critical_photon_number_is_that_of_the_formula():
    assert float(critical_photon_number(COUPLED, QUBIT)) == pytest.approx(2.0**2 / (4 * 0.1**2), rel=1e-9)


def test_purcell_decay_is_that_of_a_simulated_qubit_beside_a_lossy_resonator():
    qutip = pytest.importorskip("qutip")
    resonator = CoupledResonator(frequency=7e9, linewidth=1e6, coupling=0.1e9)
    assert 1 / float(purcell_rate(resonator, QUBIT)) == pytest.approx(63.66e-6, rel=1e-4)
    # one excitation is all there is; rad/us
    a, b = qutip.tensor(qutip.destroy(2), qutip.qeye(2)), qutip.tensor(qutip.qeye(2), qutip.destroy(2))
    turn, kappa = 2 * np.pi * 1e6 * 1e-6, 2 * np.pi * 1.0
    hamiltonian = turn * (-2000 * a.dag() * a + 100 * (a.dag() * b + a * b.dag()))
    liouvillian = qutip.liouvillian(hamiltonian, [np.sqrt(kappa) * b])
    slowest = -np.sort(liouvillian.eigenenergies().real)[::-1]
    # two coherences and the population decay with the qubit: g/2, g/2, g
    decay = slowest[np.argmin(np.abs(slowest - 2 * np.pi * 0.0025))]
    assert float(purcell_rate(resonator, QUBIT)) * 1e-6 == pytest.approx(decay, rel=0.02)


def test_photons_in_the_resonator_dephase_as_clerk_and_utami_say():
    resonator = Resonator(frequency=7.2e9, linewidth=1e6, dispersive_shift=-0.5e6)
    assert float(shot_noise_dephasing(resonator, QUBIT, 0.01)) == pytest.approx(0.03126e6, rel=1e-3)


def test_dephasing_by_photons_is_that_of_the_master_equation():
    qutip = pytest.importorskip("qutip")
    resonator = Resonator(frequency=7.2e9, linewidth=1e6, dispersive_shift=-0.5e6)
    kappa, pull, photons, size = 2 * np.pi, -2 * np.pi, 0.05, 12
    lower = qutip.destroy(size)
    # the coherence of the qubit is a matrix of the field, pulled on one side only
    gain = qutip.liouvillian(
        0 * lower, [np.sqrt(kappa * (1 + photons)) * lower, np.sqrt(kappa * photons) * lower.dag()]
    )
    turned = gain - 1j * pull * qutip.spre(lower.dag() * lower)
    slowest = max(turned.eigenenergies().real)
    assert float(shot_noise_dephasing(resonator, QUBIT, photons)) * 1e-6 == pytest.approx(-slowest, rel=1e-4)


@pytest.mark.parametrize("resonator", [COUPLED, Resonator(frequency=7e9, linewidth=1e6, dispersive_shift=-2e6)])
def test_response_is_the_long_time_limit_of_the_field(resonator):
    twin = twin_with(resonator)
    probe = np.asarray(resonator.frequencies(QUBIT))[:, None] + np.array([-1e6, 0.0, 0.3e6])
    through = np.asarray(resonator_response(twin, "q0", probe))
    assert through.shape == (3, 3, 3)
    for column, frequency in enumerate(probe[1]):
        detuning = resonator.frequencies(QUBIT) - frequency
        field = cavity_field(detuning, resonator.linewidth, jnp.full(400, 0.5e6), 50e6)[:, -1]
        # |alpha| = epsilon/(kappa/2) on resonance, and -i
        np.testing.assert_allclose(field * 1j, through[:, 1, column], atol=1e-9)
    np.testing.assert_allclose(through[[0, 1, 2], [0, 1, 2], 1], 1.0, atol=1e-12)
    np.testing.assert_allclose(resonator_response(twin, "q0", probe, port="reflection"), 1 - 2 * through)
    np.testing.assert_allclose(
        np.abs(resonator_response(twin, "q0", probe, port="notch")) ** 2, 1 - np.abs(through) ** 2
    )
    np.testing.assert_allclose(np.abs(resonator_response(twin, "q0", probe, port="reflection")), 1.0)


def test_a_resonator_follows_the_flux_on_its_qubit():
    near = resonator_response(twin_with(COUPLED), "q0", jnp.asarray(7.004988e9), flux=0.0)
    away = resonator_response(twin_with(COUPLED), "q0", jnp.asarray(7.004988e9), flux=0.3)
    assert abs(near[0]) > 0.999
    assert abs(away[0]) < 0.3
    energy = diagonalised(*(float(x) / 1e9 for x in QUBIT.at_flux(0.3)), 7.0, 0.1)
    assert float(COUPLED.frequencies(QUBIT, 0.3)[0]) == pytest.approx(1e9 * (energy(0, 1) - energy(0, 0)), abs=1)


def test_field_in_the_resonator_is_that_of_an_integration_and_so_are_signal_and_back_action():
    detuning, linewidth, rate, efficiency = np.array([0.4e6, -0.7e6]), 1.3e6, 1e8, 0.3
    drive = np.concatenate([np.full(60, 0.8e6), np.linspace(0.8, 0.1, 40) * 1e6 * np.exp(0.3j)])
    field = np.asarray(cavity_field(detuning, linewidth, jnp.asarray(drive), rate))

    def change(time, values):
        sample = drive[min(int(time * rate), len(drive) - 1)]
        fields = values[:2]
        slope = -2 * np.pi * ((linewidth / 2 + 1j * detuning) * fields + 1j * sample)
        return np.append(slope, abs(fields[1] - fields[0]) ** 2)

    values = np.zeros(3, dtype=complex)
    for cell in range(len(drive)):
        span = (cell / rate * (1 + 1e-15), (cell + 1) / rate * (1 - 1e-15))
        values = solve_ivp(change, span, values, rtol=1e-10, atol=1e-12, method="DOP853").y[:, -1]
        if cell % 20 == 19:
            np.testing.assert_allclose(field[:, cell + 1], values[:2], rtol=1e-7)
    integral = float(values[2].real) * 2 * np.pi * linewidth
    snr = float(signal_to_noise(field, linewidth, rate, efficiency=efficiency))
    assert snr**2 == pytest.approx(4 * efficiency * integral, rel=1e-3)
    coherence = float(measurement_coherence(field, linewidth, rate))
    assert coherence == pytest.approx(np.exp(-integral / 2), rel=1e-3)
    # Bultink: eta = SNR_B^2/(4 beta), with SNR_B = SNR/sqrt 2 and e^(-beta) what is left of the coherence
    assert (snr**2 / 2) / (4 * -np.log(coherence)) == pytest.approx(efficiency, rel=1e-9)


@pytest.mark.parametrize(
    "resonator",
    [COUPLED, pytest.param(Resonator(frequency=7e9, linewidth=1e6, dispersive_shift=-2e6), marks=pytest.mark.slow)],
)
def test_derivatives_of_all_that_a_resonator_says_are_those_of_differences(resonator):
    twin = twin_with(resonator, Transmon(frequency=5.1e9, flux_offset=0.04))
    paths = [path for path in table(twin).paths if not path.endswith(("t1", "t_phi", "thermal_population"))]
    probe = jnp.asarray([7.0e9, 7.0035e9])

    def said(values):
        moved = replace(twin, dict(zip(paths, values, strict=True)))
        pair = moved.chip.resonators["resonator_q0"], moved.chip.qubits["q0"]
        answer = resonator_response(moved, "q0", probe, flux=0.1)
        rates = [1e-3 * purcell_rate(*pair), 1e-3 * shot_noise_dephasing(*pair, 0.02), critical_photon_number(*pair)]
        return jnp.concatenate([answer.real.reshape(-1), answer.imag.reshape(-1), jnp.stack(rates)])

    at = jnp.stack(get(twin, paths))
    said = jax.jit(said)
    forward, backward = jax.jit(jax.jacfwd(said))(at), jax.jit(jax.jacrev(said))(at)
    np.testing.assert_allclose(forward, backward, rtol=1e-8, atol=1e-12 * np.abs(forward).max())
    for column, path in enumerate(paths):
        # as far as rounding of the frequencies asks, and well within a linewidth
        step = 1e-3 if abs(at[column]) < 10 else 1e4 if at[column] > 1e9 else 3e-5 * abs(at[column])
        shifts = [said(at.at[column].add(k * step)) for k in (-2, -1, 1, 2)]
        slope = (shifts[0] - 8 * shifts[1] + 8 * shifts[2] - shifts[3]) / (12 * step)
        np.testing.assert_allclose(forward[:, column], slope, rtol=1e-5, atol=1e-5 * np.abs(slope).max(), err_msg=path)


def test_a_qubit_without_a_resonator_is_told():
    twin = Twin(Chip(Named({"q0": QUBIT}), Named()), Named(), Named())
    with pytest.raises(ValueError, match=r"the twin has no 'resonator_q0'; its resonators are none. Add one"):
        resonator_response(twin, "q0", jnp.asarray(7e9))
    with pytest.raises(ValueError, match="`port` must be one of 'transmission', 'reflection', 'notch', got 'back'"):
        resonator_response(twin_with(COUPLED), "q0", jnp.asarray(7e9), port="back")


@pytest.mark.parametrize("name", ["r0", "resonator_q1"])
def test_a_resonator_of_no_qubit_is_refused(name):
    with pytest.raises(ValueError, match=f"`resonators` must be named after the qubits .* got '{name}'"):
        Chip(Named({"q0": QUBIT}), Named(), resonators=Named({name: COUPLED}))


@pytest.mark.parametrize(
    "function", [pulls, critical_photon_number, purcell_rate, partial(shot_noise_dephasing, photons=0.1)]
)
def test_numbers_of_a_resonator_can_be_compiled(function):
    assert np.all(np.isfinite(jax.jit(function)(COUPLED, QUBIT)))
    assert readout.pulls is pulls
