"""What is reported of a qubit: clouds, assignments, shots drawn from them, thermal starts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from qrexplore import data, experiments
from qrexplore.core.parameters import get, replace, table
from qrexplore.hardware import SimulatedBackend
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.twin import (
    AssignmentReadout,
    ConfusionReadout,
    IQReadout,
    SignalReadout,
    Transmon,
    joint_populations,
    level_populations,
    library,
    populations,
    predict,
    read,
    second_opinion,
    simulate,
)
from qrexplore.twin.readout import confusion, joint_outcomes
from qrexplore.twin.start import thermal_shares

MATRIX = np.array([[0.95, 0.04, 0.01], [0.08, 0.89, 0.03], [0.03, 0.12, 0.85]])
LEVELS = np.array([[0.7], [0.2], [0.1]])
VOLTS = np.linspace(0, 0.15, 7)
ODDS = [row.path for row in table(AssignmentReadout())]
SHOTS = 20_000


def qubit(readout=None, *, photons=0.05, thermal=True, dissipative=True, **values):
    transmon = Transmon(5e9, thermal_population=photons, **values)
    readouts = {} if readout is None else {"q0": readout}
    return library.assemble({"q0": transmon}, readout=readouts, dissipative=dissipative, thermal_start=thermal)


@given(st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=6))
@settings(max_examples=50, deadline=None)
def test_rows_of_a_confusion_matrix_are_distributions_wherever_its_parameters_move(odds):
    rows = np.asarray(replace(AssignmentReadout(), dict(zip(ODDS, odds, strict=True))).responses(4))
    assert rows.shape == (4, 3)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-12)
    assert (rows >= 0).all()


def test_a_known_confusion_matrix_comes_back():
    readout = AssignmentReadout.of_matrix(MATRIX)
    np.testing.assert_allclose(readout.responses(3), MATRIX, atol=1e-14)
    assert float(readout.two_given_one) == pytest.approx(np.log(0.03 / 0.89))


@pytest.mark.parametrize("wrong", [MATRIX.T, MATRIX[:2], np.eye(3)])
def test_what_is_no_confusion_matrix_is_refused(wrong):
    with pytest.raises(ValueError, match="`matrix` must be three rows of three probabilities above 0 that sum to 1"):
        AssignmentReadout.of_matrix(wrong)


@pytest.mark.parametrize("readout", [AssignmentReadout(), IQReadout(i_1=0.3, q_2=-0.2)])
def test_derivatives_of_a_readout_agree_with_finite_differences(readout):
    paths = [row.path for row in table(readout)]
    values = jnp.stack(get(readout, paths))

    @jax.jit
    def mean(values):
        moved = replace(readout, dict(zip(paths, values, strict=True)))
        extra = [moved.signal_to_noise[None]] if isinstance(moved, IQReadout) else []
        return jnp.concatenate([(moved.responses(3).T @ LEVELS)[:, 0], *extra])

    slopes = np.asarray(jax.jit(jax.jacfwd(mean))(values))
    np.testing.assert_allclose(jax.jit(jax.jacrev(mean))(values), slopes, atol=1e-13)
    for column, value in enumerate(np.asarray(values)):
        step = 1e-5 * max(abs(value), 1e-2)
        ahead, behind = (np.asarray(mean(values.at[column].add(sign * step))) for sign in (1, -1))
        largest = np.max(np.abs(slopes[:, column]))
        assert largest > 0
        np.testing.assert_allclose((ahead - behind) / (2 * step), slopes[:, column], atol=1e-6 * largest)


def test_the_prediction_of_clouds_is_the_mean_over_levels():
    readout = IQReadout(i_0=1.0, q_0=2.0, i_1=-3.0, q_1=0.5, i_2=4.0, q_2=-1.0)
    found = np.asarray(predict(qubit(readout), experiments.readout_shots()))[0]
    p = (0.05 / 1.05) ** np.arange(3)
    p /= p.sum()
    centers = np.array([[1.0, 2.0], [-3.0, 0.5], [4.0, -1.0]])
    # preparing 1 exchanges 0 and 1, preparing 2 then exchanges 1 and 2
    for row, order in zip(found, ([0, 1, 2], [1, 0, 2], [1, 2, 0]), strict=True):
        np.testing.assert_allclose(row, p[order] @ centers, atol=1e-12)


def test_a_dataset_of_clouds_fits_the_schema_and_survives_a_file(tmp_path):
    experiment = experiments.readout_shots(shots=50)
    found = simulate(qubit(IQReadout()), experiment, shots=50, seed=4)
    assert found["iq"].dims == ("qubit", "prepared_state", "component")
    assert found["iq_shots"].dims == (*found["iq"].dims, "shot")
    assert found["component"].values.tolist() == ["i", "q"]
    assert (found.attrs["seed"], found.attrs["shots"]) == (4, 50)
    data.save(found, tmp_path / "shots.nc")
    again = data.open_data(tmp_path / "shots.nc")
    np.testing.assert_array_equal(again["iq_shots"], found["iq_shots"])
    assert experiments.from_dataset(again) == experiment
    with pytest.raises(data.DatasetError, match="`component` of `iq` must hold 'i' and 'q'"):
        data.validate(found.assign_coords(component=("component", ["q", "i"], found["component"].attrs)))


def test_single_shots_have_the_moments_of_the_mixture_of_clouds():
    readout, twin = IQReadout(q_1=2e-3), qubit(IQReadout(q_1=2e-3), photons=0.3)
    found = simulate(twin, experiments.readout_shots(), shots=SHOTS, seed=11)
    p = np.asarray(level_populations(twin, experiments.readout_shots()))[0]
    centers, width = np.asarray(readout.responses(3)), float(readout.width)
    shots = found["iq_shots"].values[0]
    for place in range(3):
        mean = p[:, place] @ centers
        spread = np.einsum("k,ka,kb->ab", p[:, place], centers - mean, centers - mean) + width**2 * np.eye(2)
        chi2 = SHOTS * (shots[place].mean(axis=1) - mean) @ np.linalg.inv(spread) @ (shots[place].mean(axis=1) - mean)
        assert chi2 < stats.chi2(2).ppf(0.9999)
        np.testing.assert_allclose(np.cov(shots[place]), spread, atol=0.04 * spread.max())
        error = found["iq_stderr"].values[0, place]
        np.testing.assert_allclose(error, np.sqrt(np.diag(spread) / SHOTS), rtol=0.02)


def test_means_of_clouds_scatter_as_stated_about_the_prediction():
    experiment = experiments.rabi(np.full(300, 0.05))
    experiment = experiments.Experiment(
        experiment.protocol, experiment.qubits, experiment.coordinates, experiment.settings, "iq", "V"
    )
    twin = qubit(IQReadout(q_1=3e-3), thermal=False)
    found = simulate(twin, experiment, shots=400, seed=5)
    assert "iq_shots" not in found
    pulls = (found["iq"] - np.asarray(predict(twin, experiment))) / found["iq_stderr"]
    for part in "iq":
        low, high = stats.chi2(300).ppf([1e-4, 1 - 1e-4])
        assert low < float((pulls.sel(component=part) ** 2).sum()) < high


def test_outcomes_are_drawn_with_the_predicted_probabilities():
    twin, experiment = qubit(AssignmentReadout.of_matrix(MATRIX)), experiments.readout_shots(report="probability")
    found = simulate(twin, experiment, shots=SHOTS, seed=2)
    expected = np.asarray(predict(twin, experiment))[0]
    counts = np.rint(found["probability"].values[0] * SHOTS)
    assert (counts.sum(axis=1) == SHOTS).all()
    for observed, p in zip(counts, expected, strict=True):
        assert stats.chisquare(observed, p * SHOTS).pvalue > 1e-4
    each = found["outcome_shots"].values[0].astype(int)
    np.testing.assert_array_equal([np.bincount(row, minlength=3) for row in each], counts)
    # in no order: the first half holds as many as the second, within 4 standard deviations
    halves = (each[:, : SHOTS // 2] == 1).sum(axis=1) - (each[:, SHOTS // 2 :] == 1).sum(axis=1)
    assert np.all(np.abs(halves) < 4 * np.sqrt(SHOTS / 4))
    data.validate(found)


def test_equal_seeds_give_equal_shots_and_a_seed_must_be_given():
    twin, experiment = qubit(thermal=False), experiments.t1(np.linspace(0, 50e-6, 5))
    first, again, other = (simulate(twin, experiment, shots=100, seed=seed) for seed in (1, 1, 2))
    xr.testing.assert_identical(first, again)
    assert not np.array_equal(first["population"], other["population"])
    assert experiments.from_dataset(first).shots == 100
    with pytest.raises(ValueError, match="`seed` of 100 shots must be a whole number from 0, got None"):
        simulate(twin, experiment, shots=100)
    with pytest.raises(ValueError, match="`shots` must be a whole number from 1, got 0"):
        simulate(twin, experiment, shots=0, seed=1)


def test_a_simulated_device_reports_clouds_and_their_shots():
    backend = SimulatedBackend(qubit(IQReadout()), seed=3)
    measured = backend.run(experiments.readout_shots(), shots=200).result()
    assert measured["iq_shots"].sizes["shot"] == 200
    data.validate(measured)
    played = backend.play(Schedule((Pulse("flux_q0", Square(40e-9), 0.01),), window=60e-9), shots=200).result()
    assert played["iq"].dims == ("qubit", "component")
    data.validate(played)


def test_a_readout_that_reports_something_else_is_refused_by_name():
    with pytest.raises(ValueError, match="'readout_q0' reports signal in 'V', but the experiment asks for iq in 'V'"):
        predict(qubit(SignalReadout()), experiments.readout_shots())


@pytest.mark.slow
def test_joint_outcomes_of_independent_readouts_are_the_product_of_their_confusions():
    twin = library.two_transmons(dissipative=False).replace({"q0.thermal_population": 0.02})
    experiment = experiments.chevron(np.array([0.47, 0.49]), np.array([7e-9, 15e-9, 30e-9]))
    joint = np.asarray(joint_populations(twin, experiment))
    assert joint.shape == (3, 3, 2, 3)
    np.testing.assert_allclose(joint.sum(axis=(0, 1)), 1, atol=1e-10)
    levels = np.asarray(level_populations(twin, experiment))
    np.testing.assert_allclose([joint.sum(axis=1), joint.sum(axis=0)], levels, atol=1e-12)
    # |11> meets |02>: what one qubit shows goes with the other
    assert np.max(np.abs(joint - levels[0][:, None] * levels[1][None])) > 0.1

    matrices = [AssignmentReadout.of_matrix(MATRIX).responses(3), confusion(ConfusionReadout(), 3)]
    found = joint_outcomes(matrices, jnp.asarray(joint.reshape(3, 3, -1)))
    expected = np.kron(matrices[0], matrices[1]).T @ joint.reshape(9, -1)
    np.testing.assert_allclose(np.asarray(found).reshape(6, -1), expected, atol=1e-12)
    with pytest.raises(ValueError, match="`assignments` must hold one matrix for each of 2 qubits, got 1"):
        joint_outcomes(matrices[:1], jnp.asarray(joint.reshape(3, 3, -1)))
    with pytest.raises(ValueError, match="`readout` must report outcomes of single shots, got SignalReadout"):
        confusion(SignalReadout(), 3)


def test_a_thermal_start_is_the_steady_state_of_the_bath():
    lowering = qutip.destroy(4)
    photons = 0.2
    steady = qutip.steadystate(0 * lowering, [np.sqrt(1 + photons) * lowering, np.sqrt(photons) * lowering.dag()])
    np.testing.assert_allclose(thermal_shares(photons, 4), steady.diag(), atol=1e-9)


@pytest.mark.parametrize("dissipative", [True, False])
def test_a_thermal_start_of_coupled_qubits_agrees_with_density_matrices_in_qutip(dissipative):
    values = {"q0.thermal_population": 0.08, "q1.thermal_population": 0.03, "q0.t1": 2e-6, "q1.t1": 1e-6}
    qubits = {"q0": Transmon(4.8e9, -0.23e9), "q1": Transmon(4.83e9, -0.22e9, flux_offset=0.01)}
    twin = library.assemble(qubits, {("q0", "q1"): 9e6}, dissipative=dissipative, thermal_start=True).replace(values)
    duration, rest = 30e-9, np.zeros(1)
    schedule = Schedule((Pulse("flux_q1", Square(duration), 0.0), Pulse("drive_q0", Square(duration), 0.05)), duration)
    protocol = experiments.Protocol("drive", ("repetition",), {}, 1, lambda *_: (experiments.Play(schedule),))
    single = experiments.Coordinate(("repetition",), rest, "1", "repetition")
    experiment = experiments.Experiment(protocol, ("q0", "q1"), {"repetition": single}, {"drive_frequency": 4.8e9})
    found = np.asarray(level_populations(twin, experiment))[..., 0]

    table, turn = twin.parameters, 2 * np.pi
    low = [qutip.tensor(qutip.destroy(3), qutip.qeye(3)), qutip.tensor(qutip.qeye(3), qutip.destroy(3))]
    idle = [twin.chip.qubits[name].at_flux(jnp.zeros(())) for name in qubits]
    number = [a.dag() * a for a in low]
    strength = float(twin.chip.couplings["q0_q1"].at_frequencies(idle[0][0], idle[1][0]))
    still = strength * (low[0].dag() * low[1] + low[1].dag() * low[0])
    for (frequency, anharmonicity), n in zip(idle, number, strict=True):
        still += float(frequency - 4.8e9) * n + float(anharmonicity) / 2 * n * (n - 1)
    _, states = still.eigenstates()
    overlaps = np.abs(np.stack([state.full()[:, 0] for state in states])) ** 2
    dressed = [states[int(np.argmax(overlaps[:, bare]))] for bare in range(9)]
    shares = []
    for name in qubits:
        photons = table[f"{name}.thermal_population"].value
        share = (photons / (1 + photons)) ** np.arange(3)
        shares.append(share[[1, 0, 2]] / share.sum())
    start = sum(w * qutip.ket2dm(state) for w, state in zip(np.kron(*shares), dressed, strict=True))
    jumps = []
    for name, a, n in zip(qubits, low, number, strict=True):
        photons, t1, t_phi = (table[f"{name}.{key}"].value for key in ("thermal_population", "t1", "t_phi"))
        jumps += [np.sqrt((1 + photons) / t1) * a, np.sqrt(photons / t1) * a.dag(), np.sqrt(2 / t_phi) * n]
    drive = 0.05 * table["drive_q0.transfer.gain"].value / 2 * (low[0] + low[0].dag())
    options = {"rtol": 1e-10, "atol": 1e-12, "nsteps": 100_000}
    times, scale = [0.0, duration * 1e9], turn * 1e-9
    losses = [jump * np.sqrt(1e-9) for jump in jumps] if dissipative else []
    end = qutip.mesolve(scale * (still + drive), start, times, losses, options=options).states[-1]
    joint = np.array([qutip.expect(end, state).real for state in dressed]).reshape(3, 3)
    np.testing.assert_allclose(found, [joint.sum(axis=1), joint.sum(axis=0)], atol=1e-6)


@pytest.mark.parametrize("dissipative", [True, False])
def test_the_second_solver_begins_in_the_same_mixture(dissipative):
    twin = qubit(AssignmentReadout(), dissipative=dissipative)
    experiment = experiments.thermal_population(VOLTS[:3], report="probability")
    assert second_opinion(twin, experiment, np.asarray(predict(twin, experiment)), points=3).deviation < 1e-7


@pytest.mark.parametrize("dissipative", [pytest.param(True, marks=pytest.mark.slow), False])
def test_the_share_of_the_bath_is_differentiable_in_a_thermal_start(dissipative):
    twin, experiment = qubit(photons=0.03, dissipative=dissipative), experiments.thermal_population(VOLTS[:3])

    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}

    @jax.jit
    def found(photons):
        moved = twin.replace({"q0.thermal_population": photons})
        return read(moved, experiment, populations(moved, experiment, points, substeps=4)[0])

    derivative = jax.jit(jax.jacfwd(found))
    slope = np.asarray(derivative(0.03))
    np.testing.assert_allclose(jax.jit(jax.jacrev(found))(0.03), slope, atol=1e-12)
    difference = (np.asarray(found(0.03 + 1e-5)) - np.asarray(found(0.03 - 1e-5))) / 2e-5
    assert np.max(np.abs(slope)) > 0.1
    np.testing.assert_allclose(slope, difference, atol=1e-7)
    # at zero the mixture has a slope, too
    assert np.all(np.isfinite(np.asarray(derivative(0.0))))


def test_without_a_thermal_start_qubits_begin_in_a_pure_level():
    found = np.asarray(level_populations(qubit(thermal=False), experiments.readout_shots()))[0]
    np.testing.assert_allclose(found, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    "readout",
    [
        ConfusionReadout(second_as_one=0.8),
        ConfusionReadout(false_one=0.2, false_zero=0.3, second_as_one=0.9),
        SignalReadout(offset=1.0, scale=-0.3, second_level=-1.4),
    ],
)
@pytest.mark.parametrize("photons", [0.01, 0.08])
def test_the_thermal_population_comes_out_apart_from_errors_of_the_readout(readout, photons):
    report = readout.observable
    found = predict(
        qubit(readout, photons=photons, dissipative=False), experiments.thermal_population(VOLTS, report=report)
    )
    without, exchanged = np.ptp(np.asarray(found)[0], axis=-1)
    ratio = without / exchanged
    assert ratio / (1 - 2 * ratio) == pytest.approx(photons, rel=1e-6)
