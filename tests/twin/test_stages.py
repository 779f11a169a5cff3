"""Stages of a line against their formulas, an independent filter code, and known numbers."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal, special

from qrexplore.core import Named, table
from qrexplore.quantum import GAUSS_NODES
from qrexplore.twin.electronics import (
    DAC,
    FIR,
    Attenuation,
    BiasTee,
    Butterworth,
    Compression,
    Delay,
    Digitizer,
    Gain,
    GaussianFilter,
    IQMixer,
    LocalOscillator,
    LowPass,
    Reflection,
    SignalChain,
    SkinEffect,
    hold,
    integrated,
    matched_weights,
    noise_photons,
    thermal_photons,
)

CELL = 0.5e-9
NODES = np.asarray(GAUSS_NODES)
RNG = np.random.default_rng(11)


def node_times(cells, cell=CELL):
    return (np.arange(cells)[:, None] + NODES) * cell


def stairs(*batch, samples=40, rest=6):
    """Give random samples that end at rest."""
    values = RNG.uniform(-1, 1, size=(*batch, samples))
    values[..., samples - rest :] = 0
    return jnp.asarray(values)


def butterworth_step(time, cutoff, order):
    """Give the step response from the poles of the filter, by partial fractions."""
    _, poles, gain = signal.buttap(order)
    poles, weights = poles * 2 * np.pi * cutoff, gain * (2 * np.pi * cutoff) ** order
    residues = [weights / (p * np.prod([p - q for q in poles if q != p])) for p in poles]
    return 1 + np.real(sum(r * np.exp(p * time) for p, r in zip(poles, residues, strict=True)))


def gaussian_step(time, cutoff):
    width = np.sqrt(np.log(2)) / (2 * np.pi * cutoff)
    return 0.5 * special.erfc(-(time / width - 5) / np.sqrt(2))


# dB of loss at 1 GHz, times the root of ns
SKIN = 2 * np.sqrt(np.pi) * 20 / np.log(10)
STEPS = {
    "skin effect": (SkinEffect(1.7), lambda t: special.erfc(1.7 / (SKIN * np.sqrt(t * 1e9))), 1e-6),
    "Gaussian": (GaussianFilter(400e6), lambda t: gaussian_step(t, 400e6), 1e-6),
    "bias tee": (BiasTee(40e-6), lambda t: np.exp(-t / 40e-6), 1e-12),
    "Butterworth 1": (Butterworth(350e6, order=1), lambda t: butterworth_step(t, 350e6, 1), 1e-12),
    "Butterworth 2": (Butterworth(350e6), lambda t: butterworth_step(t, 350e6, 2), 1e-12),
    "Butterworth 5": (Butterworth(800e6, order=5), lambda t: butterworth_step(t, 800e6, 5), 1e-11),
    "reflection": (Reflection(0.07, 4e-9), lambda t: 0.93 + 0.07 * (t >= 4e-9), 1e-12),
}


@pytest.mark.parametrize("name", STEPS)
def test_step_response_is_its_formula_at_every_node(name):
    stage, formula, tolerance = STEPS[name]
    found = stage.forward(jnp.ones((400, 2)), CELL)
    np.testing.assert_allclose(found, formula(node_times(400)), atol=tolerance)


@pytest.mark.parametrize("name", STEPS)
def test_smooth_pulse_converges_to_the_convolution_with_the_step_response(name):
    stage, formula, _ = STEPS[name]
    length = 40e-9

    def pulse(time):
        return np.where(time < length, np.sin(np.pi * time / length) ** 2, 0.0)

    def slope(time):
        return np.where(time < length, np.pi / length * np.sin(2 * np.pi * time / length), 0.0)

    def exact(time):
        """Give the integral of pulse'(t - u) s(u), split where s jumps."""
        points, weights = np.polynomial.legendre.leggauss(60)
        edges = np.concatenate([[0.0], np.geomspace(1e-13, 4e-9, 30), np.linspace(4e-9, 70e-9, 30)[1:]])
        edges = np.unique(np.concatenate([np.minimum(edges, time), [max(time - length, 0.0)]]))
        total = 0.0
        for low, high in pairwise(edges):
            u = low + (high - low) * (points + 1) / 2
            total += (high - low) / 2 * np.sum(weights * slope(time - u) * formula(u))
        return total

    errors = []
    for cells in (60, 120):
        cell = 60e-9 / cells
        times = node_times(cells, cell)
        found = np.asarray(stage.forward(jnp.asarray(pulse(times)), cell))
        chosen = np.arange(3, cells, cells // 12)
        expected = np.array([[exact(t) for t in times[k]] for k in chosen])
        errors.append(np.max(np.abs(found[chosen] - expected)))
    assert errors[0] < 3e-3
    # lines leave out the curvature: second order, half an order less where the cable answers at once, or hardly anything
    assert errors[1] < errors[0] / (2.8 if name == "skin effect" else 3.3) or errors[1] < 2e-6


def test_butterworth_agrees_with_another_code_on_a_random_staircase():
    samples = stairs(samples=60)
    wave = hold(samples, 4)
    cell = 0.25e-9
    fine = 64
    system = signal.lti(*signal.butter(3, 2 * np.pi * 420e6, analog=True))
    times = np.arange(60 * 4 * fine) * cell / fine
    steps = np.repeat(np.asarray(samples), 4 * fine)
    # a held value between the grid's times: no interpolation
    _, expected, _ = signal.lsim(system, steps, times, interp=False)
    found = np.asarray(Butterworth(420e6, order=3).forward(wave, cell))
    at_nodes = np.interp(node_times(240, cell), times, expected)
    np.testing.assert_allclose(found, at_nodes, atol=1e-4)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_butterworth_passes_half_the_power_at_its_cutoff(order):
    cell, cells = 0.05e-9, 4000
    tone = np.exp(2j * np.pi * 300e6 * node_times(cells, cell))
    behind = np.asarray(Butterworth(300e6, order=order).forward(jnp.asarray(tone), cell))
    np.testing.assert_allclose(np.abs(behind[2000:]), np.sqrt(0.5), rtol=1e-3)


def test_butterworth_of_order_1_is_the_low_pass():
    wave = jnp.asarray(RNG.normal(size=(50, 2)))
    np.testing.assert_allclose(
        Butterworth(350e6, order=1).forward(wave, CELL), LowPass(350e6).forward(wave, CELL), atol=1e-13
    )


def test_gaussian_filter_has_its_bandwidth_and_its_rise():
    filtered = GaussianFilter(400e6)
    assert float(filtered.width) == pytest.approx(0.1325 / 400e6, rel=1e-3)
    cell, cells = 0.02e-9, 2000
    rise = np.asarray(filtered.forward(jnp.ones((cells, 2)), cell)).reshape(-1)
    times = node_times(cells, cell).reshape(-1)
    duration = np.interp(0.9, rise, times) - np.interp(0.1, rise, times)
    assert duration == pytest.approx(0.340 / 400e6, rel=1e-2)
    tone = np.exp(2j * np.pi * 400e6 * node_times(cells, cell))
    behind = np.asarray(filtered.forward(jnp.asarray(tone), cell))
    np.testing.assert_allclose(np.abs(behind[1000:]), np.sqrt(0.5), rtol=1e-3)


def test_skin_effect_has_the_known_values():
    # inverse Laplace transform of exp(-(1+i) a sqrt(f))/s for 1.7 dB at 1 GHz
    known = {1e-9: 0.937764, 10e-9: 0.980301, 200e-9: 0.995595}
    for time, value in known.items():
        cell = time / (3 + NODES[0])
        found = SkinEffect(1.7).forward(jnp.ones((4, 2)), cell)
        assert float(found[3, 0]) == pytest.approx(value, abs=1e-6)


def test_skin_effect_damps_a_tone_as_much_as_its_loss_says():
    cell, cells = 0.05e-9, 20000
    tone = np.exp(2j * np.pi * 1e9 * node_times(cells, cell))
    behind = np.asarray(SkinEffect(3.0).forward(jnp.asarray(tone), cell))
    factor = np.mean(behind[-2000:] / tone[-2000:])
    assert -20 * np.log10(abs(factor)) == pytest.approx(3.0, rel=2e-2)
    assert np.angle(factor) == pytest.approx(-3.0 / 8.686, rel=2e-2)


def test_held_samples_droop_by_3_92_decibel_at_half_the_sample_rate():
    samples = jnp.asarray(np.cos(np.pi * np.arange(64)))
    wave = np.asarray(hold(samples, 8)).reshape(-1)
    times = (np.arange(64 * 8)[:, None] + NODES).reshape(-1) / 8
    # the two Gauss nodes integrate the tone over each cell
    component = 2 * np.mean(wave * np.exp(-1j * np.pi * times))
    # a real tone at exactly half the rate folds onto itself: its height counts once
    assert 20 * np.log10(abs(component) / 2) == pytest.approx(-3.92, abs=0.01)


def test_mixer_has_the_known_image():
    mixer, frequency = IQMixer(1.05, np.deg2rad(3.0)), 50e6
    assert float(mixer.image_rejection) == pytest.approx(28.93, abs=0.01)
    times = node_times(400)
    behind = np.asarray(mixer.forward(jnp.asarray(np.exp(2j * np.pi * frequency * times)), CELL))
    wanted, image = (np.mean(behind * np.exp(-sign * 2j * np.pi * frequency * times)) for sign in (1, -1))
    assert 20 * np.log10(abs(wanted) / abs(image)) == pytest.approx(28.93, abs=0.01)


def test_mixer_between_two_oscillators_makes_an_image_at_twice_the_intermediate_frequency():
    stages = {"up": LocalOscillator(-50e6), "mixer": IQMixer(1.1, 0.1, 0.02, 0.03), "down": LocalOscillator(50e6)}
    chain = SignalChain(1e9, Named(stages))
    assert not chain.linear
    assert not chain.time_invariant
    wave, times = np.asarray(chain.forward(jnp.ones(200), 4)), node_times(800, 0.25e-9)
    half, turn = (1 + 1.1 * np.exp(-0.1j)) / 2, np.exp(-2j * np.pi * 50e6 * times)
    expected = half + (1 - 1.1 * np.exp(0.1j)) / 2 * turn**2 + (0.02 + 0.03j) * turn
    np.testing.assert_allclose(wave, expected, atol=1e-12)


def test_oscillator_above_the_nominal_frequency_turns_as_the_drive_of_the_twin_does():
    wave = LocalOscillator(10e6, 0.2).forward(jnp.ones((8, 2)), CELL)
    np.testing.assert_allclose(np.angle(wave), 0.2 - 2 * np.pi * 10e6 * node_times(8), atol=1e-12)


def test_14_bits_have_the_known_signal_to_noise():
    tone = np.sin(2 * np.pi * np.sqrt(2) * np.arange(200_000) / 100)
    wave = jnp.asarray((1 - 2.0**-13) * tone.reshape(-1, 2))
    noise = np.asarray(DAC(1.0, bits=14).forward(wave, CELL) - wave)
    assert 10 * np.log10(np.mean(np.asarray(wave) ** 2) / np.mean(noise**2)) == pytest.approx(86.04, abs=0.05)
    np.testing.assert_allclose(np.mean(noise**2), (2 / 2**14) ** 2 / 12, rtol=1e-2)


def test_converter_clips_counts_and_passes_the_derivative_through_its_steps():
    wave = jnp.asarray([[0.3, -0.44], [1.7, -2.0]])
    converter = DAC(1.0, bits=4)
    np.testing.assert_allclose(converter.forward(wave, CELL), [[0.25, -0.5], [0.875, -1.0]])
    assert int(converter.clipped(wave)) == 2
    slope = jax.grad(lambda w: jnp.sum(converter.forward(w, CELL)))(wave)
    np.testing.assert_array_equal(slope, [[1.0, 1.0], [0.0, 0.0]])


def test_attenuators_leave_the_known_noise():
    cold = [Attenuation(20.0, temperature) for temperature in (4.0, 0.1, 0.02)]
    assert float(noise_photons(cold, 5e9)) == pytest.approx(3.845e-3, rel=1e-3)
    assert float(thermal_photons(0.05, 5e9)) == pytest.approx(
        1 / np.expm1(5e9 * 6.62607015e-34 / (1.380649e-23 * 0.05))
    )


def test_digitizer_reads_where_samples_begin_and_matched_weights_tell_records_apart():
    times = node_times(400, 0.25e-9)
    digitizer = Digitizer(1.0, 1e9, bits=12)
    zero, one = (digitizer.samples(jnp.asarray(sign * np.exp(-times / 30e-9) * 0.5), 0.25e-9) for sign in (1, -1))
    np.testing.assert_allclose(zero, 0.5 * np.exp(-np.arange(100) / 30), atol=1 / 2**11)
    weights = matched_weights(zero, one)
    assert float(integrated(one, weights) - integrated(zero, weights)) == pytest.approx(1.0)
    # no other weights do better in white noise
    noise = float(jnp.linalg.norm(weights))
    flat = jnp.ones(100) / jnp.sum(one - zero)
    assert noise < float(jnp.linalg.norm(flat))


def test_amplifier_compresses_the_height_of_an_envelope_and_keeps_its_phase():
    wave = jnp.asarray(np.exp(0.7j) * np.array([[0.0, 0.5], [2.0, 5.0]]))
    found = np.asarray(Compression(2.0).forward(wave, CELL))
    np.testing.assert_allclose(found, 2 * np.exp(0.7j) * np.tanh([[0.0, 0.25], [1.0, 2.5]]), atol=1e-12)


def test_reflection_between_cells_keeps_area_and_moves_the_center():
    wave = jnp.asarray(np.pad(np.ones((8, 2)), ((4, 28), (0, 0))))
    echo = np.asarray(Reflection(0.2, 3.17e-9).forward(wave, CELL)) - 0.8 * np.asarray(wave)
    times = node_times(40)
    assert np.sum(echo) == pytest.approx(0.2 * 16)
    assert np.sum(echo * times) / np.sum(echo) == pytest.approx(np.mean(node_times(12)[4:]) + 3.17e-9)


def test_taps_and_readings_off_the_cells_are_refused_with_advice():
    with pytest.raises(ValueError, match=r"`spacing` of the taps must be a whole number of cells.*sample period"):
        FIR.of([1.0, 0.1], 0.7e-9).forward(jnp.ones((40, 2)), CELL)
    with pytest.raises(ValueError, match=r"`sample_rate` of a digitizer must give a whole number of cells"):
        Digitizer(sample_rate=1.3e9).forward(jnp.ones((40, 2)), CELL)
    with pytest.raises(ValueError, match=r"`order` of a Butterworth filter must be .* 1 to 8, got 0. Choose 2"):
        Butterworth(order=0)
    with pytest.raises(ValueError, match=r"`bits` of a converter must be .* got 0. Take 14"):
        DAC(bits=0)


def test_each_tap_is_a_parameter():
    assert table(FIR.of([1.0, 0.2], 1e-9)).paths == ("tap_0.weight", "tap_1.weight")


def test_chain_is_linear_if_all_its_stages_are():
    assert SignalChain(1e9, Named({})).linear
    assert SignalChain(1e9, Named({"a": Gain(0.4), "b": SkinEffect(0.3), "c": Delay()})).linear
    assert not SignalChain(1e9, Named({"a": Gain(0.4), "b": Compression()})).linear
    assert SignalChain(1e9, Named({"a": Compression()})).time_invariant
    assert not SignalChain(1e9, Named({"a": Gain(0.4), "b": LocalOscillator()})).time_invariant
