"""The contract of every stage of a signal chain; a new stage joins by a line in STAGES."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qrexplore.core import replace, table
from qrexplore.twin import electronics
from qrexplore.twin.electronics import (
    DAC,
    FIR,
    AbstractStage,
    Attenuation,
    BiasTee,
    Butterworth,
    Compression,
    Delay,
    Digitizer,
    DriveGain,
    ExponentialResponse,
    ExponentialSum,
    Gain,
    GaussianFilter,
    IQMixer,
    LocalOscillator,
    LowPass,
    NotInvertibleError,
    Reflection,
    SkinEffect,
)

CELL, CELLS = 0.5e-9, 24
STAGES = {
    "gain": Gain(0.37),
    "drive gain": DriveGain(90e6),
    "delay": Delay(1.3e-9),
    "delay beyond half a cell": Delay(0.9e-9),
    "delay of nothing": Delay(),
    "undershoot": ExponentialResponse(-0.3, 1.2e-9),
    "overshoot": ExponentialResponse(0.2, 40e-9),
    "sum of exponentials": ExponentialSum.of_terms([(-0.2, 2e-9), (0.08, 30e-9), (-0.03, 400e-9)]),
    "low-pass": LowPass(350e6),
    "Butterworth of order 1": Butterworth(350e6, order=1),
    "Butterworth of order 2": Butterworth(300e6),
    "Butterworth of order 5": Butterworth(500e6, order=5),
    "Butterworth above the cells": Butterworth(5e9),
    "Gaussian": GaussianFilter(400e6),
    "taps": FIR.of([0.9, -0.2, 0.15], 1e-9),
    "one tap": FIR.of([0.7], 1e-9),
    "taps of another spacing": FIR.of([1.1, 0.3, -0.1, 0.05], 1.5e-9),
    "skin effect": SkinEffect(1.7),
    "reflection": Reflection(0.08, 3.13e-9),
    "reflection within a cell": Reflection(-0.2, 0.31e-9),
    "bias tee": BiasTee(2e-6),
    "attenuation": Attenuation(7.0, 4.0),
    "mixer": IQMixer(1.05, 0.05, 0.01, -0.02),
    "oscillator": LocalOscillator(31e6, 0.4),
    "compression": Compression(3.5),
    "converter": DAC(1.3),
    "converter of 14 bits": DAC(1.3, bits=14),
    "digitizer": Digitizer(1.3, sample_rate=1e9),
}
# the default is a perfect part: it passes what comes
NEUTRAL = {
    "delay": Delay(),
    "settling": ExponentialResponse(),
    "sum of exponentials": ExponentialSum(),
    "taps": FIR(),
    "skin effect": SkinEffect(),
    "reflection": Reflection(),
    "attenuation": Attenuation(),
    "mixer": IQMixer(),
    "oscillator": LocalOscillator(),
    "converter": DAC(),
    "digitizer": Digitizer(),
}
# these answer with words instead of a wave
ONE_WAY = {
    "Butterworth of order 2": "only up to its bandwidth.*fewer `substeps`",
    "Butterworth of order 5": "only up to its bandwidth.*least squares",
    "Gaussian": "a Gaussian filter cannot be undone.*least squares",
    "converter of 14 bits": "a converter of 14 bits cannot be undone.*Set `bits` to None",
    "digitizer": "a digitizer cannot be undone.*Compare its samples",
}
# numbers of a stage that no wave shows
UNSEEN = {"lag", "temperature"}
MODEST = settings(max_examples=30, deadline=None, derandomize=True)
WAVES = arrays(np.float64, (CELLS, 2), elements=st.floats(-2, 2, allow_subnormal=False))
RNG = np.random.default_rng(7)


# other numbers of a stage, which go other ways through the same code; they wait for the slow run
VARIANTS = (
    *(
        "delay beyond half a cell",
        "delay of nothing",
        "overshoot",
        "Butterworth of order 1",
        "Butterworth above the cells",
    ),
    *("one tap", "taps of another spacing", "reflection within a cell"),
)


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.slow) if name in VARIANTS else name for name in STAGES], scope="module"
)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def stage(name):
    return STAGES[name]


@pytest.fixture(scope="module")
def forward(stage):
    return jax.jit(lambda wave: stage.forward(wave, CELL))


def size(forward):
    """Give the scale of the answer to a wave of height 1."""
    return max(float(np.max(np.abs(forward(jnp.ones((CELLS, 2)))))), 0.1)


def staircase(*batch):
    """Give random samples of two cells each, of height below 1, at rest at the end."""
    samples = RNG.uniform(-1, 1, size=(*batch, CELLS // 2))
    samples[..., -3:] = 0
    cells = np.repeat(samples, 2, axis=-1)
    return np.stack([cells, cells], axis=-1)


def test_every_stage_of_the_package_is_held_to_this_contract():
    there = {c for _, c in inspect.getmembers(electronics, inspect.isclass) if issubclass(c, AbstractStage)}
    assert there - {AbstractStage} == {type(stage) for stage in STAGES.values()}


@MODEST
@given(first=WAVES, second=WAVES, factor=st.floats(-3, 3))
def test_stage_is_linear_where_it_says_so(stage, forward, first, second, factor):
    if not stage.linear:
        pytest.skip("superposition does not hold")
    together = forward(jnp.asarray(first + factor * second))
    apart = forward(jnp.asarray(first)) + factor * forward(jnp.asarray(second))
    np.testing.assert_allclose(together, apart, atol=1e-12 * size(forward) * 10)


def test_stage_is_not_linear_where_it_says_so(stage, forward):
    wave = jnp.asarray(staircase())
    excess = np.max(np.abs(np.asarray(forward(3 * wave)) - 3 * np.asarray(forward(wave))))
    assert (excess < 1e-11 * size(forward)) == stage.linear


@MODEST
@given(wave=WAVES, change=WAVES, begin=st.integers(0, CELLS - 1))
def test_stage_does_not_know_the_future(forward, wave, change, begin):
    changed = wave.copy()
    changed[begin:] += change[begin:]
    before, after = (np.asarray(forward(jnp.asarray(w))) for w in (wave, changed))
    np.testing.assert_allclose(before[:begin], after[:begin], atol=1e-13 * size(forward))


@MODEST
@given(wave=WAVES, shift=st.integers(0, 8))
def test_stage_does_not_know_the_time_where_it_says_so(stage, forward, wave, shift):
    if not stage.time_invariant:
        pytest.skip("a clock runs in it")
    late = np.concatenate([np.zeros((shift, 2)), wave[: CELLS - shift]])
    silence = np.asarray(forward(jnp.zeros((CELLS, 2))))
    expected = np.concatenate([silence[:shift], np.asarray(forward(jnp.asarray(wave)))[: CELLS - shift]])
    np.testing.assert_allclose(forward(jnp.asarray(late)), expected, atol=1e-11 * size(forward))


def test_stage_knows_the_time_where_it_says_so(stage, forward):
    wave = RNG.uniform(-1, 1, size=(CELLS, 2))
    late = np.concatenate([np.zeros((1, 2)), wave[:-1]])
    same = np.allclose(
        forward(jnp.asarray(late))[1:], np.asarray(forward(jnp.asarray(wave)))[:-1], atol=1e-10 * size(forward)
    )
    assert same == stage.time_invariant


def test_stage_at_rest_gives_nothing(stage, forward):
    silence = np.asarray(forward(jnp.zeros((CELLS, 2))))
    # the carrier leaks through a mixer without a wave, too
    expected = stage.offset_i + 1j * stage.offset_q if isinstance(stage, IQMixer) else 0.0
    np.testing.assert_array_equal(silence, expected)


def test_stage_takes_batches_and_both_quadratures(stage, forward):
    waves = RNG.normal(size=(3, 2, CELLS, 2))
    alone = np.array([[forward(jnp.asarray(w)) for w in row] for row in waves])
    scale = size(forward)
    found = forward(jnp.asarray(waves))
    assert found.shape == waves.shape
    np.testing.assert_allclose(found, alone, atol=1e-12 * scale)
    both = forward(jnp.asarray(waves[0] + 1j * waves[1]))
    assert both.shape == waves[0].shape
    if stage.linear:
        np.testing.assert_allclose(both, alone[0] + 1j * alone[1], atol=1e-12 * scale)


@pytest.mark.parametrize("stage", NEUTRAL.values(), ids=NEUTRAL)
def test_default_of_a_perfect_part_passes_the_wave(stage):
    wave = staircase(3)
    np.testing.assert_allclose(stage.forward(jnp.asarray(wave), CELL), wave, atol=1e-12)


def _inverse(stage, wave):
    return stage.inverse(wave, CELL)


@pytest.mark.parametrize("quadratures", [1, 2])
def test_what_comes_out_goes_back_in(name, stage, forward, quadratures):
    wave = staircase(3) if quadratures == 1 else staircase(3) + 1j * staircase(3)
    behind = forward(jnp.asarray(wave))
    if name in ONE_WAY:
        with pytest.raises(NotInvertibleError, match=ONE_WAY[name]):
            stage.inverse(behind, CELL)
        return
    # once with numbers that are known when they are checked, once compiled, where they are not
    back = jax.jit(lambda stage, wave: stage.inverse(wave, CELL)) if quadratures == 1 else _inverse
    before = back(stage, behind)
    assert before.shape == wave.shape
    np.testing.assert_allclose(before, wave, atol=1e-9)


def test_stage_is_differentiable_in_every_parameter(stage):
    wave = RNG.normal(size=(CELLS, 2)) + 1j * RNG.normal(size=(CELLS, 2))
    # the delay takes a staircase
    wave = jnp.broadcast_to(jnp.asarray(wave[:, :1]), wave.shape)
    for row in table(stage):
        if row.value == row.bounds[0] or row.path in UNSEEN:
            continue

        def answer(value, path=row.path):
            found = replace(stage, {path: value}).forward(wave, CELL)
            return jnp.stack([jnp.real(found), jnp.imag(found)])

        step = 1e-4 * abs(row.value)
        slope = jax.jit(jax.jacfwd(answer))(row.value)
        at = jax.jit(jax.vmap(answer))(row.value + step * np.array([-2, -1, 1, 2]))
        largest = float(jnp.max(jnp.abs(slope)))
        assert largest > 0
        if getattr(stage, "bits", None) is None:
            measured = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)
            np.testing.assert_allclose(slope, measured, atol=1e-6 * largest)


def test_stage_is_differentiable_in_the_wave(stage, forward):
    wave, direction = (jnp.asarray(RNG.normal(size=(CELLS, 2))) for _ in range(2))
    if getattr(stage, "bits", None) is not None:
        return

    def answer(wave):
        found = forward(wave)
        return jnp.stack([jnp.real(found), jnp.imag(found)])

    weights = jnp.asarray(RNG.normal(size=(2, *wave.shape)))
    slope = jax.jit(lambda wave: jax.jvp(answer, (wave,), (direction,))[1])(wave)
    backward = jax.jit(jax.grad(lambda wave: jnp.sum(weights * answer(wave))))(wave)
    assert float(jnp.sum(backward * direction)) == pytest.approx(float(jnp.sum(weights * slope)), rel=1e-9)
    after, before = (answer(wave + sign * 1e-6 * direction) for sign in (1, -1))
    measured = (after - before) / 2e-6
    np.testing.assert_allclose(slope, measured, atol=1e-6 * float(jnp.max(jnp.abs(slope))))


def test_every_number_of_a_stage_has_words_that_fit(stage):
    for row in table(stage):
        assert 0 < len(row.label) <= 36
        assert row.bounds[0] <= row.value <= row.bounds[1]
