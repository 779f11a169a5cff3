"""Quantities that people quote, from learned parameters: T2, fringe frequency, pi amplitude; errors by linear propagation."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from qrexplore.experiments import Experiment
from qrexplore.learn.fit import LearnResult
from qrexplore.learn.starts import pulse_area
from qrexplore.twin import DriveGain, Twin
from qrexplore.twin.noise import dephasing_time


@dataclass(frozen=True)
class Derived:
    """A quantity computed from parameters.

    Attributes
    ----------
    path
        Qubit and name, such as ``q0.t2_star``.
    value, stderr
        In `unit`; the error comes from the covariance of the free parameters to first order.
    unit
        SI unit.
    label
        Words for people.
    """

    path: str
    value: float
    stderr: float
    unit: str
    label: str


def derived(experiment: Experiment, result: LearnResult) -> tuple[Derived, ...]:
    """Give the quantities that an experiment is quoted for and that are not parameters themselves."""
    qubit = experiment.qubits[0]

    def t2(twin: Twin) -> jax.Array:
        return dephasing_time(twin.chip.qubits[qubit])

    def fringe(twin: Twin) -> jax.Array:
        detuning = twin.chip.qubits[qubit].at_flux(jnp.zeros(()))[0] - experiment.setting("drive_frequency")
        return jnp.abs(detuning + experiment.setting("artificial_detuning"))

    def half_turn(twin: Twin) -> jax.Array:
        return 0.5 / (twin.lines[f"drive_{qubit}"].stage(DriveGain).gain * pulse_area(experiment))

    quoted: dict[str, tuple[tuple[str, Callable[[Twin], jax.Array], str, str], ...]] = {
        "ramsey": (
            ("t2_star", t2, "s", "dephasing time T2*"),
            ("fringe_frequency", fringe, "Hz", "frequency of the Ramsey fringe"),
        ),
        "echo": (("t2_echo", t2, "s", "dephasing time of the echo"),),
        "rabi": (("pi_amplitude", half_turn, "V", "amplitude of a half turn"),),
    }
    paths = result.parameters.paths
    at = jnp.asarray(result.parameters.values)
    found = []
    for name, function, unit, label in quoted.get(experiment.name, ()):
        value, slope = jax.value_and_grad(
            lambda x, f=function: f(result.twin.replace(dict(zip(paths, x, strict=True))))
        )(at)
        slope = np.asarray(slope)
        hidden = any(not np.isfinite(result.stderr[path]) for path, s in zip(paths, slope, strict=True) if s != 0)
        stderr = np.inf if hidden else float(np.sqrt(slope @ result.covariance @ slope))
        found.append(Derived(f"{qubit}.{name}", float(value), stderr, unit, label))
    return tuple(found)
