"""The CZ of a device whose line is distorted: what it costs, and that the filter of the line that was learned mends it."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments as lab
from qrexplore import library, loop
from qrexplore.core import Named
from qrexplore.twin import predict
from qrexplore.twin.electronics import ExponentialResponse, Gain, SignalChain

LINE = "flux_q1"


def device(amplitude):
    twin = library.two_transmons(dissipative=False)
    stages = {"fast": ExponentialResponse(amplitude, 8e-9), "slow": ExponentialResponse(amplitude / 2, 300e-9)}
    chain = SignalChain(1e9, Named({**stages, "transfer": Gain(0.4)}))
    return replace(twin, lines=Named({**dict(twin.lines.items()), LINE: chain}))


@pytest.fixture(scope="module")
def pulse():
    straight = device(0.0)
    volts = np.linspace(0.4, 0.6, 41)
    contrast = np.ptp(np.asarray(predict(straight, lab.chevron(volts, np.arange(4, 60, 4) * 1e-9)))[0], axis=1)
    rough = loop.CzPulse(float(volts[np.argmax(contrast)]), 39e-9, LINE, ("q0", "q1"))
    return loop.calibrated_cz(straight, rough)


def test_a_rectangle_does_a_cz_on_a_straight_line_and_not_on_a_distorted_one(pulse):
    assert loop.cz_error(device(0.0), pulse) < 2e-3
    assert loop.cz_error(device(-0.03), pulse) > 0.03


def test_the_filter_of_the_line_mends_single_gates_and_trains(pulse):
    straight, distorted = device(0.0), device(-0.03)
    taps = loop.corrections(distorted, LINE, 10 * pulse.window)
    for count in (1, 10):
        wanted = loop.cz_error(straight, pulse, count=count)
        assert loop.cz_error(distorted, pulse, taps=taps, count=count) == pytest.approx(wanted, abs=2e-4)
    again = loop.calibrated_cz(distorted, pulse)
    # calibrated for the first gate, the tenth meets what the others left behind
    assert loop.cz_error(distorted, again, count=10) > loop.cz_error(distorted, again) + 0.02


def test_a_corrected_device_shows_the_chevron_of_a_straight_line(pulse):
    experiment = lab.chevron(pulse.amplitude * np.array([0.97, 1.0, 1.03]), np.arange(5, 50, 9) * 1e-9)
    straight, distorted = device(0.0), device(-0.03)
    window = experiment.largest("duration") + experiment.setting("settling_time")
    mended = loop.corrected(distorted, LINE, loop.corrections(distorted, LINE, window))
    aim, found, before = (np.asarray(predict(twin, experiment, substeps=4)) for twin in (straight, mended, distorted))
    assert np.max(np.abs(found - aim)) < 0.01
    assert np.max(np.abs(before - aim)) > 0.2


def test_samples_are_the_means_of_a_flat_top_between_two_edges():
    pulse = loop.CzPulse(0.4, 20.3e-9, LINE, ("q0", "q1"), rise=4e-9)
    times = (np.arange(80 * 1000) + 0.5) * 1e-12 - 2e-9

    def edge(after):
        return (1 - np.cos(np.pi * np.clip(after / 4e-9, 0, 1))) / 2

    means = (0.4 * (edge(times) - edge(times - 20.3e-9))).reshape(80, 1000).mean(1)
    np.testing.assert_allclose(pulse.samples(1e9), means, atol=1e-7)
    np.testing.assert_allclose(pulse.samples(1e9, count=3), np.tile(means, 3), atol=1e-7)
    sudden = replace(pulse, rise=0.0).samples(1e9)
    np.testing.assert_allclose(sudden, [0.0] * 2 + [0.4] * 20 + [0.4 * 0.3] + [0.0] * 57, atol=1e-12)


def test_edges_that_are_followed_leave_less_of_an_error_than_sudden_ones(pulse):
    straight = device(0.0)
    soft = loop.calibrated_cz(straight, replace(pulse, rise=4e-9))
    assert loop.cz_error(straight, soft) < 0.6 * loop.cz_error(straight, pulse)


def test_a_pulse_of_no_height_is_refused():
    with pytest.raises(ValueError, match=r"start\.amplitude"):
        loop.calibrated_cz(device(0.0), loop.CzPulse(0.0, 40e-9, LINE, ("q0", "q1")))
