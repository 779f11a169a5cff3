import json
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import xarray as xr

import qrexplore  # noqa: F401  (switches JAX to 64 bits)
from qrexplore import data, experiments
from qrexplore.core import Named
from qrexplore.hardware import BackendError, JobStatus, LimitError, Limits, SimulatedBackend, hidden, simulated
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.twin import RescaledReadout, SignalReadout, Twin, library, predict, simulate


@pytest.fixture(scope="module")
def twin():
    return library.transmon()


@pytest.fixture
def backend(twin):
    return SimulatedBackend(twin, seed=3)


def read_by(twin, readout):
    return Twin(twin.chip, twin.lines, Named({"readout_q0": readout}), twin.biases)


DELAYS = np.linspace(0.0, 100e-6, 11)
RELAXATION = experiments.t1(DELAYS)
FLUX = Schedule((Pulse("flux_q0", Square(40e-9), 0.3),), window=60e-9)


def test_results_have_the_dims_coordinates_and_units_of_a_simulation(backend, twin):
    measured = backend.run(RELAXATION, shots=100).result()
    modelled = simulate(twin, RELAXATION)
    xr.testing.assert_identical(*(found.coords.to_dataset().drop_attrs(deep=False) for found in (measured, modelled)))
    assert measured["population"].dims == modelled["population"].dims
    assert measured["population"].attrs == modelled["population"].attrs
    assert measured["population_stderr"].dims == measured["population"].dims
    assert measured["population_stderr"].attrs["units"] == "1"


def test_results_are_valid_datasets_that_know_their_experiment(backend):
    measured = backend.run(RELAXATION, shots=100).result()
    data.validate(measured)
    again = experiments.from_dataset(measured)
    assert (again.name, again.shots) == ("t1", 100)


def test_results_say_where_they_come_from(backend):
    attributes = backend.run(RELAXATION, shots=100).result().attrs
    assert (attributes["physics"], attributes["backend"]) == ("simulated", "simulated")
    assert (attributes["seed"], attributes["run"], attributes["shots"]) == (3, 1, 100)
    assert attributes["program"] == backend.compile(RELAXATION).hash
    assert json.loads(attributes["settings"])["shots"] == 100


def test_results_scatter_about_the_hidden_device_with_binomial_variance(backend, twin):
    delays = experiments.t1(np.full(400, 20e-6))
    measured = backend.run(delays, shots=200).result()["population"].values
    probability = np.asarray(predict(twin, delays))
    chi2 = np.sum((measured - probability) ** 2 * 200 / (probability * (1 - probability)))
    # chi squared with 400 degrees of freedom, quantiles 0.0005 and 0.9995
    assert 311 < chi2 < 499


def test_equal_seeds_give_equal_data_and_runs_differ(twin):
    def two_runs(seed):
        backend = SimulatedBackend(twin, seed=seed)
        return [backend.run(RELAXATION).result()["population"].values for _ in range(2)]

    first, again, other = two_runs(1), two_runs(1), two_runs(2)
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, other)


def test_a_signal_has_gaussian_noise_in_steps_of_the_readout(twin):
    device = read_by(twin, SignalReadout(offset=0.1, scale=2.0))
    experiment = experiments.t1(np.full(400, 20e-6), signal=True)
    measured = SimulatedBackend(device, seed=1, signal_noise=0.5).run(experiment, shots=100).result()
    assert measured["signal_stderr"].values == pytest.approx(0.5 * 2.0 / 10)
    assert measured["signal"].attrs["units"] == measured["signal_stderr"].attrs["units"] == "V"
    chi2 = np.sum(((measured["signal"].values - np.asarray(predict(device, experiment))) / 0.1) ** 2)
    assert 311 < chi2 < 499


def test_a_rescaled_signal_may_lie_beyond_zero_and_one(twin):
    device = read_by(twin, RescaledReadout(offset=-0.1, scale=1.3))
    measured = SimulatedBackend(device, seed=1, signal_noise=1e-3).run(RELAXATION, shots=100).result()
    assert measured["population"].values.max() > 1.1


def test_the_device_may_be_another_one_than_the_model(twin):
    device = twin.replace({"q0.t1": 10e-6})
    measured = SimulatedBackend(device, seed=1).run(RELAXATION, shots=10_000).result()
    away = np.abs(measured["population"] - simulate(twin, RELAXATION)["population"]) / measured["population_stderr"]
    assert float(away.max()) > 20


def test_the_device_may_drift_from_run_to_run(twin):
    device = SimulatedBackend(
        twin, seed=1, drift=lambda twin, run: twin.replace({"q0.t1": 40e-6 if run == 1 else 5e-6})
    )
    first, second = (device.run(RELAXATION, shots=10_000).result()["population"].sel(qubit="q0") for _ in range(2))
    assert float(first[3]) > float(second[3]) + 0.2


def test_the_hidden_device_does_not_show(twin):
    device = SimulatedBackend(twin.replace({"q0.frequency": 5.123456789e9}), seed=1)
    assert "5.123" not in repr(device)
    assert "5.123" not in str(device.capabilities())
    public = [getattr(device, name) for name in dir(device) if not name.startswith("_")]
    assert not any(isinstance(value, Twin) for value in public)


def test_a_sweep_with_one_bad_point_is_refused_whole(backend):
    with pytest.raises(LimitError, match=r"`drive_q0` of point 2 at samples .* must not exceed 1.25 V, got 1.49694 V"):
        backend.run(experiments.rabi([0.5, 1.0, 1.5]))
    assert backend.loaded is None


def test_a_static_bias_beyond_its_limit_is_refused(twin):
    backend = SimulatedBackend(twin, seed=1, limits={"bias_q0": Limits(amplitude=0.3)})
    with pytest.raises(LimitError, match="`bias_q0` of point 2 must not exceed 300 mV, got 400 mV"):
        backend.run(experiments.flux_arc([0.2, 0.4], [5e9, 5.1e9]))


