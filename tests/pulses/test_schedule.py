"""Schedules on a clock."""

import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.pulses import Gaussian, Pulse, Samples, Schedule, Square, sample, sample_count


@pytest.mark.parametrize(
    ("window", "rate", "count"),
    [(60e-9, 1e9, 60), (60.4e-9, 1e9, 61), (0.1e-9, 1e9, 1), (60e-9, 2.4e9, 144), (3 * 0.1e-6, 1e9, 300)],
)
def test_samples_cover_the_window(window, rate, count):
    assert sample_count(window, rate) == count


def test_every_whole_number_of_nanoseconds_is_that_number_of_samples():
    assert [sample_count(n * 1e-9, 1e9) for n in range(1, 3000)] == list(range(1, 3000))


@pytest.mark.parametrize(("window", "rate"), [(0.0, 1e9), (60e-9, 0.0), (-1e-9, 1e9), (float("nan"), 1e9)])
def test_window_and_rate_must_be_positive(window, rate):
    with pytest.raises(ValueError, match=r"`window` and `sample_rate` must be positive.*for example 60e-9 and 1e9"):
        sample_count(window, rate)


def test_pulses_on_one_line_add_up_and_lines_keep_the_order_of_their_first_pulse():
    pulses = (
        Pulse("flux_q1", Square(4e-9), 0.5),
        Pulse("flux_q0", Square(2e-9), -1.0, start=1e-9),
        Pulse("flux_q1", Square(4e-9), 0.25, start=2e-9),
    )
    schedule = Schedule(pulses, window=7e-9)
    assert schedule.lines == ("flux_q1", "flux_q0")
    waves = sample(schedule, 1e9)
    np.testing.assert_allclose(waves["flux_q1"], [0.5, 0.5, 0.75, 0.75, 0.25, 0.25, 0.0], atol=1e-12)
    np.testing.assert_allclose(waves["flux_q0"], [0.0, -1.0, -1.0, 0.0, 0.0, 0.0, 0.0], atol=1e-6)
    assert not jnp.iscomplexobj(waves["flux_q1"])


def test_phase_turns_the_quadratures_of_a_drive():
    pulse = Pulse("drive_q0", Gaussian(8e-9, 2e-9, 0.5e-9), 0.3, phase=0.8)
    turned = sample(Schedule((pulse,), window=8e-9), 1e9)["drive_q0"]
    plain = Pulse("drive_q0", Gaussian(8e-9, 2e-9, 0.5e-9), 0.3)
    straight = sample(Schedule((plain,), window=8e-9), 1e9)["drive_q0"]
    np.testing.assert_allclose(turned, straight * np.exp(0.8j), atol=1e-15)


def test_phase_turns_samples_that_are_real_too():
    pulse = Pulse("drive_q0", Square(3e-9), 1.0, phase=np.pi / 2)
    wave = sample(Schedule((pulse,), window=3e-9), 1e9)["drive_q0"]
    np.testing.assert_allclose(wave, 1j * np.ones(3), atol=1e-12)


def test_played_samples_come_out_as_they_are():
    values = jnp.array([0.1, 0.4, -0.2])
    wave = sample(Schedule((Pulse("flux_q0", Samples(values, period=1e-9), 1.0),), window=5e-9), 1e9)["flux_q0"]
    np.testing.assert_allclose(wave, [0.1, 0.4, -0.2, 0.0, 0.0])
