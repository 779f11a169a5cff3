"""How a slow source goes in time: it stands still, it is 1/f, or it jumps.

All spectral densities are two-sided: ``S(omega)`` is the Fourier transform of the correlation, so a variance is its integral
over ``domega/(2 pi)`` from minus to plus infinity. A one-sided convention would halve every decay exponent.
"""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter


class AbstractProcess(eqx.Module):
    """A random process of unit amplitude."""


class QuasiStatic(AbstractProcess):
    """Gaussian, new for each repetition and constant during it; the amplitude of the source is its standard deviation."""


class OneOverF(AbstractProcess):
    """Gaussian with ``S(f) = A/|f|`` (two-sided, ``S(omega) = 2 pi A/|omega|``) above an infrared cutoff.

    The amplitude of the source is ``sqrt(A)``: the square root of the density at 1 Hz. In time the noise is a sum of
    Ornstein-Uhlenbeck processes whose rates are spread evenly in the logarithm, each with the variance ``2 A`` times the
    spacing of the logarithms.

    Attributes
    ----------
    lowest
        Infrared cutoff in Hz: one over the total time over which is averaged.
    decades
        How many decades above the cutoff are simulated. Static.
    per_decade
        Processes a decade. The spectrum ripples by 5 % with one and by 0.08 % with two. Static.

    Notes
    -----
    With rates from ``2 pi lowest`` up, the sum gives the decay of a Ramsey fringe with that infrared cutoff, the constants
    of Ithier et al. (PRB 72, 134519 (2005)) included.
    """

    lowest: Scalar = parameter(1.0, unit="Hz", bounds=(1e-6, 1e4), label="infrared cutoff of 1/f noise")
    decades: int = eqx.field(static=True, default=8)
    per_decade: int = eqx.field(static=True, default=2)

    def __check_init__(self) -> None:
        """Refuse a sum of no processes."""
        for name in ("decades", "per_decade"):
            if getattr(self, name) < 1:
                msg = f"`{name}` of 1/f noise must be at least 1, got {getattr(self, name)!r}. Leave it out for the default."
                raise ValueError(msg)

    @property
    def rates(self) -> Float[Array, " processes"]:
        """Rates (1/s) of the Ornstein-Uhlenbeck processes, rising."""
        places = (np.arange(self.decades * self.per_decade) + 0.5) / self.per_decade
        return 2 * jnp.pi * self.lowest * 10.0**places

    @property
    def deviations(self) -> Float[np.ndarray, " processes"]:
        """Standard deviation of each of them, for an amplitude of 1."""
        count = self.decades * self.per_decade
        return np.full(count, math.sqrt(2 * math.log(10) / self.per_decade))


class Telegraph(AbstractProcess):
    """Jumps between plus and minus the amplitude of the source, with the same rate both ways.

    Attributes
    ----------
    rate
        Jumps per s out of each of the two states.
    """

    rate: Scalar = parameter(1e4, unit="Hz", bounds=(1e-3, 1e10), label="jumps per second")
