import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qrexplore.hardware import BackendError, Consent, LimitError, Limits, check_program, push
from qrexplore.pulses import Gaussian, Pulse, Samples, Schedule, Square

# few lengths, since arrays of each new length are compiled anew
LENGTHS = st.sampled_from([16, 30, 64])
VOLTS = st.floats(-0.24, 0.24)


def inject_nan(samples, place):
    samples[place] = np.nan


def inject_infinity(samples, place):
    samples[place] = -np.inf


def inject_amplitude(samples, place):
    samples[place - 1 : place + 2] = 0.6, 1.1, 0.6


def inject_slew(samples, place):
    samples[place] = samples[place - 1] + (0.51 if samples[place - 1] < 0 else -0.51)


def inject_end(samples, _place):
    samples[-1] = 0.2


INJECTIONS = {
    "finite": [inject_nan, inject_infinity],
    "amplitude": [inject_amplitude],
    "slew": [inject_slew],
    "end": [inject_end],
}


@st.composite
def legal_samples(draw):
    samples = draw(arrays(np.float64, draw(LENGTHS), elements=VOLTS))
    samples[-1] = 0.0
    return samples


@st.composite
def illegal_schedules(draw):
    """Give a schedule into which one or several violations were put, and the rules that it breaks."""
    samples = draw(legal_samples())
    window, period = len(samples), 1
    rules = draw(st.sets(st.sampled_from([*INJECTIONS, "duration", "grid", "window", "channel"]), min_size=1))
    # one place a rule, apart from each other
    for place, rule in zip((3, 6, 10, 0), [rule for rule in INJECTIONS if rule in rules], strict=False):
        draw(st.sampled_from(INJECTIONS[rule]))(samples, place)
    if "duration" in rules:
        samples = np.concatenate([np.zeros(232 - len(samples)), samples])
        window = len(samples)
    if "window" in rules:
        # the pulse is cut, and its end with it
        window -= draw(st.integers(1, 2))
        rules.discard("end")
    if "grid" in rules:
        window += draw(st.sampled_from([0.25, 0.5]))
        rules.discard("end")
    pulses = [Pulse("flux_q0", Samples(samples, period * 1e-9), 1.0)]
    if "channel" in rules:
        pulses.append(Pulse("flux_q9", Square(4e-9), 0.1))
    return Schedule(tuple(pulses), window=window * 1e-9), rules


@given(illegal_schedules())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_whatever_breaks_a_limit_is_refused_listed_and_not_sent(make_device, drawn):
    schedule, rules = drawn
    device = make_device()
    with pytest.raises(LimitError) as caught:
        push(device, schedule)
    assert device.sample_count == 0
    listed = {violation.rule for violation in caught.value.violations}
    assert rules <= listed
    assert "nothing was sent" in str(caught.value)


def keeps_the_limits(samples):
    """Decide as a person with a pencil would, sample by sample."""
    before = 0.0
    for value in [*samples, 0.0]:
        if not math.isfinite(value) or abs(value) > 1.0 or abs(value - before) > 0.5:
            return False
        before = value
    return samples[-1] == 0.0


@given(arrays(np.float64, 16, elements=st.floats(-0.3, 0.3) | st.sampled_from([0.9, -0.9, 1.5, np.nan, np.inf])))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_check_agrees_with_one_done_by_hand(make_device, schedule_of, samples):
    samples[-1] = 0.0
    device = make_device()
    if keeps_the_limits(samples):
        push(device, schedule_of(samples))
        assert len(device.received) == 1
    else:
        with pytest.raises(LimitError):
            push(device, schedule_of(samples))
        assert device.received == []


@given(arrays(np.float64, 16, elements=st.floats(allow_nan=True, allow_infinity=True)))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_waveform_of_arbitrary_numbers_reaches_the_device_beyond_its_limits(make_device, schedule_of, samples):
    assume(not keeps_the_limits(samples))
    # below half a step of the converter a last sample is zero
    assume(not (keeps_the_limits([*samples[:-1], 0.0]) and abs(samples[-1]) < 1e-4))
    device = make_device()
    with pytest.raises(LimitError):
        push(device, schedule_of(samples))
    assert device.sample_count == 0


@given(legal_samples())
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_legal_waveform_reaches_the_device_as_announced_bit_by_bit(make_device, schedule_of, samples):
    device = make_device()
    receipt = push(device, schedule_of(samples))
    (received,) = device.received
    assert received.waves["flux_q0"].tobytes() == receipt.program.played["flux_q0"].values.tobytes()
    wave = receipt.program.played["flux_q0"].values[0]
    step = device.capabilities().channels["flux_q0"].step
    assert np.max(np.abs(wave[: len(samples)] - samples)) <= step / 2 * (1 + 1e-12)
    assert not wave[len(samples) :].any()


