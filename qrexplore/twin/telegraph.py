"""Telegraph noise without sampling: qubits and the state of each noise source are propagated together.

With the source at plus or minus its amplitude, the density matrices that belong to both states follow

    d rho_s/dt = L_s rho_s - rate rho_s + rate rho_(-s),

and the populations are those of ``rho_+ + rho_-``. This is exact at any rate and differentiable in rate and amplitude;
each source doubles the number of coordinates.

In spectroscopy, which lasts until the qubit is steady, the source is taken to stand still while that happens.

References
----------
Bergli, Galperin, Altshuler, New J. Phys. 11, 025002 (2009), section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qrexplore.quantum import ControlSystem, Propagator
from qrexplore.twin.disturb import disturbed
from qrexplore.twin.dynamics import LARGEST_NORM, Dynamics
from qrexplore.twin.electronics import Wave
from qrexplore.twin.ensemble import still_offsets
from qrexplore.twin.model import Twin
from qrexplore.twin.network import Network
from qrexplore.twin.noise import AbstractSource, Telegraph


def signs(sources: int) -> Float[np.ndarray, "states sources"]:
    """Give the joint states of some telegraph sources, one a row: +1 or -1 each."""
    return np.array(list(product((1.0, -1.0), repeat=sources)))


@dataclass(frozen=True, eq=False)
class JointDynamics:
    """The dynamics of an experiment together with telegraph sources; the states of the sources run slowest.

    Attributes
    ----------
    qubits_alone
        The dynamics without them.
    names
        Names of the sources in the noise of the twin.
    """

    qubits_alone: Dynamics
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse amplitudes: the mean over jumps is a mixture."""
        if not self.qubits_alone.dissipative:
            msg = (
                f"telegraph noise ({', '.join(self.names)}) needs density matrices, but `dissipative` of the twin is False. "
                "Set it to True, with long `t1` and `t_phi` if there shall be no other decay."
            )
            raise ValueError(msg)

    @property
    def qubits(self) -> tuple[str, ...]:
        """Qubits that are simulated."""
        return self.qubits_alone.qubits

    @property
    def turning(self) -> bool:
        """Jumps do not commute with pulses."""
        return False

    @property
    def network(self) -> Network:
        """All modes and their couplings."""
        return self.qubits_alone.network

    @cached_property
    def _states(self) -> Float[np.ndarray, "states sources"]:
        return signs(len(self.names))

    @cached_property
    def propagator(self) -> Propagator:
        """The matrices: those of the qubits for each state of the sources, then one for the jumps of each source."""
        alone = self.qubits_alone.propagator
        states, one = self._states, np.eye(alone.system.size)
        projectors = [np.diag(row) for row in np.eye(len(states))]
        drift = [np.kron(p, matrix) for p in projectors for matrix in alone.system.drift]
        for source in range(len(self.names)):
            others = np.delete(states, source, axis=1)
            jump = (others[:, None] == others[None, :]).all(axis=2) - 2 * np.eye(len(states))
            drift.append(np.kron(jump, one))
        moved, common = self._controls_of(alone.system)
        controls = [np.kron(p, matrix) for p in projectors for matrix in moved]
        controls += [np.kron(np.eye(len(states)), matrix) for matrix in common]
        return Propagator(ControlSystem(tuple(drift), tuple(controls)), LARGEST_NORM)

    def _controls_of(self, system: ControlSystem) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """Give the controls that the sources may change, and the ideal rotations."""
        rotations = 2 if self.qubits_alone.rotated else 0
        count = len(system.controls) - rotations
        return system.controls[:count], system.controls[count:]

    def _sources(self, twin: Twin) -> dict[str, AbstractSource]:
        return {name: twin.noise.sources[name] for name in self.names}

    def _in_each_state(self, twin: Twin) -> list[Twin]:
        sources = self._sources(twin)
        return [disturbed(twin, still_offsets(sources, jnp.asarray(row))) for row in self._states]

    def weights(
        self, twin: Twin, reference: Float[Array, " qubits"], flux: Mapping[str, Float[Array, ""]] | None = None
    ) -> Float[Array, " drift"]:
        """Give the constant coefficients, see `Dynamics.weights`."""
        rates = [
            source.process.rate for source in self._sources(twin).values() if isinstance(source.process, Telegraph)
        ]
        alone = [self.qubits_alone.weights(state, reference, flux) for state in self._in_each_state(twin)]
        return jnp.concatenate([*alone, jnp.stack(rates)])

    def controls(self, twin: Twin, waves: dict[str, Wave]) -> Float[Array, "*batch controls"]:
        """Give the time-dependent coefficients, see `Dynamics.controls`."""
        rotations = 2 if self.qubits_alone.rotated else 0
        sources, found = self._sources(twin), []
        for row, state in zip(self._states, self._in_each_state(twin), strict=True):
            relative = {f"{kind}_{name}": by for (kind, name), by in still_offsets(sources, jnp.asarray(row)).items()}
            scaled = {
                line: wave * (1 + relative[line]) if line.startswith("drive_") and line in relative else wave
                for line, wave in waves.items()
            }
            found.append(self.qubits_alone.controls(state, scaled))
        count = found[0].shape[-1] - rotations
        return jnp.concatenate([*[part[..., :count] for part in found], found[0][..., count:]], axis=-1)

    @property
    def turned(self) -> tuple[int, ...]:
        """Positions of the modes, of several, of which ideal rotations occur."""
        return self.qubits_alone.turned

    def dressed(self, twin: Twin) -> Float[Array, "dimension dimension"]:
        """Give the dressed states of the qubits, see `Dynamics.dressed`."""
        return self.qubits_alone.dressed(twin)

    def dressed_frequencies(self, twin: Twin) -> Float[Array, " modes"]:
        """Give the frequencies (Hz) of the qubits, see `Dynamics.dressed_frequencies`."""
        return self.qubits_alone.dressed_frequencies(twin)

    def turn(
        self,
        dressed: Float[Array, "n n"],
        state: Inexact[Array, "coordinates batch"],
        *,
        qubit: str,
        angle: Float[Array, " batch"],
        phase: Float[Array, " batch"],
    ) -> Inexact[Array, "coordinates batch"]:
        """Rotate one of several modes, whatever the state of the sources."""
        alone, each = self.qubits_alone, state.reshape(len(self._states), -1, state.shape[-1])
        turned = [alone.turn(dressed, part, qubit=qubit, angle=angle, phase=phase) for part in each]
        return jnp.concatenate(turned)

    def spread(self, state: Inexact[Array, "kept batch"]) -> Inexact[Array, "coordinates batch"]:
        """Give a state of the qubits with each source in both of its states alike."""
        states = len(self._states)
        return jnp.tile(state, (states, 1)) / states

    def joint(
        self, dressed: Float[Array, "n n"], state: Inexact[Array, "coordinates batch"]
    ) -> Float[Array, "dimension batch"]:
        """Give the populations of the dressed product states, whatever the state of the sources."""
        each = state.reshape(len(self._states), -1, state.shape[-1])
        return self.qubits_alone.joint(dressed, jnp.sum(each, axis=0))
