"""Distinct answers of a Ramsey experiment: a mirrored frequency, an alias, and what another delay would rule out."""

import numpy as np
import pytest

from qrexplore.learn import ambiguity

PATHS = ("q0.frequency", "q0.t2")
WIDTHS = np.array([0.01, 0.5])


def ends(points, times, truth=(0.3, 5.0), sigma=0.02):
    points = np.atleast_2d(points)

    def model(point):
        return np.exp(-times / point[1]) * np.cos(2 * np.pi * point[0] * times)

    data = model(truth) + sigma * np.random.default_rng(0).normal(size=len(times))
    residuals = np.array([(model(point) - data) / sigma for point in points])
    return points, np.sum(residuals**2, axis=1) / 2, residuals


WHOLE = np.arange(0.0, 8.0)
HALF = np.append(WHOLE, 0.5)


def test_starts_that_end_in_one_place_are_one_answer():
    found = ambiguity(*ends([[0.3, 5.0], [0.3001, 5.01], [0.2999, 4.99]], WHOLE), widths=WIDTHS, paths=PATHS)
    assert found.resolved
    assert len(found.optima) == 1
    assert sorted(found.optima[0].starts) == [0, 1, 2]
    assert repr(found).startswith("one answer: 1 optima from 3 starts, 0 starts failed")


def test_a_mirror_image_predicts_the_same_and_is_listed():
    # the sign of the detuning is invisible in one quadrature
    found = ambiguity(*ends([[0.3, 5.0], [-0.3, 5.0]], WHOLE), widths=WIDTHS, paths=PATHS)
    assert not found.resolved
    assert len(found.optima) == 1
    assert len(found.optima[0].twins) == 1
    assert found.unresolved == ()
    assert "the same predictions with q0.frequency" in repr(found)


def test_a_known_symmetry_is_no_ambiguity():
    found = ambiguity(
        *ends([[0.3, 5.0], [-0.3, 5.0]], WHOLE),
        widths=WIDTHS,
        paths=PATHS,
        canonical=lambda u: np.array([abs(u[0]), u[1]]),
    )
    assert found.resolved


def test_an_alias_is_not_told_until_a_delay_between_is_measured():
    alias = [[0.3, 5.0], [1.3, 5.0]]
    assert not ambiguity(*ends(alias, WHOLE), widths=WIDTHS, paths=PATHS).resolved
    found = ambiguity(*ends(alias, HALF), widths=WIDTHS, paths=PATHS)
    assert found.resolved
    assert found.optima[1].excess > 100
    assert "ruled out" in repr(found)


def test_optima_that_differ_by_little_likelihood_are_unresolved():
    points, losses, residuals = ends([[0.3, 5.0], [1.3, 5.0], [0.8, 2.0]], HALF, sigma=0.35)
    found = ambiguity(points, losses, residuals, widths=WIDTHS, paths=PATHS)
    order = np.argsort(losses)
    assert [one.starts[0] for one in found.optima] == list(order)
    assert [one.excess for one in found.optima] == pytest.approx(losses[order] - losses.min())
    assert len(found.unresolved) == np.sum(np.sort(losses)[1:] < losses.min() + 5) > 0
    assert found.optima[1].distance == pytest.approx(np.linalg.norm(residuals[order[1]] - residuals[order[0]]))
    assert repr(found).startswith("more than one answer")
    assert "not ruled out" in repr(found)


def test_starts_that_failed_are_counted():
    points, losses, residuals = ends([[0.3, 5.0], [0.3, 5.0], [0.3, 5.0]], WHOLE)
    losses[1] = np.nan
    found = ambiguity(points, losses, residuals, widths=WIDTHS, paths=PATHS)
    assert found.failed == (1,)
    assert sorted(found.optima[0].starts) == [0, 2]


def test_what_cannot_be_sorted_is_refused():
    points, losses, residuals = ends([[0.3, 5.0], [0.3, 5.0]], WHOLE)
    with pytest.raises(ValueError, match=r"all 2 starts failed: no loss is finite\. Begin nearer"):
        ambiguity(points, losses * np.nan, residuals, widths=WIDTHS, paths=PATHS)
    with pytest.raises(ValueError, match=r"`widths` must be positive, got 0\. Give standard errors"):
        ambiguity(points, losses, residuals, widths=np.zeros(2), paths=PATHS)
