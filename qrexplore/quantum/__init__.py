"""Quantum mechanics without devices: operators, the master equation, dressed states, propagation.

Angular frequencies (rad/s) live here and only here; callers convert from Hz once. Amplitudes and density matrices go
through one propagation core, as vectors ``x`` with ``x' = G(t) x``.
"""

from qrexplore.quantum.clifford import CliffordGroup, Gate, one_qubit_cliffords, two_qubit_cliffords
from qrexplore.quantum.dressing import dressed_energies, dressed_states, label_overlaps
from qrexplore.quantum.exponential import Derivatives, norms_of_orders, taylor_order
from qrexplore.quantum.fidelity import (
    average_gate_fidelity,
    average_unitary_fidelity,
    controlled_z_fidelity,
    controlled_z_map_fidelity,
    leakage,
    process_fidelity,
)
from qrexplore.quantum.idling import idled
from qrexplore.quantum.liouvillian import (
    commutator,
    conjugation,
    coordinates,
    dissipator,
    hermitian_basis,
    mixed_dissipator,
)
from qrexplore.quantum.matrix_exponential import matrix_exponentials
from qrexplore.quantum.operators import Register
from qrexplore.quantum.propagation import GAUSS_NODES, ControlSystem, Propagator
from qrexplore.quantum.support import relevant_coordinates

__all__ = [
    "GAUSS_NODES",
    "CliffordGroup",
    "ControlSystem",
    "Derivatives",
    "Gate",
    "Propagator",
    "Register",
    "average_gate_fidelity",
    "average_unitary_fidelity",
    "commutator",
    "conjugation",
    "controlled_z_fidelity",
    "controlled_z_map_fidelity",
    "coordinates",
    "dissipator",
    "dressed_energies",
    "dressed_states",
    "hermitian_basis",
    "idled",
    "label_overlaps",
    "leakage",
    "matrix_exponentials",
    "mixed_dissipator",
    "norms_of_orders",
    "one_qubit_cliffords",
    "process_fidelity",
    "relevant_coordinates",
    "taylor_order",
    "two_qubit_cliffords",
]
