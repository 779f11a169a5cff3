"""The CZ gate of a device by a flux pulse: what it costs as it is, when it is calibrated anew, and when the line is undone.

|11> goes to |02> and back while the pulse holds it there. Virtual z rotations of both qubits are chosen for the best fidelity,
as a lab would. Errors are coherent ones, losses left out, where nothing else is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize
from scipy.signal import lfilter

from qrexplore.core import Named, require_positive
from qrexplore.quantum import controlled_z_fidelity, controlled_z_map_fidelity
from qrexplore.twin import Twin, flux_channel, flux_gate
from qrexplore.twin.electronics import FIR, correction

# before the pulse begins
_AHEAD = 2e-9
_EVALUATIONS = 150


@dataclass(frozen=True)
class CzPulse:
    """A pulse of flux for a CZ: a flat top between two edges.

    A sudden edge swaps a little of |01> with |10> although they are far from meeting; an edge of a few ns follows slowly enough.

    Attributes
    ----------
    amplitude, duration
        V at the generator, and s from the middle of one edge to the middle of the other.
    line, qubits
        Which line plays it, and the qubits that meet; the last one is pulsed.
    window
        Time that the gate takes with the edges of its pulse, s: trains have one pulse in each.
    rise
        Length of an edge, half a period of a cosine, s: a rectangle if zero.
    """

    amplitude: float
    duration: float
    line: str
    qubits: tuple[str, str]
    window: float = 80e-9
    rise: float = 0.0

    def samples(self, sample_rate: float, count: int = 1) -> Float[np.ndarray, " samples"]:
        """Give what a generator plays (V): some gates, one after the other."""
        times = np.arange(round(self.window * sample_rate) + 1) / sample_rate - _AHEAD
        # means over samples: differences of the integral, exact where an edge falls inside a sample
        area = _switched_on(times, self.rise) - _switched_on(times - self.duration, self.rise)
        return np.tile(self.amplitude * np.diff(area) * sample_rate, count)


def _switched_on(times: Float[np.ndarray, " times"], rise: float) -> Float[np.ndarray, " times"]:
    """Give the integral up to some times of what goes from 0 to 1 by half a period of a cosine, from time 0 on."""
    if rise == 0:
        return np.maximum(times, 0.0)
    inside = np.clip(times, 0.0, rise)
    return inside / 2 - rise / (2 * np.pi) * np.sin(np.pi * inside / rise) + np.maximum(times - rise, 0.0)


def cz_error(twin: Twin, pulse: CzPulse, *, taps: Float[np.ndarray, " taps"] | None = None, count: int = 1) -> float:
    """Give the coherent error of a CZ, ``1 - F`` with the average fidelity and the best virtual z rotations.

    Parameters
    ----------
    twin
        The device that it is played on.
    pulse
        What is played.
    taps
        Filter that the samples go through first, see `qrexplore.twin.electronics.correction`; none if left out.
    count
        Number of gates, one after the other: the error is that of the last one.
    """
    samples, begin = _played(twin, pulse, taps, count)
    unitary = flux_gate(twin, samples, qubits=pulse.qubits, begin=begin)
    return 1 - controlled_z_fidelity(np.asarray(unitary))[0]


def lossy_cz_error(twin: Twin, pulse: CzPulse, *, taps: Float[np.ndarray, " taps"] | None = None) -> float:
    """Give the error of a CZ with relaxation and dephasing; slow noise is left out.

    Parameters
    ----------
    twin, pulse, taps
        See `cz_error`.
    """
    samples, begin = _played(twin, pulse, taps, 1)
    images = flux_channel(twin, samples, qubits=pulse.qubits, begin=begin)
    return 1 - controlled_z_map_fidelity(np.asarray(images))[0]


def _played(
    twin: Twin, pulse: CzPulse, taps: Float[np.ndarray, " taps"] | None, count: int
) -> tuple[dict[str, Float[np.ndarray, " samples"]], int]:
    """Give what the generator plays for some gates, and the sample at which the last one begins."""
    samples = pulse.samples(twin.lines[pulse.line].sample_rate, count)
    begin = len(samples) - len(samples) // count
    if taps is not None:
        samples = np.asarray(lfilter(taps, 1.0, samples))
    return {pulse.line: samples}, begin


def calibrated_cz(
    twin: Twin,
    start: CzPulse,
    *,
    taps: Float[np.ndarray, " taps"] | None = None,
    spread: Sequence[float] = (0.02, 2e-9),
) -> CzPulse:
    """Give the pulse whose amplitude and duration make the least error on a twin.

    Parameters
    ----------
    twin
        The device.
    start
        Where the search begins.
    taps
        See `cz_error`.
    spread
        First steps: of the amplitude (relative) and of the duration (s).
    """
    require_positive(start.amplitude, "start.amplitude", "V")
    scales = np.array([start.amplitude * spread[0], spread[1]])
    origin = np.array([start.amplitude, start.duration])

    def cost(moved: np.ndarray) -> float:
        amplitude, duration = origin + scales * moved
        return float(np.log10(cz_error(twin, replace(start, amplitude=amplitude, duration=duration), taps=taps)))

    simplex = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    options = {"initial_simplex": simplex, "maxfev": _EVALUATIONS, "xatol": 1e-4, "fatol": 1e-4}
    found = minimize(cost, np.zeros(2), method="Nelder-Mead", options=options)
    amplitude, duration = (origin + scales * found.x).tolist()
    return replace(start, amplitude=amplitude, duration=duration)


def corrected(twin: Twin, line: str, taps: Float[np.ndarray, " taps"]) -> Twin:
    """Give a device whose generator sends what it plays on a line through a filter."""
    chain = twin.lines[line]
    stages = Named(
        {"correction": FIR.of(np.asarray(taps).tolist(), 1 / chain.sample_rate), **dict(chain.stages.items())}
    )
    return replace(twin, lines=Named({**dict(twin.lines.items()), line: replace(chain, stages=stages)}))


def corrections(learned: Twin, line: str, window: float) -> Float[np.ndarray, " taps"]:
    """Give the taps that undo a line as it was learned, for pulses and their traces within a window (s)."""
    chain = learned.lines[line]
    return correction(chain, round(np.ceil(window * chain.sample_rate)))
