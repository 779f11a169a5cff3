"""Filter functions: what stationary Gaussian noise of the frequency leaves of a coherence.

With the toggling function y(t) = +-1, which turns its sign at each half turn of the qubit, and the noise x(t) that moves its
angular frequency by D x,

    |W| = exp(-chi),   chi = 1/2 int domega/(2 pi) S(omega) D^2 |F(omega)|^2,   F(omega) = int y(t) exp(i omega t) dt,

the integral over all frequencies, S two-sided: ``<x(t) x(0)> = int domega/(2 pi) S(omega) exp(-i omega t)``. A one-sided
density would have to be halved first. Exact for Gaussian noise that is linear in the frequency.

The phase noise of an oscillator is frequency noise as well: in its frame the qubit is what turns.

References
----------
Cywiński, Lutchyn, Nave, Das Sarma, PRB 77, 174509 (2008), eqs. (14) to (17).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import require_axis

# in units of one over the length: frequencies from where the filter counts its zeros, and to where it is followed
_FAR_BELOW, _FAR_ABOVE = 1e-14, 200.0
_PANELS_BELOW, _NODES = 40, 8

Spectrum = Callable[[Float[Array, "*shape"]], Float[Array, "*shape"]]


def ramsey_switches() -> tuple[float, ...]:
    """Give the half turns of a Ramsey sequence, as shares of its length: none."""
    return ()


def cpmg_switches(pulses: int) -> tuple[float, ...]:
    """Give the half turns of a Carr-Purcell-Meiboom-Gill sequence as shares of its length; one pulse is the Hahn echo.

    Raises
    ------
    ValueError
        If there is no pulse.
    """
    if pulses < 1:
        msg = f"`pulses` must be at least 1, got {pulses!r}. Without a pulse it is `ramsey_switches()`."
        raise ValueError(msg)
    return tuple((k + 0.5) / pulses for k in range(pulses))


def filter_function(
    omega: Float[Array, "*shape"], duration: Float[Array, ""] | float, switches: tuple[float, ...] = ()
) -> Float[Array, "*shape"]:
    """Give ``|F(omega)|^2`` (s^2) of a sequence of half turns.

    Parameters
    ----------
    omega
        Angular frequency, rad/s.
    duration
        Length of the sequence, s.
    switches
        When the half turns act, as rising shares of the length between 0 and 1.

    Raises
    ------
    ValueError
        If the switches are not in order.
    """
    edges = np.array([0.0, *switches, 1.0])
    if np.any(np.diff(edges) < 0):
        msg = f"`switches` must rise from 0 to 1, got {tuple(switches)!r}. Give them as shares of the length."
        raise ValueError(msg)
    lengths, middles = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    signs = (-1.0) ** np.arange(len(lengths))
    # each interval about its own middle, so that no digits are lost at low frequency
    phase = jnp.asarray(omega * duration)[..., None]
    parts = signs * lengths * jnp.sinc(phase * lengths / (2 * np.pi))
    real, imaginary = jnp.sum(parts * jnp.cos(phase * middles), -1), jnp.sum(parts * jnp.sin(phase * middles), -1)
    return duration**2 * (real**2 + imaginary**2)


def decay_exponent(
    spectrum: Spectrum,
    duration: Float[Array, ""] | float,
    switches: tuple[float, ...] = (),
    *,
    sensitivity: Float[Array, ""] | float = 1.0,
    lowest: Float[Array, ""] | float = 0.0,
) -> Float[Array, ""]:
    """Give chi, minus the logarithm of the coherence, for any sequence of half turns and any spectrum.

    Parameters
    ----------
    spectrum
        Two-sided density ``S(omega)`` of the noise, in its unit squared times s, for positive omega (rad/s); it is taken to
        be even. It may hold traced numbers: the result is differentiable in them.
    duration
        Length of the sequence, s; above 0.
    switches
        See `filter_function`.
    sensitivity
        D: change of the angular frequency per unit of the noise, rad/s.
    lowest
        Infrared cutoff, Hz: frequencies below it are left out. Needed for 1/f noise without echo.

    Notes
    -----
    Gauss-Legendre panels, even in the logarithm up to ``1/duration`` and even in the frequency to 200 times the number of
    half turns above it; beyond, where the filter oscillates, its mean is taken over three further decades. Good to
    1e-5 for spectra that are smooth on the scale of an e-fold.
    """
    count = len(switches) + 1
    lower = jnp.log(jnp.maximum(2 * jnp.pi * jnp.asarray(lowest) * duration, _FAR_BELOW))
    x, w = np.polynomial.legendre.leggauss(_NODES)
    places = (np.arange(_PANELS_BELOW)[:, None] + (x + 1) / 2).reshape(-1) / _PANELS_BELOW
    widths = np.tile(w / 2, _PANELS_BELOW) / _PANELS_BELOW
    # the logarithmic part ends at 1, or begins and ends at the cutoff where that lies above
    span = jnp.maximum(-lower, 0.0)
    u = jnp.exp(lower + span * places)
    total = jnp.sum(widths * span * u * _density(spectrum, u, duration, switches))

    begin, end = jnp.exp(jnp.maximum(lower, 0.0)), _FAR_ABOVE * count
    panels = int(end / 2)
    places = (np.arange(panels)[:, None] + (x + 1) / 2).reshape(-1) / panels
    u = begin + (end - begin) * places
    total += jnp.sum(np.tile(w / 2, panels) / panels * (end - begin) * _density(spectrum, u, duration, switches))

    # |F|^2 on average: the squared jumps of the toggling function over omega^2
    steps = 1.0 + 4 * len(switches) + 1.0
    places = np.concatenate([(x + 1) / 2 + k for k in range(8)]) * np.log(1e3) / 8
    u = end * np.exp(places)
    weights = np.tile(w / 2, 8) * np.log(1e3) / 8
    total += jnp.sum(weights * u * spectrum(u / duration) * steps * duration / u**2)
    return jnp.asarray(sensitivity) ** 2 * total / (2 * jnp.pi)


def _density(spectrum: Spectrum, u: Array, duration: Array | float, switches: tuple[float, ...]) -> Array:
    omega = u / duration
    return spectrum(omega) * filter_function(omega, duration, switches) / duration


def coherence(
    spectrum: Spectrum,
    durations: Float[Array, " durations"],
    switches: tuple[float, ...] = (),
    *,
    sensitivity: Float[Array, ""] | float = 1.0,
    lowest: Float[Array, ""] | float = 0.0,
) -> Float[Array, " durations"]:
    """Give ``|W| = exp(-chi)`` of a sequence for several lengths (s, above 0); see `decay_exponent`."""

    def one(duration: Array) -> Array:
        return jnp.exp(-decay_exponent(spectrum, duration, switches, sensitivity=sensitivity, lowest=lowest))

    return jax.vmap(one)(jnp.asarray(durations))


def one_over_f(amplitude: Float[Array, ""] | float) -> Spectrum:
    """Give the two-sided spectrum ``2 pi A/|omega|`` (``A/|f|``) for ``sqrt(A)``, the amplitude at 1 Hz."""
    return lambda omega: 2 * jnp.pi * amplitude**2 / jnp.abs(omega)


def lorentzian(deviation: Float[Array, ""] | float, rate: Float[Array, ""] | float) -> Spectrum:
    """Give the two-sided spectrum ``2 sigma^2 g/(g^2 + omega^2)`` of noise whose correlation decays at rate g (1/s).

    Telegraph noise of amplitude v with r jumps a second each way has it with ``sigma = v`` and ``g = 2 r``.
    """
    return lambda omega: 2 * deviation**2 * rate / (rate**2 + omega**2)


def white_frequency(linewidth: Float[Array, ""] | float) -> Spectrum:
    """Give the two-sided spectrum ``2 pi linewidth`` of the angular frequency of an oscillator whose phase walks at random.

    A Lorentzian line of that full width (Hz); the variance of its phase grows by ``2 pi linewidth`` a second. Coherence then
    decays as ``exp(-pi linewidth t)`` whatever the half turns: a twin has it in the pure dephasing, ``1/T_phi`` larger by
    ``pi linewidth``.
    """
    return lambda omega: 2 * jnp.pi * linewidth * jnp.ones_like(omega)


def phase_noise(frequencies: Float[np.ndarray, " points"], levels: Float[Array, " points"]) -> Spectrum:
    """Give the two-sided spectrum of the angular frequency of an oscillator from its data sheet: ``omega^2 S_phase(omega)``.

    Parameters
    ----------
    frequencies
        Offsets from the carrier, Hz; above 0 and rising.
    levels
        Single-sideband phase noise there, dBc/Hz. Between the points it is a power law; outside there is nothing, so the
        table should begin where drift is calibrated away and end with the bandwidth of the pulses. What a floor at its end
        contributes is good to 5 %.

    Raises
    ------
    ValueError
        If there are fewer than two points, the frequencies do not rise from above 0, or shapes differ.

    References
    ----------
    IEEE Std 1139-2008: L(f) is half of the one-sided density of the phase, so it is the two-sided one.
    """
    offsets = require_axis(frequencies, "frequencies", "Hz")
    if len(offsets) < 2 or offsets[0] <= 0 or np.any(np.diff(offsets) <= 0):
        msg = f"`frequencies` must be two or more, above 0 and rising, got {offsets.tolist()}. Sort them; leave out 0."
        raise ValueError(msg)
    if jnp.shape(levels) != offsets.shape:
        msg = f"`levels` must have one number for each of {len(offsets)} frequencies, got shape {jnp.shape(levels)}."
        raise ValueError(msg + " Give them in dBc/Hz.")

    def spectrum(omega: Array) -> Array:
        offset = jnp.abs(omega) / (2 * jnp.pi)
        # far outside the table no logarithm may fail
        inside = (offset >= offsets[0]) & (offset <= offsets[-1])
        level = jnp.interp(jnp.log(jnp.where(inside, offset, offsets[0])), np.log(offsets), jnp.asarray(levels))
        return jnp.where(inside, omega**2 * 10 ** (level / 10), 0.0)

    return spectrum
