"""Resonator spectroscopy: how the readout resonator of a qubit answers a weak, steady probe.

References
----------
Gardiner and Collett, PRA 31, 3761 (1985), for inputs and outputs; Probst et al., RSI 86, 024706 (2015), for the notch.
"""

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from qrexplore.core import require_choice
from qrexplore.twin.chip import AbstractResonator, Transmon
from qrexplore.twin.model import Twin

PORTS = ("transmission", "reflection", "notch")


def resonator_of(twin: Twin, qubit: str) -> tuple[AbstractResonator, Transmon]:
    """Give the resonator of a qubit and the qubit.

    Raises
    ------
    ValueError
        If the twin lacks either.
    """
    require_choice(qubit, "qubit", tuple(twin.chip.qubits))
    name = f"resonator_{qubit}"
    if name not in twin.chip.resonators:
        msg = (
            f"the twin has no {name!r}; its resonators are {', '.join(twin.chip.resonators) or 'none'}. "
            "Add one to `resonators` of its chip, for example Resonator(frequency=7.2e9)."
        )
        raise ValueError(msg)
    return twin.chip.resonators[name], twin.chip.qubits[qubit]


def resonator_response(
    twin: Twin,
    qubit: str,
    probe_frequency: Float[Array, "*probes"],
    *,
    flux: Float[Array, ""] | float = 0.0,
    port: str = "transmission",
) -> Complex[Array, "levels *probes"]:
    """Give the steady response of the resonator of a qubit to a weak probe, for each level of the qubit.

    Parameters
    ----------
    twin, qubit
        Whose resonator.
    probe_frequency
        Hz.
    flux
        Static flux on the qubit, Φ0, on top of its offset.
    port
        ``transmission`` through both ends: ``(kappa/2)/(kappa/2 + i delta)``, 1 on resonance. ``reflection`` off one end:
        1 less twice that, 1 far away and -1 on resonance. ``notch``, beside a feed line: 1 less that, 1 far away and 0 on
        resonance (no internal loss).

    Raises
    ------
    ValueError
        If the twin has no resonator for the qubit, or the port is not known.
    """
    require_choice(port, "port", PORTS)
    resonator, transmon = resonator_of(twin, qubit)
    centers = resonator.frequencies(transmon, flux)
    probe = jnp.asarray(probe_frequency, dtype=jnp.float64)
    detuning = centers.reshape(-1, *[1] * probe.ndim) - probe
    through = 1 / (1 + 2j * detuning / resonator.linewidth)
    return {"transmission": through, "reflection": 1 - 2 * through, "notch": 1 - through}[port]
