"""The chip: transmons and what couples them."""

import equinox as eqx

from qrexplore.core import Named, transparent
from qrexplore.twin.chip.coupling import ExchangeCoupling
from qrexplore.twin.chip.transmon import Transmon


class Chip(eqx.Module):
    """Transmons with their couplings."""

    qubits: Named[Transmon] = transparent()
    couplings: Named[ExchangeCoupling] = transparent()

    def __check_init__(self) -> None:
        """Refuse couplings between qubits that are not there."""
        for name, coupling in self.couplings.items():
            for qubit in coupling.between:
                if qubit not in self.qubits:
                    msg = (
                        f"coupling `{name}` names the qubit {qubit!r}, but the chip has {', '.join(self.qubits)}. "
                        "Give the names of two qubits of the chip in `between`."
                    )
                    raise ValueError(msg)

    def couplings_among(self, qubits: tuple[str, ...]) -> list[ExchangeCoupling]:
        """Give the couplings both of whose ends are in `qubits`."""
        return [coupling for _, coupling in self.couplings.items() if set(coupling.between) <= set(qubits)]
