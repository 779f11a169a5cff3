"""The unitary of flux pulses: against populations of the same pulse, closed forms of the exchange, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments, library
from qrexplore.core import Named
from qrexplore.quantum import controlled_z_fidelity
from qrexplore.twin import flux_gate, level_populations
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


@pytest.mark.parametrize(
    ("samples", "begin"),
    [({"flux_q7": np.zeros(4)}, 0), ({"drive_q0": np.zeros(4)}, 0), ({"flux_q0": np.zeros(4), "flux_q1": np.zeros(5)}, 0),
     ({"flux_q1": np.zeros(4)}, 4), ({}, 0)],
)  # fmt: skip
def test_samples_that_make_no_sense_are_refused(twin, samples, begin):
    with pytest.raises(ValueError, match="`samples` must be rows of one length"):
        flux_gate(twin, samples, qubits=QUBITS, begin=begin)
