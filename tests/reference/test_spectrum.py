"""Spectra against independent diagonalisations: the charge basis, and two coupled transmons."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal
from scipy.special import mathieu_a, mathieu_b

from qrexplore import experiments
from qrexplore.quantum import Register, dressed_states
from qrexplore.twin import library, predict
from qrexplore.twin.chip import Transmon, energies, transition


def charge_basis(josephson, charging, count=25):
    """First transition frequencies of a transmon, by diagonalisation over the charge states."""
    charges = np.arange(-count, count + 1)
    levels, _ = eigh_tridiagonal(4 * charging * charges**2, np.full(2 * count, -josephson / 2))
    return np.diff(levels[:4])


def test_charge_basis_of_this_test_gives_the_known_numbers():
    f01, f12, f23 = charge_basis(15.0, 0.25)
    assert [f01, f12 - f01, f23 - f12] == pytest.approx([5.214164, -0.282935, -0.313230], abs=1e-6)


@pytest.mark.parametrize("ratio", [0.5, 3.0, 10.0, 37.0, 60.0, 100.0, 800.0])
def test_spectrum_of_a_transmon_is_that_of_the_charge_basis(ratio):
    frequency, anharmonicity = transition(jnp.asarray(ratio), jnp.asarray(1.0))
    first, second, _ = charge_basis(ratio, 1.0, count=60)
    assert [float(frequency), float(anharmonicity)] == pytest.approx([first, second - first], abs=1e-8)


def test_spectrum_of_a_transmon_is_that_of_mathieus_equation():
    ratio = np.linspace(0.3, 300.0, 41)
    ground, first, second = mathieu_a(0, ratio / 2), mathieu_b(2, ratio / 2), mathieu_a(2, ratio / 2)
    frequency, anharmonicity = transition(jnp.asarray(ratio), jnp.ones(41))
    np.testing.assert_allclose(frequency, first - ground, atol=1e-8)
    np.testing.assert_allclose(anharmonicity, second - 2 * first + ground, atol=1e-8)


def test_frequency_nears_the_series_where_the_junction_is_large():
    # Koch et al. (2007) and Didier et al. (2018): what is left out goes with the fifth power of sqrt(2 E_C/E_J)
    xi = jnp.asarray([0.1, 0.05])
    series = 4 / xi - (1 + xi / 4 + 21 * xi**2 / 128 + 19 * xi**3 / 128 + 5319 * xi**4 / 32768)
    left = np.abs(transition(2 / xi**2, jnp.ones(2))[0] - series)
    assert np.all(left < 0.5 * xi**5)


def test_a_transmon_without_a_junction_has_the_energy_of_a_pair():
    # finite at any flux, and where its slopes are asked for
    symmetric = Transmon(frequency=5e9, asymmetry=0.0)
    _, charging = energies(5e9, symmetric.anharmonicity)
    frequency, slope = jax.jvp(lambda flux: symmetric.at_flux(flux)[0], (jnp.asarray(0.5),), (jnp.ones(()),))
    assert float(frequency) == pytest.approx(4 * float(charging), rel=1e-6)
    assert np.isfinite(slope)


def test_arc_of_a_transmon_agrees_with_the_charge_basis():
    josephson, charging, asymmetry = 22.0, 0.22, 0.15
    frequency, anharmonicity = transition(jnp.asarray(josephson), jnp.asarray(charging))
    transmon = Transmon(frequency=float(frequency) * 1e9, anharmonicity=float(anharmonicity) * 1e9, asymmetry=asymmetry)
    for flux, known in ((0.0, 5.993930), (0.2, 5.383769), (0.4, 3.394224)):
        share = np.sqrt(np.cos(np.pi * flux) ** 2 + (asymmetry * np.sin(np.pi * flux)) ** 2)
        exact = charge_basis(josephson * share, charging)
        assert exact[0] == pytest.approx(known, abs=1e-6)
        assert float(transmon.at_flux(flux)[0]) / 1e9 == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize("asymmetry", [0.05, 0.15, 0.6])
@pytest.mark.parametrize(("josephson", "charging"), [(22.0, 0.22), (9.0, 0.25), (15.0, 0.15)])
def test_arc_is_exact(josephson, charging, asymmetry):
    f01, f12, _ = charge_basis(josephson, charging)
    transmon = Transmon(frequency=f01 * 1e9, anharmonicity=(f12 - f01) * 1e9, asymmetry=asymmetry)
    fluxes = np.linspace(-0.5, 0.5, 21)
    frequency, anharmonicity = (np.asarray(part) / 1e9 for part in transmon.at_flux(jnp.asarray(fluxes)))
    for flux, first, second in zip(fluxes, frequency, anharmonicity, strict=True):
        share = np.sqrt(np.cos(np.pi * flux) ** 2 + (asymmetry * np.sin(np.pi * flux)) ** 2)
        exact = charge_basis(josephson * share, charging)
        assert first == pytest.approx(exact[0], abs=1e-6)
        assert second == pytest.approx(exact[1] - exact[0], abs=1e-6)


@pytest.mark.slow
def test_derivatives_of_an_arc_are_those_of_differences():
    base = {"frequency": 5.2e9, "anharmonicity": -0.25e9, "asymmetry": 0.2, "flux_offset": 0.03}

    def moved(values):
        transmon = Transmon(**dict(zip(base, values, strict=True)))
        return jnp.stack(transmon.at_flux(jnp.asarray([0.0, 0.11, 0.24])))

    at = jnp.asarray(list(base.values()))
    forward, backward = jax.jacfwd(moved)(at), jax.jacrev(moved)(at)
    np.testing.assert_allclose(forward, backward, rtol=1e-9, atol=1e-3)
    for column, (value, step) in enumerate(zip(base.values(), (2e5, 2e4, 1e-5, 1e-5), strict=True)):
        difference = (moved(at.at[column].set(value + step)) - moved(at.at[column].set(value - step))) / (2 * step)
        scale = np.abs(difference).max()
        np.testing.assert_allclose(forward[..., column], difference, rtol=1e-6, atol=1e-6 * scale)


def test_energies_are_those_of_any_transmon():
    frequency, ratio = np.meshgrid(np.linspace(1e9, 12e9, 7), np.linspace(-0.6, -0.0042, 6))
    back = transition(*energies(jnp.asarray(frequency), jnp.asarray(frequency * ratio)))
    np.testing.assert_allclose(back[0], frequency, rtol=1e-12)
    np.testing.assert_allclose(back[1], frequency * ratio, rtol=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "coupling", "known"),
    [((4.8, -0.23), (5.6, -0.22), 0.009, -121.951), ((5.0, -0.3), (5.1, -0.3), 0.005, 374.416)],
)
def test_zz_of_dressed_states_is_the_known_number(first, second, coupling, known):
    register = Register((5, 5))
    hamiltonian = np.zeros((25, 25))
    for mode, (frequency, anharmonicity) in enumerate((first, second)):
        n = register.number(mode)
        hamiltonian += frequency * n + anharmonicity / 2 * n @ (n - np.eye(25))
    a, b = register.lowering(0), register.lowering(1)
    hamiltonian += coupling * (a.T @ b + a @ b.T)
    dressed = np.asarray(dressed_states(jnp.asarray(2 * np.pi * 1e9 * hamiltonian)))
    energy = {label: v @ hamiltonian @ v for label in np.ndindex(2, 2) for v in [dressed[:, register.index(label)]]}
    zz = energy[1, 1] - energy[1, 0] - energy[0, 1] + energy[0, 0]
    assert zz * 1e6 == pytest.approx(known, abs=2e-3)


def test_steady_state_of_spectroscopy_is_that_of_the_driven_two_level_system():
    qutip = pytest.importorskip("qutip")
    t1, t_phi, thermal, volts = 3e-6, 5e-6, 0.03, 2e-3
    twin = library.transmon().replace({
        "q0.t1": t1, "q0.t_phi": t_phi, "q0.thermal_population": thermal, "q0.flux_offset": 0.05,
        "bias_q0.gain": 0.3, "drive_q0.transfer.gain": 90e6,
        "readout_q0.false_one": 0.0, "readout_q0.false_zero": 0.0,
    })  # fmt: skip
    bias = 0.1
    center = float(twin.chip.qubits["q0"].at_flux(0.3 * bias)[0])
    frequency = center + np.array([-400e3, -50e3, 0.0, 120e3, 2e6])
    experiment = experiments.flux_arc(np.array([bias]), frequency, drive_amplitude=volts)
    lower = qutip.destroy(2)
    jumps = [
        np.sqrt((1 + thermal) / t1 * 1e-6) * lower,
        np.sqrt(thermal / t1 * 1e-6) * lower.dag(),
        np.sqrt(2 / t_phi * 1e-6) * lower.dag() * lower,
    ]
    rabi = 2 * np.pi * 90e6 * volts * 1e-6  # rad/us
    for found, drive in zip(predict(twin, experiment)[0, 0], frequency, strict=True):
        detuning = 2 * np.pi * (center - drive) * 1e-6
        state = qutip.steadystate(detuning * lower.dag() * lower + rabi / 2 * (lower + lower.dag()), jumps)
        assert float(found) == pytest.approx(state.full()[1, 1].real, abs=1e-9)
