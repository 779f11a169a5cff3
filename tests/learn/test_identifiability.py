"""What the data can tell, on problems whose answer is known."""

import numpy as np
import pytest

from qrexplore.learn import identifiability


def test_widths_are_those_of_the_inverse_information():
    random = np.random.default_rng(0)
    jacobian, slopes, prior = random.normal(size=(40, 6)), random.uniform(0.1, 3, 6), random.uniform(0.01, 10, 6)
    jacobian[:, 5] *= 1e-3
    found = identifiability(jacobian, slopes, prior, list("abcdef"))
    scaled = jacobian / slopes
    posterior = np.sqrt(np.diag(np.linalg.inv(scaled.T @ scaled + np.diag(prior**-2))))
    assert found.ratios == pytest.approx(posterior / prior, rel=1e-9)
    assert found.participation.sum(axis=0) == pytest.approx(np.ones(6))
    assert found.participation.sum(axis=1) == pytest.approx(np.ones(6))
    assert np.all(np.diff(found.eigenvalues) <= 0)


def test_each_parameter_has_the_verdict_of_its_ratio():
    ratios = np.array([0.01, 0.29, 0.31, 0.70, 0.72, 1.0])
    jacobian = np.diag(np.sqrt(ratios**-2.0 - 1))
    found = identifiability(jacobian, np.ones(6), np.ones(6), list("abcdef"))
    assert list(found.verdicts.values()) == ["learned", "learned", "weak", "weak", "not learned", "not learned"]
    assert found.learned == ("a", "b")
    assert found.ratios == pytest.approx(ratios)


def test_a_product_is_told_but_its_factors_are_not():
    # gain times amplitude: the data see the sum of the logarithms alone
    jacobian = np.zeros((20, 3))
    jacobian[:, :2] = np.linspace(10, 50, 20)[:, None]
    jacobian[:, 2] = np.linspace(-30, 30, 20)
    found = identifiability(jacobian, np.ones(3), np.ones(3), ["gain", "a3", "g"])
    assert found.learned == ("g",)
    (direction,) = found.sloppy
    assert direction.ratio == pytest.approx(1.0)
    assert direction.participants == pytest.approx(2.0)
    assert {path for path, _ in direction.members} == {"gain", "a3"}
    assert direction.members[0][1] == pytest.approx(-direction.members[1][1])
    assert str(direction) in {
        "+0.71 gain −0.71 a3 (posterior/prior 1.00)",
        "+0.71 a3 −0.71 gain (posterior/prior 1.00)",
    }
    assert "1 of 3 parameters learned" in repr(found)
    assert "combinations (in prior widths) along which the data say little:" in repr(found)


def test_several_untold_combinations_are_shown_unmixed():
    # six differences and two parameters are not told; any rotation among them would be as true, and unreadable
    random = np.random.default_rng(0)
    jacobian = np.zeros((40, 14))
    for k in range(6):
        jacobian[:, [k, 11 - k]] = 100 * random.normal(size=(40, 1))
    found = identifiability(jacobian, np.ones(14), np.ones(14), list("abcdefghijklmn"))
    members = ["".join(sorted(path for path, _ in direction.members)) for direction in found.sloppy]
    assert sorted(members) == ["al", "bk", "cj", "di", "eh", "fg", "m", "n"]
    assert [round(direction.participants, 3) for direction in found.sloppy].count(2.0) == 6
    assert found.directions.T @ found.directions == pytest.approx(np.eye(14), abs=1e-10)


def test_fewer_points_than_parameters_leave_directions_open():
    found = identifiability(np.array([[5.0, 0.0, 0.0]]), np.ones(3), np.ones(3), list("abc"))
    assert found.ratios == pytest.approx([26**-0.5, 1.0, 1.0])
    assert len(found.sloppy) == 2


def test_a_parameter_on_its_bound_is_not_told():
    found = identifiability(np.diag([5.0, 0.0]), np.array([1.0, 0.0]), np.ones(2), ["a", "b"])
    assert found.verdicts["b"] == "not learned"


def test_what_has_no_prior_cannot_be_judged():
    with pytest.raises(
        ValueError, match=r"`prior` must hold standard deviations that are positive and finite, got inf"
    ):
        identifiability(np.eye(2), np.ones(2), np.array([1.0, np.inf]), ["a", "b"])
    with pytest.raises(ValueError, match=r"`paths` must name the 2 columns of `jacobian`, got 1\. Give one name each"):
        identifiability(np.eye(2), np.ones(2), np.ones(2), ["a"])
