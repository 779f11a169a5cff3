"""Carriers: what the phases of pulses refer to while the simulation runs in a frame common to all qubits.

The axis of a pulse at phase p on a qubit of carrier f is, in a frame of frequency f0, at ``p - 2 pi (f - f0) t``, with t the
time since the experiment began; virtual z rotations before it are taken off, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from qrexplore.experiments import Experiment
from qrexplore.twin.disturb import calm
from qrexplore.twin.dynamics import TURN, Dynamics
from qrexplore.twin.model import Twin
from qrexplore.twin.telegraph import JointDynamics


@dataclass(frozen=True, eq=False)
class Clock:
    """Where an experiment stands: the time since it began (s) and the virtual z rotations so far (rad), by qubit.

    Numbers are those of every point of the sweep, or one for all.
    """

    elapsed: float | Float[Array, "*batch"] = 0.0
    turns: Mapping[str, float | Float[Array, "*batch"]] = field(default_factory=dict)

    def later(self, duration: float | Float[Array, "*batch"]) -> "Clock":
        """Give the clock after some time."""
        return replace(self, elapsed=self.elapsed + duration)

    def turned(self, qubit: str, angle: Float[Array, "*batch"]) -> "Clock":
        """Give the clock after a virtual z rotation."""
        return replace(self, turns={**self.turns, qubit: self.turns.get(qubit, 0.0) + angle})

    def at(self, points: Int[np.ndarray, " some"]) -> "Clock":
        """Give the clock at some points of the sweep."""
        return Clock(_at(self.elapsed, points), {name: _at(t, points) for name, t in self.turns.items()})


def _at(values: float | Array, points: Int[np.ndarray, " some"]) -> float | Array:
    return values if jnp.ndim(values) == 0 else jnp.asarray(values)[points]


def frame(twin: Twin, experiment: Experiment) -> Float[Array, " qubits"]:
    """Give the frequency (Hz) at which the frame of each qubit turns.

    It is the carrier where the experiment has one, so that phases refer to it, and the middle of the carriers where it sweeps
    them; else one frequency common to all qubits, in which an exchange of excitations stands still.
    """
    known = {**experiment.protocol.settings, **experiment.settings}
    if "drive_frequency" in known:
        return jnp.full(len(experiment.qubits), known["drive_frequency"])
    if "drive_frequency" in experiment.coordinates:
        swept = experiment.coordinates["drive_frequency"].values
        return jnp.full(len(experiment.qubits), (jnp.min(swept) + jnp.max(swept)) / 2)
    at_rest = calm(twin).chip.qubits
    idle = [at_rest[name].at_flux(jnp.zeros(()))[0] for name in experiment.qubits]
    return jnp.full(len(idle), jax.lax.stop_gradient(sum(idle) / len(idle)))


def carriers(
    twin: Twin, experiment: Experiment, dynamics: Dynamics | JointDynamics
) -> dict[str, Float[Array, ""]] | None:
    """Give the carrier (Hz) of each qubit, or None if all of them are the frame's.

    A ``drive_frequency`` among the settings or the swept ones is the carrier of all, ``drive_frequencies`` are those of each.
    Else they follow the qubits, as in a lab that has tuned its pulses: dressed frequencies while the other qubits are in
    level 0.
    """
    known = {**experiment.protocol.settings, **experiment.settings}
    if "drive_frequency" in known or "drive_frequency" in experiment.coordinates:
        return None
    modes = dynamics.network.modes
    found = dict(zip(modes, dynamics.dressed_frequencies(calm(twin)), strict=True))
    given = known.get("drive_frequencies")
    if given is not None:
        if len(given) != len(experiment.qubits):
            msg = (
                f"`drive_frequencies` of a {experiment.name} experiment must be one number in Hz for each of "
                f"{', '.join(experiment.qubits)}, got {len(given)}. Leave it out to follow the qubits."
            )
            raise ValueError(msg)
        found |= dict(zip(experiment.qubits, jnp.asarray(given, dtype=jnp.float64), strict=True))
    return found


def carrier_phase(
    owner: str,
    clock: Clock,
    carriers: Mapping[str, Float[Array, ""]] | None,
    reference: Float[Array, ""],
) -> float | Float[Array, "*batch"]:
    """Give by how much (rad) the axes of a qubit's pulses have turned in the frame of the simulation until now."""
    phase = -clock.turns[owner] if owner in clock.turns else 0.0
    if carriers is None:
        return phase
    return phase - TURN * (carriers[owner] - reference) * clock.elapsed
