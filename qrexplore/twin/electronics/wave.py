"""Waves inside a signal chain: piecewise linear on fine cells, with jumps allowed between cells.

A wave holds its values at the two Gauss nodes of each cell, which is what the fourth-order propagator reads. A held AWG
sample is represented exactly, and a first-order filter of a piecewise linear wave has a closed form.
"""

import jax.numpy as jnp
from jaxtyping import Array, Inexact

from qrexplore.quantum import GAUSS_NODES

Wave = Inexact[Array, "*batch cells 2"]

_SPREAD = GAUSS_NODES[1] - GAUSS_NODES[0]


def line_of_cell(wave: Wave) -> tuple[Array, Array]:
    """Give each cell's value at its left edge and its rise over the cell."""
    rise = (wave[..., 1] - wave[..., 0]) / _SPREAD
    return wave[..., 0] - GAUSS_NODES[0] * rise, rise


def hold(samples: Inexact[Array, "*batch samples"], substeps: int) -> Wave:
    """Hold each sample for `substeps` cells: the staircase that a DAC puts out."""
    cells = jnp.repeat(samples, substeps, axis=-1)
    return jnp.stack([cells, cells], axis=-1)
