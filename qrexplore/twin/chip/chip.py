"""The chip: transmons, what couples them, what they are read through, and what they were not meant to have."""

import equinox as eqx

from qrexplore.core import Named, transparent
from qrexplore.twin.chip.coupling import AbstractCoupling, ExchangeCoupling, MediatedCoupling
from qrexplore.twin.chip.defect import Defect
from qrexplore.twin.chip.resonator import AbstractResonator
from qrexplore.twin.chip.transmon import Transmon


class Chip(eqx.Module):
    """Transmons with their couplings and resonators.

    Attributes
    ----------
    qubits
        Transmons that are measured.
    couplings
        Between two of them, or one and a coupler.
    couplers
        Transmons that couple qubits and are not measured; each has a flux line ``flux_<coupler>`` if it is tuned.
    resonators
        Readout resonators, named ``resonator_<qubit>``.
    defects
        Two-level systems that qubits or couplers are coupled to; none by default.
    """

    qubits: Named[Transmon] = transparent()
    couplings: Named[AbstractCoupling] = transparent()
    couplers: Named[Transmon] = transparent(default_factory=Named)
    resonators: Named[AbstractResonator] = transparent(default_factory=Named)
    defects: Named[Defect] = transparent(default_factory=Named)

    def __check_init__(self) -> None:
        """Refuse couplings between qubits that are not there, resonators of none, and a name given twice."""
        for kind, parts, others in (
            ("coupler", self.couplers, self.qubits),
            ("defect", self.defects, (*self.qubits, *self.couplers)),
        ):
            twice = [name for name in parts if name in others]
            if twice:
                other = "qubit" if twice[0] in self.qubits else "coupler"
                msg = f"`{kind}s` holds {twice[0]!r}, which is a {other}, too. Give the {kind} a name of its own."
                raise ValueError(msg)
        for name, coupling in self.couplings.items():
            for end in coupling.follows:
                if end not in self.modes:
                    msg = (
                        f"coupling `{name}` names the qubit {end!r}, but the chip has {', '.join(self.modes)}. "
                        "Give the names of two qubits of the chip in `between`."
                    )
                    raise ValueError(msg)
        modes = {end for c in self.couplings.values() if isinstance(c, ExchangeCoupling) for end in c.between}
        for name, coupling in self.couplings.items():
            if isinstance(coupling, MediatedCoupling) and (
                coupling.through in modes or coupling.through in self.qubits
            ):
                msg = (
                    f"coupling `{name}` stands for the coupler {coupling.through!r}, which is a mode of the chip, too. "
                    "Leave out its exchange couplings, or this one."
                )
                raise ValueError(msg)
        for name in self.resonators:
            if name.removeprefix("resonator_") not in self.qubits or not name.startswith("resonator_"):
                wanted = ", ".join(f"resonator_{qubit}" for qubit in self.qubits)
                msg = f"`resonators` must be named after the qubits ({wanted}), got {name!r}. Rename it."
                raise ValueError(msg)

    @property
    def modes(self) -> dict[str, Transmon | Defect]:
        """All that quanta can be in, by name: qubits, couplers, defects."""
        return {name: part for parts in (self.qubits, self.couplers, self.defects) for name, part in parts.items()}

    def couplings_among(self, qubits: tuple[str, ...]) -> list[AbstractCoupling]:
        """Give the couplings both of whose ends are in `qubits`."""
        return [coupling for _, coupling in self.couplings.items() if set(coupling.between) <= set(qubits)]