def test_several_violations_at_once_are_all_in_the_message(device, schedule_of):
    samples = np.zeros(32)
    samples[4:6], samples[10], samples[20], samples[-1] = 1.5, np.nan, np.inf, 0.3
    with pytest.raises(LimitError) as caught:
        push(device, schedule_of(samples))
    words = str(caught.value)
    assert "`flux_q0` at samples 4 to 5 must not exceed 1 V, got 1.5 V" in words
    assert "`flux_q0` at sample 10 must be a finite number, got nan V" in words
    assert "`flux_q0` at sample 20 must be a finite number, got inf V" in words
    assert "`flux_q0` at sample 4 must not change faster than 500 MV/s, got 1.5 GV/s" in words
    assert "`flux_q0` at sample 6 must not change faster than 500 MV/s" in words
    assert "`flux_q0` at sample 31 must end at zero, got 300 mV" in words
    assert words.endswith(
        "Replace what is NaN or infinite. Lower the amplitude. Make the edges longer. "
        "Lengthen the window until the pulse is over, or declare Limits(ends_at_zero=False)."
    )


def test_a_violation_says_where_it_is_in_numbers_too(device, schedule_of):
    samples = np.zeros(16)
    samples[4:8] = 0.4, 0.8, 1.2, 0.8
    with pytest.raises(LimitError) as caught:
        push(device, schedule_of(samples))
    found = {violation.rule: violation for violation in caught.value.violations}
    assert (found["amplitude"].channel, found["amplitude"].index, found["amplitude"].count) == ("flux_q0", 6, 1)
    assert (found["amplitude"].value, found["amplitude"].limit, found["amplitude"].unit) == (1.2, 1.0, "V")
    assert found["slew"].index == 8


def test_the_first_and_last_sample_are_held_against_a_line_at_rest(device, schedule_of):
    ramp = np.concatenate([[0.6], np.full(14, 0.6), [0.0]])
    with pytest.raises(LimitError) as caught:
        push(device, schedule_of(ramp))
    slews = [violation.index for violation in caught.value.violations if violation.rule == "slew"]
    assert slews == [0, 15]


def test_the_modulus_of_a_drive_is_limited_not_its_quadratures(device, schedule_of):
    ramp = 0.3 * np.array([1, 2, 3, 3, 2, 1, *[0] * 10])
    push(device, schedule_of(ramp.astype(complex), line="drive_q0"))
    with pytest.raises(LimitError, match=r"`drive_q0` at samples 2 to 3 must not exceed 1 V, got 1.27"):
        push(device, schedule_of((1 + 1j) * ramp, line="drive_q0"))


def test_a_flux_line_plays_no_imaginary_part(device, schedule_of):
    with pytest.raises(LimitError, match=r"`flux_q0` at samples 0 to 1 must be real, got an imaginary part of 100 mV"):
        push(device, schedule_of(np.array([0.1j, 0.1j, *[0] * 14])))


def test_a_pulse_whose_start_is_not_a_number_is_refused_although_it_would_sample_to_zeros(device):
    with pytest.raises(LimitError, match="`flux_q0` has a pulse with the number nan"):
        push(device, Schedule((Pulse("flux_q0", Square(10e-9), 0.1, start=np.nan),), window=40e-9))


def test_a_pulse_that_the_window_would_cut_is_refused(device):
    for start in (-4e-9, 44e-9):
        with pytest.raises(LimitError, match=r"must lie within the window of the schedule, got 4 ns outside"):
            push(device, Schedule((Pulse("flux_q0", Gaussian(40e-9, 8e-9), 0.1, start=start),), window=80e-9))


def test_samples_off_the_clock_are_refused(device, schedule_of):
    with pytest.raises(LimitError, match=r"plays samples of 7.5e-10 s from 0 s, off its clock of 1e-09 s"):
        push(device, schedule_of(np.zeros(16), period=0.75e-9))


def test_a_waveform_longer_than_the_instrument_can_hold_is_refused_without_being_sampled(device):
    with pytest.raises(LimitError, match=r"must stay within 65536 samples a waveform, got 1e\+10 samples"):
        push(device, Schedule((Pulse("flux_q0", Square(10e-9), 0.1),), window=10.0))
    assert device.sample_count == 0


def test_memory_is_counted_over_all_waveforms(make_device, schedule_of):
    device = make_device(memory=48)
    push(device, schedule_of(np.zeros(48)))
    with pytest.raises(LimitError, match=r"must fit into 48 samples of memory, got 64 samples"):
        push(device, schedule_of(np.zeros(64)))


