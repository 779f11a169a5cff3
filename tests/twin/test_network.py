"""What is simulated beside the measured qubits, and three transmons against QuTiP."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.pulses import Gaussian, Pulse, Schedule, Square
from qrexplore.twin import Transmon, dressed_frequencies, library, play, populations, predict, read, second_opinion
from qrexplore.twin.network import network

TURN = 2 * np.pi
ALL = {
    "readout_q0.false_one": 0.0,
    "readout_q0.false_zero": 0.0,
    "readout_q1.false_one": 0.0,
    "readout_q1.false_zero": 0.0,
}


def test_couplers_between_the_measured_qubits_are_simulated_and_no_other():
    twin = library.two_transmons_with_coupler()
    assert network(twin.chip, ("q1", "q0")).modes == ("q1", "q0", "c0")
    assert network(twin.chip, ("q0",)).modes == ("q0",)
    assert network(twin.chip, ("q0",), ("c0",)).modes == ("q0", "c0")
    assert network(twin.chip, ("q0",), ("q1",)).modes == ("q0", "q1", "c0")
    mediated = network(library.two_transmons_with_coupler(mediated=True).chip, ("q0", "q1"))
    assert (mediated.modes, mediated.mediators) == (("q0", "q1"), ("c0",))
    chain = network(library.three_transmons().chip, ("q0", "q1"), ("q2",))
    assert chain.pairs == ((0, 1), (1, 2))


@pytest.mark.parametrize("dissipative", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_three_transmons_evolve_as_in_qutip(dissipative):
    qutip = pytest.importorskip("qutip")
    frequencies, anharmonicities = (4.8, 5.6, 5.0), (-0.23, -0.22, -0.225)
    times = ((300.0, 400.0), (200.0, 250.0), (250.0, 150.0))  # T1, T_phi in ns
    qubits = {
        f"q{k}": Transmon(frequency=f * 1e9, anharmonicity=a * 1e9, t1=t1 * 1e-9, t_phi=t_phi * 1e-9)
        for k, (f, a, (t1, t_phi)) in enumerate(zip(frequencies, anharmonicities, times, strict=True))
    }
    twin = library.assemble(qubits, {("q0", "q1"): 30e6, ("q1", "q2"): 20e6}, bandwidth=None, dissipative=dissipative)
    window, flux, volts = 8, 0.5, 0.9
    schedule = Schedule(
        (
            Pulse("flux_q1", Square(6e-9), flux),
            Pulse("drive_q2", Gaussian(8e-9, 2e-9), volts, phase=0.4),
        ),
        window=window * 1e-9,
    )
    found = np.asarray(play(twin, schedule, preparation=1))

    lower = [qutip.tensor(*[qutip.destroy(3) if k == mode else qutip.qeye(3) for k in range(3)]) for mode in range(3)]
    number, reference = [a.dag() * a for a in lower], 5.1

    def hamiltonian(volts):
        moved, alpha = (float(x) / 1e9 for x in qubits["q1"].at_flux(0.4 * volts))
        at, bent = (frequencies[0], moved, frequencies[2]), (anharmonicities[0], alpha, anharmonicities[2])
        total = 0
        for n, f, a in zip(number, at, bent, strict=True):
            total += TURN * ((f - reference) * n + a / 2 * n * (n - 1))
        for name, (one, two) in zip(("q0_q1", "q1_q2"), ((0, 1), (1, 2)), strict=True):
            coupling = twin.chip.couplings[name]
            g = float(coupling.coupling) / 1e9 * np.sqrt(at[one] * at[two] / np.prod(coupling.reference) * 1e18)
            total += TURN * g * (lower[one].dag() * lower[two] + lower[one] * lower[two].dag())
        return total

    _, vectors = hamiltonian(0.0).eigenstates()
    dressed = {}
    for label in np.ndindex(3, 3, 3):
        bare = qutip.tensor(*[qutip.basis(3, level) for level in label])
        dressed[label] = max(vectors, key=lambda vector, bare=bare: abs(bare.overlap(vector)))
    # the pulse is tuned to the qubit as it is beside the others
    ground, excited = (qutip.expect(hamiltonian(0.0), dressed[label]) for label in ((0, 0, 0), (0, 0, 1)))
    carrier = excited - ground
    collapse = []
    if dissipative:
        for a, n, (t1, t_phi) in zip(lower, number, times, strict=True):
            collapse += [np.sqrt(1 / t1) * a, np.sqrt(2 / t_phi) * n]
    state, sigma = dressed[1, 1, 1], 2.0
    foot = np.exp(-((window / sigma) ** 2) / 8)
    options = {"atol": 1e-10, "rtol": 1e-9, "nsteps": 100_000, "method": "dop853", "progress_bar": ""}
    for sample in range(window):
        bell = np.exp(-(((sample + 0.5 - window / 2) / sigma) ** 2) / 2)
        rabi = TURN * 0.1 * volts * (bell - foot) / (1 - foot) * np.exp(0.4j)

        def turning(t, rabi=rabi):
            return rabi / 2 * np.exp(-1j * carrier * t)

        drive = [[lower[2].dag(), turning], [lower[2], lambda t, turning=turning: np.conj(turning(t))]]
        total = qutip.QobjEvo([hamiltonian(flux if sample < 6 else 0.0), *drive])
        state = qutip.mesolve(total, state, [float(sample), sample + 1.0], collapse, options=options).states[-1]
    shares = {label: qutip.expect(qutip.ket2dm(vector), state) for label, vector in dressed.items()}
    expected = [[sum(s for label, s in shares.items() if label[k] == level) for level in range(3)] for k in range(3)]
    # all three left where they began
    assert np.max(np.array(expected)[:, 1]) < 0.5
    np.testing.assert_allclose(found, expected, atol=1e-6)


def tuned(experiment, volts=0.8):
    """An exchange of the qubits while the coupler is pulsed: the amplitude is that of the coupler."""

    def sequence(_, point):
        flux = Pulse("flux_c0", Square(point["duration"]), point["flux_amplitude"])
        drive = Pulse("drive_q0", Square(6e-9), volts)
        return (
            experiments.Play(Schedule((flux, drive), window=experiment.largest("duration") + 4e-9), stop="duration"),
        )

    protocol = replace(experiment.protocol, name="tuned", preparation=0, sequence=sequence)
    return replace(experiment, protocol=protocol)


TUNED = tuned(experiments.chevron(np.array([0.62]), np.array([7e-9, 15e-9])))


@pytest.mark.parametrize("mediated", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_pulse_on_the_coupler_moves_excitations_and_both_solvers_agree(mediated):
    twin = library.two_transmons_with_coupler(mediated=mediated, dissipative=False).replace(ALL)
    # on resonance, so that a weak coupling exchanges
    twin = twin.replace({"q1.frequency": 4.15e9})
    found = np.asarray(predict(twin, TUNED, substeps=32))
    assert found[1].max() > 0.05
    assert second_opinion(twin, TUNED, found, points=3).deviation < 1e-6


def test_a_spectator_changes_what_a_coupled_qubit_does():
    twin = library.three_transmons(dissipative=False).replace({"q2.frequency": 5.05e9, "q1_q2.coupling": 20e6})
    chevron = experiments.chevron(np.array([0.49]), np.array([10e-9, 18e-9]))
    beside = experiments.with_spectators(chevron, "q2")
    assert beside != chevron
    assert experiments.with_spectators(experiments.from_dataset(chevron.dataset(np.zeros((2, 1, 2)))), "q2") == beside
    found = np.asarray(predict(twin, beside, substeps=8))
    assert found.shape == (2, 1, 2)
    assert np.max(np.abs(found - predict(twin, chevron, substeps=8))) > 1e-2
    # one that is not coupled to anything is not felt
    apart = twin.replace({"q1_q2.coupling": 0.0})
    np.testing.assert_allclose(predict(apart, beside, substeps=8), predict(apart, chevron, substeps=8), atol=1e-8)


def test_a_neighbour_at_rest_that_is_to_be_simulated_no_longer_rests():
    alone = experiments.rabi(np.array([0.1]), qubit="q0")
    resting = experiments.with_spectators(alone, "q1", "q2", resting=True)
    assert experiments.with_spectators(resting, "q1").settings["resting"] == ["q2"]
    assert experiments.with_spectators(resting, "q1", "q2") == experiments.with_spectators(alone, "q1", "q2")
    assert experiments.with_spectators(experiments.with_spectators(alone, "q1"), "q1", "q2", resting=True) == resting


@pytest.mark.parametrize("names", [("q1",), ("q2", "q2")])
def test_a_spectator_that_is_measured_or_named_twice_is_refused(names):
    chevron = experiments.chevron(np.array([0.49]), np.array([10e-9]))
    with pytest.raises(
        ValueError, match=r"`names` must be other qubits than the measured ones \(q0, q1\) and each once"
    ):
        experiments.with_spectators(chevron, *names)


def test_density_matrices_of_too_many_states_are_refused():
    twin = library.three_transmons()
    qubits = {name: replace(qubit, levels=4) for name, qubit in twin.chip.qubits.items()}
    twin = replace(twin, chip=replace(twin.chip, qubits=twin.chip.qubits.replace(qubits)))
    with pytest.raises(ValueError, match="at most 48 product states, got 64 for q0, q1, q2"):
        play(twin, Schedule((Pulse("flux_q1", Square(2e-9), 0.1),), window=4e-9))


@pytest.mark.slow
@pytest.mark.parametrize("mediated", [False, True])
def test_derivatives_by_the_numbers_of_a_coupler_are_those_of_differences(mediated):
    twin = library.two_transmons_with_coupler(mediated=mediated, dissipative=False).replace(ALL)
    twin = twin.replace({"q1.frequency": 4.14e9, "c0.flux_offset": 0.02, "q0.flux_offset": 0.01})
    paths = [
        row.path
        for row in twin.parameters
        # the carrier of a drive stands where the qubit idles and does not follow in a derivative, so not those of q0
        if row.path.startswith(("c0.", "q0_", "q1_", "flux_c0.transfer", "flux_c0.low_pass"))
        and not row.path.endswith(("t1", "t_phi", "thermal_population"))
    ]
    assert {"c0.asymmetry", "flux_c0.transfer.gain", "q0_q1.first" if mediated else "q0_c0.coupling"} <= set(paths)
    check(twin, TUNED, paths)


def check(twin, experiment, paths):
    """Compare derivatives, forwards and backwards, with differences of fourth order."""
    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}

    @jax.jit
    def said(values):
        moved = twin.replace(dict(zip(paths, values, strict=True)))
        return read(moved, experiment, populations(moved, experiment, points, substeps=8)[0]).reshape(-1)

    at = jnp.asarray([twin.parameters[path].value for path in paths])
    forward = np.asarray(jax.jit(jax.jacfwd(said))(at))
    weights = jnp.asarray(np.random.default_rng(1).normal(size=forward.shape[0]))
    backward = np.asarray(jax.jit(jax.grad(lambda values: weights @ said(values)))(at))
    largest = np.abs(forward).max(axis=0)
    assert np.all(largest > 0), [path for path, size in zip(paths, largest, strict=True) if size == 0]
    np.testing.assert_allclose(backward / largest, weights @ forward / largest, atol=1e-8)
    for column, path in enumerate(paths):
        errors = []
        for share in (1e-2, 3e-3, 1e-3):
            step = share * min(1 / largest[column], max(abs(float(at[column])), 0.1))
            shifts = [np.asarray(said(at.at[column].add(k * step))) for k in (-2, -1, 1, 2)]
            slope = (shifts[0] - 8 * shifts[1] + 8 * shifts[2] - shifts[3]) / (12 * step)
            errors.append(np.max(np.abs(slope - forward[:, column])) / largest[column])
        assert min(errors) < 1e-6, (path, errors)


DELAYS = np.linspace(0.0, 3e-6, 7)
BESIDE = {
    "spectroscopy": experiments.flux_arc(
        np.linspace(-0.1, 0.3, 5), 5.6e9 + np.linspace(-90e6, 10e6, 7), qubit="q1", drive_amplitude=2e-4
    ),
    "ramsey": experiments.ramsey(DELAYS, qubit="q1", drive_frequency=5.6e9, artificial_detuning=0.5e6),
    "cryoscope": experiments.cryoscope(
        np.linspace(1e-9, 40e-9, 6), qubit="q1", flux_amplitude=0.45, drive_frequency=5.6e9
    ),
    "rabi chevron": experiments.rabi_chevron(
        np.linspace(-9e6, 9e6, 3), np.linspace(20e-9, 80e-9, 3), qubit="q1", drive_frequency=5.6e9, drive_amplitude=0.1
    ),
    "level 2": experiments.ef_spectroscopy(5.38e9 + np.linspace(-1.5e6, 1.5e6, 7), qubit="q1", pulse_duration=400e-9),
}


@pytest.mark.parametrize(
    "name", [name if name == "ramsey" else pytest.param(name, marks=pytest.mark.slow) for name in BESIDE]
)
def test_a_resting_neighbour_shifts_levels_as_one_that_is_simulated(name):
    twin = library.two_transmons().replace({"q1.t_phi": 9e-6})
    alone, experiment = BESIDE[name], experiments.with_spectators(BESIDE[name], "q0", resting=True)
    found = np.asarray(predict(twin, experiment))
    # the second solver follows the neighbour
    again = second_opinion(twin, experiment, found, points=7)
    assert again.deviation < 2e-3
    # and without a word of it the qubit is off by 0.1 MHz at rest, 0.4 MHz under the pulse
    assert np.max(np.abs(found - np.asarray(predict(twin, alone)))) > 10 * again.deviation


@pytest.mark.slow
def test_a_resting_neighbour_whose_line_plays_moves_away_and_repels_less():
    twin = library.two_transmons().replace({"q0.t_phi": 9e-6})
    alone = experiments.flux_crosstalk(
        [0.25], np.linspace(20e-9, 600e-9, 6), source="q1", victim="q0", alone=True, drive_frequencies=[4.8e9]
    )
    experiment = experiments.with_spectators(alone, "q1", resting=True)
    found = np.asarray(predict(twin, experiment))
    # the second solver follows the neighbour
    again = second_opinion(twin, experiment, found, points=6)
    assert again.deviation < 2e-3
    still = np.asarray(predict(twin.replace({"flux_q1.transfer.gain": 1e-3}), experiment))
    assert np.max(np.abs(found - still)) > 10 * again.deviation


def test_an_experiment_on_the_victim_alone_needs_its_carrier():
    with pytest.raises(ValueError, match=r"on q1 alone must be one number in Hz, got None\. Give the carrier of q1\."):
        experiments.flux_crosstalk([0.1], [1e-7], alone=True)


def test_a_resting_neighbour_repels_level_one_as_the_exact_spectrum_says():
    twin = library.two_transmons()
    exact = dressed_frequencies(twin, ("q0", "q1"))
    for place, (name, other) in enumerate((("q0", "q1"), ("q1", "q0"))):
        modes = network(twin.chip, (name,), (), (other,))
        frequency, _ = modes.spectra(twin.chip, {})[name]
        assert float(frequency) == pytest.approx(float(exact[place]), abs=1.0)


def test_a_neighbour_that_is_coupled_to_nothing_cannot_rest():
    with pytest.raises(ValueError, match=r"'q2' cannot rest beside q0, since it is coupled to none of them\. Leave it"):
        network(library.three_transmons().chip, ("q0",), (), ("q2",))
