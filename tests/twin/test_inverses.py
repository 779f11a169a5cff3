"""Undoing what a line does: corrections by taps, inverses of stages and chains, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from qrexplore.core import Named
from qrexplore.twin.electronics import (
    DAC,
    FIR,
    Attenuation,
    BiasTee,
    Butterworth,
    Compression,
    Delay,
    Digitizer,
    ExponentialResponse,
    ExponentialSum,
    Gain,
    GaussianFilter,
    IQMixer,
    LocalOscillator,
    LowPass,
    NotInvertibleError,
    Reflection,
    SignalChain,
    SkinEffect,
    correction,
    hold,
    step_response,
    truncated,
)

CELL = 0.5e-9
RNG = np.random.default_rng(11)


def stairs(*batch, samples=40, rest=6):
    """Give random samples that end at rest."""
    values = RNG.uniform(-1, 1, size=(*batch, samples))
    values[..., samples - rest :] = 0
    return jnp.asarray(values)


def test_taps_of_an_exponential_have_the_known_values():
    (first, second), (pole,) = ExponentialResponse(-0.03, 8e-9).taps(1e-9)
    np.testing.assert_allclose([first, second, pole], [0.97, -0.852497, 0.882497], atol=1e-6)


def test_taps_of_an_exponential_and_their_correction_undo_each_other():
    stage, samples = ExponentialResponse(-0.03, 8e-9), np.asarray(stairs(samples=200))
    (forward, feedback), (correct, correct_feedback) = stage.taps(1e-9), stage.correction_taps(1e-9)
    behind = signal.lfilter(np.asarray(forward), [1.0, -float(feedback[0])], samples)
    before = signal.lfilter(np.asarray(correct), [1.0, -float(correct_feedback[0])], behind)
    np.testing.assert_allclose(before, samples, atol=1e-12)


@pytest.mark.parametrize("amplitude", [-0.08, 0.08])
def test_a_running_average_undoes_a_long_exponential(amplitude):
    stage, step = ExponentialResponse(amplitude, 200e-9), np.ones(1000)
    (forward, feedback), (weight, share) = stage.taps(1e-9), stage.correction_average(1e-9)
    behind = signal.lfilter(np.asarray(forward), [1.0, -float(feedback[0])], step)
    average = signal.lfilter([float(weight)], [1.0, float(weight) - 1], behind)
    assert 0 < weight < 0.03
    assert np.max(np.abs(behind - 1)) == pytest.approx(0.08)
    assert np.max(np.abs(behind + share * (average - behind) - 1)) < 0.08 * weight


def test_a_running_average_is_refused_where_nothing_of_a_step_is_left():
    with pytest.raises(NotInvertibleError, match="nothing of a step is left"):
        ExponentialResponse(-1.0, 200e-9).correction_average(1e-9)


@pytest.mark.parametrize("amplitude", [-0.05, 0.2])
def test_plain_taps_are_those_of_the_correction_with_feedback(amplitude):
    stage, samples = ExponentialResponse(amplitude, 8e-9), np.asarray(stairs(samples=200))
    forward, feedback = stage.correction_taps(1e-9)
    expected = signal.lfilter(np.asarray(forward), [1.0, -float(feedback[0])], samples)
    taps = truncated(forward, feedback, 60)
    np.testing.assert_allclose(signal.lfilter(np.asarray(taps), [1.0], samples), expected, atol=2e-3 * abs(amplitude))
    np.testing.assert_allclose(truncated(forward, feedback, 1), forward[:1])
    of_order_two = signal.lfilter([0.4, 0.1], [1.0, -0.5, 0.3], np.eye(1, 30)[0])
    np.testing.assert_allclose(truncated(jnp.array([0.4, 0.1]), jnp.array([0.5, -0.3]), 30), of_order_two, atol=1e-15)


ROW = [ExponentialResponse(-0.05, 6e-9), ExponentialResponse(0.03, 70e-9), ExponentialResponse(-0.02, 900e-9)]


def test_a_sum_of_exponentials_has_the_step_response_of_its_formula():
    terms, times = [(-0.05, 6e-9), (0.03, 70e-9)], jnp.linspace(1e-9, 200e-9, 57)
    found = step_response(ExponentialSum.of_terms(terms), times, 0.05e-9)
    expected = 1 + sum(a * np.exp(-np.asarray(times) / tau) for a, tau in terms)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_exponentials_in_a_row_and_their_sum_do_the_same():
    wave = hold(stairs(samples=300), 2)
    behind = wave
    for stage in ROW:
        behind = stage.forward(behind, CELL)
    added = ExponentialSum.of(ROW)
    np.testing.assert_allclose(added.forward(wave, CELL), behind, atol=1e-13)
    # not the amplitudes of the row
    assert abs(float(added.terms["term_0"].amplitude) + 0.05) > 1e-4
    for found, stage in zip(added.row(), ROW, strict=True):
        assert float(found.amplitude) == pytest.approx(float(stage.amplitude), abs=1e-12)
        assert float(found.time_constant) == pytest.approx(float(stage.time_constant), rel=1e-12)


def test_amplitudes_of_a_sum_are_the_residues_of_the_row():
    rates = np.array([1 / float(stage.time_constant) for stage in ROW])
    amplitudes = np.array([float(stage.amplitude) for stage in ROW])
    top = np.poly(-rates / (1 + amplitudes)) * np.prod(1 + amplitudes)
    residues, poles, _ = signal.residue(top, np.poly([*-rates, 0.0]))
    found = ExponentialSum.of(ROW)
    for term in found.terms.values():
        here = np.argmin(np.abs(poles + 1 / float(term.time_constant)))
        assert float(term.amplitude) == pytest.approx(residues[here].real, rel=1e-6)


def test_forms_of_settling_that_cannot_be_turned_into_each_other_are_refused():
    with pytest.raises(ValueError, match="`row` must have different time constants"):
        ExponentialSum.of([ROW[0], ROW[0]])
    ringing = ExponentialSum.of_terms([(0.9, 5e-9), (-0.8, 6e-9)])
    with pytest.raises(NotInvertibleError, match="these ring or grow"):
        ringing.row()
    with pytest.raises(NotInvertibleError, match="must add up to more than -1"):
        ExponentialSum.of_terms([(-0.6, 5e-9), (-0.5, 9e-9)]).inverse(hold(stairs(), 2), CELL)
    with pytest.raises(ValueError, match="either an ExponentialSum or ExponentialResponses, got both"):
        SignalChain(1e9, Named({"sum": ExponentialSum(), "settling": ExponentialResponse()}))


def test_taps_of_an_exponential_give_the_wave_where_samples_begin():
    stage, samples = ExponentialResponse(0.2, 7e-9), stairs(samples=50)
    (forward, feedback), cell = stage.taps(1e-9), 1e-12
    expected = signal.lfilter(np.asarray(forward), [1.0, -float(feedback[0])], np.asarray(samples))
    found = stage.forward(hold(samples, 1000), cell)[::1000, 0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_correction_by_samples_of_what_is_not_of_minimum_phase_is_refused():
    # the zero (a + A)/(1 + A) leaves the unit circle at A = -(1 + a)/2
    limit = -(1 + np.exp(-1 / 0.4)) / 2
    ExponentialResponse(limit + 1e-6, 0.4e-9).correction_taps(1e-9)
    with pytest.raises(NotInvertibleError, match=r"zero outside the unit circle.*higher sample rate"):
        ExponentialResponse(limit - 1e-6, 0.4e-9).correction_taps(1e-9)


ALL_WAYS = SignalChain(
    1e9,
    Named(
        {
            "converter": DAC(2.0),
            "delay": Delay(0.31e-9),
            "bias_tee": BiasTee(40e-6),
            "correction": FIR.of([1.02, -0.03, 0.01], 1e-9),
            "attenuator": Attenuation(6.0, 4.0),
            "low_pass": LowPass(350e6),
            "slow": ExponentialResponse(-0.03, 60e-9),
            "fast": ExponentialResponse(0.05, 3e-9),
            "echo": Reflection(0.03, 6.3e-9),
            "cable": SkinEffect(0.8),
            "amplifier": Compression(3.0),
            "mixer": IQMixer(1.04, 0.03, 0.01, -0.005),
            "oscillator": LocalOscillator(20e6, 0.5),
            "transfer": Gain(0.4),
        }
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("substeps", [2, 4])
def test_random_waveform_passes_all_stages_and_comes_back(substeps):
    samples = stairs(3, samples=100) + 1j * stairs(3, samples=100)
    wave = ALL_WAYS.forward(samples, substeps)
    assert float(jnp.max(jnp.abs(wave / 0.4 - hold(samples, substeps)))) > 0.3
    back = ALL_WAYS.inverse(wave, substeps)
    np.testing.assert_allclose(back, hold(samples, substeps), atol=1e-9)


def test_inverse_makes_the_wave_that_is_asked_for():
    stages = {"slow": ExponentialResponse(-0.03, 60e-9), "echo": Reflection(0.03, 6.3e-9), "cable": SkinEffect(0.8)}
    chain = SignalChain(1e9, Named(stages))
    asked = hold(jnp.asarray(np.repeat([0.0, 0.3, 0.0], [5, 30, 25])), 2)
    before = chain.inverse(asked, 2)
    wave = before
    for stage in chain.stages.values():
        wave = stage.forward(wave, chain.cell(2))
    np.testing.assert_allclose(wave, asked, atol=1e-9)
    # an undershoot is met by an overshoot
    assert float(before[12, 0]) > 0.305


@pytest.mark.slow
def test_inverse_is_differentiable():
    stage, wave = ExponentialResponse(-0.1, 6e-9), stairs(samples=60)

    def undone(amplitude):
        return ExponentialResponse(amplitude, 6e-9).inverse(hold(wave, 2), CELL)

    slope = jax.jit(jax.jacfwd(undone))(-0.1)
    measured = (undone(-0.1 + 1e-5) - undone(-0.1 - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope, measured, atol=1e-6)
    assert jnp.all(jnp.isfinite(jax.grad(lambda s: jnp.sum(s.inverse(hold(wave, 2), CELL) ** 2))(stage).amplitude))


HELD = jnp.ones((40, 2))
REFUSED = {
    "exponential": (ExponentialResponse(-1.2, 5e-9), HELD, CELL, "above -1.*not of minimum phase.*zero outside"),
    "bias tee": (BiasTee(40e-6), HELD, CELL, "a bias tee passes no mean.*ramp and never come back.*net-zero"),
    "low-pass": (LowPass(20e6), HELD, CELL, "only up to its bandwidth.*noise.*least squares"),
    "Butterworth": (Butterworth(200e6), HELD, CELL, "only up to its bandwidth"),
    "Gaussian": (GaussianFilter(), HELD, CELL, "a Gaussian filter cannot be undone: above its bandwidth"),
    "taps": (FIR.of([0.5, 1.0], 1e-9), HELD, CELL, "not of minimum phase.*first tap the largest"),
    "no first tap": (FIR.of([0.0, 1.0], 1e-9), HELD, CELL, "not of minimum phase"),
    "cable": (SkinEffect(6.0), HELD, 0.01e-9, "less than half.*least squares"),
    "echo": (Reflection(0.6, 5e-9), HELD, CELL, "echoes that do not die out"),
    "amplifier": (Compression(1.0), HELD, CELL, "below `ceiling`.*no input gives that much"),
    "converter": (DAC(0.9), HELD, CELL, "exceeds it. Ask for a lower wave"),
    "steps": (DAC(1.0, bits=8), HELD, CELL, "8 bits cannot be undone: many voltages"),
    "mixer": (IQMixer(1.0, np.pi / 2), HELD, CELL, "span a plane.*make a line"),
    "digitizer": (Digitizer(), HELD, CELL, "does not see what happens between its samples"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_undone_is_refused_with_the_reason(name):
    stage, wave, cell, words = REFUSED[name]
    with pytest.raises(NotInvertibleError, match=words):
        stage.inverse(wave, cell)


def test_chain_names_the_stage_that_cannot_be_undone():
    chain = SignalChain(1e9, Named({"cable": SkinEffect(), "smooth": GaussianFilter(), "transfer": Gain(0.4)}))
    with pytest.raises(NotInvertibleError, match="stage 'smooth': a Gaussian filter cannot be undone"):
        chain.inverse(HELD, 2)


def test_refusal_comes_from_compiled_functions_too():
    undone = jax.jit(lambda stage: stage.inverse(HELD, CELL))
    assert jnp.all(jnp.isfinite(undone(ExponentialResponse(-0.2, 5e-9))))
    with pytest.raises((RuntimeError, ValueError), match="not of minimum phase"):
        jax.block_until_ready(undone(ExponentialResponse(-1.2, 5e-9)))


def test_bias_tee_lets_net_zero_pulses_be_asked_for():
    pulse = jnp.asarray(np.repeat([0.0, 0.5, -0.5, 0.0], [4, 20, 20, 4]))
    before = BiasTee(2e-6).inverse(hold(pulse, 2), CELL)
    np.testing.assert_allclose(BiasTee(2e-6).forward(before, CELL), hold(pulse, 2), atol=1e-12)
    np.testing.assert_allclose(before[-1], 0.0, atol=1e-12)


def test_chain_can_be_followed_from_stage_to_stage():
    samples = stairs()
    waves = ALL_WAYS.follow(samples, 2)
    assert list(waves) == ["held samples", *ALL_WAYS.stages]
    np.testing.assert_array_equal(waves["held samples"], hold(samples, 2))
    np.testing.assert_array_equal(waves["transfer"], ALL_WAYS.forward(samples, 2))
    np.testing.assert_allclose(waves["attenuator"], waves["correction"] * 10 ** (-0.3), rtol=1e-14)


def settling_line():
    return SignalChain(
        1e9,
        Named({
            "delay": Delay(3.3e-9),
            "tee": BiasTee(40e-6),
            "fast": ExponentialResponse(-0.03, 8e-9),
            "slow": ExponentialResponse(-0.02, 900e-9),
            "cable": SkinEffect(0.4),
            "echo": Reflection(0.008, 6.3e-9),
            "bandwidth": GaussianFilter(350e6),
            "transfer": Gain(0.4),
        }),
    )  # fmt: skip


def test_what_went_through_its_correction_arrives_settled_but_as_late_and_as_round_as_the_line_is():
    line, samples = settling_line(), np.asarray(stairs(samples=300))
    corrected = signal.lfilter(correction(line, 300), 1.0, samples)
    kept = {name: line.stages[name] for name in ("delay", "bandwidth", "transfer")}
    aimed = np.asarray(SignalChain(1e9, Named(kept)).forward(jnp.asarray(samples), 8)).reshape(300, -1)
    found, before = (
        np.asarray(line.forward(jnp.asarray(played), 8)).reshape(300, -1) for played in (corrected, samples)
    )
    left, distorted = (np.max(np.abs(np.mean(wave - aimed, axis=1))) for wave in (found, before))
    # what is left is how the response bends within a sample, where it is steep
    assert left < 0.006
    assert left < distorted / 4


@pytest.mark.slow
def test_a_correction_is_the_filter_of_taps_in_front_of_the_line():
    line, samples = settling_line(), np.asarray(stairs(samples=64))
    taps = correction(line, 64)
    front = SignalChain(1e9, Named({"correction": FIR.of(taps.tolist(), 1e-9), **dict(line.stages.items())}))
    played = jnp.asarray(signal.lfilter(taps, 1.0, samples))
    np.testing.assert_allclose(front.forward(jnp.asarray(samples), 2), line.forward(played, 2), atol=1e-12)


def test_a_line_that_compresses_has_no_correction():
    line = SignalChain(1e9, Named({"amplifier": Compression(1.0), "transfer": Gain(0.4)}))
    with pytest.raises(ValueError, match=r"`chain` must be linear.*amplifier"):
        correction(line, 10)
