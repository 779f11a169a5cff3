"""Signal chains: step responses against their formulas, and what chaining must conserve."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.core import Named
from qrexplore.quantum import GAUSS_NODES
from qrexplore.twin import Delay, ExponentialResponse, Gain, LowPass, SignalChain, step_response
from qrexplore.twin.electronics import Compression, GaussianFilter, Reflection
from qrexplore.twin.electronics.wave import hold

CELL = 0.5e-9
NODES = np.asarray(GAUSS_NODES)


def node_times(cells):
    return (np.arange(cells)[:, None] + NODES) * CELL


def held_step(cells=200):
    return jnp.ones((cells, 2))


@pytest.mark.parametrize(("amplitude", "tau"), [(-0.3, 1.2e-9), (0.4, 0.1e-9), (-0.05, 30e-9), (0.02, 20e-6)])
def test_exponential_response_to_a_step_is_its_formula_at_every_node(amplitude, tau):
    found = ExponentialResponse(amplitude, tau).forward(held_step(), CELL)
    np.testing.assert_allclose(found, 1 + amplitude * np.exp(-node_times(200) / tau), atol=1e-13)


@pytest.mark.parametrize("cutoff", [20e6, 400e6, 10e9])
def test_low_pass_response_to_a_step_is_its_formula_at_every_node(cutoff):
    found = LowPass(cutoff).forward(held_step(), CELL)
    np.testing.assert_allclose(found, 1 - np.exp(-2 * np.pi * cutoff * node_times(200)), atol=1e-13)


def test_step_response_follows_the_formula_between_the_nodes():
    times = jnp.linspace(0.0, 40e-9, 300)
    found = step_response(ExponentialResponse(-0.1, 8e-9), times, CELL)
    # straight lines between nodes of a curve of curvature A/tau^2
    np.testing.assert_allclose(found, 1 - 0.1 * np.exp(-np.asarray(times) / 8e-9), atol=1e-4)


def test_exponential_response_of_a_ramp_is_exact():
    # w' = (x - w)/tau for x = t gives w = t - tau (1 - exp(-t/tau))
    time, tau, amplitude = node_times(60), 6e-9, -0.2
    lag = time - tau * (1 - np.exp(-time / tau))
    found = ExponentialResponse(amplitude, tau).forward(jnp.asarray(time / CELL), CELL)
    np.testing.assert_allclose(found, ((1 + amplitude) * time - amplitude * lag) / CELL, rtol=1e-12, atol=1e-13)


def cascade(substeps):
    stages = {"distortion": ExponentialResponse(-0.1, 6e-9), "low_pass": LowPass(300e6)}
    return SignalChain(1e9, Named(stages)).forward(jnp.ones(40), substeps)


def cascade_formula(time):
    tau, fast = 6e-9, 1 / (2 * np.pi * 300e6)
    mixed = -0.1 * tau / (tau - fast)
    return 1 - np.exp(-time / fast) + mixed * (np.exp(-time / tau) - np.exp(-time / fast))


def test_cascade_of_filters_converges_to_its_formula():
    errors = []
    for substeps in (2, 4, 8):
        time = (np.arange(40 * substeps)[:, None] + NODES) * 1e-9 / substeps
        errors.append(np.max(np.abs(np.asarray(cascade(substeps)) - cascade_formula(time))))
    assert errors[0] < 3e-3
    assert np.all(np.diff(np.log2(errors)) < -1.8)


def test_stages_act_in_the_order_in_which_they_are_given():
    class Clip(Gain):
        """A stage that is not linear, so that order shows."""

        def forward(self, wave, cell):  # noqa: ARG002
            return jnp.minimum(wave, 1.0)

    samples = jnp.full(3, 2.0)
    after = SignalChain(1e9, Named({"gain": Gain(0.25), "clip": Clip(1.0)})).forward(samples, 2)
    before = SignalChain(1e9, Named({"clip": Clip(1.0), "gain": Gain(0.25)})).forward(samples, 2)
    np.testing.assert_allclose(after, 0.5)
    np.testing.assert_allclose(before, 0.25)


@pytest.mark.parametrize("cells", [0.0, 1.0, 4.0, 0.3, 2.75])
def test_delay_moves_a_pulse_and_keeps_its_area(cells):
    wave = np.zeros((30, 2))
    wave[5:12] = np.array([1.0, 1.0, 0.4, -0.7, 1.0, 1.0, 0.2])[:, None]
    found = np.asarray(Delay(cells * CELL).forward(jnp.asarray(wave), CELL))
    assert np.sum(found) == pytest.approx(np.sum(wave), abs=1e-12)
    whole, share = int(cells), cells - int(cells)
    shifted = np.zeros((31 + whole, 2))
    shifted[whole : whole + 30] += (1 - share) * wave
    shifted[whole + 1 : whole + 31] += share * wave
    np.testing.assert_allclose(found.mean(axis=1), shifted[:30].mean(axis=1), atol=1e-12)
    # of two nodes, the integral of time times a wave is exact
    when = node_times(30)
    assert np.sum(found * when) - np.sum(wave * when) == pytest.approx(cells * CELL * np.sum(wave), abs=1e-18)


def test_delay_moves_the_center_of_a_ramp_by_its_time():
    time = node_times(40)
    ramp = jnp.asarray(np.clip(time - 5e-9, 0.0, None))
    late = np.asarray(Delay(0.37e-9).forward(ramp, CELL)).mean(axis=-1)
    middle = (np.arange(40) + 0.5) * CELL
    np.testing.assert_allclose(late[15:], (middle - 5.37e-9)[15:], rtol=1e-9)


def test_gain_times_samples_is_held_for_every_cell():
    found = SignalChain(1e9, Named({"transfer": Gain(0.4)})).forward(jnp.array([0.5, -1.0]), 3)
    np.testing.assert_allclose(found[..., 0], [0.2] * 3 + [-0.4] * 3)
    np.testing.assert_array_equal(found[..., 0], found[..., 1])


def late_line(delay, echo):
    stages = {
        "delay": Delay(delay),
        "fast": ExponentialResponse(-0.1, 8e-9),
        "echo": Reflection(0.2, echo),
        "bandwidth": GaussianFilter(350e6),
        "transfer": Gain(0.4),
    }
    return SignalChain(1e9, Named(stages))


def late_formula(times, delay, echo):
    """Response of the line to a step, its bandwidth by numbers: the answer of the other stages, averaged over the Gaussian."""
    bandwidth = GaussianFilter(350e6)
    width, lag = float(bandwidth.width), float(bandwidth.lag)
    earlier = np.linspace(-lag, lag, 40_001)
    weights = np.exp(-((earlier / width) ** 2) / 2)

    def settled(time):
        return np.where(time > 0, 1 - 0.1 * np.exp(-np.maximum(time, 0) / 8e-9), 0.0)

    since = times[..., None] - lag - delay - earlier
    return 0.4 * ((0.8 * settled(since) + 0.2 * settled(since - echo)) @ weights) / weights.sum()


@pytest.mark.parametrize("substeps", [1, 3])
@pytest.mark.parametrize(("delay", "echo"), [(0.0, 6.5e-9), (3.3e-9, 6.3e-9), (5.79e-9, 2.04e-9)])
def test_edges_inside_a_cell_are_rounded_as_those_at_its_border(delay, echo, substeps):
    found = late_line(delay, echo).forward(jnp.ones(40), substeps)
    times = (np.arange(40 * substeps)[:, None] + NODES) * 1e-9 / substeps
    # what is left is how the settling bends within a cell
    np.testing.assert_allclose(found, late_formula(times, delay, echo), atol=1e-4)


@pytest.mark.parametrize("place", [0, 1])
def test_wave_is_as_smooth_in_the_times_of_delays_and_echoes_as_the_filter_behind_them(place):
    def wave(time):
        return late_line(*((time, 6.3e-9) if place == 0 else (3.3e-9, time))).forward(jnp.ones(20), 2)

    times = 4e-9 + np.arange(0, 1e-9, 0.07e-9)
    slope = jax.jit(lambda time: jax.jvp(wave, (time,), (1e-9,))[1])
    slopes = np.array([slope(time) for time in times])
    # integrated by Simpson's rule over each step, slopes must give what the wave gained, wherever the borders of cells are
    middle = np.array([slope(time) for time in times[:-1] + 0.035e-9])
    gained = np.diff([np.asarray(jax.jit(wave)(time)) for time in times], axis=0)
    np.testing.assert_allclose((slopes[1:] + 4 * middle + slopes[:-1]) / 6 * 0.07, gained, atol=1e-6)


def test_copies_are_made_at_once_where_no_filter_rounds_them():
    line = late_line(3.3e-9, 6.3e-9)
    clipped = SignalChain(1e9, Named({"delay": line.stages["delay"], "amplifier": Compression(1.0), **late_rest(line)}))
    samples, cell = jnp.asarray([0.5, -0.5, 0.3, 0.0, 0.0, 0.0]), 0.25e-9
    expected = line.stages["delay"].forward(hold(samples, 4), cell)
    expected = Compression(1.0).forward(expected, cell)
    for stage in late_rest(line).values():
        expected = stage.forward(expected, cell)
    np.testing.assert_allclose(jax.jit(lambda wave: clipped.forward(wave, 4))(samples), expected, atol=1e-14)


def late_rest(line):
    return {name: line.stages[name] for name in ("bandwidth", "transfer")}
