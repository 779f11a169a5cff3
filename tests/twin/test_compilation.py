"""Moving a number compiles nothing anew."""

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.twin import library, predict, prediction


@pytest.fixture
def traces(monkeypatch):
    """Count how often the simulation is traced; each compilation traces it."""
    count, original = [], prediction.populations

    def counted(*arguments, **keywords):
        count.append(1)
        return original(*arguments, **keywords)

    prediction._compiled.cache_clear()
    monkeypatch.setattr(prediction, "populations", counted)
    yield count
    # what was compiled here holds the counter
    prediction._compiled.cache_clear()


@pytest.mark.parametrize(
    ("twin", "experiment"),
    [
        (library.transmon(), experiments.ramsey(np.linspace(1e-6, 5e-6, 3))),
        (library.two_transmons(dissipative=False), experiments.chevron(np.array([0.4, 0.5]), np.array([4e-9, 6e-9]))),
    ],
    ids=["ramsey", "chevron"],
)
def test_moving_any_parameter_traces_nothing_anew(traces, twin, experiment):
    first = predict(twin, experiment, substeps=8)
    assert len(traces) == 1
    moved = False
    for row in twin.parameters:
        low, high = row.bounds
        value = row.value + 1e-3 * (high - low) if row.value < (low + high) / 2 else row.value - 1e-3 * (high - low)
        changed = predict(twin.replace({row.path: value}), experiment, substeps=8)
        moved = moved or bool(np.any(changed != first))
    assert moved
    assert len(traces) == 1


def test_python_numbers_and_arrays_are_the_same_to_the_compiler(traces):
    twin, experiment = library.transmon(), experiments.t1(np.linspace(1e-6, 5e-6, 3))
    for value in (30e-6, np.float64(31e-6), np.asarray(32e-6), 1):
        predict(twin.replace({"q0.t1": value}), experiment)
    assert len(traces) == 1


def test_equal_experiments_share_what_was_compiled(traces):
    twin = library.transmon()
    for _ in range(2):
        predict(twin, experiments.t1(np.linspace(1e-6, 5e-6, 4)))
    assert len(traces) == 1
    predict(twin, experiments.t1(np.linspace(1e-6, 6e-6, 4)))
    assert len(traces) == 2
