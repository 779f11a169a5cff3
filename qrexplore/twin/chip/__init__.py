"""The quantum part of the twin: transmons, their couplings and readout resonators, in Hz and Φ0."""

from qrexplore.twin.chip.charge_basis import energies, transition
from qrexplore.twin.chip.chip import Chip
from qrexplore.twin.chip.coupling import AbstractCoupling, ExchangeCoupling, MediatedCoupling
from qrexplore.twin.chip.defect import Defect
from qrexplore.twin.chip.disturbance import Disturbance
from qrexplore.twin.chip.relaxation import UpperRelaxation
from qrexplore.twin.chip.resonator import AbstractResonator, CoupledResonator, Resonator
from qrexplore.twin.chip.transmon import Transmon

__all__ = [
    "AbstractCoupling",
    "AbstractResonator",
    "Chip",
    "CoupledResonator",
    "Defect",
    "Disturbance",
    "ExchangeCoupling",
    "MediatedCoupling",
    "Resonator",
    "Transmon",
    "UpperRelaxation",
    "energies",
    "transition",
]
