import jax
import numpy as np
import pytest

import qrexplore as qx
from qrexplore.twin.prediction import compiled
from qrexplore.ui.predictor import Predictor


@pytest.fixture
def coarse_pair():
    """A chevron for which a strongly pulsed twin needs finer steps than the default."""
    experiment = qx.experiments.chevron(np.linspace(0.4, 0.5, 2), np.linspace(0, 4e-9, 3))
    return experiment, qx.library.two_transmons(dissipative=False)


def test_compilations_are_seen_by_the_counter(compilations):
    jax.jit(lambda x: x + 3)(np.arange(17.0)).block_until_ready()
    assert compilations


def test_nothing_is_given_at_once_before_it_is_compiled(ramsey, twin):
    predictor = Predictor(ramsey)
    assert predictor.at_once(twin) is None
    expected = predictor.prediction(twin)
    assert np.array_equal(predictor.at_once(twin), expected)


def test_twenty_moves_of_each_parameter_compile_nothing(ramsey, twin, compilations):
    predictor = Predictor(ramsey)
    predictor.prediction(twin)
    predictor.prediction(twin.replace({"q0.frequency": 5.001e9}))
    compilations.clear()
    seen = set()
    for row in twin.parameters:
        low, high = row.bounds
        for number in np.linspace(max(low, 0.9 * row.value), min(high, 1.1 * row.value) or 0.1 * high, 20):
            found = predictor.at_once(twin.replace({row.path: float(number)}))
            assert found is not None, row.path
            seen.add(found.tobytes())
    assert len(seen) > 20
    assert compilations == []


@pytest.mark.slow
def test_a_twin_that_needs_finer_steps_is_left_to_a_worker(coarse_pair):
    experiment, twin = coarse_pair
    predictor = Predictor(experiment)
    predictor.prediction(twin)
    assert predictor.at_once(twin) is not None
    fast = twin.replace({"q0_q1.coupling": twin.parameters["q0_q1.coupling"].bounds[1], "flux_q1.transfer.gain": 0.9})
    if predictor.at_once(fast) is not None:
        fast = fast.replace({"q1.frequency": twin.parameters["q1.frequency"].bounds[1]})
    assert predictor.at_once(fast) is None
    expected = predictor.prediction(fast)
    assert np.array_equal(predictor.at_once(fast), expected)
    assert predictor.at_once(twin) is not None


@pytest.mark.slow
def test_a_step_that_is_too_coarse_is_not_tried_again_at_each_move(coarse_pair, monkeypatch):
    experiment, twin = coarse_pair
    fast = twin.replace({"q1.frequency": twin.parameters["q1.frequency"].bounds[1], "flux_q1.transfer.gain": 0.9})
    predictor = Predictor(experiment)
    for each in (twin, fast):
        predictor.prediction(each)
    tried = []
    monkeypatch.setattr("qrexplore.ui.predictor.compiled", lambda *key: tried.append(key[1]) or compiled(*key))
    moves = [fast, fast.replace({"flux_q1.transfer.gain": 0.89}), twin, twin]
    found = [predictor.at_once(each) for each in moves]
    assert len(tried) == len(moves)
    assert len(set(tried)) == 1
    np.testing.assert_array_equal(found[2], found[3])


def test_now_and_then_the_steps_are_looked_at_and_need_be_no_finer_than_they_must(coarse_pair, monkeypatch):
    experiment, twin = coarse_pair
    fast = twin.replace({"q1.frequency": twin.parameters["q1.frequency"].bounds[1], "flux_q1.transfer.gain": 0.9})
    predictor = Predictor(experiment)
    coarse = predictor.prediction(twin)
    predictor.prediction(fast)
    assert not np.array_equal(predictor.at_once(twin), coarse)
    monkeypatch.setattr("qrexplore.ui.predictor._LOOK", -1.0)
    assert np.array_equal(predictor.at_once(twin), coarse)
    # a sharper filter needs finer steps although no frequency is larger
    monkeypatch.setattr("qrexplore.ui.predictor.TOLERANCE", 1e-9)
    assert predictor.at_once(twin) is None
