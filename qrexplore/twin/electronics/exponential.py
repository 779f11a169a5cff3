"""Settling by an exponential, exact for a piecewise linear wave.

Step responses ``s(t)`` are for a unit step at t = 0; formulas and discrete forms follow Rol et al., Appl. Phys. Lett. 116,
054001 (2020).
"""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import Scalar, parameter
from qrexplore.twin.electronics.response import first_order, recursion
from qrexplore.twin.electronics.stage import AbstractStage, refuse
from qrexplore.twin.electronics.wave import Wave


class ExponentialResponse(AbstractStage):
    """Over- or undershoot ``s(t) = 1 + A exp(-t/tau)``: A < 0 rises late, A > 0 overshoots.

    Several of them in a row multiply their spectra; their amplitudes are not those of a sum of exponentials.
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    amplitude: Scalar = parameter(0.0, unit="1", bounds=(-0.6, 0.6), label="over- (+) or undershoot (-)")
    time_constant: Scalar = parameter(10e-9, unit="s", bounds=(0.1e-9, 100e-6), label="time constant of the settling")

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Add the decaying part of every past step."""
        return (1 + self.amplitude) * wave - self.amplitude * first_order(wave, self.time_constant, cell)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Undo the settling: an exponential of the other sign with the time constant ``(1 + A) tau``."""
        wave = refuse(
            wave,
            self.amplitude <= -1,
            "`amplitude` of an exponential response must be above -1 for an inverse, got -1 or less: it is not of minimum "
            "phase (a zero outside the unit circle), so what undoes it grows without limit. Use a smaller undershoot.",
        )
        rate = 1 / self.time_constant
        back = recursion(-rate[None, None], rate[None], -self.amplitude[None], 1 + self.amplitude, cell).inverse()
        wave = refuse(
            wave,
            ~(back.radius < 1),
            "the inverse of an exponential response must forget, but on cells of this length it grows: a zero of the "
            "response lies outside the unit circle. Use shorter cells (more `substeps`) or a smaller undershoot.",
        )
        return back.filtered(wave)

    def taps(self, period: float) -> tuple[Float[Array, " 2"], Float[Array, " 1"]]:
        """Give the filter ``y[n] = f0 x[n] + f1 x[n-1] + b0 y[n-1]`` of samples, read where each sample begins.

        Parameters
        ----------
        period
            Of the samples, s.

        Returns
        -------
        forward, backward
            ``[1 + A, -(a + A)]`` and ``[a]`` with ``a = exp(-period/tau)``.
        """
        kept = jnp.exp(-period / self.time_constant)
        return jnp.stack([1 + self.amplitude, -(kept + self.amplitude)]), kept[None]

    def correction_taps(self, period: float) -> tuple[Float[Array, " 2"], Float[Array, " 1"]]:
        """Give the filter of samples that undoes `taps`, as the real-time filters of instruments take it.

        Raises
        ------
        NotInvertibleError
            If it is not stable, that is for ``A <= -(1 + a)/2``.
        """
        (first, second), (kept,) = self.taps(period)
        pole = -second / first
        reason = (
            "`amplitude` of an exponential response must be above -(1 + exp(-period/tau))/2 for a correction by samples: "
            "the response is not of minimum phase (a zero outside the unit circle), so the correction grows without limit. "
            "Use a higher sample rate or a smaller undershoot."
        )
        pole = refuse(pole, ~(jnp.abs(pole) < 1), reason)
        return jnp.stack([1 / first, -kept / first]), pole[None]

    def correction_average(self, period: float) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Give the correction by a running average that real-time hardware takes: its weight and its share.

        The filter is ``u[n] = u[n-1] + weight (x[n] - u[n-1])``, ``y[n] = x[n] + share (u[n] - x[n])``. It undoes the settling
        up to the order of the weight; `correction_taps` undo it exactly. Hardware that computes ahead is unstable for weights
        above 0.03.

        Parameters
        ----------
        period
            Of the samples, s.

        Raises
        ------
        NotInvertibleError
            For ``A <= -1``.

        References
        ----------
        Rol et al., APL 116, 054001 (2020).
        """
        amplitude = refuse(
            self.amplitude,
            self.amplitude <= -1,
            "`amplitude` of an exponential response must be above -1 for a correction, got -1 or less: nothing of a step is "
            "left at its begin. Use a smaller undershoot.",
        )
        weight = -jnp.expm1(-period / (self.time_constant * (1 + amplitude)))
        over, under = amplitude / (1 + amplitude - weight), amplitude / ((1 + amplitude) * (1 - weight))
        return weight, jnp.where(amplitude >= 0, over, under)
