"""What the benchmarks compute, said once: numbers, matrices and pulses, in ns, GHz and rad/ns.

Nothing here belongs to a solver. An entry solves ``i psi' = H psi`` or ``rho' = -i[H, rho] + sum_j r_j D[L_j] rho`` for

    H(t) = sum_k w_k H_k + sum_k c_k(t) C_k

from a basis state, for every swept amplitude, and gives populations of some basis states at some times. The tasks are
those of the project's performance notes: T1 (a driven transmon), T2 (a chevron) and T3 (value and gradient of a fit to it).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

TURN = 2 * np.pi
Parameters = Mapping[str, Float[Array, ""] | float]


@dataclass(frozen=True, eq=False)
class Task:
    """One problem, see the module.

    Attributes
    ----------
    parameters
        Values of the numbers that a fit may move.
    drift, weights
        Hermitian matrices and what they are multiplied with (rad/ns), given the parameters.
    controls, coefficients
        The same for what varies, given parameters, swept value and time; shapes broadcast, controls come first.
    jumps, rates
        Jump operators and their rates (1/ns); none where amplitudes are propagated.
    start
        Basis state at time 0.
    observed
        Basis states whose populations are asked for.
    sweep
        Swept values.
    times
        When, ns.
    """

    name: str
    parameters: Mapping[str, float]
    drift: tuple[np.ndarray, ...]
    weights: Callable[[Parameters], Float[Array, " drift"]]
    controls: tuple[np.ndarray, ...]
    coefficients: Callable[[Parameters, Array, Array], Float[Array, "controls ..."]]
    jumps: tuple[np.ndarray, ...]
    rates: Callable[[Parameters], Float[Array, " jumps"]]
    start: int
    observed: tuple[int, ...]
    sweep: Float[np.ndarray, " sweep"]
    times: Float[np.ndarray, " times"]


def lowering(levels: int) -> np.ndarray:
    return np.diag(np.sqrt(np.arange(1.0, levels)), k=1)


def anharmonic(number: np.ndarray) -> np.ndarray:
    return number @ (number - np.eye(len(number))) / 2


def driven_transmon() -> Task:
    """T1: a Gaussian pulse with DRAG on four levels with relaxation and dephasing, 101 amplitudes up to 4 pi."""
    parameters = {"detuning": 0.5e-3, "anharmonicity": -0.22, "t1": 30e3, "t_phi": 25e3}
    duration, sigma = 32.0, 8.0
    a = lowering(4)
    number = a.T @ a

    def pulse(p: Parameters, amplitude: Array, time: Array) -> Array:
        argument = (time - duration / 2) / sigma
        bell, foot = jnp.exp(-(argument**2) / 2), np.exp(-((duration / sigma) ** 2) / 8)
        slope = -argument / sigma * bell
        drag = 0.5 / (TURN * p["anharmonicity"])
        return jnp.stack(jnp.broadcast_arrays(amplitude * (bell - foot), -amplitude * drag * slope)) / (1 - foot)

    return Task(
        name="T1",
        parameters=parameters,
        drift=(number, anharmonic(number)),
        weights=lambda p: TURN * jnp.stack([jnp.asarray(p["detuning"]), jnp.asarray(p["anharmonicity"])]),
        controls=((a + a.T) / 2, 1j * (a.T - a) / 2),
        coefficients=pulse,
        jumps=(a, number),
        rates=lambda p: jnp.stack([jnp.asarray(1 / p["t1"]), jnp.asarray(2 / p["t_phi"])]),
        start=0,
        observed=(0, 1, 2, 3),
        sweep=np.linspace(0.0, 0.75, 101),
        times=np.array([duration]),
    )


CHEVRON = {
    "frequency_0": 5.2,
    "frequency_1": 4.7,
    "anharmonicity_0": -0.25,
    "anharmonicity_1": -0.22,
    "coupling": 0.012,
    "asymmetry": 0.3,
    "gain": 1.0,
    "offset": 0.0,
    "rise": 1.0,
    "tail_a": -0.05,
    "tau_a": 12.0,
    "tail_b": 0.02,
    "tau_b": 60.0,
    "t1_0": 20e3,
    "t1_1": 30e3,
    "t_phi_0": 5e3,
    "t_phi_1": 20e3,
    "thermal": 0.0,
}


def chevron(*, dissipative: bool, heated: bool = False) -> Task:
    """T2: |11> and |20> of two transmons exchange during a distorted flux step, 41 amplitudes and 61 durations.

    Populations are those at the end of the pulse, so one run a flux amplitude gives all durations.

    Parameters
    ----------
    dissipative
        Whether relaxation and dephasing act.
    heated
        Whether the bath heats, too (T3).
    """
    single = lowering(3)
    modes = np.kron(single, np.eye(3)), np.kron(np.eye(3), single)
    numbers = tuple(a.T @ a for a in modes)
    exchange = modes[0].T @ modes[1] + modes[0] @ modes[1].T
    # about the mean energy of the block in which everything happens, so that no solver has to follow its phase
    frame = 4.75
    jumps, rates = [], []
    for mode, (a, number) in enumerate(zip(modes, numbers, strict=True)):
        jumps += [a, *([a.T] if heated else []), number]
        rates += [
            lambda p, mode=mode: (1 + p["thermal"]) / p[f"t1_{mode}"],
            *([lambda p, mode=mode: p["thermal"] / p[f"t1_{mode}"]] if heated else []),
            lambda p, mode=mode: 2 / p[f"t_phi_{mode}"],
        ]

    def weights(p: Parameters) -> Array:
        detunings = [p[f"frequency_{mode}"] - frame for mode in (0, 1)]
        constants = [*detunings, p["anharmonicity_0"], p["anharmonicity_1"], p["coupling"]]
        return TURN * jnp.stack([jnp.asarray(value) for value in constants])

    def shift(p: Parameters, amplitude: Array, time: Array) -> Array:
        rising = 1 - jnp.exp(-time / p["rise"])
        tails = p["tail_a"] * jnp.exp(-time / p["tau_a"]) + p["tail_b"] * jnp.exp(-time / p["tau_b"])
        phase = np.pi * (p["offset"] + p["gain"] * amplitude * rising * (1 + tails))
        share = (jnp.cos(phase) ** 2 + p["asymmetry"] ** 2 * jnp.sin(phase) ** 2) ** 0.25
        return TURN * ((p["frequency_0"] - p["anharmonicity_0"]) * (share - 1))[None]

    return Task(
        name="T2 Lindblad" if dissipative else "T2 Schroedinger",
        parameters={**CHEVRON, "thermal": 0.01 if heated else 0.0},
        drift=(*numbers, *map(anharmonic, numbers), exchange),
        weights=weights,
        controls=(numbers[0],),
        coefficients=shift,
        jumps=tuple(jumps) if dissipative else (),
        rates=lambda p: jnp.stack([jnp.asarray(rate(p)) for rate in rates]),
        start=4,  # |11>
        observed=(4, 6),  # |11>, |20>
        sweep=np.linspace(0.120, 0.175, 41),
        times=np.linspace(0.0, 120.0, 61),
    )


READOUT = {"error": 0.02, "level": 0.01}
# one standard deviation of what is known before the fit; the gradient is taken in these units
SPREAD = {
    **{f"frequency_{mode}": 1e-3 for mode in (0, 1)},
    **{f"anharmonicity_{mode}": 1e-3 for mode in (0, 1)},
    "coupling": 1e-4,
    "asymmetry": 0.01,
    "gain": 2e-3,
    "offset": 1e-3,
    "rise": 0.1,
    "tail_a": 5e-3,
    "tau_a": 1.0,
    "tail_b": 5e-3,
    "tau_b": 6.0,
    **{f"t1_{mode}": 1e3 for mode in (0, 1)},
    **{f"t_phi_{mode}": 1e3 for mode in (0, 1)},
    "thermal": 3e-3,
    "error": 5e-3,
    "level": 5e-3,
}


def moved(task: Task, point: Float[Array, " 20"]) -> dict[str, Array]:
    """Give the 20 parameters at a point in units of their spread, from the values of the task on."""
    centre = {**task.parameters, **READOUT}
    return {name: centre[name] + SPREAD[name] * point[k] for k, name in enumerate(SPREAD)}


def misfit(p: Parameters, populations: Array, data: Array) -> Array:
    """T3: the mean squared error of what would be read."""
    return jnp.mean((p["level"] + (1 - 2 * p["error"]) * populations - data) ** 2)


def fit_point() -> Float[np.ndarray, " 20"]:
    """Give the point at which T3 takes value and gradient: off the truth, as in the middle of a fit."""
    return 0.3 * np.random.default_rng(20).normal(size=len(SPREAD))


def fit_data(populations: np.ndarray) -> np.ndarray:
    """Give the data of T3: what would be read at the truth, with noise of 0.01."""
    read = READOUT["level"] + (1 - 2 * READOUT["error"]) * populations
    return read + 0.01 * np.random.default_rng(3).normal(size=read.shape)
