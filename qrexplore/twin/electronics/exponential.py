"""Settling by exponentials, exact for a piecewise linear wave.

Step responses ``s(t)`` are for a unit step at t = 0; formulas and discrete forms follow Rol et al., Appl. Phys. Lett. 116,
054001 (2020). Exponentials in a row multiply their spectra, those of a sum add: the same shapes with other amplitudes, turned
into each other by partial fractions.
"""

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import Named, Scalar, parameter
from qrexplore.twin.electronics.response import first_order, recursion
from qrexplore.twin.electronics.stage import AbstractStage, NotInvertibleError, refuse
from qrexplore.twin.electronics.wave import Wave


class ExponentialResponse(AbstractStage):
    """Over- or undershoot ``s(t) = 1 + A exp(-t/tau)``: A < 0 rises late, A > 0 overshoots.

    Several of them in a row are not an `ExponentialSum` of their amplitudes; see there.
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    amplitude: Scalar = parameter(0.0, unit="1", bounds=(-0.6, 0.6), label="over- (+) or undershoot (-)")
    time_constant: Scalar = parameter(
        10e-9, unit="s", bounds=(0.1e-9, 100e-6), label="time constant of the settling", scaled_by="amplitude"
    )

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


class ExponentialTerm(eqx.Module):
    """One term of a sum of exponentials."""

    amplitude: Scalar = parameter(0.0, unit="1", bounds=(-0.6, 0.6), label="amplitude of a settling term")
    time_constant: Scalar = parameter(
        10e-9, unit="s", bounds=(0.1e-9, 100e-6), label="time constant of a settling term", scaled_by="amplitude"
    )


class ExponentialSum(AbstractStage):
    """Settling ``s(t) = 1 + sum_k A_k exp(-t/tau_k)``, the form in which cryoscopes are often fitted.

    Attributes
    ----------
    terms
        By name; make them by `of_terms` or `of`. A line holds either a sum or exponentials in a row, never both: the two are
        one shape, and a fit could not tell them apart.
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    terms: Named[ExponentialTerm] = eqx.field(default_factory=lambda: Named({"term_0": ExponentialTerm()}))

    @classmethod
    def of_terms(cls, terms: Sequence[tuple[float, float]]) -> "ExponentialSum":
        """Give the sum with some amplitudes (1) and time constants (s), one pair a term."""
        return cls(Named({f"term_{k}": ExponentialTerm(*term) for k, term in enumerate(terms)}))

    @classmethod
    def of(cls, row: Sequence[ExponentialResponse]) -> "ExponentialSum":
        """Give the sum that does what exponentials in a row do: the same time constants, amplitudes by partial fractions.

        ``A_k = B_k prod_(j != k) (r_j - (1 + B_j) r_k)/(r_j - r_k)`` with the rates ``r = 1/tau`` and amplitudes B of the row.

        Raises
        ------
        ValueError
            If two time constants are equal: then there is no such sum.
        """
        constants = np.array([float(stage.time_constant) for stage in row])
        if len(np.unique(constants)) < len(constants):
            msg = (
                f"`row` must have different time constants, got {constants.tolist()} s: equal ones make terms t exp(-t/tau). "
                "Move them apart a little."
            )
            raise ValueError(msg)
        amplitudes = jnp.stack([stage.amplitude for stage in row])
        rates = 1 / jnp.stack([stage.time_constant for stage in row])
        apart = rates[None, :] - rates[:, None] + jnp.eye(len(row))
        factors = jnp.where(jnp.eye(len(row), dtype=bool), 1.0, 1 - amplitudes * rates[:, None] / apart)
        found = amplitudes * jnp.prod(factors, axis=1)
        terms = [ExponentialTerm(a, stage.time_constant) for a, stage in zip(found, row, strict=True)]
        return cls(Named({f"term_{k}": term for k, term in enumerate(terms)}))

    @property
    def _numbers(self) -> tuple[Float[Array, " terms"], Float[Array, " terms"]]:
        """Give amplitudes (1) and rates (1/s)."""
        terms = self.terms.values()
        return jnp.stack([term.amplitude for term in terms]), 1 / jnp.stack([term.time_constant for term in terms])

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Add the decaying parts of every past step."""
        parts = [term.amplitude * (wave - first_order(wave, term.time_constant, cell)) for term in self.terms.values()]
        return sum(parts, start=wave)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Undo the settling as a whole."""
        amplitudes, rates = self._numbers
        whole = 1 + jnp.sum(amplitudes)
        wave = refuse(
            wave,
            whole <= 0,
            "the amplitudes of a sum of exponentials must add up to more than -1 for an inverse, got -1 or less: nothing of "
            "a step is left at its begin. Use smaller undershoots.",
        )
        back = recursion(-jnp.diag(rates), rates, -amplitudes, whole, cell).inverse()
        wave = refuse(
            wave,
            ~(back.radius < 1),
            "the inverse of a sum of exponentials must forget, but on cells of this length it grows: a zero of the response "
            "lies outside the unit circle. Use shorter cells (more `substeps`) or smaller undershoots.",
        )
        return back.filtered(wave)

    def row(self) -> tuple[ExponentialResponse, ...]:
        """Give exponentials in a row that do what this sum does, the fastest first; each can be undone by itself.

        Raises
        ------
        NotInvertibleError
            If there is no such row: zeros of the response that come in pairs (ringing) or grow.
        """
        amplitudes, rates = map(np.asarray, self._numbers)
        # the zeros of the response are the poles of what undoes it
        zeros = -np.linalg.eigvals(-np.diag(rates) + np.outer(rates, amplitudes) / (1 + amplitudes.sum()))
        if 1 + amplitudes.sum() <= 0 or np.any(np.abs(zeros.imag) > 1e-9 * np.abs(zeros)) or np.any(zeros.real <= 0):
            msg = (
                "a sum of exponentials must have real, decaying zeros to be exponentials in a row, but these ring or grow. "
                "Use smaller amplitudes, or undo the sum as a whole by `inverse`."
            )
            raise NotInvertibleError(msg)
        pairs = zip(np.sort(rates)[::-1], np.sort(zeros.real)[::-1], strict=True)
        return tuple(ExponentialResponse(rate / zero - 1, 1 / rate) for rate, zero in pairs)
