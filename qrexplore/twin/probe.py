"""What an experiment that probes a resonator reports.

A readout turns the share of level 1 into a signal by its offset and scale. Here the modulus of the resonator's answer
stands where that share does: the signal is the offset where nothing comes through, and offset and scale where all does.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qrexplore.experiments import Probe
from qrexplore.twin.model import Twin
from qrexplore.twin.resonance import resonator_response


def probed_shares(twin: Twin, block: Probe) -> Float[Array, "qubits levels batch"]:
    """Give what stands for the shares of levels 0 and 1 at every point of a resonator spectrum.

    Raises
    ------
    ValueError
        If the twin has no resonator for the qubit.

    Notes
    -----
    A level beyond those of the twin gives NaN.
    """

    def modulus(level: Float[Array, ""], frequency: Float[Array, ""]) -> Float[Array, ""]:
        answers = resonator_response(twin, block.qubit, frequency, port=block.port)
        answer = jnp.take(answers, level.astype(int), mode="fill", fill_value=jnp.nan)
        # the modulus has no derivative where nothing comes through
        return jnp.sqrt(jnp.real(answer) ** 2 + jnp.imag(answer) ** 2 + 1e-24)

    through = jax.vmap(modulus)(block.level, block.frequency)
    rest = [jnp.zeros_like(through)] * (twin.chip.qubits[block.qubit].levels - 2)
    return jnp.stack([1 - through, through, *rest])[None]