def test_a_schedule_without_pulses_is_refused(device):
    with pytest.raises(ValueError, match="`schedule` must have at least one pulse, got none"):
        push(device, Schedule((), window=40e-9))


def test_further_limits_tighten_but_never_loosen(device, schedule_of):
    hill = np.array([0.3, 0.6, 0.3, *[0] * 13])
    push(device, schedule_of(hill))
    with pytest.raises(LimitError, match="must not exceed 500 mV"):
        push(device, schedule_of(hill), limits={"flux_*": Limits(amplitude=0.5)})
    with pytest.raises(LimitError, match="must not exceed 1 V"):
        push(device, schedule_of(2 * hill), limits={"flux_*": Limits(amplitude=2.0, slew=1e12)})


class TestHardware:
    """A device that is not simulated takes nothing without a person's consent to exactly that."""

    @pytest.fixture
    def hardware(self, make_device):
        return make_device("hardware")

    @pytest.fixture
    def schedule(self, schedule_of):
        return schedule_of(np.array([0.1, 0.2, *[0] * 14]))

    def report(self, device, schedule):
        return check_program(device.compile(schedule), device.capabilities(), device._limits, backend=device.name)

    def test_it_refuses_without_consent(self, hardware, schedule):
        with pytest.raises(BackendError, match="'recorder' is hardware and not armed; nothing was sent"):
            push(hardware, schedule)
        assert hardware.received == []

    def test_it_takes_what_was_agreed_to_and_says_who_agreed(self, hardware, schedule):
        consent = Consent.to(self.report(hardware, schedule), operator="Ada")
        receipt = push(hardware, schedule, consent=consent)
        assert receipt.operator == "Ada"
        assert receipt.physics == "hardware"
        assert [program.hash for program in hardware.received] == [receipt.hash]

    def test_it_refuses_another_program(self, hardware, schedule, schedule_of):
        consent = Consent.to(self.report(hardware, schedule), operator="Ada")
        with pytest.raises(BackendError, match="consent of Ada is for another program; nothing was sent"):
            push(hardware, schedule_of(np.array([0.1, 0.3, *[0] * 14])), consent=consent)
        assert hardware.received == []

    def test_it_refuses_a_consent_given_under_other_limits(self, hardware, schedule):
        consent = Consent.to(self.report(hardware, schedule), operator="Ada")
        with pytest.raises(BackendError, match="consent of Ada is for another limits"):
            push(hardware, schedule, limits={"flux_q0": Limits(amplitude=0.9)}, consent=consent)

    def test_it_refuses_a_consent_that_has_run_out(self, hardware, schedule):
        consent = Consent.to(self.report(hardware, schedule), operator="Ada", minutes=-1)
        with pytest.raises(BackendError, match=r"consent of Ada ran out at .* UTC; nothing was sent"):
            push(hardware, schedule, consent=consent)
        assert hardware.received == []

    def test_a_consent_that_runs_out_after_arming_disarms(self, hardware, schedule):
        report = self.report(hardware, schedule)
        soon = datetime.now(UTC) + timedelta(seconds=0.3)
        consent = Consent("Ada", report.backend, report.program, report.limits, expires=soon)
        armed = hardware.arm(hardware.compile(schedule), consent=consent)
        while datetime.now(UTC) < soon:
            pass
        with pytest.raises(BackendError, match="ran out"):
            hardware.send(armed)

    def test_nobody_can_agree_to_a_program_that_breaks_a_limit(self, hardware, schedule_of):
        with pytest.raises(LimitError):
            Consent.to(self.report(hardware, schedule_of(np.full(16, 3.0))), operator="Ada")

    def test_a_program_changed_after_arming_is_not_sent(self, hardware, schedule):
        consent = Consent.to(self.report(hardware, schedule), operator="Ada")
        armed = hardware.arm(hardware.compile(schedule), consent=consent)
        codes = armed.program.codes["flux_q0"]
        with pytest.raises(ValueError, match="read-only"):
            codes[0, 0] = 1e9
        codes.setflags(write=True)
        codes[0, 0] = 1e9
        with pytest.raises(BackendError, match="is not the one that was checked; nothing was sent"):
            hardware.send(armed)

    def test_an_operator_has_a_name_and_a_time_has_a_zone(self, hardware, schedule):
        report = self.report(hardware, schedule)
        with pytest.raises(ValueError, match="`operator` must name the person"):
            Consent.to(report, operator=" ")
        with pytest.raises(ValueError, match="`expires` must have a time zone"):
            Consent("Ada", report.backend, report.program, report.limits, expires=datetime(2030, 1, 1))  # noqa: DTZ001
