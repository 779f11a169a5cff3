"""The quantum part of the twin: transmons and their couplings, in Hz and Φ0."""

from qrexplore.twin.chip.chip import Chip
from qrexplore.twin.chip.coupling import ExchangeCoupling
from qrexplore.twin.chip.transmon import Transmon, energies, transition

__all__ = ["Chip", "ExchangeCoupling", "Transmon", "energies", "transition"]
