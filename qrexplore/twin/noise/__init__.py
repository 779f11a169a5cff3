"""Noise of the twin: so far white (Markovian) noise, as Lindblad rates."""

from qrexplore.twin.noise.markovian import dephasing_time, dissipators, jumps, rates

__all__ = ["dephasing_time", "dissipators", "jumps", "rates"]
