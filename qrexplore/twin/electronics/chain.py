"""A signal chain: from the samples of a generator to the wave at the chip."""

from collections.abc import Sequence
from typing import TypeVar

import equinox as eqx
from jaxtyping import Array, Inexact

from qrexplore.core import Named
from qrexplore.twin.electronics.exponential import ExponentialResponse, ExponentialSum
from qrexplore.twin.electronics.filters import GaussianFilter
from qrexplore.twin.electronics.response import Copies
from qrexplore.twin.electronics.stage import AbstractStage, NotInvertibleError
from qrexplore.twin.electronics.wave import Wave, hold

Stage = TypeVar("Stage", bound=AbstractStage)

# no stage can be called that: names of stages have no space
HELD = "held samples"


def _smoothed(later: Sequence[AbstractStage]) -> bool:
    """Tell whether a Gaussian filter comes before anything that does not commute with a delay."""
    for stage in later:
        if isinstance(stage, GaussianFilter):
            return True
        if not (stage.linear and stage.time_invariant):
            return False
    return False


class SignalChain(eqx.Module):
    """Generator and stages of one line, in the order in which the signal meets them.

    Attributes
    ----------
    sample_rate
        Clock of the arbitrary waveform generator in samples per s; static.
    stages
        What the signal goes through.
    """

    sample_rate: float = eqx.field(static=True)
    stages: Named[AbstractStage]

    def __check_init__(self) -> None:
        """Refuse settling in two forms, which no measurement could tell apart."""
        stages = self.stages.values()
        if all(any(isinstance(stage, kind) for stage in stages) for kind in (ExponentialResponse, ExponentialSum)):
            msg = (
                "`stages` must hold either an ExponentialSum or ExponentialResponses, got both: they are one shape. "
                "Turn the sum into a row by `ExponentialSum.row`, or the row into a sum by `ExponentialSum.of`."
            )
            raise ValueError(msg)

    def stage(self, kind: type[Stage]) -> Stage:
        """Give the first stage of a kind; ValueError names the stages there are."""
        for stage in self.stages.values():
            if isinstance(stage, kind):
                return stage
        msg = f"the line has no {kind.__name__} among its stages ({', '.join(self.stages) or 'none'}). Add one."
        raise ValueError(msg)

    @property
    def linear(self) -> bool:
        """Whether the wave of a sum of samples is the sum of their waves."""
        return all(stage.linear for stage in self.stages.values())

    @property
    def time_invariant(self) -> bool:
        """Whether samples that come later give the same wave, later."""
        return all(stage.time_invariant for stage in self.stages.values())

    def cell(self, substeps: int) -> float:
        """Give the length of a cell in s, for some number of cells a sample."""
        return 1 / (self.sample_rate * substeps)

    def forward(self, samples: Inexact[Array, "*batch samples"], substeps: int) -> Wave:
        """Give the wave at the chip for samples in V.

        Parameters
        ----------
        samples
            What the generator plays, V.
        substeps
            Cells a sample: each sample is held, then simulated with this resolution.
        """
        return self._passed(list(self.stages.values()), samples, substeps)

    def _passed(
        self, stages: Sequence[AbstractStage], samples: Inexact[Array, "*batch samples"], substeps: int
    ) -> Wave:
        """Give the wave behind some of the stages, counted from the generator.

        Copies that come late (delays, echoes) are made by the next Gaussian filter, whose answer to an edge inside a cell
        is known exactly, if all stages up to there commute with them. (Of filters without an inverse only: what `inverse`
        undoes are the stages one by one.)
        """
        cell = self.cell(substeps)
        wave = hold(samples, substeps)
        waiting: Copies = ()
        for place, stage in enumerate(stages):
            if stage.copies() and _smoothed(stages[place + 1 :]):
                waiting = [
                    (weight * share, delay + later)
                    for weight, delay in waiting or ((1.0, 0.0),)
                    for share, later in stage.copies()
                ]
            elif waiting and isinstance(stage, GaussianFilter):
                wave, waiting = stage.response.of_copies(waiting).filtered(wave, cell), ()
            else:
                wave = stage.forward(wave, cell)
        return wave

    def follow(self, samples: Inexact[Array, "*batch samples"], substeps: int) -> dict[str, Wave]:
        """Give the wave behind each stage by the name of the stage, in order; the first is the one of the held samples.

        Parameters
        ----------
        samples, substeps
            See `forward`; its result is the last wave.
        """
        stages = list(self.stages.values())
        return {
            name: self._passed(stages[:count], samples, substeps) for count, name in enumerate((HELD, *self.stages))
        }

    def inverse(self, wave: Wave, substeps: int) -> Wave:
        """Give the wave that the generator would have to put out for one at the chip.

        Parameters
        ----------
        wave
            At the chip, on cells of which `substeps` make a sample.
        substeps
            Cells a sample.

        Returns
        -------
        wave
            In V. A generator can play it if it is a staircase of samples, as it is for each wave that `forward` gave.

        Raises
        ------
        NotInvertibleError
            If a stage cannot be undone; names the stage and says why.
        """
        cell = self.cell(substeps)
        for name, stage in reversed(list(self.stages.items())):
            try:
                wave = stage.inverse(wave, cell)
            except NotInvertibleError as error:
                msg = f"stage {name!r}: {error}"
                raise NotInvertibleError(msg) from error
        return wave
