import numpy as np
import pytest

from qrexplore.hardware import Capabilities, Channel, Limits, limits_in_force, violations


def instrument(**channel):
    line = Channel("flux_q0", "baseband", **channel)
    return Capabilities({"flux_q0": line}, ("q0",), "simulated")


def test_a_lab_that_declares_nothing_gets_half_of_full_scale():
    limits = limits_in_force(instrument(full_scale=2.0, sample_rate=1e9))["flux_q0"]
    assert (limits.amplitude, limits.slew, limits.ends_at_zero) == (1.0, 1e9, True)


def test_a_lab_cannot_declare_more_than_the_instrument_has():
    limits = limits_in_force(instrument(full_scale=2.0), {"flux_*": Limits(amplitude=5.0, duration=1.0)})["flux_q0"]
    assert limits.amplitude == 2.0
    assert limits.duration == 65536e-9


def test_limits_for_a_line_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match=r"`limits` names the line 'fluks_\*', but the backend has flux_q0"):
        limits_in_force(instrument(), {"fluks_*": Limits(amplitude=0.1)})


@pytest.mark.parametrize("name", ["amplitude", "slew", "duration"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_limit_that_limits_nothing_is_refused(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive number"):
        Limits(**{name: value})


def test_a_line_may_be_declared_to_end_anywhere():
    capabilities = instrument()
    wave = {"flux_q0": np.full(16, 0.4)}
    strict = violations(wave, capabilities, limits_in_force(capabilities))
    assert [violation.rule for violation in strict] == ["end"]
    free = limits_in_force(capabilities, {"flux_q0": Limits(ends_at_zero=False)})
    assert violations(wave, capabilities, free) == ()


def test_a_played_waveform_must_fill_the_grid_of_the_instrument():
    capabilities = instrument(granularity=8, min_samples=32, max_samples=64, memory=100)
    limits = limits_in_force(capabilities)

    def rules(*shape):
        found = violations({"flux_q0": np.zeros(shape)}, capabilities, limits, played=True)
        return [(violation.rule, violation.value, violation.limit) for violation in found]

    assert rules(64) == []
    assert rules(24) == [("length", 24, 32)]
    assert rules(36) == [("grid", 36, 8)]
    assert rules(72) == [("length", 72, 64)]
    assert rules(2, 64) == [("memory", 128, 100)]


def test_only_what_was_played_may_exceed_a_limit_by_the_rounding_of_the_converter():
    capabilities = instrument(bits=8, full_scale=1.27)
    limits = limits_in_force(capabilities, {"flux_q0": Limits(amplitude=0.504, slew=1e12)})
    wave = {"flux_q0": np.array([0.5, 0.508, 0.0])}
    assert [v.rule for v in violations(wave, capabilities, limits)] == ["amplitude"]
    assert [v.rule for v in violations(wave, capabilities, limits, played=True)] == ["length", "grid"]
    beyond = {"flux_q0": np.array([0.5, 0.52, 0.0])}
    assert "amplitude" in [v.rule for v in violations(beyond, capabilities, limits, played=True)]


def test_each_waveform_of_a_sweep_is_named():
    capabilities = instrument()
    wave = np.zeros((3, 16))
    wave[1, 5] = wave[2, 7:9] = 2.0
    limits = limits_in_force(capabilities, {"flux_q0": Limits(amplitude=1.0, slew=1e12)})
    found = violations({"flux_q0": wave}, capabilities, limits)
    assert [(v.segment, v.index, v.count) for v in found] == [(1, 5, 1), (2, 7, 2)]
    assert found[0].words == "`flux_q0` of point 1 at sample 5 must not exceed 1 V, got 2 V"


def test_channels_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="`full_scale` must be a positive number in V"):
        instrument(full_scale=0.0)
    with pytest.raises(ValueError, match="`bits` of channel 'flux_q0' must be between 2 and 32, got 64"):
        instrument(bits=64)
    with pytest.raises(ValueError, match="`granularity` and `min_samples` of channel 'flux_q0'"):
        instrument(granularity=0)
    with pytest.raises(ValueError, match="`channels` must map each name to its channel"):
        Capabilities({"a": Channel("b", "iq")}, (), "simulated")
