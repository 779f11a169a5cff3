"""Spectra against independent diagonalisations: the charge basis, and two coupled transmons."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal

from qrexplore import experiments
from qrexplore.quantum import Register, dressed_states
from qrexplore.twin import library, predict
from qrexplore.twin.chip import Transmon, energies, transition
from qrexplore.twin.chip import charge_basis as charge_basis_of_the_twin


def charge_basis(josephson, charging, count=25):
    """First transition frequencies of a transmon, by diagonalisation over the charge states."""
    charges = np.arange(-count, count + 1)
    levels, _ = eigh_tridiagonal(4 * charging * charges**2, np.full(2 * count, -josephson / 2))
    return np.diff(levels[:4])


def test_charge_basis_of_this_test_gives_the_known_numbers():
    f01, f12, f23 = charge_basis(15.0, 0.25)
    assert [f01, f12 - f01, f23 - f12] == pytest.approx([5.214164, -0.282935, -0.313230], abs=1e-6)


@pytest.mark.parametrize("ratio", [60.0, 70.0, 80.0, 100.0])
def test_series_of_the_transmon_agrees_with_the_charge_basis(ratio):
    charging = 0.25
    exact = charge_basis(ratio * charging, charging)
    frequency, anharmonicity = transition(jnp.asarray(ratio * charging), jnp.asarray(charging))
    assert float(frequency) == pytest.approx(exact[0], abs=3e-5)
    # the series of the anharmonicity ends at the same power of xi with larger coefficients: 0.24 MHz at a ratio of 60
    assert float(anharmonicity) == pytest.approx(exact[1] - exact[0], abs=5 * charging * (2 / ratio) ** 2.5)


def test_arc_of_a_transmon_agrees_with_the_charge_basis():
    josephson, charging, asymmetry = 22.0, 0.22, 0.15
    frequency, anharmonicity = transition(jnp.asarray(josephson), jnp.asarray(charging))
    transmon = Transmon(frequency=float(frequency) * 1e9, anharmonicity=float(anharmonicity) * 1e9, asymmetry=asymmetry)
    for flux, known in ((0.0, 5.993930), (0.2, 5.383769), (0.4, 3.394224)):
        share = np.sqrt(np.cos(np.pi * flux) ** 2 + (asymmetry * np.sin(np.pi * flux)) ** 2)
        exact = charge_basis(josephson * share, charging)
        assert exact[0] == pytest.approx(known, abs=1e-6)
        assert float(transmon.at_flux(flux)[0]) / 1e9 == pytest.approx(known, abs=3e-5)


def test_levels_of_the_charge_basis_are_those_of_the_diagonalization_and_disperse_with_the_charge():
    found = charge_basis_of_the_twin.levels(jnp.asarray(15.0), jnp.asarray(0.25), count=4)
    np.testing.assert_allclose(np.diff(found), charge_basis(15.0, 0.25), atol=1e-9)
    whole, half = (
        charge_basis_of_the_twin.levels(jnp.asarray(15.0), jnp.asarray(0.25), count=3, offset_charge=charge)
        for charge in (0.0, 0.5)
    )
    # the ground state moves by 3.3e-8, within the tolerance
    assert float(half[1] - whole[1]) == pytest.approx(-1.8513e-6, rel=0.02)
    assert float(half[2] - whole[2]) == pytest.approx(6.518e-5, rel=0.01)


@pytest.mark.parametrize("asymmetry", [0.05, 0.15, 0.6])
@pytest.mark.parametrize(("josephson", "charging"), [(22.0, 0.22), (9.0, 0.25), (15.0, 0.15)])
def test_arc_in_the_charge_basis_is_exact(josephson, charging, asymmetry):
    f01, f12, _ = charge_basis(josephson, charging)
    transmon = Transmon(
        frequency=f01 * 1e9, anharmonicity=(f12 - f01) * 1e9, asymmetry=asymmetry, spectrum="charge basis"
    )
    fluxes = np.linspace(-0.35, 0.35, 15)
    frequency, anharmonicity = (np.asarray(part) / 1e9 for part in transmon.at_flux(jnp.asarray(fluxes)))
    for flux, first, second in zip(fluxes, frequency, anharmonicity, strict=True):
        share = np.sqrt(np.cos(np.pi * flux) ** 2 + (asymmetry * np.sin(np.pi * flux)) ** 2)
        exact = charge_basis(josephson * share, charging)
        assert first == pytest.approx(exact[0], abs=1e-6)
        assert second == pytest.approx(exact[1] - exact[0], abs=1e-6)


def test_derivatives_in_the_charge_basis_are_those_of_differences():
    base = {"frequency": 5.2e9, "anharmonicity": -0.25e9, "asymmetry": 0.2, "flux_offset": 0.03}

    def moved(values):
        transmon = Transmon(**dict(zip(base, values, strict=True)), spectrum="charge basis")
        return jnp.stack(transmon.at_flux(jnp.asarray([0.0, 0.11, 0.24])))

    at = jnp.asarray(list(base.values()))
    forward, backward = jax.jacfwd(moved)(at), jax.jacrev(moved)(at)
    np.testing.assert_allclose(forward, backward, rtol=1e-9, atol=1e-3)
    for column, (value, step) in enumerate(zip(base.values(), (2e5, 2e4, 1e-5, 1e-5), strict=True)):
        difference = (moved(at.at[column].set(value + step)) - moved(at.at[column].set(value - step))) / (2 * step)
        scale = np.abs(difference).max()
        np.testing.assert_allclose(forward[..., column], difference, rtol=1e-6, atol=1e-6 * scale)


@pytest.mark.slow
def test_a_chevron_in_the_charge_basis_differs_from_the_series_by_what_the_series_lacks():
    def twin(spectrum):
        qubits = {
            "q0": Transmon(frequency=4.8e9, anharmonicity=-0.23e9, spectrum=spectrum),
            "q1": Transmon(frequency=5.6e9, anharmonicity=-0.22e9, spectrum=spectrum),
        }
        return library.assemble(qubits, {("q0", "q1"): 9e6}, dissipative=False)

    experiment = experiments.chevron(np.linspace(0.46, 0.52, 7), np.array([8e-9, 19e-9]))
    series, exact = (np.asarray(predict(twin(spectrum), experiment)) for spectrum in ("series", "charge basis"))
    assert 1e-6 < np.max(np.abs(series - exact)) < 0.05


def test_a_spectrum_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="`spectrum` must be one of 'series', 'charge basis'"):
        Transmon(frequency=5e9, spectrum="duffing")


def test_energies_invert_the_series_for_any_transmon():
    frequency, ratio = np.meshgrid(np.linspace(1e9, 12e9, 7), np.linspace(-0.12, -0.02, 6))
    back = transition(*energies(jnp.asarray(frequency), jnp.asarray(frequency * ratio)))
    np.testing.assert_allclose(back[0], frequency, rtol=1e-12)
    np.testing.assert_allclose(back[1], frequency * ratio, rtol=1e-12)


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
