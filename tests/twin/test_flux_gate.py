"""The unitary of flux pulses: against populations of the same pulse, closed forms of the exchange, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments, library, loop
from qrexplore.core import Named
from qrexplore.quantum import average_gate_fidelity, controlled_z_fidelity
from qrexplore.twin import flux_channel, flux_gate, level_populations
from qrexplore.twin.electronics import Gain, SignalChain
from qrexplore.twin.spectrum import zz_interaction

QUBITS = ("q0", "q1")


@pytest.fixture(scope="module")
def twin():
    twin = library.two_transmons(dissipative=False)
    lines = {
        name: SignalChain(1e9, Named({"transfer": Gain(0.4)})) if "flux" in name else chain
        for name, chain in twin.lines.items()
    }
    return replace(twin, lines=Named(lines))


def square(volts, count, window=60):
    return np.where(np.arange(window) < count, volts, 0.0)


@pytest.mark.parametrize("volts", [0.2, 0.45])
def test_what_stays_in_11_is_what_a_chevron_sees(twin, volts):
    experiment = experiments.chevron([volts], [20e-9], qubits=QUBITS)
    seen = np.asarray(level_populations(twin, experiment))[:, 1].ravel()
    unitary = np.asarray(flux_gate(twin, {"flux_q1": square(volts, 20, 26)}, qubits=QUBITS))
    stays = np.abs(unitary[3, 3]) ** 2
    # both qubits are in level 1 in |11> only, but for what crosses over to |01> and |10>, which is far off
    assert stays == pytest.approx(seen[0], abs=2e-3)


def test_without_pulses_nothing_but_phases_happens_and_the_conditional_one_is_that_of_zz(twin):
    unitary = np.asarray(flux_gate(twin, {"flux_q1": np.zeros(400)}, qubits=QUBITS))
    np.testing.assert_allclose(np.abs(unitary), np.eye(4), atol=1e-9)
    phases = np.angle(np.diagonal(unitary))
    conditional = np.angle(np.exp(1j * (phases[3] - phases[1] - phases[2] + phases[0])))
    assert conditional == pytest.approx(-2 * np.pi * float(zz_interaction(twin, QUBITS)) * 400e-9, abs=1e-6)


def test_finer_steps_find_the_same_and_a_gate_that_begins_later_is_the_rest_of_it(twin):
    samples = square(0.45, 30)
    whole = np.asarray(flux_gate(twin, {"flux_q1": samples}, qubits=QUBITS))
    fine = np.asarray(flux_gate(twin, {"flux_q1": samples}, qubits=QUBITS, substeps=16))
    np.testing.assert_allclose(whole, fine, atol=1e-6)
    second = np.asarray(flux_gate(twin, {"flux_q1": np.concatenate([samples, samples])}, qubits=QUBITS, begin=60))
    # a line without memory
    np.testing.assert_allclose(second, whole, atol=1e-9)
    assert controlled_z_fidelity(whole)[0] < 1


def test_the_map_without_losses_is_that_of_the_unitary(twin):
    lasting = twin.replace({f"{name}.{time}": 10e-3 for name in QUBITS for time in ("t1", "t_phi")})
    samples = {"flux_q1": square(0.45, 30)}
    unitary = np.asarray(flux_gate(twin, samples, qubits=QUBITS))
    images = np.asarray(flux_channel(lasting, samples, qubits=QUBITS))
    np.testing.assert_allclose(images, np.einsum("ki,lj->ijkl", unitary, unitary.conj()), atol=3e-5)


def test_idle_qubits_lose_what_their_times_say(twin):
    times = {"q0.t1": 50e-6, "q1.t1": 30e-6, "q0.t_phi": 60e-6, "q1.t_phi": 40e-6}
    idle = flux_channel(twin.replace({**times, "q0_q1.coupling": 0.1e6}), {"flux_q1": np.zeros(40)}, qubits=QUBITS)
    # product of both qubits, (1 + exp(-t/T1) + 2 exp(-t/T2))/4 each; the z rotations are the frame's
    turns = np.diag(np.exp(1j * np.angle(np.asarray(idle)[np.arange(4), 0, np.arange(4), 0])))
    error = 1 - float(average_gate_fidelity(idle, turns, np.eye(4)))
    assert error == pytest.approx(1.51829e-3, rel=1e-3)


def test_losses_of_a_cz_are_those_of_the_closed_form(twin):
    static, pulsed = (40e-6, 50e-6), (30e-6, 20e-6)
    device = twin.replace(dict(zip(("q0.t1", "q0.t_phi", "q1.t1", "q1.t_phi"), (*static, *pulsed), strict=True)))
    start = loop.CzPulse(0.49, 39e-9, "flux_q1", QUBITS, window=44e-9)
    volts = np.linspace(0.45, 0.55, 81)
    near = min(volts, key=lambda v: loop.cz_error(device, replace(start, amplitude=float(v))))
    pulse = loop.calibrated_cz(device, replace(start, amplitude=float(near)))
    lost = loop.lossy_cz_error(device, pulse) - loop.cz_error(device, pulse)
    # T (0.3/T1_s + 0.5/T1_p + 0.375/T_phi_s + 0.775/T_phi_p) in the pulse, 2/5 of all rates beside it
    during = 0.3 / static[0] + 0.5 / pulsed[0] + 0.375 / static[1] + 0.775 / pulsed[1]
    beside = 0.4 * sum(1 / time for time in (*static, *pulsed))
    assert lost == pytest.approx(pulse.duration * during + (44e-9 - pulse.duration) * beside, rel=0.03)


@pytest.mark.parametrize(
    ("samples", "begin"),
    [({"flux_q7": np.zeros(4)}, 0), ({"drive_q0": np.zeros(4)}, 0), ({"flux_q0": np.zeros(4), "flux_q1": np.zeros(5)}, 0),
     ({"flux_q1": np.zeros(4)}, 4), ({}, 0)],
)  # fmt: skip
def test_samples_that_make_no_sense_are_refused(twin, samples, begin):
    with pytest.raises(ValueError, match="`samples` must be rows of one length"):
        flux_gate(twin, samples, qubits=QUBITS, begin=begin)
