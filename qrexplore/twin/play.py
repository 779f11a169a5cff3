"""Play an arbitrary schedule on a twin."""

from collections.abc import Callable
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.experiments import Block, Coordinate, Experiment, Play, Protocol
from qrexplore.pulses import Schedule
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.model import Twin
from qrexplore.twin.network import network
from qrexplore.twin.populations import populations
from qrexplore.twin.resolution import refined

# a carrier away from the common frame turns quickly; this many steps a nanosecond sample follow 1 GHz to 1e-6
_SUBSTEPS = 16


def play(
    twin: Twin, schedule: Schedule, *, qubits: tuple[str, ...] | None = None, preparation: int = 0
) -> Float[Array, "qubits levels"]:
    """Give the populations of the dressed levels of some qubits after a schedule.

    Parameters
    ----------
    twin
        Model of the device.
    schedule
        What plays. The carrier of each drive line is the idle frequency of its qubit.
    qubits
        Qubits that are simulated, with the couplers between them; all of the twin where left out.
    preparation
        Level in which each of them starts.

    Returns
    -------
    array
        Populations of levels 0, 1, ... of each qubit, before readout.

    Raises
    ------
    ValueError
        If the schedule plays on a line that the twin does not have or that belongs to none of the qubits.
    """
    names = tuple(twin.chip.qubits) if qubits is None else tuple(qubits)
    simulated = network(twin.chip, names)
    for line in schedule.lines:
        kind, _, source = line.partition("_")
        leaks = twin.crosstalk.fast_flux if kind == "flux" else twin.crosstalk.microwave
        if not any(leaks.reaches(name, {source}) for name in simulated.transmons):
            msg = (
                f"`schedule` plays on {line!r}, which is no line of the qubits {', '.join(names)}. "
                "Name that qubit in `qubits`, or leave the pulse out."
            )
            raise ValueError(msg)
    substeps = _SUBSTEPS
    while True:
        found, norm = _compiled(names, preparation, substeps)(twin, schedule)
        if not float(norm) > LARGEST_NORM:
            return found[..., 0]
        substeps = refined(substeps, float(norm) / LARGEST_NORM)


@lru_cache(maxsize=32)
def _compiled(
    names: tuple[str, ...], preparation: int, substeps: int
) -> Callable[[Twin, Schedule], tuple[Array, Array]]:
    """Give the compiled evolution; schedules of the same shape share it."""

    @jit
    def run(twin: Twin, schedule: Schedule) -> tuple[Array, Array]:
        def sequence(_: Experiment, __: object) -> tuple[Block, ...]:
            return (Play(schedule),)

        protocol = Protocol("play", ("repetition",), {}, preparation, sequence)
        single = Coordinate(("repetition",), np.zeros(1), "1", "repetition")
        experiment = Experiment(protocol, names, {"repetition": single})
        return populations(twin, experiment, {"repetition": jnp.zeros(1)}, substeps=substeps)

    return run
