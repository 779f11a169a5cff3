"""Exponentials of many small matrices, against SciPy and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm, expm_frechet

from qrexplore.quantum import matrix_exponentials

RNG = np.random.default_rng(3)


def batched(matrices):
    return jnp.moveaxis(jnp.asarray(matrices), 0, -1)


def links_of(matrices):
    return np.any(np.abs(np.asarray(matrices)) > 0, axis=0)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("size", [1, 3, 4, 6])
def test_a_batch_of_any_norms_agrees_with_scipy(kind, size):
    matrices = RNG.normal(size=(7, size, size))
    if kind == "complex":
        matrices = matrices + 1j * RNG.normal(size=matrices.shape)
    matrices *= np.array([0.0, 1e-9, 0.1, 0.5, 1.0, 4.0, 9.0])[:, None, None]
    found = np.moveaxis(np.asarray(matrix_exponentials(batched(matrices), np.ones((size, size), dtype=bool))), -1, 0)
    for one, matrix in zip(found, matrices, strict=True):
        np.testing.assert_allclose(one, expm(matrix), rtol=1e-10, atol=1e-10 * np.abs(expm(matrix)).max())


def test_blocks_are_found_whatever_the_order_of_their_coordinates():
    order = RNG.permutation(7)
    matrices = np.zeros((5, 7, 7))
    matrices[:, :3, :3], matrices[:, 3:5, 3:5] = RNG.normal(size=(5, 3, 3)), RNG.normal(size=(5, 2, 2))
    matrices = matrices[:, order][:, :, order]
    found = np.asarray(matrix_exponentials(batched(matrices), links_of(matrices)))
    np.testing.assert_allclose(np.moveaxis(found, -1, 0), [expm(matrix) for matrix in matrices], atol=1e-12)


@pytest.mark.parametrize("angle", [1e3, 1e5, -3e4])
def test_a_rotation_by_many_turns_keeps_its_phase(angle):
    exponent = jnp.array([[0.0, -angle], [angle, 0.0]])[:, :, None]
    found = np.asarray(matrix_exponentials(exponent, np.ones((2, 2), dtype=bool)))[:, :, 0]
    np.testing.assert_allclose(
        found, [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], atol=1e-15 * abs(angle)
    )


def test_derivatives_are_those_of_scipy_both_ways():
    matrix, along = 3 * RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))
    links = np.ones((3, 3), dtype=bool)

    def exponential(exponent):
        return matrix_exponentials(exponent[:, :, None], links)[:, :, 0]

    expected = expm_frechet(matrix, along, compute_expm=False)
    _, found = jax.jvp(exponential, (jnp.asarray(matrix),), (jnp.asarray(along),))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    weight = RNG.normal(size=(3, 3))
    slope = jax.grad(lambda m: jnp.sum(weight * exponential(m)))(jnp.asarray(matrix))
    assert float(jnp.sum(slope * along)) == pytest.approx(np.sum(weight * expected), rel=1e-10)


def test_a_nan_is_not_hidden():
    found = matrix_exponentials(jnp.full((2, 2, 1), jnp.nan), np.ones((2, 2), dtype=bool))
    assert np.all(np.isnan(found))
