"""The static spectrum of coupled transmons: dressed energies, idle frequencies, and ZZ.

Energies come from the diagonalization of all modes, couplers included; their derivatives stay finite where levels meet.

References
----------
Sung et al., PRX 11, 021058 (2021), eq. (3), for ZZ with a coupler.
"""

from collections.abc import Mapping
from itertools import product

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qrexplore.core import jit
from qrexplore.quantum import Register, dressed_energies
from qrexplore.twin.chip import Chip
from qrexplore.twin.model import Twin
from qrexplore.twin.network import network

Fluxes = Mapping[str, Float[Array, ""] | float]


def _energies(
    twin: Twin, names: tuple[str, ...], spectators: tuple[str, ...], flux: Fluxes | None, *, counter_rotating: bool
) -> tuple[Register, Float[Array, " dimension"]]:
    """Give the dressed energies of some qubits and of what plays a part, and the register they are ordered by."""
    modes = network(twin.chip, names, spectators)
    for name in flux or {}:
        if name not in modes.transmons:
            msg = f"`flux` must name simulated transmons ({', '.join(modes.transmons)}), got {name!r}. Leave it out."
            raise ValueError(msg)
    values = {name: jnp.asarray(value) for name, value in (flux or {}).items()}
    return modes.register, _dressed(twin.chip, names, spectators, values, counter_rotating)


@jit
def _dressed(
    chip: Chip,
    names: tuple[str, ...],
    spectators: tuple[str, ...],
    flux: Mapping[str, Float[Array, ""]],
    counter_rotating: bool,  # noqa: FBT001 (compiled functions take their arguments by place)
) -> Float[Array, " dimension"]:
    modes = network(chip, names, spectators)
    terms = [*modes.terms()]
    if counter_rotating:
        terms[2 * len(modes.modes) :] = [modes.exchange(pair, counter_rotating=True) for pair in modes.pairs]
    return dressed_energies(jnp.tensordot(modes.weights(chip, flux), jnp.asarray(np.stack(terms)), axes=1))


def dressed_frequencies(
    twin: Twin,
    qubits: tuple[str, ...] | None = None,
    *,
    flux: Fluxes | None = None,
    spectators: tuple[str, ...] = (),
    counter_rotating: bool = False,
) -> Float[Array, " qubits"]:
    """Give the 0-1 frequency (Hz) of each qubit with all others in their ground state, as it idles: where it is driven.

    Parameters
    ----------
    twin
        Model of the device.
    qubits
        Which; all of the twin where left out. Those that are left out are as if they were not there.
    flux
        Static flux (Φ0) by qubit or coupler, on top of its offset; none where left out.
    spectators
        Qubits or couplers that dress the others, too; couplers between the qubits always do.
    counter_rotating
        Whether couplings are ``g (a + a^+)(b + b^+)`` in full, in place of the rotating-wave approximation.

    Raises
    ------
    ValueError
        If the twin has no such qubit, or `flux` names one that plays no part.
    """
    names = tuple(twin.chip.qubits) if qubits is None else tuple(qubits)
    register, energies = _energies(twin, names, spectators, flux, counter_rotating=counter_rotating)
    ground = (0,) * len(register.levels)
    first = [register.index((*ground[:k], 1, *ground[k + 1 :])) for k in range(len(names))]
    return energies[np.array(first)] - energies[0]


def zz_interaction(
    twin: Twin,
    between: tuple[str, str] = ("q0", "q1"),
    *,
    flux: Fluxes | None = None,
    spectators: tuple[str, ...] = (),
    counter_rotating: bool = False,
) -> Float[Array, ""]:
    """Give ``E_11 - E_10 - E_01 + E_00`` (Hz) of two qubits, from dressed energies with everything else in its ground state.

    Without couplers it is about ``2 g^2 (1/(Delta - alpha_2) - 1/(Delta + alpha_1))``, with ``Delta = f_1 - f_2``.

    Parameters
    ----------
    twin
        Model of the device.
    between
        The two qubits.
    flux, spectators, counter_rotating
        See `dressed_frequencies`.

    Raises
    ------
    ValueError
        If the twin has no such qubit, or `flux` names one that plays no part.

    Notes
    -----
    A dressed state carries the name of the bare state that it resembles most. Where two of them share a bare state equally,
    as |11> does on resonance with |02>, the name changes hands and ZZ jumps.
    """
    register, energies = _energies(twin, tuple(between), spectators, flux, counter_rotating=counter_rotating)
    rest = (0,) * (len(register.levels) - 2)
    signs = {(j, k): (-1) ** (j + k) for j, k in product((0, 1), repeat=2)}
    return sum((sign * energies[register.index((*levels, *rest))] for levels, sign in signs.items()), jnp.zeros(()))
