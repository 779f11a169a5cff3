"""Sweeps that are more than one schedule a point: what a simulated device makes of them."""

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.hardware import LimitError, compile_program, hidden
from qrexplore.hardware.simulated import SimulatedBackend
from qrexplore.twin import library


@pytest.fixture
def backend():
    return SimulatedBackend(library.transmon(), seed=3)


def step(delay, **settings):
    numbers = {"flux_amplitude": 0.3, "drive_amplitude": 0.1, "pulse_duration": 40e-9, **settings}
    return experiments.flux_step(np.asarray(delay), [4.82e9, 4.83e9], **numbers)


def test_step_is_held_while_the_pulses_play_and_ends_at_zero(backend):
    program = backend.compile(step([1e-6, 20e-6]))
    flux, drive = (program.waves[line] for line in ("flux_q0", "drive_q0"))
    assert flux.shape == drive.shape == (4, 44)
    np.testing.assert_allclose(flux[:, :40], 0.3, atol=1e-4)
    assert not flux[:, 40:].any()
    assert np.abs(drive).max() == pytest.approx(0.1, abs=2e-4)


def test_steps_of_other_waits_are_other_programs(backend):
    assert backend.compile(step([1e-6, 20e-6])).hash != backend.compile(step([1e-6, 21e-6])).hash


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        (step([1e-6], flux_amplitude=9.0), "flux_q0"),
        (step([70e-6]), "length"),
        (experiments.ramsey_flux([0.0, 40.0], [1e-6], drive_frequency=5e9), "bias_q0"),
        (experiments.drag_scan([0.0], [1, 2], drive_amplitude=5.0), "drive_q0"),
    ],
    ids=["too high", "too long", "bias", "drive"],
)
def test_what_breaks_a_limit_is_refused(backend, experiment, words):
    with pytest.raises(LimitError, match=words):
        backend.run(experiment)


def test_static_bias_of_an_idle_qubit_is_a_level_of_the_program():
    experiment = experiments.echo_flux([0.1, 0.3], [1e-6, 2e-6], drive_frequency=5e9)
    program = compile_program(experiment, hidden.capabilities_of(library.transmon()))
    np.testing.assert_allclose(program.levels["bias_q0"], [0.1, 0.1, 0.3, 0.3])


def test_device_runs_a_late_pulse(backend):
    data = backend.run(step([1e-6]), shots=50).result()
    assert data.sizes == {"qubit": 1, "delay": 1, "point": 2}
    assert np.all(np.isfinite(data["population"]))
