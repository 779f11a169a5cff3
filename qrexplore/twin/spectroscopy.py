"""Steady state of a continuously driven qubit.

``P1 = p + (1/2 - p) s / (1 + s + (2 pi delta T2)^2)`` with ``s = (2 pi Omega)^2 T1' T2``, the steady state of the Bloch
equations of levels 0 and 1 at detuning delta and Rabi frequency Omega (both in Hz). A bath of n photons leaves
``p = n/(1 + 2n)`` and ``T1' = T1/(1 + 2n)``.

References
----------
Abragam, The Principles of Nuclear Magnetism (1961), chapter III.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.core import require_choice
from qrexplore.experiments import SteadyDrive
from qrexplore.twin import noise
from qrexplore.twin.electronics import DriveGain
from qrexplore.twin.model import Twin
from qrexplore.twin.network import Network
from qrexplore.twin.static import static_flux


def steady_populations(twin: Twin, network: Network, block: SteadyDrive) -> Float[Array, "qubits levels batch"]:
    """Give the populations of levels 0, 1 and above for every point of a spectroscopy sweep.

    Parameters
    ----------
    twin
        The device.
    network
        Whose resting neighbours shift the qubit.
    block
        The drive at every point.

    Raises
    ------
    ValueError
        If the twin lacks the bias line that is swept.
    """
    require_choice(block.qubit, "qubit", tuple(twin.chip.qubits))
    transmon = twin.chip.qubits[block.qubit]
    flux = static_flux(twin, block.qubit, block.bias, source=block.biased or block.qubit)
    rabi = twin.lines[f"drive_{block.qubit}"].stage(DriveGain).gain * block.amplitude
    frequency, _ = network.repelled(twin.chip, block.qubit, *transmon.at_flux(flux))
    t2 = noise.dephasing_time(transmon)
    bath = 1 + 2 * transmon.thermal_population
    saturation = (2 * jnp.pi * rabi) ** 2 * transmon.t1 / bath * t2
    detuning = 2 * jnp.pi * (block.frequency - frequency) * t2
    thermal = transmon.thermal_population / bath
    excited = thermal + (0.5 - thermal) * saturation / (1 + saturation + detuning**2)
    rest = [jnp.zeros_like(excited)] * (transmon.levels - 2)
    return jnp.stack([1 - excited, excited, *rest])[None]
