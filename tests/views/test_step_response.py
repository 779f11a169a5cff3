from types import SimpleNamespace

import numpy as np
import pytest

import qrexplore as qx
from qrexplore.views import learned_step_response

AMPLITUDE = "flux_q0.distortion.amplitude"
SHORT = {"span": 20e-9, "substeps": 2}


def learned(values, errors, *, free=None):
    """Give what a run leaves of itself that a step response is made of."""
    twin = qx.library.transmon().replace(values)
    table = twin.parameters.select(list(errors) if free is None else free)
    variances = [errors.get(path, 0.0) ** 2 for path in table.paths]
    return SimpleNamespace(twin=twin, parameters=table, covariance=np.diag(variances))


@pytest.fixture(scope="module")
def tau():
    stage = [path for path in qx.library.transmon().parameters.paths if path.startswith("flux_q0.distortion.")]
    (found,) = set(stage) - {AMPLITUDE}
    return found


@pytest.mark.parametrize("gain", [0.2, 0.4])
def test_a_step_response_tends_to_one_whatever_the_gain(tau, gain):
    values = {AMPLITUDE: -0.1, tau: 8e-9, "flux_q0.transfer.gain": gain}
    problem = learned(values, {AMPLITUDE: 0.01, tau: 1e-9})
    found = learned_step_response(problem, "flux_q0", span=150e-9, substeps=2)
    assert found.response[-1] == pytest.approx(1, abs=1e-4)
    assert abs(found.response[20] - 1) > 1e-3


def test_the_times_are_the_middles_of_the_points_and_cover_the_span():
    found = learned_step_response(learned({}, {AMPLITUDE: 0.01}), "flux_q0", span=20e-9, substeps=4)
    assert found.times.shape == found.response.shape == found.stderr.shape == (80,)
    assert found.times[[0, -1]] == pytest.approx([0.125e-9, 20e-9 - 0.125e-9])
    assert np.allclose(np.diff(found.times), 0.25e-9)


def test_the_standard_error_is_finite_and_that_of_moved_parameters_to_first_order(tau):
    values, errors = {AMPLITUDE: -0.1, tau: 8e-9}, {AMPLITUDE: 0.01, tau: 1e-9}
    found = learned_step_response(learned(values, errors), "flux_q0", **SHORT)
    assert np.all(np.isfinite(found.stderr))
    assert found.stderr.max() > 1e-3

    def moved(path, step):
        problem = learned({**values, path: values[path] + step * errors[path]}, {}, free=[path])
        return learned_step_response(problem, "flux_q0", **SHORT).response

    parts = [(moved(path, 1e-3) - moved(path, -1e-3)) / 2e-3 for path in errors]
    assert np.allclose(found.stderr, np.hypot(*parts), rtol=1e-3, atol=1e-9)


def test_an_exactly_known_line_has_no_error():
    found = learned_step_response(learned({AMPLITUDE: -0.1}, {AMPLITUDE: 0.0}), "flux_q0", **SHORT)
    assert not found.stderr.any()


def test_a_line_of_which_nothing_was_learned_still_has_a_response():
    found = learned_step_response(learned({}, {"q0.frequency": 1e3}), "flux_q0", **SHORT)
    assert found.response[-1] == pytest.approx(1, abs=1e-6)
    assert not found.stderr.any()


def test_the_error_of_the_gain_is_left_out_since_the_response_is_relative_to_it():
    both = learned({}, {AMPLITUDE: 0.01, "flux_q0.transfer.gain": 0.1})
    with_gain = learned_step_response(both, "flux_q0", **SHORT)
    without = learned_step_response(learned({}, {AMPLITUDE: 0.01}), "flux_q0", **SHORT)
    assert np.allclose(with_gain.stderr, without.stderr)
