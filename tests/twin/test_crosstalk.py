"""Crosstalk against integrations by SciPy that add up the lines themselves, and what is refused."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from qrexplore import experiments
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.twin import Transmon, crosstalk, library, play, populations, predict, read, second_opinion

TURN = 2 * np.pi
LEAK = 0.3 * np.exp(0.5j)


def apart(*, detuning=0.02, **elements):
    """Two transmons that are not coupled, and crosstalk."""
    qubits = {"q0": Transmon(frequency=5e9, anharmonicity=-0.23e9), "q1": Transmon(frequency=(5 + detuning) * 1e9)}
    twin = library.assemble(qubits, bandwidth=None, dissipative=False)
    return replace(twin, crosstalk=crosstalk(**elements))


@pytest.mark.parametrize("both", [False, True], ids=["one line", "both lines"])
def test_a_drive_leaks_at_the_carrier_of_its_source(both):
    twin = apart(microwave={("q0", "q1"): LEAK})
    pulses = [Pulse("drive_q1", Square(12e-9), 0.4, phase=0.2)]
    pulses += [Pulse("drive_q0", Square(12e-9), 0.25, phase=-1.0)] if both else []
    found = np.asarray(play(twin, Schedule(tuple(pulses), window=12e-9)))

    # in the frame of q0, in ns: what leaks turns at the difference of the two carriers
    lowering = np.diag(np.sqrt([1.0, 2.0]), 1)

    def change(time, state):
        own = 0.25 * np.exp(-1.0j) if both else 0.0
        drive = 0.1 * (own + LEAK * 0.4 * np.exp(0.2j) * np.exp(-1j * TURN * 0.02 * time))
        hamiltonian = TURN * (np.diag([0.0, 0.0, -0.23]) + drive / 2 * lowering.T + np.conj(drive) / 2 * lowering)
        return -1j * hamiltonian @ state

    final = solve_ivp(change, (0.0, 12.0), np.eye(3)[0].astype(complex), rtol=1e-11, atol=1e-12, method="DOP853")
    expected = np.abs(final.y[:, -1]) ** 2
    assert 0.02 < expected[1] < 0.98
    np.testing.assert_allclose(found[0], expected, atol=1e-6)
    # q1 does not see q0
    alone = play(apart(), Schedule(tuple(pulses[:1]), window=12e-9))
    np.testing.assert_allclose(found[1], alone[1], atol=1e-9)


def test_flux_leaks_onto_the_other_qubit_of_a_chevron():
    twin = library.two_transmons(dissipative=False)
    qubits = dict(twin.chip.qubits.items())
    twin = library.assemble(qubits, {("q0", "q1"): 9e6}, bandwidth=None, dissipative=False)
    twin = replace(twin, crosstalk=crosstalk(fast_flux={("q0", "q1"): 0.2}))
    volts, durations = np.array([0.5, 0.51]), np.array([6e-9, 17e-9])
    found = np.asarray(predict(twin, experiments.chevron(volts, durations), substeps=8))

    coupling = twin.chip.couplings["q0_q1"]
    a, b = np.kron(np.diag(np.sqrt([1.0, 2.0]), 1), np.eye(3)), np.kron(np.eye(3), np.diag(np.sqrt([1.0, 2.0]), 1))

    def hamiltonian(volt):
        total, at = np.zeros((9, 9)), []
        for lower, qubit, flux in ((a, "q0", 0.2 * 0.4 * volt), (b, "q1", 0.4 * volt)):
            frequency, anharmonicity = (float(x) for x in qubits[qubit].at_flux(flux))
            n = lower.T @ lower
            total += frequency * n + anharmonicity / 2 * (n @ n - n)
            at.append(frequency)
        return total + float(coupling.coupling) * np.sqrt(at[0] * at[1] / np.prod(coupling.reference)) * (
            a.T @ b + a @ b.T
        )

    _, vectors = np.linalg.eigh(hamiltonian(0.0))
    dressed = vectors[:, np.argmax(vectors**2, axis=1)]
    response = np.array([0.02, 0.95, 0.95])
    shift = []
    for row, volt in enumerate(volts):
        for column, duration in enumerate(durations):
            settled = expm(-1j * TURN * hamiltonian(0.0) * 6e-9) @ expm(-1j * TURN * hamiltonian(volt) * duration)
            shares = np.abs(dressed.T @ settled @ dressed[:, 4]) ** 2
            levels = shares.reshape(3, 3)
            expected = [response @ levels.sum(axis=1), response @ levels.sum(axis=0)]
            np.testing.assert_allclose(found[:, row, column], expected, atol=1e-6)
            shift.append(expected[0])
    without = predict(replace(twin, crosstalk=crosstalk()), experiments.chevron(volts, durations), substeps=8)
    assert np.max(np.abs(found - without)) > 0.02
    assert np.ptp(shift) > 0.02


def test_static_flux_of_another_line_moves_the_line_in_spectroscopy():
    twin = replace(library.two_transmons(), crosstalk=crosstalk(static_flux={("q0", "q1"): -0.15}))
    twin = twin.replace({"q0.flux_offset": 0.05, "bias_q1.gain": 0.3})
    center = float(twin.chip.qubits["q0"].at_flux(-0.15 * 0.3 * 0.8)[0])
    frequency = center + np.linspace(-3e6, 3e6, 7)
    arc = experiments.flux_arc(np.array([0.8]), frequency, qubit="q0", flux_qubit="q1", drive_amplitude=1e-4)
    found = np.asarray(predict(twin, arc))[0, 0]
    assert np.argmax(found) == 3
    np.testing.assert_allclose(found[:3], found[:3:-1], rtol=1e-9)
    assert found[3] > 2 * found[2]
    assert second_opinion(twin, arc, found[None, None], points=3).deviation < 1e-6
    # without crosstalk the line of another qubit does nothing
    still = replace(twin, crosstalk=crosstalk())
    here = experiments.flux_arc(np.array([0.0]), frequency, qubit="q0", drive_amplitude=1e-4)
    np.testing.assert_allclose(predict(still, arc), predict(still, here), atol=1e-12)


def driven(experiment, *, shared):
    """A drive of the second qubit and a flux pulse, both for the duration: a sweep with a shared past, if it is told."""

    def sequence(_, point):
        drive = Pulse("drive_q1", Square(point["duration"]), 0.5, phase=0.3)
        flux = Pulse("flux_q1", Square(point["duration"]), point["flux_amplitude"])
        return (
            experiments.Play(Schedule((drive, flux), window=experiment.largest("duration") + 3e-9), stop="duration"),
        )

    return replace(
        experiment, protocol=replace(experiment.protocol, name=f"driven {shared}", preparation=0, sequence=sequence)
    )


SQUARES = experiments.chevron(np.array([0.1]), np.array([4e-9, 9e-9]))
DRIVEN = driven(SQUARES, shared=True)
EVERY = {
    "fast_flux": {("q0", "q1"): 0.3, ("q1", "q0"): 0.1},
    "microwave": {("q0", "q1"): 0.4 + 0.2j, ("q1", "q0"): 0.1},
}


@pytest.mark.slow
def test_both_solvers_agree_on_a_sweep_with_a_shared_past():
    twin = apart(detuning=0.06, **EVERY)
    found = np.asarray(predict(twin, DRIVEN, substeps=16))
    assert np.ptp(found[0]) > 0.03
    assert second_opinion(twin, DRIVEN, found, points=2).deviation < 1e-6


def slopes_agree(twin, experiment, paths, *, rtol):
    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}

    @jax.jit
    def said(values):
        moved = twin.replace(dict(zip(paths, values, strict=True)))
        return read(moved, experiment, populations(moved, experiment, points, substeps=8)[0]).reshape(-1)

    at = jnp.asarray([twin.parameters[path].value for path in paths])
    forward = np.asarray(jax.jit(jax.jacfwd(said))(at))
    weights = jnp.asarray(np.random.default_rng(1).normal(size=forward.shape[0]))
    backward = np.asarray(jax.jit(jax.grad(lambda values: weights @ said(values)))(at))
    np.testing.assert_allclose(backward, weights @ forward, rtol=1e-8, atol=1e-10)
    for column, path in enumerate(paths):
        shifts = [np.asarray(said(at.at[column].add(k * 1e-3))) for k in (-2, -1, 1, 2)]
        slope = (shifts[0] - 8 * shifts[1] + 8 * shifts[2] - shifts[3]) / 12e-3
        largest = np.max(np.abs(slope))
        assert (largest > 1e-3) == ("q1_q0" not in path), path
        np.testing.assert_allclose(forward[:, column], slope, atol=rtol * max(largest, 1e-3), err_msg=path)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared past"])
def test_derivatives_by_the_elements_are_those_of_differences(shared):
    twin = apart(detuning=0.06, **EVERY).replace({"q0.flux_offset": 0.03})
    elements = [path for path in twin.parameters.paths if path.startswith("crosstalk.")]
    assert elements == [
        "crosstalk.fast_flux.q0_q1.share",
        "crosstalk.fast_flux.q1_q0.share",
        "crosstalk.microwave.q0_q1.real",
        "crosstalk.microwave.q0_q1.imaginary",
        "crosstalk.microwave.q1_q0.real",
        "crosstalk.microwave.q1_q0.imaginary",
    ]
    slopes_agree(twin, driven(SQUARES, shared=shared), elements, rtol=1e-6)


def test_derivatives_by_static_elements_are_those_of_differences():
    twin = replace(library.two_transmons(), crosstalk=crosstalk(static_flux={("q0", "q1"): -0.15}))
    frequency = float(twin.chip.qubits["q0"].at_flux(-0.15 * 0.4 * 0.8)[0]) + np.linspace(-3e6, 3e6, 5)
    arc = experiments.flux_arc(np.array([0.8]), frequency, flux_qubit="q1", drive_amplitude=0.2)
    slopes_agree(twin, arc, ["crosstalk.static_flux.q0_q1.share"], rtol=1e-5)


def test_matrix_has_ones_on_its_diagonal_and_targets_along_its_rows():
    leaks = crosstalk(microwave={("q0", "q1"): 0.1j, ("q2", "q0"): 0.2}).microwave
    np.testing.assert_allclose(leaks.matrix(("q0", "q1", "q2")), [[1, 0.1j, 0], [0, 1, 0], [0.2, 0, 1]])


def test_a_twin_without_crosstalk_has_no_parameter_of_it_and_a_line_that_reaches_nothing_is_refused():
    twin = library.two_transmons()
    assert not [path for path in twin.parameters.paths if "crosstalk" in path]
    schedule = Schedule((Pulse("flux_q1", Square(2e-9), 0.1),), window=4e-9)
    with pytest.raises(ValueError, match="`schedule` plays on 'flux_q1', which is no line of the qubits q0"):
        play(twin, schedule, qubits=("q0",))
    leaking = replace(twin, crosstalk=crosstalk(fast_flux={("q0", "q1"): 0.1}))
    assert play(leaking, schedule, qubits=("q0",)).shape == (1, 3)


def test_an_element_on_the_diagonal_is_refused():
    with pytest.raises(ValueError, match="`leaks` must be off the diagonal and stand once each, got 'q0_q0' onto 'q0'"):
        crosstalk(fast_flux={("q0", "q0"): 1.0})
