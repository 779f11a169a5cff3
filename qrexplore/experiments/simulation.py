"""How an experiment is simulated: with which spectators, how many levels, and how slow noise is averaged.

Spectators are transmons that the experiment neither prepares nor measures, but that matter to those it does.
"""

from dataclasses import replace

from qrexplore.core import require_counts
from qrexplore.experiments.experiment import Experiment


def with_spectators(experiment: Experiment, *names: str, resting: bool = False) -> Experiment:
    """Give an experiment whose simulation knows further qubits or couplers, in their dressed ground state at first.

    Parameters
    ----------
    experiment
        What is done.
    names
        Qubits or couplers of the twin. Couplers between the qubits of the experiment are simulated without being named.
        One that rested before is simulated then, and the other way round.
    resting
        They are not simulated, but taken to stay in level 0 at their working point: only how they shift the levels of the
        measured qubits is kept, at every flux. That costs nothing; it fails where a pulse crosses the frequency of one.

    Raises
    ------
    ValueError
        If one is measured by the experiment, or named twice.
    """
    for position, name in enumerate(names):
        if name in experiment.qubits or name in names[:position]:
            msg = (
                f"`names` must be other qubits than the measured ones ({', '.join(experiment.qubits)}) and each once, "
                f"got {name!r}. Leave it out."
            )
            raise ValueError(msg)
    kind, other = ("resting", "spectators") if resting else ("spectators", "resting")
    settings = {**experiment.settings, kind: list(names)}
    # who is named anew is no longer what it was before
    kept = [name for name in settings.pop(other, []) if name not in names]
    return replace(experiment, settings=settings | ({other: kept} if kept else {}))


def with_noise_nodes(experiment: Experiment, nodes: int) -> Experiment:
    """Give an experiment in whose simulation slow noise has its own number of nodes for each source.

    Parameters
    ----------
    experiment
        What is done.
    nodes
        Gauss-Hermite nodes, in place of those of the twin: few are enough where noise turns phases by less than a radian; 0
        leaves slow noise out, where an experiment is too short to notice.

    Raises
    ------
    ValueError
        If `nodes` is not a whole number from 0.
    """
    require_counts(nodes, "nodes")
    return replace(experiment, settings={**experiment.settings, "noise_nodes": int(nodes)})


def with_levels(experiment: Experiment, levels: int) -> Experiment:
    """Give an experiment in whose simulation each transmon keeps a number of levels, even if the twin keeps fewer.

    Strong pulses, and heat in level 2, reach levels that most experiments do without.

    Parameters
    ----------
    experiment
        What is done.
    levels
        How many at least.

    Raises
    ------
    ValueError
        If `levels` is not a whole number from 3.
    """
    require_counts(levels, "levels", smallest=3)
    return replace(experiment, settings={**experiment.settings, "levels": int(levels)})
