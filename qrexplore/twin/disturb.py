"""A twin as one member of an ensemble sees it: slow noise stands still at some value."""

from dataclasses import replace

import jax.numpy as jnp

from qrexplore.core import Named
from qrexplore.twin.chip import Disturbance, Transmon
from qrexplore.twin.electronics import DriveGain, SignalChain
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import Offsets


def disturbed(twin: Twin, offsets: Offsets) -> Twin:
    """Give the twin whose fluxes, frequencies and drive amplitudes are offset, on top of what they are already.

    Offsets of what the twin does not have are left out.
    """
    qubits, couplers = (
        Named({name: _moved(part, name, offsets) for name, part in parts.items()})
        for parts in (twin.chip.qubits, twin.chip.couplers)
    )
    lines = {name: _scaled(chain, name, offsets) for name, chain in twin.lines.items()}
    return replace(twin, chip=replace(twin.chip, qubits=qubits, couplers=couplers), lines=Named(lines))


def calm(twin: Twin) -> Twin:
    """Give the twin without what slow noise added: what carriers and frames follow."""
    both = twin.chip.qubits, twin.chip.couplers
    if all(part.disturbance is None for parts in both for part in parts.values()):
        return twin
    qubits, couplers = (
        Named({name: replace(part, disturbance=None) for name, part in parts.items()}) for parts in both
    )
    return replace(twin, chip=replace(twin.chip, qubits=qubits, couplers=couplers))


def _moved(transmon: Transmon, name: str, offsets: Offsets) -> Transmon:
    flux, frequency = offsets.get(("flux", name)), offsets.get(("frequency", name))
    if flux is None and frequency is None:
        return transmon
    before = transmon.disturbance or Disturbance(jnp.zeros(()), jnp.zeros(()))
    after = Disturbance(
        flux=before.flux if flux is None else before.flux + flux,
        frequency=before.frequency if frequency is None else before.frequency + frequency,
    )
    return replace(transmon, disturbance=after)


def _scaled(chain: SignalChain, name: str, offsets: Offsets) -> SignalChain:
    kind, _, qubit = name.partition("_")
    relative = offsets.get(("drive", qubit))
    if kind != "drive" or relative is None:
        return chain
    # where volts become a Rabi frequency, so that spectroscopy feels it too
    gain = chain.stage(DriveGain)
    scaled = replace(gain, gain=gain.gain * (1 + relative))
    stages = {key: scaled if stage is gain else stage for key, stage in chain.stages.items()}
    return replace(chain, stages=Named(stages))
