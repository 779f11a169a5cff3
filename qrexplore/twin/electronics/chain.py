"""A signal chain: from the samples of a generator to the wave at the chip."""

from typing import TypeVar

import equinox as eqx
from jaxtyping import Array, Inexact

from qrexplore.core import Named
from qrexplore.twin.electronics.stages import AbstractStage
from qrexplore.twin.electronics.wave import Wave, hold

Stage = TypeVar("Stage", bound=AbstractStage)


class SignalChain(eqx.Module):
    """Generator and stages of one line, in the order in which the signal meets them.

    Attributes
    ----------
    sample_rate
        Clock of the arbitrary waveform generator in samples per s; static.
    stages
        What the signal goes through, see `stages`.
    """

    sample_rate: float = eqx.field(static=True)
    stages: Named[AbstractStage]

    def stage(self, kind: type[Stage]) -> Stage:
        """Give the first stage of a kind; ValueError names the stages there are."""
        for stage in self.stages.values():
            if isinstance(stage, kind):
                return stage
        msg = f"the line has no {kind.__name__} among its stages ({', '.join(self.stages) or 'none'}). Add one."
        raise ValueError(msg)

    def forward(self, samples: Inexact[Array, "*batch samples"], substeps: int) -> Wave:
        """Give the wave at the chip for samples in V.

        Parameters
        ----------
        samples
            What the generator plays, V.
        substeps
            Cells a sample: each sample is held, then simulated with this resolution.
        """
        cell = 1 / (self.sample_rate * substeps)
        wave = hold(samples, substeps)
        for stage in self.stages.values():
            wave = stage.forward(wave, cell)
        return wave
