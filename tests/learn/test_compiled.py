"""Columns of a Jacobian, a few at once: the same as all of them, whatever their number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.learn.compiled import _TOGETHER, _with_tangents


@pytest.mark.parametrize("count", [1, _TOGETHER, _TOGETHER + 1, 2 * _TOGETHER + 3])
def test_derivatives_along_any_number_of_directions_are_those_of_the_whole(count):
    generator = np.random.default_rng(count)
    mixing, values = jnp.asarray(generator.normal(size=(5, 20))), jnp.asarray(generator.normal(size=20))
    directions = np.eye(20)[generator.permutation(20)[:count]]

    def found(values):
        return jnp.sin(mixing @ values), jnp.max(jnp.abs(values))

    compiled = jax.jit(lambda values: _with_tangents(found, values, directions))
    (at, norm), tangents = compiled(values)
    np.testing.assert_allclose(at, found(values)[0], rtol=1e-14)
    assert float(norm) == float(jnp.max(jnp.abs(values)))
    whole = jax.jacfwd(lambda values: found(values)[0])(values)
    np.testing.assert_allclose(tangents, directions @ whole.T, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("count", [_TOGETHER + 1, 2 * _TOGETHER + 3])
def test_a_remainder_is_not_compiled_beside(count):
    traced = []

    def found(values):
        traced.append(values)
        return jnp.sin(values), jnp.max(values)

    jax.make_jaxpr(lambda values: _with_tangents(found, values, np.eye(20)[:count]))(jnp.ones(20))
    assert len(traced) == 1
