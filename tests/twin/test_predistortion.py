"""Samples against distortion: by least squares, by the exact inverse and by an optimiser."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

from qrexplore.core import Named
from qrexplore.twin import library
from qrexplore.twin.electronics import (
    DAC,
    BiasTee,
    ExponentialResponse,
    Gain,
    GaussianFilter,
    IQMixer,
    LowPass,
    Reflection,
    SignalChain,
    predistorted,
)

SUBSTEPS = 4
IDEAL = SignalChain(1e9, Named({"transfer": Gain(0.4)}))
SETTLING = {"distortion": ExponentialResponse(-0.05, 12e-9), "drift": ExponentialResponse(0.02, 60e-9)}
SETTLED = SignalChain(1e9, Named({**SETTLING, "echo": Reflection(0.02, 3e-9), "transfer": Gain(0.4)}))
PULSE = np.concatenate([np.zeros(2), np.full(20, 0.5), np.full(6, -0.2), np.zeros(12)])
TARGET = np.asarray(IDEAL.forward(jnp.asarray(PULSE), SUBSTEPS))


def rms(chain, samples):
    return float(np.sqrt(np.mean((np.asarray(chain.forward(jnp.asarray(samples), SUBSTEPS)) - TARGET) ** 2)))


def by_optimiser(chain):
    def cost(samples):
        return 1e4 * jnp.mean((chain.forward(samples, SUBSTEPS) - TARGET) ** 2)

    both = jax.jit(jax.value_and_grad(cost))
    start = np.zeros(len(PULSE))
    found = minimize(both, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-9, "ftol": 1e-15, "maxiter": 500})
    return found.x


@pytest.mark.slow
def test_three_ways_to_the_samples_agree_where_all_exist():
    squares = predistorted(SETTLED, TARGET, substeps=SUBSTEPS)
    inverse = np.asarray(SETTLED.inverse(jnp.asarray(TARGET), SUBSTEPS)).reshape(len(PULSE), -1).mean(axis=1)
    np.testing.assert_allclose(squares, inverse, atol=1e-3)
    np.testing.assert_allclose(by_optimiser(SETTLED), squares, atol=1e-3)
    assert np.max(np.abs(squares - PULSE)) > 0.02, "nothing was to be undone"
    assert rms(SETTLED, squares) < 0.05 * rms(SETTLED, PULSE)


def test_a_staircase_that_a_line_can_bring_is_found_again():
    wave = np.asarray(SETTLED.forward(jnp.asarray(PULSE), SUBSTEPS))
    np.testing.assert_allclose(predistorted(SETTLED, wave, substeps=SUBSTEPS), PULSE, atol=1e-9)


def test_what_cannot_be_inverted_is_still_brought_nearer():
    stages = {"reconstruction": GaussianFilter(400e6), "bias_tee": BiasTee(2e-6), "low_pass": LowPass(500e6)}
    line = SignalChain(1e9, Named({**stages, **dict(SETTLED.stages.items())}))
    free = predistorted(line, TARGET, substeps=SUBSTEPS)
    calm = predistorted(line, TARGET, substeps=SUBSTEPS, weight=1e-3)
    assert rms(line, free) < rms(line, calm) < 0.7 * rms(line, PULSE)
    assert np.sum(calm**2) < np.sum(free**2)
    # least squares: any other samples are worse
    moved = free + 1e-3 * np.random.default_rng(2).normal(size=free.shape)
    assert rms(line, free) < rms(line, moved)


def test_no_sample_passes_the_limit():
    assert np.max(np.abs(predistorted(SETTLED, TARGET, substeps=SUBSTEPS))) > 0.51
    held = predistorted(SETTLED, TARGET, substeps=SUBSTEPS, limit=0.505)
    assert np.max(np.abs(held)) <= 0.505
    assert rms(SETTLED, held) < rms(SETTLED, PULSE)


def test_the_flux_line_of_the_library_is_corrected():
    line = library.wired_transmons(bits=None).lines["flux_q1"]
    stages = {name: stage for name, stage in line.stages.items() if stage.linear}
    line = SignalChain(line.sample_rate, Named(stages))
    found = predistorted(line, TARGET, substeps=SUBSTEPS, limit=1.0)
    assert rms(line, found) < 0.7 * rms(line, PULSE)


@pytest.mark.parametrize(
    ("stages", "target", "settings", "words"),
    [
        ({"converter": DAC(1.0, bits=8)}, TARGET, {}, r"`chain` must be linear.*converter"),
        ({"mixer": IQMixer(1.0, 0.0, 0.0, 0.0)}, TARGET, {}, "linear|complex"),
        ({}, TARGET[:-1], {}, r"`target` must be one real wave of shape \(samples \* 4, 2\)"),
        ({}, TARGET * 1j, {}, "one real wave"),
        ({}, TARGET * np.nan, {}, "`target` must be finite"),
        ({}, TARGET, {"weight": -1.0}, "`weight` must not be negative"),
        ({}, TARGET, {"weight": np.nan}, "`weight`"),
        ({}, TARGET, {"limit": 0.0}, "`limit`"),
        ({}, TARGET, {"limit": np.nan}, "`limit`"),
    ],
)
def test_bad_input_is_refused(stages, target, settings, words):
    line = SignalChain(1e9, Named({**stages, "transfer": Gain(0.4)}))
    with pytest.raises(ValueError, match=words):
        predistorted(line, target, **{"substeps": SUBSTEPS, **settings})
