"""Filter functions against formulas that come from elsewhere, and sums of processes against the spectrum they stand for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.twin import noise
from qrexplore.twin.noise import OneOverF, fluctuation

SENSITIVITY, AMPLITUDE, TIME = 2 * np.pi * 5.9e9, 3e-6, 1e-6


def test_known_numbers_of_flux_noise_and_telegraph_noise():
    assert float(noise.echo_time(AMPLITUDE, SENSITIVITY)) == pytest.approx(10.8e-6, rel=1e-3)
    assert float(noise.ramsey_exponent(TIME, AMPLITUDE, SENSITIVITY, 1.0)) == pytest.approx(0.1597, rel=1e-2)
    assert float(noise.echo_exponent(TIME, AMPLITUDE, SENSITIVITY)) == pytest.approx(0.00857, rel=1e-3)
    assert float(noise.telegraph_coherence(3.0, 0.7, 0.2)) == pytest.approx(-0.08666, abs=5e-6)


def test_filter_integral_gives_the_closed_forms_of_one_over_f_noise():
    spectrum = noise.one_over_f(AMPLITUDE)
    ramsey = noise.decay_exponent(spectrum, TIME, sensitivity=SENSITIVITY, lowest=1.0)
    assert float(ramsey) == pytest.approx(float(noise.ramsey_exponent(TIME, AMPLITUDE, SENSITIVITY, 1.0)), rel=1e-7)
    echo = noise.decay_exponent(spectrum, TIME, noise.cpmg_switches(1), sensitivity=SENSITIVITY)
    assert float(echo) == pytest.approx(float(noise.echo_exponent(TIME, AMPLITUDE, SENSITIVITY)), rel=1e-6)


@pytest.mark.parametrize("rate", [1e3, 1e6, 3e7])
def test_filter_integral_gives_the_decay_by_an_ornstein_uhlenbeck_process(rate):
    deviation, u = 2e5, rate * TIME
    spectrum = noise.lorentzian(deviation, rate)
    ramsey = (deviation / rate) ** 2 * (u + np.expm1(-u))
    echo = (deviation / rate) ** 2 * (u + 4 * np.expm1(-u / 2) - np.expm1(-u))
    assert float(noise.decay_exponent(spectrum, TIME)) == pytest.approx(ramsey, rel=1e-6)
    assert float(noise.decay_exponent(spectrum, TIME, noise.cpmg_switches(1))) == pytest.approx(echo, rel=1e-5)


@pytest.mark.parametrize("switches", [(), (0.5,), (0.2, 0.3, 0.9), noise.cpmg_switches(5)], ids=len)
def test_white_noise_does_not_mind_half_turns(switches):
    # Parseval: the integral of |F|^2 is the length
    density = 4e5
    found = noise.decay_exponent(lambda omega: density * jnp.ones_like(omega), TIME, switches)
    assert float(found) == pytest.approx(density * TIME / 2, rel=2e-3)


def test_an_oscillator_whose_phase_walks_dephases_by_pi_times_its_linewidth():
    exponent = noise.decay_exponent(noise.white_frequency(3e3), 40e-6)
    assert float(exponent) == pytest.approx(np.pi * 3e3 * 40e-6, rel=2e-3)


def test_a_table_of_phase_noise_is_the_power_laws_between_its_points():
    # random walk of the phase: linewidth / (2 pi f^2), 20 dB a decade
    offsets, linewidth = np.array([1e1, 1e4, 1e10]), 3e3
    table = noise.phase_noise(offsets, 10 * np.log10(linewidth / (2 * np.pi * offsets**2)))
    omega = 2 * np.pi * np.logspace(1.5, 9.5, 41)
    np.testing.assert_allclose(table(omega), noise.white_frequency(linewidth)(omega), rtol=1e-9)
    assert float(table(jnp.array(2 * np.pi * 5.0))) == float(table(jnp.array(2 * np.pi * 2e10))) == 0.0


def test_a_flat_floor_of_phase_noise_blurs_both_ends_of_a_sequence():
    # the phases at both ends are independent: chi is the variance of one phase, the integral of both sides of the floor
    floor, width = -130.0, 2e9
    flat = noise.phase_noise(np.array([1.0, width]), np.array([floor, floor]))
    exponent = float(noise.decay_exponent(flat, 1e-6))
    # the upper edge of the table falls within a panel of the quadrature
    assert exponent == pytest.approx(2 * width * 10 ** (floor / 10), rel=0.05)


def test_phase_noise_is_differentiable_in_its_levels():
    def exponent(levels):
        return noise.decay_exponent(noise.phase_noise(np.array([1e3, 1e5, 1e7]), levels), 5e-6)

    levels = jnp.array([-70.0, -95.0, -120.0])
    slopes = jax.grad(exponent)(levels)
    for position in range(3):
        step = jnp.zeros(3).at[position].set(1e-3)
        difference = (exponent(levels + step) - exponent(levels - step)) / 2e-3
        assert float(slopes[position]) == pytest.approx(float(difference), rel=1e-6)


def test_more_half_turns_protect_better_against_one_over_f_noise():
    spectrum = noise.one_over_f(AMPLITUDE)
    sequences = [noise.cpmg_switches(n) for n in (1, 5)]
    left = [float(noise.coherence(spectrum, jnp.array([8e-6]), s, sensitivity=SENSITIVITY)[0]) for s in sequences]
    assert left[1] > 0.85
    assert left[0] < 0.6


def test_filter_integral_is_differentiable_in_amplitude_rate_and_length():
    @jax.jit
    def exponent(numbers):
        amplitude, deviation, rate, time = numbers
        spectra = noise.one_over_f(amplitude), noise.lorentzian(deviation, rate)
        return sum(noise.decay_exponent(s, time, noise.cpmg_switches(1)) for s in spectra)

    point = jnp.array([2e4, 1e5, 2e6, 3e-6])
    slopes = jax.grad(exponent)(point)
    np.testing.assert_allclose(jax.jacfwd(exponent)(point), slopes, rtol=1e-9)
    for position in range(4):
        step = jnp.zeros(4).at[position].set(1e-4 * point[position])
        difference = (exponent(point + step) - exponent(point - step)) / (2 * step[position])
        assert float(slopes[position]) == pytest.approx(float(difference), rel=1e-6)


@pytest.mark.parametrize(("per_decade", "ripple"), [(1, 0.06), (2, 1e-3)])
def test_sum_of_processes_has_the_spectrum_of_one_over_f_noise(per_decade, ripple):
    process = OneOverF(lowest=1e-3, decades=14, per_decade=per_decade)
    omega = 2 * np.pi * np.logspace(3, 5, 200)
    total = sum(
        noise.lorentzian(s, g)(omega) for s, g in zip(process.deviations, np.asarray(process.rates), strict=True)
    )
    deviation = np.abs(total / noise.one_over_f(1.0)(omega) - 1)
    assert ripple / 3 < deviation.max() < ripple


def test_sum_of_processes_has_the_infrared_cutoff_and_the_constants_of_the_closed_forms():
    process = OneOverF(lowest=1.0)
    rates, variances = np.asarray(process.rates), (AMPLITUDE * process.deviations) ** 2
    ramsey = np.sum(SENSITIVITY**2 * variances / rates**2 * (rates * TIME + np.expm1(-rates * TIME)))
    assert ramsey == pytest.approx(float(noise.ramsey_exponent(TIME, AMPLITUDE, SENSITIVITY, 1.0)), rel=2e-3)
    half = 4 * np.expm1(-rates * TIME / 2) - np.expm1(-rates * TIME)
    echo = np.sum(SENSITIVITY**2 * variances / rates**2 * (rates * TIME + half))
    assert echo == pytest.approx(float(noise.echo_exponent(TIME, AMPLITUDE, SENSITIVITY)), rel=5e-3)


@pytest.mark.parametrize("u", [1e-7, 1e-3, 0.0999, 0.1001, 1.0, 30.0])
def test_one_step_of_a_path_has_the_exact_variance_of_its_mean(u):
    ends, bridge = fluctuation._end_weight(jnp.array(u)), fluctuation._bridge_variance(jnp.array(u))
    variance = 2 * ends**2 * (1 + np.exp(-u)) + bridge
    # 2 (u - 1 + exp(-u))/u^2, whose digits cancel for small u
    exact = 1 - u / 3 + u**2 / 12 if u < 1e-2 else 2 * (u + np.expm1(-u)) / u**2
    assert float(variance) == pytest.approx(exact, rel=1e-9)


def test_paths_have_the_variance_and_the_correlation_of_their_processes():
    process = OneOverF(lowest=1e3, decades=3, per_decade=1)
    keys = jax.random.split(jax.random.key(1), 20_000)

    def path(key):
        first, second = jax.random.split(key)
        return fluctuation.follow(process, fluctuation.start(process, first), jnp.array(2e-5), second, steps=3)[1]

    means = np.asarray(jax.vmap(path)(keys))
    rates, variance = np.asarray(process.rates), process.deviations[0] ** 2
    u = rates * 2e-5
    expected = [
        np.sum(variance * 2 * (u + np.expm1(-u)) / u**2),
        *[np.sum(variance * (-np.expm1(-u) / u) ** 2 * np.exp(-(k - 1) * u)) for k in (1, 2)],
    ]
    found = [np.mean(means[:, 0] * means[:, k]) for k in range(3)]
    # five standard errors of a product of correlated normal numbers
    assert np.max(np.abs(np.array(found) - expected)) < 5 * np.sqrt(2) * expected[0] / np.sqrt(len(keys))


def test_path_of_no_length_stands_still_with_finite_derivatives():
    process = OneOverF()

    @jax.jit
    def end(length):
        at, means = fluctuation.follow(process, jnp.ones(16), length, jax.random.key(0), steps=2)
        return jnp.sum(at) + jnp.sum(means)

    assert float(end(jnp.zeros(()))) == pytest.approx(16 + 2 * 16)
    assert np.isfinite(float(jax.grad(end)(jnp.zeros(()))))


def test_sequences_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="`pulses` must be at least 1, got 0"):
        noise.cpmg_switches(0)
    with pytest.raises(ValueError, match=r"`switches` must rise from 0 to 1, got \(0.6, 0.4\)"):
        noise.filter_function(jnp.ones(3), 1.0, (0.6, 0.4))
    with pytest.raises(ValueError, match="`frequencies` must be two or more, above 0 and rising"):
        noise.phase_noise(np.array([1e3, 1e2]), np.array([-100.0, -90.0]))
    with pytest.raises(ValueError, match="`levels` must have one number for each of 2 frequencies"):
        noise.phase_noise(np.array([1e2, 1e3]), np.array([-100.0]))
    with pytest.raises(ValueError, match="`decades` of 1/f noise must be at least 1, got 0"):
        OneOverF(decades=0)
