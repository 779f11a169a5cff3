import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.hardware import BackendError, SimulatedBackend, connect
from qrexplore.twin import library


def test_an_address_names_a_twin_of_the_library_and_a_seed():
    experiment = experiments.t1([0.0, 40e-6])
    connected = connect("simulated:transmon?seed=7").run(experiment).result()
    made = SimulatedBackend(library.transmon(), seed=7).run(experiment).result()
    assert np.array_equal(connected["population"], made["population"])
    assert connected.attrs["backend"] == "simulated:transmon"


def test_every_twin_of_an_address_has_its_qubits_and_a_channel_for_the_coupler():
    assert connect("simulated:three_transmons").capabilities().qubits == ("q0", "q1", "q2")
    tuned = connect("simulated:two_transmons_with_coupler").capabilities()
    assert tuned.qubits == ("q0", "q1")
    assert {"flux_c0", "bias_c0"} <= set(tuned.channels)


def test_an_unknown_kind_of_backend_lists_the_known_ones():
    for address in ("qblox:10.0.0.1", "", "two_transmons", "file:///etc/passwd"):
        with pytest.raises(BackendError, match="`address` must begin with one of simulated:"):
            connect(address)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("simulated:three", "must be one of transmon, two_transmons, .*, got 'three'"),
        ("simulated:", "must be one of transmon, .*, got ''"),
        ("simulated:transmon?sed=7", "has the options seed, got sed"),
        ("simulated:transmon?seed=-1", "`seed` must be a whole number from 0, got '-1'"),
        ("simulated:transmon?seed=", "`seed` must be a whole number from 0, got ''"),
    ],
)
def test_an_address_that_leads_nowhere_says_why(address, words):
    with pytest.raises(BackendError, match=words):
        connect(address)