def test_a_sweep_with_more_points_than_the_device_takes_is_refused(twin):
    capabilities = replace(hidden.capabilities_of(twin), max_points=10)
    with pytest.raises(LimitError, match="`sweep` may have at most 10 points, got 11 points"):
        SimulatedBackend(twin, seed=1, capabilities=capabilities).run(RELAXATION)


@pytest.mark.parametrize("shots", [0, -1, 2.5, 10**9])
def test_impossible_numbers_of_shots_are_refused(backend, shots):
    with pytest.raises(ValueError, match="`shots` must be a whole number from 1 to 1000000"):
        backend.run(RELAXATION, shots=shots)


def test_a_qubit_that_is_not_there_is_named(backend):
    with pytest.raises(BackendError, match="'simulated' cannot read q9; it reads q0"):
        backend.run(experiments.t1(DELAYS, qubit="q9"))


def test_a_model_cannot_pass_for_hardware(twin):
    capabilities = replace(hidden.capabilities_of(twin), physics="hardware")
    with pytest.raises(ValueError, match="must have physics 'simulated', got 'hardware'"):
        SimulatedBackend(twin, seed=1, capabilities=capabilities)


def test_a_seed_is_a_whole_number(twin):
    with pytest.raises(ValueError, match="`seed` must be a whole number from 0, got -1"):
        SimulatedBackend(twin, seed=-1)
    with pytest.raises(ValueError, match="`signal_noise` must be a positive number"):
        SimulatedBackend(twin, seed=1, signal_noise=0.0)


def test_a_played_pulse_is_simulated_as_the_converters_put_it_out(backend, half_excited):
    result = backend.play(FLUX, shots=400).result()
    data.validate(result)
    assert (result.attrs["experiment"], result["population"].dims) == ("other", ("qubit",))
    # level 1 is read with 95 %, level 0 with 2 %
    assert float(result["population"][0]) == pytest.approx(0.485, abs=0.1)
    (simulated,) = half_excited
    (pulse,) = simulated.pulses
    assert np.array_equal(np.asarray(pulse.envelope.values), backend.compile(FLUX).waves["flux_q0"][0])


def test_a_refused_pulse_is_not_simulated(backend, half_excited):
    with pytest.raises(LimitError):
        backend.play(Schedule((Pulse("flux_q0", Square(40e-9), 3.0),), window=60e-9))
    assert half_excited == []
    assert backend.loaded is None


class TestJob:
    """Jobs run one after the other in a thread of the device."""

    @pytest.fixture
    def gate(self, monkeypatch):
        """Hold the device in the middle of a run until the gate opens."""
        entered, gate = Event(), Event()

        def slow(_twin, _experiment):
            entered.set()
            assert gate.wait(30)
            return RELAXATION.dataset(np.full((1, 11), 0.5)), None

        monkeypatch.setattr(hidden, "results", slow)
        gate.entered = entered
        yield gate
        gate.set()

    def test_it_queues_runs_and_ends(self, backend, gate):
        first, second = backend.run(RELAXATION), backend.run(RELAXATION)
        assert gate.entered.wait(30)
        assert (first.status, second.status) == (JobStatus.RUNNING, JobStatus.QUEUED)
        gate.set()
        second.result(30)
        assert first.status is second.status is JobStatus.DONE
        assert first.status.ended

    def test_waiting_may_be_given_up(self, backend, gate):
        job = backend.run(RELAXATION)
        with pytest.raises(TimeoutError, match=r"has not ended within 0.01 s; it goes on"):
            job.result(0.01)
        gate.set()
        assert job.result(30)["population"].shape == (1, 11)

    def test_a_canceled_job_has_no_result(self, backend, gate):
        running, queued = backend.run(RELAXATION), backend.run(RELAXATION)
        assert gate.entered.wait(30)
        assert running.cancel()
        assert queued.cancel()
        gate.set()
        for job in (running, queued):
            with pytest.raises(BackendError, match="the job was canceled and has no result"):
                job.result(30)
            assert job.status is JobStatus.CANCELED

    def test_a_job_canceled_at_the_last_moment_has_no_result_either(self, backend, monkeypatch):
        drawn = simulated.sampled

        def late(*arguments, **keywords):
            assert job_started.wait(30)
            assert jobs[0].cancel()
            return drawn(*arguments, **keywords)

        job_started, jobs = Event(), []
        monkeypatch.setattr(simulated, "sampled", late)
        jobs.append(backend.run(RELAXATION))
        job_started.set()
        with pytest.raises(BackendError, match="canceled"):
            jobs[0].result(30)
        assert jobs[0].status is JobStatus.CANCELED

    def test_a_job_that_has_ended_cannot_be_canceled(self, backend, gate):
        gate.set()
        job = backend.run(RELAXATION)
        job.result(30)
        assert not job.cancel()
        assert job.status is JobStatus.DONE

    def test_stop_cancels_all_jobs_and_unloads_the_device(self, backend, gate):
        jobs = [backend.run(RELAXATION) for _ in range(3)]
        assert gate.entered.wait(30)
        assert backend.loaded is not None
        backend.stop()
        backend.stop()
        gate.set()
        for job in jobs:
            with pytest.raises(BackendError, match="canceled"):
                job.result(30)
        assert backend.loaded is None

    def test_the_error_of_a_failed_job_comes_out_where_its_result_is_asked_for(self, backend):
        job = backend.run(experiments.t1(DELAYS, signal=True))
        with pytest.raises(ValueError, match="Take SignalReadout for signals in V"):
            job.result(30)
        assert job.status is JobStatus.FAILED
