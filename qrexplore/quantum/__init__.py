"""Quantum mechanics without devices: operators, the master equation, dressed states, propagation.

Angular frequencies (rad/s) live here and only here; callers convert from Hz once. Amplitudes and density matrices go
through one propagation core, as vectors ``x`` with ``x' = G(t) x``.
"""

from qrexplore.quantum.dressing import dressed_energies, dressed_states, label_overlaps
from qrexplore.quantum.exponential import Derivatives, norms_of_orders, taylor_order
from qrexplore.quantum.fidelity import average_gate_fidelity, average_unitary_fidelity, leakage, process_fidelity
from qrexplore.quantum.liouvillian import commutator, conjugation, coordinates, dissipator, hermitian_basis
from qrexplore.quantum.operators import Register
from qrexplore.quantum.propagation import GAUSS_NODES, ControlSystem, Propagator
from qrexplore.quantum.support import relevant_coordinates

__all__ = [
    "GAUSS_NODES",
    "ControlSystem",
    "Derivatives",
    "Propagator",
    "Register",
    "average_gate_fidelity",
    "average_unitary_fidelity",
    "commutator",
    "conjugation",
    "coordinates",
    "dissipator",
    "dressed_energies",
    "dressed_states",
    "hermitian_basis",
    "label_overlaps",
    "leakage",
    "norms_of_orders",
    "process_fidelity",
    "relevant_coordinates",
    "taylor_order",
]
