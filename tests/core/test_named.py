"""Named parts: a mapping whose order is physics."""

import jax
import jax.numpy as jnp
import pytest

from qrexplore.core import Named


@pytest.fixture
def parts():
    return Named({"zeta": jnp.array(1.0), "alpha": jnp.array(2.0), "mid": jnp.array(3.0)})


def test_order_of_insertion_survives_flattening_and_compilation(parts):
    leaves, structure = jax.tree.flatten(parts)
    assert [float(leaf) for leaf in leaves] == [1.0, 2.0, 3.0]
    assert tuple(jax.tree.unflatten(structure, leaves)) == ("zeta", "alpha", "mid")
    doubled = jax.jit(lambda named: jax.tree.map(lambda x: 2 * x, named))(parts)
    assert [(name, float(part)) for name, part in doubled.items()] == [("zeta", 2.0), ("alpha", 4.0), ("mid", 6.0)]


def test_it_reads_like_a_mapping(parts):
    assert float(parts["alpha"]) == 2.0
    assert "mid" in parts
    assert "none" not in parts
    assert list(parts) == ["zeta", "alpha", "mid"]
    assert len(parts) == 3


def test_unknown_name_is_told_with_the_known_ones(parts):
    with pytest.raises(KeyError, match="no part is named 'beta'; there are: zeta, alpha, mid"):
        parts["beta"]
    with pytest.raises(KeyError, match="there are: none"):
        Named()["beta"]


def test_replace_keeps_the_place_and_appends_new_parts(parts):
    changed = parts.replace({"alpha": jnp.array(5.0), "new": jnp.array(6.0)})
    assert list(changed) == ["zeta", "alpha", "mid", "new"]
    assert float(changed["alpha"]) == 5.0
    assert float(parts["alpha"]) == 2.0


@pytest.mark.parametrize("name", ["q 0", "0q", "q.0", ""])
def test_name_that_cannot_stand_in_a_path_is_refused(name):
    with pytest.raises(ValueError, match=r"`name` of a part must be letters.*Rename the part"):
        Named({name: jnp.array(1.0)})
