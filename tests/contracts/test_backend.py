"""The contract of every backend; an adapter joins by adding a way to make one."""

import numpy as np
import pytest
import xarray as xr

from qrexplore import experiments
from qrexplore.hardware import (
    Backend,
    Consent,
    Job,
    JobStatus,
    LimitError,
    PushReceipt,
    SimulatedBackend,
    connect,
    hidden,
)
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.twin import library

MAKERS = {
    "simulated": lambda: SimulatedBackend(library.two_transmons().replace({"q0.t1": 25e-6}), seed=11),
    "connected": lambda: connect("simulated:two_transmons?seed=7"),
}


@pytest.fixture(params=MAKERS)
def backend(request):
    backend = MAKERS[request.param]()
    yield backend
    backend.stop()


@pytest.fixture
def line(backend):
    return next(name for name, channel in backend.capabilities().channels.items() if channel.kind == "baseband")


def pulse_on(line, amplitude):
    return Schedule((Pulse(line, Square(40e-9), amplitude),), window=60e-9)


def consent_to(backend, request):
    return Consent.to(backend.check(backend.compile(request)), operator="contract")


def test_it_has_the_methods_of_the_protocol(backend):
    assert isinstance(backend, Backend)
    assert backend.name


def test_its_capabilities_say_what_it_is(backend):
    capabilities = backend.capabilities()
    assert capabilities.physics in {"hardware", "emulated-io", "simulated"}
    assert capabilities.qubits
    assert set(backend.limits) == set(capabilities.channels)


def test_compiling_is_pure(backend, line):
    first, second = (backend.compile(pulse_on(line, 0.2)) for _ in range(2))
    assert first.hash == second.hash
    xr.testing.assert_identical(first.played, second.played)


def test_what_it_plays_fills_its_grid(backend, line):
    channel = backend.capabilities().channels[line]
    samples = backend.compile(pulse_on(line, 0.2)).sample_count
    assert samples % channel.granularity == 0
    assert channel.min_samples <= samples <= channel.max_samples


def test_a_check_lists_what_a_push_refuses(backend, line):
    bad = pulse_on(line, 2 * backend.capabilities().channels[line].full_scale)
    report = backend.check(backend.compile(bad))
    with pytest.raises(LimitError) as caught:
        backend.push(bad)
    assert caught.value.violations == report.violations
    assert {"amplitude", "slew"} <= {violation.rule for violation in report.violations}


@pytest.mark.parametrize("amplitude", [np.nan, np.inf, -np.inf, 1e300])
def test_no_way_to_the_device_takes_a_bad_amplitude(backend, line, amplitude):
    bad = pulse_on(line, amplitude)
    for way in (backend.push, backend.play, lambda bad: backend.arm(backend.compile(bad))):
        with pytest.raises(LimitError):
            way(bad)
    qubit = backend.capabilities().qubits[0]
    with pytest.raises(LimitError):
        backend.run(experiments.rabi([0.1, 1e300], qubit=qubit))


def test_a_legal_pulse_is_pushed_with_a_receipt(backend, line):
    pulse = pulse_on(line, 0.2)
    receipt = backend.push(pulse, consent=consent_to(backend, pulse))
    assert isinstance(receipt, PushReceipt)
    assert receipt.hash == backend.compile(pulse).hash
    assert (receipt.backend, receipt.physics) == (backend.name, backend.capabilities().physics)
    assert receipt.sent.tzinfo is not None


def test_an_experiment_gives_a_job_whose_result_is_labelled(backend):
    qubit = backend.capabilities().qubits[0]
    experiment = experiments.t1(np.linspace(0, 50e-6, 6), qubit=qubit)
    job = backend.run(experiment, shots=200, consent=consent_to(backend, experiment))
    assert isinstance(job, Job)
    result = job.result(60)
    assert job.status is JobStatus.DONE
    assert result[experiment.observable].dims == experiment.dims
    assert (result[f"{experiment.observable}_stderr"] > 0).all()
    for variable in [*result.data_vars.values(), *result.coords.values()]:
        assert {"units", "long_name"} <= set(variable.attrs)
    for name in ("backend", "physics", "shots", "program", "limits", "created", "ended"):
        assert name in result.attrs
    assert result.attrs["physics"] == backend.capabilities().physics


def test_a_played_pulse_gives_one_result_a_qubit(backend, line, monkeypatch):
    monkeypatch.setattr(
        hidden.model, "play", lambda _twin, _schedule, **names: np.eye(3)[[1] * len(names["qubits"])], raising=False
    )
    pulse = pulse_on(line, 0.2)
    result = backend.play(pulse, shots=200, consent=consent_to(backend, pulse)).result(60)
    assert tuple(result["qubit"].values) == backend.capabilities().qubits
    assert (result["population"] > 0.8).all()


def test_stop_may_be_called_at_any_time(backend):
    backend.stop()
    backend.stop()
