"""Integrated readout: clouds and errors against integration by SciPy and against shots that decay on the way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.special import erfc
from scipy.stats import norm

from qrexplore.core.parameters import get, replace, table
from qrexplore.twin.readout import (
    DispersiveReadout,
    assignment_error,
    decay_error,
    integration_weights,
    measurement_coherence,
    signal_to_noise,
)

TURN = 2 * np.pi
READOUT = DispersiveReadout(pull_1=-2.3e6, pull_2=-4e6, linewidth=1.7e6, detuning=0.8e6, drive=1.3e6, efficiency=0.4)


def integrated(readout, times):
    """Fields of levels 0, 1, 2 by an adaptive solver."""
    detuning = float(readout.detuning) + np.array([0.0, float(readout.pull_1), float(readout.pull_2)])
    rate = TURN * (float(readout.linewidth) / 2 + 1j * detuning)
    found = solve_ivp(
        lambda _, field: -rate * field - 1j * TURN * float(readout.drive),
        (0.0, times[-1]),
        np.zeros(3, dtype=complex),
        t_eval=times,
        method="DOP853",
        rtol=1e-11,
        atol=1e-12,
        max_step=times[-1] / 50,
    )
    return found.y


def test_a_signal_to_noise_of_four_misassigns_one_shot_in_44():
    assert float(assignment_error(4.0)) == pytest.approx(2.275e-2, rel=1e-4)
    np.testing.assert_allclose(
        assignment_error(np.linspace(0.1, 8, 9)), erfc(np.linspace(0.1, 8, 9) / np.sqrt(8)) / 2, rtol=1e-10
    )


@pytest.mark.parametrize("ratio", [1e-4, 0.05, 0.7, 3.0])
@pytest.mark.parametrize("snr", [0.8, 4.0, 9.0])
def test_the_error_by_decay_is_the_integral_over_the_time_of_the_decay(snr, ratio):
    inside, _ = quad(lambda u: np.exp(-u * ratio) * norm.cdf(snr * (0.5 - u)), 0, 1, epsabs=1e-13, points=[0.5])
    expected = np.exp(-ratio) * norm.cdf(-snr / 2) + ratio * inside
    assert float(decay_error(snr, ratio * 30e-6, 30e-6)) == pytest.approx(expected, rel=1e-9)


def test_shots_that_decay_while_they_are_integrated_come_at_the_stated_rate():
    generator, shots, samples, snr, duration, t1 = np.random.default_rng(8), 20_000, 200, 4.0, 2e-6, 15e-6
    decay = generator.exponential(t1, shots)
    times = (np.arange(samples) + 0.5) / samples * duration
    wrong = 0
    for part in np.split(decay, 10):
        trace = (times[None] < part[:, None]) + np.sqrt(samples) / snr * generator.standard_normal((len(part), samples))
        wrong += int((trace.mean(axis=1) < 0.5).sum())
    p = float(decay_error(snr, duration, t1))
    assert abs(wrong / shots - p) < 3 * np.sqrt(p * (1 - p) / shots)
    # and the decay shows: without it there would be far fewer
    assert wrong / shots - float(assignment_error(snr)) > 10 * np.sqrt(p * (1 - p) / shots)


@pytest.mark.parametrize(("phase_preserving", "factor"), [(False, 4.0), (True, 2.0)])
def test_matched_weights_reach_the_signal_to_noise_of_the_formula(phase_preserving, factor):
    readout = DispersiveReadout(
        *(getattr(READOUT, row.path) for row in table(READOUT)), phase_preserving=phase_preserving
    )
    fields = integrated(readout, np.linspace(0, 1e-6, 4001))
    kappa = TURN * float(readout.linewidth)
    apart = np.trapezoid(np.abs(fields[1] - fields[0]) ** 2, dx=0.25e-9)
    expected = np.sqrt(factor * 0.4 * kappa * apart)
    assert float(readout.signal_to_noise) == pytest.approx(expected, rel=1e-5)
    homodyne = float(signal_to_noise(readout.fields(2), readout.linewidth, 1e9, efficiency=0.4))
    assert homodyne**2 == pytest.approx(expected**2 * 4 / factor, rel=1e-5)
    # efficiency is what tells the signal from the dephasing it costs
    beta = -np.log(float(measurement_coherence(readout.fields(2), readout.linewidth, 1e9)))
    assert (homodyne / np.sqrt(2)) ** 2 / (4 * beta) == pytest.approx(0.4, rel=1e-9)


def test_centers_are_the_weighted_integrals_of_the_fields():
    readout = replace(READOUT, {"gain": 2e-3, "phase": 0.7})
    boxed = DispersiveReadout(*(getattr(readout, row.path) for row in table(readout)), weights="boxcar")
    fields = integrated(readout, np.linspace(0, 1e-6, 1001))
    out = np.sqrt(0.4 * TURN * float(readout.linewidth)) * fields
    difference = fields[1] - fields[0]
    for model, shape in ((boxed, np.ones(1001)), (readout, difference)):
        weights = shape / np.sqrt(np.trapezoid(np.abs(shape) ** 2, dx=1e-9))
        expected = 2e-3 * np.exp(0.7j) * np.trapezoid(weights.conj() * out, dx=1e-9, axis=1)
        found = np.asarray(model.responses(3))
        np.testing.assert_allclose(found[:, 0] + 1j * found[:, 1], expected, rtol=1e-7)
    assert float(boxed.signal_to_noise) < float(readout.signal_to_noise)
    with pytest.raises(ValueError, match="`kind` must be one of 'matched', 'boxcar', got 'square'"):
        integration_weights(readout.fields(2), 1e9, kind="square")


def test_derivatives_of_every_parameter_agree_with_finite_differences():
    readout = DispersiveReadout(*(getattr(READOUT, row.path) for row in table(READOUT)), sample_rate=50e6)
    paths = [row.path for row in table(readout)]
    values = jnp.stack(get(readout, paths))

    def found(values):
        moved = replace(readout, dict(zip(paths, values, strict=True)))
        error = decay_error(moved.signal_to_noise, moved.duration, 20e-6)
        return jnp.concatenate([moved.responses(3).reshape(-1) / 1e-3, moved.width[None] / 1e-3, error[None]])

    @jax.jit
    def everything(values):
        steps = 1e-4 * jnp.maximum(jnp.abs(values), 1e-2)
        moved = values + jnp.array([-2, -1, 1, 2])[:, None, None] * jnp.diag(steps)
        return jax.jacfwd(found)(values), jax.jacrev(found)(values), jax.vmap(jax.vmap(found))(moved), steps

    slopes, backward, shifted, steps = (np.asarray(part) for part in everything(values))
    for column, path in enumerate(paths):
        step, at = steps[column], shifted[:, column]
        difference = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)
        largest = np.max(np.abs(slopes[:, column]))
        assert largest > 0, path
        np.testing.assert_allclose(difference, slopes[:, column], atol=1e-7 * largest, err_msg=path)
        np.testing.assert_allclose(backward[:, column], slopes[:, column], atol=1e-9 * largest, err_msg=path)
