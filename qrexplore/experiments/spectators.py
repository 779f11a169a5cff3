"""Spectators: transmons that an experiment neither prepares nor measures, but that are simulated with it."""

from dataclasses import replace

from qrexplore.experiments.experiment import Experiment


def with_spectators(experiment: Experiment, *names: str) -> Experiment:
    """Give an experiment whose simulation holds further qubits or couplers, in their dressed ground state at first.

    Parameters
    ----------
    experiment
        What is done.
    names
        Qubits or couplers of the twin. Couplers between the qubits of the experiment are simulated without being named.

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
    return replace(experiment, settings={**experiment.settings, "spectators": list(names)})
