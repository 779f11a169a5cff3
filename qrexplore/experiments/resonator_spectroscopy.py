"""Resonator spectroscopy: a weak probe of the readout resonator is swept, for each level that the qubit is prepared in.

The modulus of what comes through is reported as the readout does: its offset where nothing comes through, offset and scale
where everything does. Sensitive to the frequency and linewidth of the resonator, and to its pull by the qubit.
"""

from typing import Any

from qrexplore.core import require_choice, require_counts
from qrexplore.experiments.blocks import Block, Probe
from qrexplore.experiments.experiment import Experiment, Point, Protocol, build

# a lossless resonator reflects everything, so the modulus in reflection tells nothing
PORTS = ("transmission", "notch")


def _sequence(experiment: Experiment, point: Point) -> tuple[Block, ...]:
    (qubit,) = experiment.qubits
    port = str(experiment.settings.get("port", "transmission"))
    return (Probe(qubit, point["probe_frequency"], point["prepared_level"], port),)


PROTOCOL = Protocol(
    name="resonator_spectroscopy",
    dims=("prepared_level", "probe_frequency"),
    coordinates={
        "prepared_level": ("1", "level in which the qubit is prepared"),
        "probe_frequency": ("Hz", "probe frequency"),
    },
    preparation=0,
    sequence=_sequence,
)


def resonator_spectroscopy(
    prepared_level: Any,
    probe_frequency: Any,
    *,
    qubit: str = "q0",
    port: str = "transmission",
    signal: bool = True,
    report: str | None = None,
    shots: int | None = None,
) -> Experiment:
    """Describe resonator spectroscopy.

    Parameters
    ----------
    prepared_level
        Levels of the qubit, such as 0 and 1; it is taken to stay there.
    probe_frequency
        Swept frequency of the probe, Hz. Usual: 201 over ten linewidths, 1000 shots each.
    qubit
        Whose resonator is probed.
    port
        ``transmission`` through the resonator, or ``notch`` beside a feed line.
    signal
        Report the readout signal in V; if not, a signal rescaled to run from 0 to 1.
    report
        ``transmission`` for the modulus of the answer itself, whatever the qubit's readout makes of single shots.
    shots
        Repetitions a point.

    Raises
    ------
    ValueError
        If a level is not a whole number from 0, or there is no such port.
    """
    require_counts(prepared_level, "prepared_level")
    require_choice(port, "port", PORTS)
    sweeps = {"prepared_level": prepared_level, "probe_frequency": probe_frequency}
    return build(PROTOCOL, qubit, sweeps, {"port": port}, signal=signal, report=report, shots=shots)
