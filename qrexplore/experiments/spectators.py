"""Spectators: transmons that an experiment neither prepares nor measures, but that matter to those it does."""

from dataclasses import replace

from qrexplore.experiments.experiment import Experiment


def with_spectators(experiment: Experiment, *names: str, resting: bool = False) -> Experiment:
    """Give an experiment whose simulation knows further qubits or couplers, in their dressed ground state at first.

    Parameters
    ----------
    experiment
        What is done.
    names
        Qubits or couplers of the twin. Couplers between the qubits of the experiment are simulated without being named.
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
    kind = "resting" if resting else "spectators"
    return replace(experiment, settings={**experiment.settings, kind: list(names)})
