"""The quantum part of the twin: transmons and their couplings, in Hz and Φ0."""

from qrexplore.twin.chip.chip import Chip
from qrexplore.twin.chip.coupling import ExchangeCoupling
from qrexplore.twin.chip.disturbance import Disturbance
from qrexplore.twin.chip.relaxation import UpperRelaxation
from qrexplore.twin.chip.series import energies, transition
from qrexplore.twin.chip.transmon import SPECTRA, Transmon

__all__ = [
    "SPECTRA",
    "Chip",
    "Disturbance",
    "ExchangeCoupling",
    "Transmon",
    "UpperRelaxation",
    "energies",
    "transition",
]
