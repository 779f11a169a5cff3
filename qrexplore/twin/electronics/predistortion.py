"""Samples that make the wave at the chip what it should be, by least squares.

`SignalChain.inverse` undoes a line exactly, where each stage can be undone and the generator may put out anything. Here the
generator plays held samples within its range, and what a stage forgets is fitted as well as can be. `correction` is for a line
that only settles: the filter of its generator, which any pulse may go through.
"""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import lsq_linear
from scipy.signal import lfilter

from qrexplore.core import Named, jit, require_counts, require_finite, require_positive
from qrexplore.twin.electronics.chain import SignalChain
from qrexplore.twin.electronics.delay import Delay
from qrexplore.twin.electronics.filters import Butterworth, GaussianFilter, LowPass
from qrexplore.twin.electronics.gain import Gain

# what a correction leaves: that a wave comes late, edges as steep as the line lets them be, and the unit at the chip
_LEFT = (Delay, LowPass, Butterworth, GaussianFilter, Gain)
# cells a sample of the response that is undone
_CELLS = 4
# sum of the moduli of the taps, by which a pulse could grow
_LOUDEST = 100.0


def predistorted(
    chain: SignalChain,
    target: Float[np.ndarray, "cells 2"],
    *,
    substeps: int,
    limit: float = np.inf,
    weight: float = 0.0,
) -> Float[np.ndarray, " samples"]:
    """Give the samples whose wave at the chip is nearest to a target.

    They minimise ``mean (D x - target)^2 + weight mean (g x)^2`` with the response ``D`` of the chain to each sample and ``g``
    the largest entry of ``D``.

    Parameters
    ----------
    chain
        A linear line; converters without rounding.
    target
        Wave at the chip, on cells of which `substeps` make a sample.
    substeps
        Cells a sample.
    limit
        Largest voltage of a sample, V.
    weight
        How much large samples cost, 1; above 0 where the line forgets what the target holds, such as edges.

    Returns
    -------
    samples
        What the generator plays, V.

    Raises
    ------
    ValueError
        If the chain is not linear, the target is no real wave of whole samples, or a number is out of its range.

    References
    ----------
    Regularised least squares with bounds: Branch, Coleman and Li, SIAM J. Sci. Comput. 21, 1 (1999).
    """
    if not chain.linear:
        names = ", ".join(name for name, stage in chain.stages.items() if not stage.linear)
        msg = f"`chain` must be linear for least squares, but these stages are not: {names}. Leave them out or use `inverse`."
        raise ValueError(msg)
    require_counts(substeps, "substeps", smallest=1)
    require_finite(weight, "weight")
    if not np.isinf(limit):
        require_positive(limit, "limit", "V")
    if weight < 0:
        msg = f"`weight` must not be negative, got {weight}. Use 0 for none."
        raise ValueError(msg)
    wave = np.asarray(target)
    if np.iscomplexobj(wave) or wave.ndim != 2 or wave.shape[1] != 2 or len(wave) % substeps or not len(wave):
        msg = (
            f"`target` must be one real wave of shape (samples * {substeps}, 2), got {wave.dtype} of shape {wave.shape}. "
            "Give what `SignalChain.forward` of a line without distortion gives."
        )
        raise ValueError(msg)
    require_finite(wave, "target")

    count = len(wave) // substeps
    response = np.asarray(chain.forward(jnp.eye(count), substeps)).reshape(count, -1).T
    if np.iscomplexobj(response):
        msg = "`chain` gives a complex wave; predistort I and Q of a flux line or of the part before the mixer."
        raise ValueError(msg)
    cost = np.sqrt(weight * len(response) / count) * np.max(np.abs(response)) * np.eye(count)
    rows, aims = np.vstack([response, cost]), np.concatenate([wave.ravel(), np.zeros(count)])
    return lsq_linear(rows, aims, bounds=(-limit, limit)).x


def settling(chain: SignalChain) -> SignalChain:
    """Give what a line does besides being late, rounding edges and having a gain: the chain without these stages."""
    stages = {name: stage for name, stage in chain.stages.items() if not isinstance(stage, _LEFT)}
    return replace(chain, stages=Named(stages))


def unsettled(chain: SignalChain, times: Float[np.ndarray, " times"]) -> float:
    """Give the largest deviation of a line from what its step settles to, relative, at some times (s) after the step.

    That the line is late, rounds edges and has a gain does not count; times are taken to the nearest sample.
    """
    settled = settling(chain)
    places = np.round(np.asarray(times) * settled.sample_rate).astype(int)
    wave = np.asarray(_carried(settled, jnp.ones(int(places.max()) + 1))).mean(axis=-1)
    return float(np.max(np.abs(wave[places] - 1)))


@jit
def _carried(chain: SignalChain, samples: Array) -> Array:
    return chain.forward(samples, 1)


def correction(chain: SignalChain, count: int) -> Float[np.ndarray, " taps"]:
    """Give the taps of the filter that undoes how a line settles: samples that went through it arrive as they were meant.

    The mean of the response over each sample is undone exactly; latency, gain and the steepness of edges are left.

    Parameters
    ----------
    chain
        A linear line that does not mind the clock.
    count
        Number of taps, one a sample; what the line does later stays as it is.

    Returns
    -------
    taps
        For `scipy.signal.lfilter(taps, 1, samples)`, or for a stage `FIR` in front of the line.

    Raises
    ------
    ValueError
        If the chain is not linear or minds the clock, `count` is no whole number from 1, or the filter would grow without limit.
    """
    if not (chain.linear and chain.time_invariant):
        names = ", ".join(n for n, stage in chain.stages.items() if not (stage.linear and stage.time_invariant))
        msg = (
            f"`chain` must be linear and not mind the clock to be undone by taps, but these stages are or do: {names}."
        )
        raise ValueError(msg)
    require_counts(count, "count", smallest=1)
    pulse = jnp.zeros(count).at[0].set(1.0)
    wave = settling(chain).forward(pulse, _CELLS)
    taps = np.asarray(lfilter([1.0], np.asarray(wave).reshape(count, -1).mean(axis=1), np.asarray(pulse)))
    if not np.sum(np.abs(taps)) < _LOUDEST:
        msg = "`chain` cannot be undone: the taps of its correction grow without limit. Look for an echo as strong as the pulse."
        raise ValueError(msg)
    return taps
