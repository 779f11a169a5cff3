"""Markovian noise of a transmon as Lindblad rates.

``L_down = sqrt((1 + n)/T1) a``, ``L_up = sqrt(n/T1) a^+``, ``L_phi = sqrt(2/T_phi) n``: the coherence between levels j and k
dephases at ``(j - k)^2 / T_phi``, the observed relaxation time is ``T1/(1 + 2 n)`` and
``1/T2 = (1 + 2 n)/(2 T1) + 1/T_phi``, with n the mean thermal photon number of the bath.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.quantum import Register
from qrexplore.twin.chip import Transmon


def jumps(register: Register, mode: int) -> list[np.ndarray]:
    """Give the jump operators of one mode, without their rates: lowering, raising, number."""
    lowering = register.lowering(mode)
    return [lowering, lowering.T, register.number(mode)]


def rates(transmon: Transmon) -> Float[Array, "3"]:
    """Give the rates (1/s) of the operators of `jumps`."""
    thermal = transmon.thermal_population
    return jnp.stack([(1 + thermal) / transmon.t1, thermal / transmon.t1, 2 / transmon.t_phi])


def dephasing_time(transmon: Transmon) -> Float[Array, ""]:
    """Give T2 (s): how long the coherence between levels 0 and 1 lasts under white noise."""
    return 1 / ((1 + 2 * transmon.thermal_population) / (2 * transmon.t1) + 1 / transmon.t_phi)
