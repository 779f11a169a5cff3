"""An experiment as a pytree: what shapes a computation is static, and numbers that do not are leaves."""

import jax
import numpy as np
import pytest

from qrexplore import experiments as lab
from qrexplore import library
from qrexplore.twin import prediction
from qrexplore.twin.prediction import predict

DELAYS = np.linspace(0, 2e-6, 11)


def ramsey(frequency, detuning=1e6):
    return lab.ramsey(DELAYS, drive_frequency=frequency, artificial_detuning=detuning)


def arc(centers):
    return lab.flux_arc([0.1, 0.2], np.asarray(centers)[:, None] + np.linspace(-10e6, 10e6, 5), drive_amplitude=0.01)


PAIRS = {
    "a setting": (ramsey(5.0e9), ramsey(5.0004e9, 0.3e6)),
    "a swept voltage": (
        lab.rabi(np.linspace(0, 0.1, 7), pulse_duration=20e-9), lab.rabi(np.linspace(0, 0.2, 7), pulse_duration=20e-9)
    ),
    "a grid of carriers": (arc([4.9e9, 4.8e9]), arc([4.85e9, 4.7e9])),
    "the height of a step": tuple(
        lab.flux_step(
            [1e-6, 2e-6], 4.9e9 + np.linspace(-5e6, 5e6, 5), flux_amplitude=volts, drive_amplitude=0.05, pulse_duration=100e-9
        )
        for volts in (0.1, 0.13)
    ),
    "a cryoscope": tuple(
        lab.cryoscope_amplitudes([0.1, volts], np.arange(1, 20, 6) * 1e-9, drive_frequency=5.01e9) for volts in (0.2, 0.25)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_other_numbers_compile_nothing_anew_and_give_what_they_would_alone(name, monkeypatch):
    first, second = PAIRS[name]
    assert first != second
    assert first.outline == second.outline
    twin, traced, whole = library.transmon(), [], prediction.populations
    monkeypatch.setattr(prediction, "populations", lambda *a, **k: traced.append(1) or whole(*a, **k))
    prediction._compiled.cache_clear()
    before, after = (np.asarray(predict(twin, one, substeps=4)) for one in (first, second))
    assert traced == [1]
    assert np.max(np.abs(before - after)) > 1e-6
    prediction._compiled.cache_clear()
    np.testing.assert_allclose(np.asarray(predict(twin, second, substeps=4)), after, atol=1e-12)


@pytest.mark.parametrize(
    "other", [lab.ramsey(DELAYS * 2, drive_frequency=5e9), lab.ramsey(DELAYS[:5], drive_frequency=5e9)]
)
def test_durations_shape_what_is_computed(other):
    assert other.outline != ramsey(5e9).outline


@pytest.mark.parametrize("name", PAIRS)
def test_leaves_put_back_give_the_experiment(name):
    experiment = PAIRS[name][1]
    leaves, structure = jax.tree.flatten(experiment)
    again = jax.tree.unflatten(structure, leaves)
    assert structure == jax.tree.structure(PAIRS[name][0])
    for key, values in experiment.points().items():
        np.testing.assert_array_equal(again.points()[key], values)
    for key, value in experiment.settings.items():
        np.testing.assert_array_equal(again.setting(key), value)
