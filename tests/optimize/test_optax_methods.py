"""Learning rates of running searches, against optax driven by hand."""

import numpy as np
import optax
import pytest

from qrexplore.optimize import LeastSquares, LevenbergMarquardt, Optax, optax_methods, with_rate
from qrexplore.optimize.optax_methods import OPTAX_METHODS

CENTER = np.array([0.4, -1.0, 2.0])
BOWL = LeastSquares(
    linearize=lambda x: (x - CENTER, np.eye(3)),
    gradient=lambda x: (float(np.sum((x - CENTER) ** 2)) / 2, x - CENTER),
    start=np.zeros(3),
)
BY_HAND = {
    "adam": optax.adam,
    "nadam": optax.nadam,
    "rmsprop": optax.rmsprop,
    "sgd": lambda rate: optax.sgd(rate, momentum=0.9),
}


@pytest.mark.parametrize("name", OPTAX_METHODS)
def test_path_is_that_of_optax(name):
    method, rule = Optax(name=name, learning_rate=0.03), BY_HAND[name](0.03)
    progress, point = method.init(BOWL), np.zeros(3)
    state = rule.init(point)
    for _ in range(10):
        progress = method.advance(BOWL, progress)
        update, state = rule.update(point - CENTER, state, point)
        point += np.asarray(update)
        np.testing.assert_allclose(progress.memory.point, point, rtol=1e-12)


def test_another_rate_in_mid_run_counts_from_the_next_step_and_compiles_nothing(monkeypatch):
    method = Optax(name="sgd", learning_rate=0.01)
    progress = method.advance(BOWL, method.init(BOWL))
    np.testing.assert_allclose(progress.coordinates, 0.01 * CENTER, rtol=1e-12)
    traced, rule = [], optax_methods._rule
    monkeypatch.setattr(optax_methods, "_rule", lambda *arguments: traced.append(1) or rule(*arguments))
    faster = method.advance(BOWL, with_rate(progress, 0.1))
    assert traced == []
    # momentum: 0.9 of the last gradient is remembered
    expected = 0.01 * CENTER + 0.1 * (0.9 * CENTER + 0.99 * CENTER)
    np.testing.assert_allclose(faster.coordinates, expected, rtol=1e-12)


def test_rate_of_a_method_without_one_is_refused():
    with pytest.raises(
        ValueError, match=r"`progress` must be of a method with a learning rate.*Use one of adam, nadam"
    ):
        with_rate(LevenbergMarquardt().init(BOWL), 0.1)


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf])
def test_rate_must_be_positive_and_finite(rate):
    with pytest.raises(ValueError, match=r"`rate` must be positive and finite, got .* Give for example 0.02"):
        with_rate(Optax().init(BOWL), rate)


def test_unknown_name_lists_those_that_there_are():
    with pytest.raises(ValueError, match=r"`name` must be one of 'adam', 'nadam', 'rmsprop', 'sgd', got 'adagrad'"):
        Optax(name="adagrad")
