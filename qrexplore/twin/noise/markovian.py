"""Markovian noise of a transmon, or of a defect with its two levels, as Lindblad rates.

``L_down = sqrt((1 + n)/T1) a``, ``L_up = sqrt(n/T1) a^+``, ``L_phi = sqrt(2/T_phi) n``: the coherence between levels j and k
dephases at ``(j - k)^2 / T_phi``, the observed relaxation time is ``T1/(1 + 2 n)`` and
``1/T2 = (1 + 2 n)/(2 T1) + 1/T_phi``, with n the mean thermal photon number of the bath.

Where level 2 has a relaxation of its own, a is ``A + s B`` with B its element between levels 1 and 2, and ``s^2`` the ratio:
one operator still, so that coherence is handed down, whose dissipator has fixed matrices with the factors 1, s and ``s^2``.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.quantum import Register, dissipator, mixed_dissipator
from qrexplore.twin.chip import Defect, Transmon


def jumps(register: Register, mode: int) -> list[np.ndarray]:
    """Give the jump operators of one mode, without their rates: lowering, raising, number."""
    lowering = register.lowering(mode)
    return [lowering, lowering.T, register.number(mode)]


def dissipators(register: Register, mode: int, *, uneven: bool) -> list[np.ndarray]:
    """Give the real matrices that go with `rates`; `uneven` tells that level 2 has a relaxation of its own."""
    lowering, raising, number = jumps(register, mode)
    if not uneven:
        return [dissipator(jump) for jump in (lowering, raising, number)]
    second = lowering @ register.projector(mode, 2)
    rest = lowering - second
    return [
        *[dissipator(rest), mixed_dissipator(rest, second), dissipator(second)],
        *[dissipator(rest.T), mixed_dissipator(rest.T, second.T), dissipator(second.T)],
        dissipator(number),
    ]


def rates(transmon: Transmon | Defect) -> Float[Array, " terms"]:
    """Give the rates (1/s) of the matrices of `dissipators`."""
    thermal, dephasing = transmon.thermal_population, 2 / transmon.t_phi
    down, up = (1 + thermal) / transmon.t1, thermal / transmon.t1
    if transmon.relaxation is None:
        return jnp.stack([down, up, dephasing])
    element = jnp.sqrt(transmon.relaxation.ratio)
    factors = jnp.stack([jnp.ones_like(element), element, element**2])
    return jnp.concatenate([down * factors, up * factors, dephasing[None]])


def dephasing_time(transmon: Transmon) -> Float[Array, ""]:
    """Give T2 (s): how long the coherence between levels 0 and 1 lasts under white noise."""
    return 1 / ((1 + 2 * transmon.thermal_population) / (2 * transmon.t1) + 1 / transmon.t_phi)
