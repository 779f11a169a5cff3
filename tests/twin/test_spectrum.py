"""The static spectrum: ZZ and dressed frequencies against NumPy, the mediated coupling against its formula and three modes."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.core import Named
from qrexplore.twin import (
    Chip,
    ExchangeCoupling,
    MediatedCoupling,
    Transmon,
    dressed_frequencies,
    library,
    zz_interaction,
)


def pair(first, second, coupling, levels=5):
    qubits = {
        name: Transmon(frequency=f * 1e9, anharmonicity=a * 1e9, levels=levels)
        for name, (f, a) in zip(("q0", "q1"), (first, second), strict=True)
    }
    twin = library.assemble(qubits)
    known = ExchangeCoupling(between=("q0", "q1"), reference=(first[0] * 1e9, second[0] * 1e9), coupling=coupling * 1e9)
    return replace(twin, chip=replace(twin.chip, couplings=Named({"q0_q1": known})))


def energies(modes, couplings, *, counter_rotating=False):
    """Energies by label in plain NumPy, in the unit of the numbers; each mode is (frequency, anharmonicity, levels)."""
    sizes = [levels for _, _, levels in modes]

    def lowering(mode):
        full = np.eye(1)
        for k, size in enumerate(sizes):
            full = np.kron(full, np.diag(np.sqrt(np.arange(1.0, size)), 1) if k == mode else np.eye(size))
        return full

    total = np.zeros((int(np.prod(sizes)),) * 2)
    for mode, (frequency, anharmonicity, _) in enumerate(modes):
        n = lowering(mode).T @ lowering(mode)
        total += frequency * n + anharmonicity / 2 * (n @ n - n)
    for (first, second), strength in couplings.items():
        a, b = lowering(first), lowering(second)
        total += strength * ((a + a.T) @ (b + b.T) if counter_rotating else a.T @ b + a @ b.T)
    values, vectors = np.linalg.eigh(total)
    return lambda *label: values[np.argmax(vectors[np.ravel_multi_index(label, sizes)] ** 2)]


@pytest.mark.parametrize(
    ("first", "second", "coupling", "known", "second_order"),
    [((4.8, -0.23), (5.6, -0.22), 0.009, -121.951, -122.029), ((5.0, -0.3), (5.1, -0.3), 0.005, 374.416, 375.0)],
)
def test_zz_of_two_transmons_is_the_known_number(first, second, coupling, known, second_order):
    found = float(zz_interaction(pair(first, second, coupling))) / 1e3
    assert found == pytest.approx(known, rel=1e-4)
    delta = first[0] - second[0]
    formula = 2e6 * coupling**2 * (1 / (delta - second[1]) - 1 / (delta + first[1]))
    assert formula == pytest.approx(second_order, rel=1e-5)


def test_counter_rotating_terms_change_zz_by_half_a_percent():
    twin = pair((4.8, -0.23), (5.6, -0.22), 0.009)
    plain, full = (float(zz_interaction(twin, counter_rotating=c)) for c in (False, True))
    energy = energies([(4.8, -0.23, 5), (5.6, -0.22, 5)], {(0, 1): 0.009}, counter_rotating=True)
    expected = energy(1, 1) - energy(1, 0) - energy(0, 1) + energy(0, 0)
    assert full == pytest.approx(1e9 * expected, abs=1)
    assert abs(full / plain - 1) == pytest.approx(0.006, abs=0.002)


SUNG = {(0, 1): 0.005, (0, 2): 0.0725, (1, 2): 0.0715}


@pytest.mark.parametrize("counter_rotating", [False, True])
def test_zz_and_frequencies_with_a_coupler_are_those_of_three_diagonalised_modes(counter_rotating):
    twin = library.two_transmons_with_coupler()
    energy = energies([(4.16, -0.22, 3), (4.0, -0.21, 3), (5.45, -0.09, 3)], SUNG, counter_rotating=counter_rotating)
    expected = energy(1, 1, 0) - energy(1, 0, 0) - energy(0, 1, 0) + energy(0, 0, 0)
    assert float(zz_interaction(twin, counter_rotating=counter_rotating)) == pytest.approx(1e9 * expected, abs=1)
    expected = [energy(1, 0, 0) - energy(0, 0, 0), energy(0, 1, 0) - energy(0, 0, 0)]
    found = dressed_frequencies(twin, counter_rotating=counter_rotating)
    np.testing.assert_allclose(found / 1e9, expected, atol=1e-9)


def test_flux_on_the_coupler_switches_zz():
    twin = library.two_transmons_with_coupler()
    fluxes = np.linspace(0.0, 0.22, 12)
    zz = np.array(jax.jit(jax.vmap(lambda flux: zz_interaction(twin, flux={"c0": flux})))(fluxes))
    frequency, anharmonicity = (float(x) / 1e9 for x in twin.chip.couplers["c0"].at_flux(fluxes[5]))
    scale = np.sqrt(frequency / 5.45)
    couplings = {(0, 1): 0.005, (0, 2): 0.0725 * scale, (1, 2): 0.0715 * scale}
    energy = energies([(4.16, -0.22, 3), (4.0, -0.21, 3), (frequency, anharmonicity, 3)], couplings)
    expected = energy(1, 1, 0) - energy(1, 0, 0) - energy(0, 1, 0) + energy(0, 0, 0)
    assert zz[5] == pytest.approx(1e9 * expected, abs=2)
    assert zz.max() - zz.min() > 100e3


def test_a_third_transmon_shifts_zz_of_the_other_two():
    twin = library.three_transmons()
    alone, beside = (float(zz_interaction(twin, ("q0", "q1"), spectators=s)) for s in ((), ("q2",)))

    # all frequencies of a chain, by NumPy
    def scaled(*names):
        (coupling,) = [c for c in twin.chip.couplings.values() if c.between == names]
        return float(coupling.at_frequencies(*(twin.chip.qubits[n].frequency for n in names))) / 1e9

    modes = [(4.8, -0.23, 3), (5.6, -0.22, 3), (5.0, -0.225, 3)]
    energy = energies(modes, {(0, 1): scaled("q0", "q1"), (1, 2): scaled("q1", "q2")})
    expected = energy(1, 1, 0) - energy(1, 0, 0) - energy(0, 1, 0) + energy(0, 0, 0)
    assert beside == pytest.approx(1e9 * expected, abs=1)
    assert abs(beside - alone) > 10
    np.testing.assert_allclose(
        dressed_frequencies(twin) / 1e9, [energy(1, 0, 0), energy(0, 1, 0), energy(0, 0, 1)], atol=1e-9
    )


def test_mediated_coupling_gives_the_published_example():
    coupling = MediatedCoupling(between=("q0", "q1"), through="c", direct=5e6, first=72.5e6, second=71.5e6)
    at = {"q0": 4.16e9, "q1": 4.00e9}
    assert float(coupling.strength({**at, "c": 5.45e9})) == pytest.approx(0.66e6, abs=0.005e6)
    assert float(coupling.strength({**at, "c": 5.252e9})) == pytest.approx(0.0, abs=0.005e6)


def test_mediated_coupling_is_what_a_far_coupler_amounts_to():
    # g/Delta = 1/50: the next order is 4e-4 of the second
    three = library.two_transmons_with_coupler()
    far = {"c0.frequency": 7.4e9, "q0_c0.coupling": 60e6, "q1_c0.coupling": 60e6}
    three = three.replace(far)
    two = library.two_transmons_with_coupler(mediated=True)
    two = two.replace({"c0.frequency": 7.4e9, "q0_q1.first": 60e6, "q0_q1.second": 60e6})
    shifts = []
    for flux in (0.0, 0.1):
        full = np.asarray(dressed_frequencies(three, flux={"c0": flux}, counter_rotating=True))
        effective = np.asarray(dressed_frequencies(two, flux={"c0": flux}))
        bare = np.array([4.16e9, 4.00e9])
        shifts.append(full - bare)
        np.testing.assert_allclose(effective - bare, full - bare, rtol=0.02)
    assert np.all(np.abs(shifts[1] - shifts[0]) > 0.02 * np.abs(shifts[0]))


@pytest.mark.parametrize("mediated", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_derivatives_of_zz_are_those_of_differences(mediated):
    twin = library.two_transmons_with_coupler(mediated=mediated).replace(
        {"c0.flux_offset": 0.02, "q0.flux_offset": 0.01}
    )
    paths = [
        row.path
        for row in twin.parameters
        if row.path.startswith(("q0.", "c0.", "q0_", "q1_")) and row.unit in {"Hz", "Phi0"}
    ]
    assert {"c0.frequency", "c0.flux_offset"} <= set(paths)

    def said(values):
        moved = twin.replace(dict(zip(paths, values, strict=True)))
        return jnp.append(dressed_frequencies(moved, flux={"c0": 0.1}), zz_interaction(moved, flux={"c0": 0.1}))

    said = jax.jit(said)
    at = jnp.asarray([twin.parameters[path].value for path in paths])
    forward, backward = jax.jit(jax.jacfwd(said))(at), jax.jit(jax.jacrev(said))(at)
    largest = np.abs(forward).max(axis=0)
    np.testing.assert_allclose(forward / largest, backward / largest, atol=1e-6)
    for column, path in enumerate(paths):
        step = 1e-4 if abs(at[column]) < 1 else 1e-3 * min(abs(at[column]), 1e9)
        shifts = [said(at.at[column].add(k * step)) for k in (-2, -1, 1, 2)]
        slope = (shifts[0] - 8 * shifts[1] + 8 * shifts[2] - shifts[3]) / (12 * step)
        np.testing.assert_allclose(forward[:, column], slope, rtol=1e-5, atol=1e-6 * np.abs(slope).max(), err_msg=path)


def test_derivatives_stay_finite_where_levels_meet():
    twin = pair((5.0, -0.3), (5.3, -0.3), 0.005)  # |11> on |02>
    slope = jax.grad(lambda f: zz_interaction(twin.replace({"q1.frequency": f})))(5.3e9)
    assert np.isfinite(slope)
    uncoupled = replace(twin, chip=replace(twin.chip, couplings=Named()))
    slopes = jax.jacfwd(lambda f: dressed_frequencies(uncoupled.replace({"q1.frequency": f})))(5.0e9)
    np.testing.assert_allclose(slopes, [0.0, 1.0], atol=1e-9)


def test_a_coupler_is_a_mode_or_a_coupling_but_not_both():
    twin = library.two_transmons_with_coupler()
    both = MediatedCoupling(between=("q0", "q1"), through="c0", first=1e6, second=1e6)
    with pytest.raises(
        ValueError, match=r"coupling `more` stands for the coupler 'c0', which is a mode .*, too\. Leave out"
    ):
        replace(twin.chip, couplings=twin.chip.couplings.replace({"more": both}))
    with pytest.raises(ValueError, match="coupling `q0_c0` names the qubit 'c0', but the chip has q0, q1"):
        replace(twin.chip, couplers=Named())
    with pytest.raises(ValueError, match=r"`couplers` holds 'q0', which is a qubit, too\. Give the coupler"):
        Chip(twin.chip.qubits, Named(), Named({"q0": twin.chip.couplers["c0"]}))
    with pytest.raises(ValueError, match=r"`flux` must name simulated transmons \(q0, q1, c0\), got 'q7'"):
        zz_interaction(twin, flux={"q7": 0.1})
    with pytest.raises(ValueError, match=r"what is simulated must be qubits or couplers of the chip .* got 'q7'"):
        zz_interaction(twin, ("q0", "q7"))
