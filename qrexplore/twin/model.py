"""The twin: chip, one signal chain a line, readout, slow noise. Immutable; a change gives a new twin."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx

from qrexplore.core import Named, ParameterTable, replace, table, transparent
from qrexplore.twin.chip import Chip, Defect, ExchangeCoupling, Transmon
from qrexplore.twin.crosstalk import Crosstalk
from qrexplore.twin.electronics import FluxBias, SignalChain
from qrexplore.twin.noise import SlowNoise
from qrexplore.twin.readout import AbstractReadout


class Twin(eqx.Module):
    """A differentiable model of a device with its electronics.

    Attributes
    ----------
    chip
        Transmons and couplings.
    lines
        One signal chain a line, named ``drive_<qubit>`` and ``flux_<qubit>`` (or coupler).
    biases
        Static flux of tunable qubits and couplers, named ``bias_<qubit>``.
    readout
        One readout a qubit, named ``readout_<qubit>``.
    crosstalk
        What a line gives to others than its own qubit; nothing where left out.
    dissipative
        Whether relaxation and dephasing act; without them amplitudes are propagated, which is faster. Static.
    noise
        Slow noise, over which predictions are averaged; none by default.
    thermal_start
        Whether qubits begin in the mixture that their baths leave, in place of a pure level; see `qrexplore.twin.start`. Static.
    """

    chip: Chip = transparent()
    lines: Named[SignalChain] = transparent()
    readout: Named[AbstractReadout] = transparent()
    biases: Named[FluxBias] = transparent(default_factory=Named)
    crosstalk: Crosstalk = eqx.field(default_factory=Crosstalk)
    dissipative: bool = eqx.field(static=True, default=True)
    noise: SlowNoise = eqx.field(default_factory=SlowNoise)
    thermal_start: bool = eqx.field(static=True, default=False)

    def __check_init__(self) -> None:
        """Refuse noise on qubits that are not there."""
        for name, source in self.noise.sources.items():
            for qubit in (source.on, *source.also):
                there = (*self.chip.qubits, *self.chip.couplers)
                if qubit not in there:
                    msg = (
                        f"noise source `{name}` acts on the qubit {qubit!r}, but the chip has {', '.join(there)}. "
                        "Give the name of a qubit of the chip."
                    )
                    raise ValueError(msg)

    @property
    def parameters(self) -> ParameterTable:
        """All parameters with their values."""
        return table(self)

    def replace(self, values: Mapping[str, Any]) -> "Twin":
        """Give a twin with other numbers at some paths, for example ``{"q0.frequency": 5.01e9}``.

        Raises
        ------
        ValueError
            If a path is not in the twin.
        """
        return replace(self, values)

    def with_levels(self, levels: int) -> "Twin":
        """Give a twin whose transmons keep a number of levels at least."""

        def enlarged(parts: Named[Transmon]) -> Named[Transmon]:
            more = {name: dataclasses.replace(part, levels=max(levels, part.levels)) for name, part in parts.items()}
            return Named(more)

        chip = dataclasses.replace(self.chip, qubits=enlarged(self.chip.qubits), couplers=enlarged(self.chip.couplers))
        return dataclasses.replace(self, chip=chip)

    def with_defect(self, qubit: str, defect: Defect, coupling: float, *, name: str = "defect") -> "Twin":
        """Give a twin with a two-level defect beside a qubit.

        Parameters
        ----------
        qubit
            Qubit or coupler that it is coupled to.
        defect
            With its frequency and its losses.
        coupling
            Exchange with the qubit where both have the frequency of the defect, Hz: typically 0.05 to 20 MHz.
        name
            Of the defect; the coupling is named ``<qubit>_<name>``.

        Raises
        ------
        ValueError
            If the chip has no such qubit, or something else of that name.
        """
        if name in self.chip.modes:
            msg = f"`name` of a defect must be new, but the chip has a {name!r} already. Give it a name of its own."
            raise ValueError(msg)
        met = float(defect.frequency)
        tie = ExchangeCoupling(coupling=coupling, between=(qubit, name), reference=(met, met))
        chip = dataclasses.replace(
            self.chip,
            couplings=self.chip.couplings.replace({f"{qubit}_{name}": tie}),
            defects=self.chip.defects.replace({name: defect}),
        )
        return dataclasses.replace(self, chip=chip)
