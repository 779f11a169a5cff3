"""Filters of limited bandwidth, and filters by taps."""

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.signal import fftconvolve
from jaxtyping import Array, Float
from scipy.stats import norm

from qrexplore.core import Named, Scalar, parameter, require_counts
from qrexplore.twin.electronics.response import Recursion, StepResponse, first_order, recursion
from qrexplore.twin.electronics.stage import AbstractStage, NotInvertibleError, refuse
from qrexplore.twin.electronics.wave import Wave

# what differs between the nodes of a cell may be enlarged this much, about that of a low-pass at a tenth of the cells' rate
LARGEST_AMPLIFICATION = 30.0
# a Gaussian that acts only on what came before has to lag: by so many standard deviations, where it is 3e-7
GAUSSIAN_LAG = 5.0
# of the normal distribution before that, and of its integral
_BEYOND = float(norm.cdf(-GAUSSIAN_LAG))
_AREA_BEYOND = float(norm.pdf(GAUSSIAN_LAG) - GAUSSIAN_LAG * _BEYOND)


def _undone(wave: Wave, low_pass: Recursion) -> Wave:
    back = low_pass.inverse()
    reason = (
        "a low-pass can be undone only up to its bandwidth, but the cells of this wave are much shorter: noise on them would "
        "be enlarged without limit. Use longer cells (fewer `substeps`), or find the input by regularized least squares."
    )
    sick = ~(jnp.linalg.norm(back.pass_on, 2) <= LARGEST_AMPLIFICATION) | ~(back.radius < 1)
    return back.filtered(refuse(wave, sick, reason))


class LowPass(AbstractStage):
    """First-order low-pass, ``s(t) = 1 - exp(-2 pi cutoff t)``."""

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    cutoff: Scalar = parameter(400e6, unit="Hz", bounds=(10e6, 20e9), label="3 dB bandwidth")

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Filter the wave."""
        return first_order(wave, 1 / (2 * jnp.pi * self.cutoff), cell)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Undo the filter on cells that are not much shorter than its response."""
        rate = 2 * jnp.pi * self.cutoff
        return _undone(wave, recursion(-rate[None, None], rate[None], jnp.ones(1), 0.0, cell))


