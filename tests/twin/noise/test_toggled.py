"""1/f noise as one number for a sequence: closed forms, sample paths, derivatives."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.twin import FluxNoise, FrequencyNoise, OneOverF, SlowNoise, noise, predict, sampling_error
from qrexplore.twin.noise import closed_forms
from qrexplore.twin.toggled import deviation
from tests.twin.noise.noisy import one_qubit

TURN = 2 * np.pi
SIZE = 2e4  # Hz
AMPLITUDE, LOWEST = "noise.pink.amplitude", "noise.pink.process.lowest"
TIMES = np.array([0.0, 0.3e-6, 1.5e-6, 3e-6])


def with_nodes(twin, source, *, nodes=11):
    return replace(twin, noise=SlowNoise(Named({"pink": source}), form="nodes", nodes=nodes))


def contrast(twin, experiment):
    return 2 * np.asarray(predict(twin, experiment)[0]) - 1


@pytest.mark.parametrize("name", ["ramsey", "echo"])
def test_decay_is_the_closed_form(name):
    twin = with_nodes(one_qubit(), FrequencyNoise("q0", SIZE, OneOverF(decades=12, per_decade=4)))
    found = contrast(twin, getattr(experiments, name)(TIMES))
    if name == "ramsey":
        expected = np.exp(-np.nan_to_num(closed_forms.ramsey_exponent(TIMES, SIZE, TURN, 1.0)))
    else:
        expected = -np.exp(-closed_forms.echo_exponent(TIMES, SIZE, TURN))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert np.abs(found[-1]) < 0.93


@pytest.mark.parametrize("rate", [1e-3, 1e2, 1e5, 1e9])
@pytest.mark.parametrize("toggles", [(1.0,), (1.0, -1.0), (1.0, -1.0, 1.0)])
def test_deviation_of_a_signed_mean_is_the_double_integral_of_the_correlation(rate, toggles):
    process = OneOverF(lowest=rate / (TURN * np.sqrt(10)), decades=1, per_decade=1)
    np.testing.assert_allclose(process.rates, [rate])
    lengths = [2e-5, 1e-5, 4e-5][: len(toggles)]
    found = deviation(process, [jnp.array([t]) for t in lengths], [jnp.array([s]) for s in toggles])
    ends = np.cumsum([0.0, *lengths])

    def integral(lag):
        """Of the sign at two times so far apart, over all times."""
        edges = np.unique([0.0, ends[-1] - lag, *ends, *(ends - lag)])
        edges = edges[(edges >= 0) & (edges <= ends[-1] - lag + 1e-18)]
        middles = (edges[1:] + edges[:-1]) / 2
        sign = np.array(toggles)
        places = [
            np.clip(np.searchsorted(ends, m, side="right") - 1, 0, len(sign) - 1) for m in (middles, middles + lag)
        ]
        return float(np.sum(sign[places[0]] * sign[places[1]] * np.diff(edges)))

    reach = min(ends[-1], 40 / rate)
    points = [p for p in {abs(a - b) for a in ends for b in ends} if 0 < p < reach]
    total, _ = quad(lambda lag: 2 * np.exp(-rate * lag) * integral(lag), 0, reach, points=points or None, limit=400)
    expected = np.sqrt(float(process.deviations[0]) ** 2 * total) / ends[-1]
    np.testing.assert_allclose(found, [expected], rtol=2e-6)


@pytest.mark.slow
def test_it_agrees_with_sample_paths_at_a_bias_and_under_a_pulse():
    twin = one_qubit(t1=30e-6, t_phi=40e-6)
    source = FluxNoise("q0", 4e-5, OneOverF(lowest=10.0))
    paths = replace(twin, noise=SlowNoise(Named({"pink": source}), trajectories=512))
    carrier = float(twin.chip.qubits["q0"].at_flux(jnp.asarray(0.08))[0])
    biased = experiments.echo_flux([0.2], np.linspace(0.2e-6, 3e-6, 4), drive_frequency=carrier)
    pulsed = experiments.cryoscope(np.array([20e-9, 60e-9]), flux_amplitude=0.4)
    for experiment in (biased, pulsed):
        found, sampled = (np.asarray(predict(t, experiment)) for t in (with_nodes(twin, source), paths))
        error = np.asarray(sampling_error(paths, experiment))
        assert np.all(np.abs(found - sampled) < 4 * error + 2e-3)
        assert np.max(np.abs(found - np.asarray(predict(twin, experiment)))) > 0.02
    assert np.all(sampling_error(with_nodes(twin, source), biased) == 0)


@pytest.mark.slow
def test_derivatives_in_the_noise_agree_with_differences():
    twin = with_nodes(one_qubit(flux_offset=0.1), FluxNoise("q0", 2e-5, OneOverF(lowest=3.0)))
    carrier = float(twin.chip.qubits["q0"].at_flux(jnp.zeros(()))[0])
    experiment = experiments.ramsey(np.array([0.0, 0.4e-6, 1.1e-6]), drive_frequency=carrier)
    value_of = {row.path: row.value for row in twin.parameters}
    for path, step in ((AMPLITUDE, 1e-8), (LOWEST, 1e-2), ("q0.frequency", 100.0)):

        def prediction(x, path=path):
            return predict(twin.replace({path: x}), experiment)

        slope = np.asarray(jax.jacfwd(prediction)(value_of[path]))
        ends = [np.asarray(prediction(value_of[path] + sign * step)) for sign in (1, -1)]
        expected = (ends[0] - ends[1]) / (2 * step)
        assert np.all(np.isfinite(slope))
        np.testing.assert_allclose(slope, expected, atol=1e-4 * np.max(np.abs(expected)))


def test_two_sources_take_a_node_for_each():
    sources = Named({"a": FluxNoise("q0", 3e-5, OneOverF()), "b": FrequencyNoise("q0", 3e4, OneOverF())})
    twin = replace(one_qubit(flux_offset=0.12), noise=SlowNoise(sources, form="nodes", nodes=11))
    slope = TURN * float(jax.grad(lambda f: twin.chip.qubits["q0"].at_flux(f)[0])(0.0))
    frequency = float(twin.chip.qubits["q0"].at_flux(jnp.zeros(()))[0])
    times = np.array([0.2e-6, 0.5e-6])
    found = contrast(twin, experiments.ramsey(times, drive_frequency=frequency))
    chi = noise.ramsey_exponent(times, 3e-5, slope, 1.0) + noise.ramsey_exponent(times, 3e4, TURN, 1.0)
    np.testing.assert_allclose(found, np.exp(-chi), atol=3e-3)


def test_forms_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match="`form` must be one of 'trajectories', 'nodes', got 'exact'"):
        SlowNoise(form="exact")
