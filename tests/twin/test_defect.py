"""Two-level defects beside a qubit: what they take of it, against closed forms, a second solver and differences."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.twin import (
    Defect,
    Transmon,
    dressed_frequencies,
    flux_gate,
    from_specification,
    library,
    play,
    populations,
    predict,
    read,
    second_opinion,
    specification,
)
from qrexplore.twin.network import network

TURN = 2 * np.pi
QUBIT = Transmon(frequency=5.6e9, anharmonicity=-0.25e9, t1=10e-3, t_phi=100e-3)
AT, COUPLING = 5.1e9, 10e6


def beside(twin, frequency=AT, coupling=COUPLING, **defect):
    return twin.with_defect("q0", Defect(frequency, **defect), coupling)


def alone(*, dissipative=False):
    return library.assemble({"q0": QUBIT}, bandwidth=None, dissipative=dissipative)


def pulsed(twin, duration):
    """Give the populations after a stay at the frequency of the defect."""
    volts = brentq(lambda v: float(QUBIT.at_flux(jnp.asarray(0.4 * v))[0]) - AT, 0.1, 1.0)
    pulse = Pulse("flux_q0", Square(duration), volts)
    return np.asarray(play(twin, Schedule((pulse,), window=duration + 4e-9), preparation=1))[0]


@pytest.mark.parametrize("duration", [12e-9, 25e-9, 40e-9])
def test_an_excitation_swaps_with_a_defect_on_resonance(duration):
    one = pulsed(beside(alone()), duration)[1]
    # dressed states at rest differ from bare ones by (g/detuning)^2
    assert one == pytest.approx(np.cos(TURN * COUPLING * duration) ** 2, abs=3e-3)


def test_a_defect_that_loses_faster_than_it_swaps_is_a_bath():
    lossy, weak, durations = 20e-9, 0.5e6, (200e-9, 400e-9)
    twin = beside(alone(dissipative=True), coupling=weak, t1=lossy, t_phi=10e-3)
    # from after the defect has filled up
    early, late = (pulsed(twin, duration)[1] for duration in durations)
    # adiabatic elimination: the rate is 4 g^2 over the width of the defect
    rate = np.log(early / late) / (durations[1] - durations[0])
    assert rate == pytest.approx(4 * (TURN * weak) ** 2 * lossy, rel=0.02)


def test_a_qubit_far_from_a_defect_is_shifted_and_inherits_its_losses():
    far, strong, own = 5.3e9, 20e6, 50e-9
    twin = beside(alone(dissipative=True), far, strong, t1=own, t_phi=10e-3)
    shift = float(dressed_frequencies(twin)[0]) - 5.6e9
    coupling = float(twin.chip.couplings["q0_defect"].at_frequencies(jnp.asarray(5.6e9), jnp.asarray(far)))
    apart = 0.3e9
    assert shift == pytest.approx((np.sqrt(apart**2 + 4 * coupling**2) - apart) / 2, rel=1e-6)
    delays = np.array([2e-6, 6e-6])
    excited = np.asarray(
        predict(twin.replace({"readout_q0.false_one": 0.0, "readout_q0.false_zero": 0.0}), experiments.t1(delays))
    )[0]
    share = (1 - apart / np.sqrt(apart**2 + 4 * coupling**2)) / 2
    rate = -np.log(excited[1] / excited[0]) / (delays[1] - delays[0])
    assert rate == pytest.approx(share / own + (1 - share) / 10e-3, rel=5e-3)


def test_a_gate_loses_to_a_defect_what_swaps_with_it():
    duration = 20e-9
    twin = beside(library.assemble({"q0": QUBIT, "q1": Transmon(frequency=4.6e9)}, bandwidth=None, dissipative=False))
    volts = brentq(lambda v: float(QUBIT.at_flux(jnp.asarray(0.4 * v))[0]) - AT, 0.1, 1.0)
    samples = np.where(np.arange(24) < round(duration * 1e9), volts, 0.0)
    unitary = np.asarray(flux_gate(twin, {"flux_q0": samples}, qubits=("q0", "q1")))
    stays = np.abs(np.diagonal(unitary)) ** 2
    np.testing.assert_allclose(stays[:2], 1, atol=1e-6)
    np.testing.assert_allclose(stays[2:], np.cos(TURN * COUPLING * duration) ** 2, atol=3e-3)


@pytest.mark.slow
@pytest.mark.parametrize("dissipative", [False, True])
def test_a_gate_beside_a_defect_is_what_a_second_solver_gives(dissipative):
    twin = library.two_transmons(dissipative=dissipative)
    meeting = float(twin.chip.qubits["q0"].frequency - twin.chip.qubits["q1"].anharmonicity)
    with_it = twin.with_defect("q1", Defect(meeting, t1=0.2e-6, thermal_population=0.03), 4e6)
    chevron = experiments.chevron(np.array([0.49]), np.array([20e-9, 36e-9]))
    found = np.asarray(predict(with_it, chevron, substeps=8))
    assert np.max(np.abs(found - np.asarray(predict(twin, chevron, substeps=8)))) > 0.02
    assert second_opinion(with_it, chevron, found, points=2).deviation < 1e-5


def test_derivatives_by_the_numbers_of_a_defect_are_those_of_differences():
    twin = beside(alone(dissipative=True), 5.4e9, 20e6, t1=0.1e-6)
    experiment = experiments.t1(np.array([0.5e-6, 2e-6]))
    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}

    @jax.jit
    def excited(values):
        moved = twin.replace(values)
        return read(moved, experiment, populations(moved, experiment, points, substeps=2)[0])[0, 1]

    steps = {"defect.frequency": 1e4, "defect.t1": 1e-11, "q0_defect.coupling": 1e2}
    values = {path: twin.parameters[path].value for path in steps}
    slopes = jax.jit(jax.grad(excited))(values)
    for path, step in steps.items():
        above, below = (float(excited({**values, path: values[path] + sign * step})) for sign in (1, -1))
        assert float(slopes[path]) == pytest.approx((above - below) / (2 * step), rel=1e-4), path
        assert slopes[path] != 0


def test_a_defect_is_simulated_with_its_qubit_only():
    chip = beside(library.two_transmons()).chip
    assert network(chip, ("q0",)).modes == ("q0", "defect")
    assert network(chip, ("q1",)).modes == ("q1",)
    assert network(chip, ("q1", "q0")).modes == ("q1", "q0", "defect")
    # what rests in level 0 gives nothing away
    assert network(chip, ("q1",), (), ("q0",)).modes == ("q1",)
    assert network(chip, ("q0", "q1")).register.dimension == 18


def test_a_defect_is_kept_in_files_and_its_name_is_its_own():
    twin = beside(library.two_transmons())
    assert from_specification(specification(twin)).parameters.values.tolist() == twin.parameters.values.tolist()
    assert twin.parameters["defect.frequency"].value == AT
    for taken in ("q1", "defect"):
        with pytest.raises(ValueError, match=f"the chip has a '{taken}' already\\. Give it a name of its own"):
            twin.with_defect("q0", Defect(AT), 1e6, name=taken)
    with pytest.raises(
        ValueError, match=r"`defects` holds 'q1', which is a qubit, too\. Give the defect a name of its own"
    ):
        replace(twin.chip, defects=Named({"q1": Defect(AT)}))
    with pytest.raises(ValueError, match="names the qubit 'q7', but the chip has q0, q1, defect"):
        library.two_transmons().with_defect("q7", Defect(AT), 1e6)
