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
from qrexplore.twin.electronics import AbstractStage, Delay, DriveGain, ExponentialResponse, Gain, LowPass

STAGES = {
    "gain": Gain(0.37),
    "drive gain": DriveGain(90e6),
    "delay": Delay(1.3e-9),
    "delay of nothing": Delay(),
    "undershoot": ExponentialResponse(-0.3, 1.2e-9),
    "overshoot": ExponentialResponse(0.2, 40e-9),
    "low-pass": LowPass(350e6),
}
CELL, CELLS = 0.5e-9, 24
MODEST = settings(max_examples=30, deadline=None, derandomize=True)
WAVES = arrays(np.float64, (CELLS, 2), elements=st.floats(-2, 2, allow_subnormal=False))


@pytest.fixture(params=STAGES, scope="module")
def stage(request):
    return STAGES[request.param]


@pytest.fixture(scope="module")
def forward(stage):
    return jax.jit(lambda wave: stage.forward(wave, CELL))


def size(forward):
    """Give the scale of the answer to a wave of height 1."""
    return float(np.max(np.abs(forward(jnp.ones((CELLS, 2))))))


def test_every_stage_of_the_package_is_held_to_this_contract():
    there = {c for _, c in inspect.getmembers(electronics, inspect.isclass) if issubclass(c, AbstractStage)}
    assert there - {AbstractStage} == {type(stage) for stage in STAGES.values()}


@MODEST
@given(first=WAVES, second=WAVES, factor=st.floats(-3, 3))
def test_stage_is_linear(forward, first, second, factor):
    together = forward(jnp.asarray(first + factor * second))
    apart = forward(jnp.asarray(first)) + factor * forward(jnp.asarray(second))
    np.testing.assert_allclose(together, apart, atol=1e-12 * size(forward) * 10)


@MODEST
@given(wave=WAVES, change=WAVES, begin=st.integers(0, CELLS - 1))
def test_stage_does_not_know_the_future(forward, wave, change, begin):
    changed = wave.copy()
    changed[begin:] += change[begin:]
    before, after = (np.asarray(forward(jnp.asarray(w))) for w in (wave, changed))
    np.testing.assert_allclose(before[:begin], after[:begin], atol=1e-13 * size(forward))


@MODEST
@given(wave=WAVES, shift=st.integers(0, 8))
def test_stage_does_not_know_the_time(forward, wave, shift):
    late = np.concatenate([np.zeros((shift, 2)), wave[: CELLS - shift]])
    expected = np.concatenate([np.zeros((shift, 2)), np.asarray(forward(jnp.asarray(wave)))[: CELLS - shift]])
    np.testing.assert_allclose(forward(jnp.asarray(late)), expected, atol=1e-11 * size(forward))


def test_stage_at_rest_gives_nothing(forward):
    np.testing.assert_array_equal(forward(jnp.zeros((CELLS, 2))), 0.0)


def test_stage_takes_batches_and_both_quadratures(stage, forward):
    waves = np.random.default_rng(1).normal(size=(3, 2, CELLS, 2))
    alone = np.array([[forward(jnp.asarray(w)) for w in row] for row in waves])
    scale = size(forward)
    np.testing.assert_allclose(stage.forward(jnp.asarray(waves), CELL), alone, atol=1e-12 * scale)
    both = stage.forward(jnp.asarray(waves[0] + 1j * waves[1]), CELL)
    np.testing.assert_allclose(both, alone[0] + 1j * alone[1], atol=1e-12 * scale)


def test_stage_is_differentiable_in_every_parameter(stage):
    rows = table(stage)
    wave = jnp.asarray(np.random.default_rng(2).normal(size=(CELLS, 2)))
    # the delay takes a staircase
    wave = jnp.broadcast_to(wave[:, :1], wave.shape)
    for row in rows:
        if row.value == row.bounds[0] or row.path == "lag":  # the lag belongs to ideal gates, not to waves
            continue

        def answer(value, path=row.path):
            return replace(stage, {path: value}).forward(wave, CELL)

        slope, step = jax.jacfwd(answer)(row.value), 1e-4 * row.value
        measured = (answer(row.value + step) - answer(row.value - step)) / (2 * step)
        assert float(jnp.max(jnp.abs(slope))) > 0
        np.testing.assert_allclose(slope, measured, atol=1e-6 * float(jnp.max(jnp.abs(slope))))