@lru_cache
def _butterworth(order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the analog filter of cutoff 1 rad/s as ``z' = a z + b x``, ``y = c z``."""
    from scipy import signal

    a, b, c, _ = signal.zpk2ss(*signal.buttap(order))
    return a, b[:, 0], c[0]


class Butterworth(AbstractStage):
    """Analog low-pass of maximally flat gain, ``|H(f)|^2 = 1/(1 + (f/cutoff)^(2 order))``.

    Attributes
    ----------
    order
        Number of poles, 1 to 8; static.

    Notes
    -----
    The differential equation is solved exactly for the piecewise linear wave. A bilinear transform would bend the frequency
    axis and answer a step differently on other cells.
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    cutoff: Scalar = parameter(400e6, unit="Hz", bounds=(10e6, 20e9), label="3 dB bandwidth")
    order: int = eqx.field(static=True, default=2)

    def __check_init__(self) -> None:
        """Refuse orders that no one builds."""
        if self.order not in range(1, 9):
            msg = f"`order` of a Butterworth filter must be a whole number from 1 to 8, got {self.order!r}. Choose 2."
            raise ValueError(msg)

    def _recursion(self, cell: float) -> Recursion:
        a, b, c = _butterworth(self.order)
        rate = 2 * jnp.pi * self.cutoff
        return recursion(rate * a, rate * b, jnp.asarray(c), 0.0, cell)

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Filter the wave."""
        return self._recursion(cell).filtered(wave)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Undo the filter on cells that are longer than its response."""
        return _undone(wave, self._recursion(cell))


class GaussianFilter(AbstractStage):
    """Low-pass that rings least, ``|H(f)| = exp(-(ln 2/2) (f/cutoff)^2)``: a step becomes an error function.

    Its rise from 10 to 90 % takes ``0.340/cutoff``. A filter knows nothing of the future, so the middle of the rise comes
    by `lag` after the step.
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    cutoff: Scalar = parameter(400e6, unit="Hz", bounds=(10e6, 20e9), label="3 dB bandwidth")

    @property
    def width(self) -> Float[Array, ""]:
        """Standard deviation of the answer to a short pulse, s."""
        return jnp.sqrt(np.log(2)) / (2 * jnp.pi * self.cutoff)

    @property
    def lag(self) -> Float[Array, ""]:
        """Time from a step to the middle of its rise, s."""
        return GAUSSIAN_LAG * self.width

    def _step(self, time: Float[Array, "*times"]) -> Float[Array, "*times"]:
        return (jax.scipy.special.ndtr(time / self.width - GAUSSIAN_LAG) - _BEYOND) / (1 - _BEYOND)

    def _ramp(self, time: Float[Array, "*times"]) -> Float[Array, "*times"]:
        z = time / self.width - GAUSSIAN_LAG
        area = z * jax.scipy.special.ndtr(z) + jnp.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        return (self.width * (area - _AREA_BEYOND) - _BEYOND * time) / (1 - _BEYOND)

    @property
    def response(self) -> StepResponse:
        """The answer to a step."""
        return StepResponse(self._step, self._ramp)

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Filter the wave."""
        return self.response.filtered(wave, cell)

    def inverse(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Refuse: what is above the bandwidth is gone."""
        msg = (
            "a Gaussian filter cannot be undone: above its bandwidth it passes less than any noise. "
            "Find the input by regularized least squares."
        )
        raise NotInvertibleError(msg)


def truncated(
    forward: Float[Array, " forward"], backward: Float[Array, " backward"], count: int
) -> Float[Array, " count"]:
    """Give the first taps of a filter with feedback, for hardware that takes plain taps only.

    Parameters
    ----------
    forward, backward
        Of ``y[n] = sum_k forward_k x[n-k] + sum_k backward_k y[n-1-k]``, as `ExponentialResponse.correction_taps` gives them.
    count
        How many taps; what is cut off is of the size of the last one, times the time it takes to decay.
    """
    require_counts(count, "count", smallest=1)
    entering = jnp.zeros(count).at[: len(forward)].set(forward[:count])

    def advance(earlier: Array, now: Array) -> tuple[Array, Array]:
        found = now + backward @ earlier
        return jnp.concatenate([found[None], earlier[:-1]]), found

    return jax.lax.scan(advance, jnp.zeros(len(backward)), entering)[1]


class Tap(eqx.Module):
    """One coefficient of a filter."""

    weight: Scalar = parameter(0.0, unit="1", bounds=(-2.0, 2.0), label="weight of the filter tap")


class FIR(AbstractStage):
    """Filter by taps, ``y(t) = sum_k c_k x(t - k spacing)``: what a generator corrects with, or a measured response.

    Attributes
    ----------
    spacing
        Time between taps in s, a whole number of cells; static.
    taps
        The coefficients by name (``tap_0`` is that without delay), each of them a parameter; make them by `of`.
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    spacing: float = eqx.field(static=True, default=1e-9)
    taps: Named[Tap] = eqx.field(default_factory=lambda: Named({"tap_0": Tap(1.0)}))

    @classmethod
    def of(cls, weights: Sequence[float], spacing: float) -> "FIR":
        """Give the filter with some coefficients, the first without delay, the next `spacing` (s) later."""
        return cls(spacing, Named({f"tap_{k}": Tap(weight) for k, weight in enumerate(weights)}))

    @property
    def weights(self) -> Float[Array, " taps"]:
        """The coefficients in order."""
        return jnp.stack([tap.weight for tap in self.taps.values()])

    def _cells(self, cell: float) -> int:
        """Give the number of cells between taps."""
        cells = round(self.spacing / cell)
        if cells < 1 or abs(cells * cell - self.spacing) > 1e-6 * cell:
            msg = (
                f"`spacing` of the taps must be a whole number of cells of {cell:.6g} s, got {self.spacing:.6g} s. "
                "Take the sample period of the line, or one of its fractions by `substeps`."
            )
            raise ValueError(msg)
        return cells

    def forward(self, wave: Wave, cell: float) -> Wave:
        """Add the earlier values, weighted."""
        cells, spaced = wave.shape[-2], self._cells(cell)
        weights = self.weights[: -(-cells // spaced)]
        spread = jnp.zeros(len(weights) * spaced).at[::spaced].set(weights)[:cells]
        convolved = jnp.vectorize(lambda row: fftconvolve(row, spread)[:cells], signature="(n)->(n)")
        return jnp.moveaxis(convolved(jnp.moveaxis(wave, -2, -1)), -1, -2)

    def inverse(self, wave: Wave, cell: float) -> Wave:
        """Undo the filter by feeding back what was found."""
        weights, spaced, cells = self.weights, self._cells(cell), wave.shape[-2]
        reason = (
            "the taps of a filter must have all zeros inside the unit circle for an inverse, but these are not of minimum "
            "phase: what undoes them grows without limit. Make the first tap the largest."
        )
        zeros = jnp.roots(jax.lax.stop_gradient(weights), strip_zeros=False)
        wave = refuse(wave, (weights[0] == 0) | jnp.any(~(jnp.abs(zeros) < 1)), reason)
        # cells at the same place between taps know only each other
        blocks = -(-cells // spaced)
        filled = jnp.concatenate(
            [wave, jnp.zeros_like(wave, shape=(*wave.shape[:-2], blocks * spaced - cells, 2))], axis=-2
        )
        filled = jnp.moveaxis(filled.reshape(*wave.shape[:-2], blocks, spaced, 2), -3, 0)

        def advance(earlier: Array, now: Array) -> tuple[Array, Array]:
            found = (now - jnp.tensordot(weights[1:], earlier, axes=1)) / weights[0]
            return jnp.concatenate([found[None], earlier])[: len(weights) - 1], found

        begin = jnp.zeros_like(filled, shape=(len(weights) - 1, *filled.shape[1:]))
        solved = jnp.moveaxis(jax.lax.scan(advance, begin, filled)[1], 0, -3)
        return solved.reshape(*wave.shape[:-2], blocks * spaced, 2)[..., :cells, :]
