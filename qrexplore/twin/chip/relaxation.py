"""Relaxation of the upper levels, where it is not that of a harmonic oscillator."""

import equinox as eqx

from qrexplore.core import Scalar, parameter


class UpperRelaxation(eqx.Module):
    """Level 2 relaxes to level 1 at ``ratio * 2/T1``, in place of the ``2/T1`` of a harmonic oscillator.

    It is the matrix element between levels 1 and 2 of the one lowering operator that changes, by ``sqrt(ratio)``, so coherence
    between levels 1 and 2 still decays into coherence between 0 and 1.
    """

    ratio: Scalar = parameter(
        1.0, unit="1", bounds=(0.05, 4.0), label="relaxation of level 2 over that of an oscillator"
    )
