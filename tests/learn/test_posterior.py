"""The posterior between bounds, against distributions that are known."""

import numpy as np
import pytest
from scipy.stats import truncnorm

from qrexplore.core import LogNormal, Normal, Parameter, ParameterTable
from qrexplore.learn import posterior
from qrexplore.optimize import Coordinates

TABLE = ParameterTable([
    Parameter("a", 1.2, "1", (-10.0, 10.0), "a", Normal(1.0, 0.5)),
    Parameter("b", 3e-5, "s", (1e-6, 1e-2), "b", LogNormal(2e-5, 0.4)),
    Parameter("c", 0.3, "1", (0.0, 1.0), "c"),
    Parameter("d", 1e-4, "s", (1e-6, 1e-2), "d"),
])  # fmt: skip


def known(rows):
    """Give the posterior for rows of derivatives in prior widths, places and decades."""
    point = Coordinates(TABLE).free(TABLE.values)
    share = 1 / (1 + np.exp(-point))
    return posterior(TABLE, point, np.asarray(rows) * np.where([True, True, False, False], 1.0, share * (1 - share)))


def test_data_that_say_nothing_leave_the_priors_and_the_bounds():
    found = known(np.zeros((1, 4)))
    assert found.ratios == pytest.approx(np.ones(4))
    before = found.intervals(0.95, prior=True)
    assert before[0] == pytest.approx([1 - 1.96 * 0.5, 1 + 1.96 * 0.5], rel=1e-3)
    assert before[1] == pytest.approx([2e-5 * np.exp(-1.96 * 0.4), 2e-5 * np.exp(1.96 * 0.4)], rel=1e-3)
    assert before[2] == pytest.approx([0.025, 0.975])
    assert before[3] == pytest.approx(10 ** np.array([-6 + 0.1, -2 - 0.1]))


def test_a_prior_and_data_of_the_same_weight_are_averaged():
    found = known([[1.0, 0, 0, 0]])
    assert found.ratios[0] == pytest.approx(2**-0.5)
    # in its unit
    assert found.sigma[0] * found.slopes[0] == pytest.approx(0.5 * 2**-0.5)


def test_intervals_end_at_the_bounds_as_those_of_a_cut_off_gaussian():
    found = known([[0, 0, 4.0, 0]])
    sigma = 1 / np.sqrt(4.0**2 + 12)
    exact = truncnorm((0 - 0.3) / sigma, (1 - 0.3) / sigma, loc=0.3, scale=sigma)
    assert found.intervals(0.95)[2] == pytest.approx(exact.ppf([0.025, 0.975]))
    drawn = found.draws(4000, seed=1)[:, 2]
    assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx(exact.ppf([0.1, 0.5, 0.9]), abs=0.02)


def test_draws_are_within_bounds_and_positive_ones_are_spread_on_their_logarithm():
    found = known([[3.0, 0, 0, 0], [0, 5.0, 0, 0], [0, 0, 0, 20.0]])
    drawn = found.draws(4000, seed=2)
    for column, row in zip(drawn.T, TABLE, strict=True):
        assert row.bounds[0] <= column.min() <= column.max() <= row.bounds[1]
    assert np.std(np.log(drawn[:, 1])) == pytest.approx(0.4 / np.sqrt(26), rel=0.05)
    # of a place along 4 decades; not that of the number itself
    assert np.std(np.log10(drawn[:, 3])) == pytest.approx(4 / np.sqrt(412), rel=0.05)
    assert np.array_equal(drawn, found.draws(4000, seed=2))


def test_draws_keep_a_combination_that_is_known_where_its_parts_are_not():
    found = known([[0, 0, 1e4, 1e4]])
    drawn = found.draws(2000, seed=3)
    places = np.log10(drawn[:, 3] / 1e-6) / 4
    assert np.std(drawn[:, 2]) > 0.1
    assert np.std(drawn[:, 2] + places) == pytest.approx(1e-4, rel=0.1)


def test_draws_of_many_parameters_on_their_bounds_come_to_an_end():
    count = 40
    table = ParameterTable(Parameter(f"p{k}", 1e-3, "1", (0.0, 1.0), "p") for k in range(count))
    found = posterior(table, Coordinates(table).free(table.values), np.zeros((1, count)))
    drawn = found.draws(100, seed=4)
    assert drawn.shape == (100, count)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
