"""A twin and an experiment in neutral names, so that what is compiled for one qubit serves all that are built alike.

Names shape what is compiled, and those of qubits stand in the names of their lines, readouts and parameters. Here the qubits of
an experiment are named by their order, those that are measured first, and flux lines that do not play are left out, since the
lines of two qubits seldom have the same stages. All that is predicted stays what it is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from qrexplore.core import Named
from qrexplore.experiments import Experiment, lines_of
from qrexplore.twin.chip import AbstractCoupling, Chip, ExchangeCoupling
from qrexplore.twin.crosstalk import Crosstalk, CrosstalkMatrix
from qrexplore.twin.ensemble import felt_sources
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import AbstractSource

Part = TypeVar("Part")


@dataclass(frozen=True, eq=False)
class Neutral:
    """An experiment in neutral names, and how twins come to them.

    Attributes
    ----------
    experiment
        What is done, shots left out: they shape no prediction.
    names
        The neutral name of each qubit of the chip.
    played, felt
        Flux lines that play, and sources of slow noise that count, by their names in the twin.
    """

    experiment: Experiment
    names: Mapping[str, str]
    played: frozenset[str]
    felt: frozenset[str]

    def twin(self, twin: Twin) -> Twin:
        """Give a twin in neutral names, without the flux lines that do not play.

        Parameters
        ----------
        twin
            Of the structure that this was made for.
        """
        chip, leaks = twin.chip, twin.crosstalk
        sources = [self._source(one) for name, one in twin.noise.sources.items() if name in self.felt]
        lines = {name: one for name, one in twin.lines.items() if name in self.played or not name.startswith("flux_")}
        return replace(
            twin,
            chip=Chip(
                qubits=self._sorted(chip.qubits),
                couplings=self._ties(chip.couplings),
                couplers=chip.couplers,
                resonators=self._sorted(chip.resonators),
                defects=chip.defects,
            ),
            lines=self._sorted(lines),
            readout=self._sorted(twin.readout),
            biases=self._sorted(twin.biases),
            crosstalk=Crosstalk(*map(self._matrix, (leaks.static_flux, leaks.fast_flux, leaks.microwave))),
            # in their order, which the random numbers of an ensemble go by
            noise=replace(twin.noise, sources=Named({f"source{k}": one for k, one in enumerate(sources)})),
        )

    def paths(self, twin: Twin) -> dict[str, str]:
        """Give the paths of the parameters of a twin that are kept, in the order of their neutral ones, with these."""
        there = twin.parameters.paths
        numbered = self.twin(twin.replace({path: float(place) for place, path in enumerate(there)}))
        return {there[int(row.value)]: row.path for row in numbered.parameters}

    def placed(self, twin: Twin, paths: Sequence[str], reached: Collection[str]) -> dict[str, int]:
        """Give those neutral paths in `reached` whose own ones are among `paths`, with their places there.

        They come in an order that goes by the neutral names alone, so that what is compiled for them is the same for qubits that
        are built alike.
        """
        names = self.paths(twin)
        found = {names[path]: place for place, path in enumerate(paths) if names.get(path) in reached}
        return {name: found[name] for name in sorted(found)}

    def _name(self, name: str) -> str:
        """Give the neutral name of a qubit, or of what is named after one, as ``drive_q0`` is; others keep theirs."""
        kind, bar, qubit = name.partition("_")
        return self.names.get(name) or (f"{kind}{bar}{self.names[qubit]}" if qubit in self.names else name)

    def _sorted(self, parts: Mapping[str, Part] | Named[Part]) -> Named[Part]:
        renamed = {self._name(name): part for name, part in parts.items()}
        return Named({name: renamed[name] for name in sorted(renamed)})

    def _ends(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._name(name) for name in names)

    def _ties(self, couplings: Named[AbstractCoupling]) -> Named[AbstractCoupling]:
        found = sorted((self._tie(one) for one in couplings.values()), key=lambda one: one.follows)
        return Named({f"coupling{k}": one for k, one in enumerate(found)})

    def _tie(self, coupling: AbstractCoupling) -> AbstractCoupling:
        ends = self._ends(coupling.between)
        if isinstance(coupling, ExchangeCoupling):
            # it is the same both ways, and knows its reference as a product
            return replace(coupling, between=tuple(sorted(ends)), reference=tuple(sorted(coupling.reference)))
        return replace(coupling, between=ends)

    def _matrix(self, matrix: CrosstalkMatrix) -> CrosstalkMatrix:
        leaks = [
            replace(one, target=self._name(one.target), source=self._name(one.source)) for one in matrix.leaks.values()
        ]
        found = {f"{one.target}_{one.source}": one for one in leaks}
        return CrosstalkMatrix(Named({name: found[name] for name in sorted(found)}))

    def _source(self, source: AbstractSource) -> AbstractSource:
        return replace(source, on=self._name(source.on), also=self._sorted(source.also))


def neutral(twin: Twin, experiment: Experiment) -> Neutral:
    """Give an experiment on a twin in neutral names.

    Parameters
    ----------
    twin
        Read for its structure only.
    experiment
        What is done. If it asks for qubits that are not there, all names are kept, and whoever predicts it says so.
    """
    beside = [name for kind in ("spectators", "resting") for name in experiment.settings.get(kind, ())]
    order = [
        name for name in dict.fromkeys((*experiment.qubits, *beside, *twin.chip.qubits)) if name in twin.chip.qubits
    ]
    names = dict(zip(order, sorted(order), strict=True))
    blocks = experiment.first_blocks()
    try:
        felt = felt_sources(twin, experiment, blocks)
    except ValueError:
        return Neutral(
            experiment, dict(zip(order, order, strict=True)), frozenset(twin.lines), frozenset(twin.noise.sources)
        )
    settings = {name: _renamed(value, names) for name, value in experiment.settings.items()}
    qubits = tuple(names.get(name, name) for name in experiment.qubits)
    shown = replace(experiment, qubits=qubits, settings=settings, shots=None)
    return Neutral(shown, names, frozenset(lines_of(blocks)), frozenset(felt))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Give a setting with the qubits in it renamed: it may be one, or a list of them."""
    if isinstance(value, str):
        return names.get(value, value)
    return [_renamed(one, names) for one in value] if isinstance(value, list | tuple) else value
