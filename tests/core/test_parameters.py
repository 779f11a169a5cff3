"""Parameters of a tree: declared once, listed, selected, replaced."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jaxtyping import Array, Float

from qrexplore.core import Named, Normal, parameter, replace, table, transparent


class Part(eqx.Module):
    rate: Float[Array, ""] = parameter(2.0, unit="Hz", bounds=(0.0, 10.0), label="rate", prior=Normal(2.0, 0.5))
    time: Float[Array, ""] = parameter(1e-6, unit="s", bounds=(1e-9, 1e-3), label="time", scaled_by="rate")
    kind: str = eqx.field(static=True, default="plain")


class Whole(eqx.Module):
    parts: Named[Part] = transparent()
    single: Part


@pytest.fixture
def whole():
    return Whole(Named({"zeta": Part(), "alpha": Part(rate=3)}), Part(time=2e-6))


def test_table_lists_all_parameters_in_the_order_of_the_tree(whole):
    found = table(whole)
    assert found.paths == ("zeta.rate", "zeta.time", "alpha.rate", "alpha.time", "single.rate", "single.time")
    np.testing.assert_array_equal(found.values, [2.0, 1e-6, 3.0, 1e-6, 2.0, 2e-6])


def test_row_tells_unit_bounds_label_and_prior(whole):
    row = table(whole)["zeta.rate"]
    assert (row.unit, row.bounds, row.label, row.prior) == ("Hz", (0.0, 10.0), "rate", Normal(2.0, 0.5))
    assert table(whole)[1].path == "zeta.time"
    assert [row.path for row in table(whole)[2:4]] == ["alpha.rate", "alpha.time"]


def test_row_names_what_scales_it_by_its_path(whole):
    assert [row.scaled_by for row in table(whole)[2:]] == [None, "alpha.rate", None, "single.rate"]
    assert table(Part())[1].scaled_by == "rate"


def test_values_are_64_bit_scalars_that_are_traced(whole):
    assert whole.single.rate.dtype == np.float64
    slope = jax.grad(lambda x: replace(whole, {"alpha.rate": x}).parts["alpha"].rate ** 2)(3.0)
    assert float(slope) == 6.0


def test_membership_is_by_path_or_by_row(whole):
    rows = table(whole)
    assert "zeta.rate" in rows
    assert "zeta.speed" not in rows
    assert rows[0] in rows


def test_selection_by_patterns_keeps_the_order_of_the_table(whole):
    chosen = table(whole).select(["single.*", "*.rate"])
    assert chosen.paths == ("zeta.rate", "alpha.rate", "single.rate", "single.time")
    assert table(whole).select("zeta.rate").paths == ("zeta.rate",)


def test_pattern_that_matches_nothing_names_near_paths(whole):
    with pytest.raises(ValueError, match=r"no parameter matches 'zeta.rat'. Did you mean 'zeta.rate'"):
        table(whole).select(["zeta.rat"])
    with pytest.raises(KeyError, match=r"Did you mean 'alpha\.rate'"):
        table(whole)["alpha.rat"]


def test_path_like_no_other_gets_the_first_paths_of_the_model(whole):
    with pytest.raises(ValueError, match=r"The first paths of the model are: zeta\.rate, zeta\.time"):
        replace(whole, {"QQQQQQQ": 1.0})


def test_model_without_parameters_says_so():
    with pytest.raises(ValueError, match="The model has no parameter"):
        table(Named({})).select("a")


def test_replace_gives_a_new_model_and_leaves_the_old_one(whole):
    moved = replace(whole, {"alpha.time": 5e-6, "single.rate": 7})
    assert table(moved)["alpha.time"].value == 5e-6
    assert table(moved)["single.rate"].value == 7.0
    assert table(whole)["alpha.time"].value == 1e-6
    # nothing else moved
    np.testing.assert_array_equal(table(moved).values[:3], table(whole).values[:3])


def test_replaced_model_has_the_same_structure_so_that_nothing_compiles_anew(whole):
    moved = replace(whole, {"alpha.time": 5e-6})
    assert jax.tree.structure(moved) == jax.tree.structure(whole)
    assert [leaf.dtype for leaf in jax.tree.leaves(moved)] == [leaf.dtype for leaf in jax.tree.leaves(whole)]


def test_replace_of_an_unknown_path_names_near_ones(whole):
    with pytest.raises(ValueError, match=r"no parameter matches 'alpha.tim'. Did you mean 'alpha.time'"):
        replace(whole, {"alpha.tim": 1.0})


@pytest.mark.parametrize("bounds", [(1.0, 0.0), (0.0, float("inf")), (float("nan"), 1.0), (1.0, 1.0)])
def test_bounds_must_be_finite_and_rising(bounds):
    with pytest.raises(ValueError, match="`bounds` of a parameter must be two finite numbers in rising order"):
        parameter(0.0, unit="1", bounds=bounds, label="x")


def test_table_prints_units_people_read(whole):
    text = repr(table(whole))
    assert "zeta.time" in text
    assert "1 µs" in text
    assert "1 ns ... 1 ms" in text
    lines = text.splitlines()
    assert len(lines) == 7
    assert len({line.index("  ") >= 0 for line in lines}) == 1
