"""What slow noise that moves during a repetition adds to each block of an experiment.

A member of the ensemble is a path, drawn with a key of random numbers, or one number for each source (`toggled`).

Idle blocks are followed in `IDLE_STEPS` equal steps, whatever their length; the phase of a frequency that is linear in the
noise is exact for any number of them. Pulses are followed in one step a sample of the generator. Points of a sweep share the
random numbers, so what is predicted is a smooth function of the sweep and of every parameter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from qrexplore.experiments import Block, Idle, Play, PlayOnStep, Prepare, Rotation, VirtualZ
from qrexplore.pulses import sample_count
from qrexplore.twin.disturb import disturbed
from qrexplore.twin.electronics import DriveGain, Wave
from qrexplore.twin.model import Twin
from qrexplore.twin.noise import AbstractSource, Offsets, OneOverF, fluctuation
from qrexplore.twin.toggled import deviation, signs

IDLE_STEPS = 16

# what a member of an ensemble draws of 1/f noise: a key of random numbers, or a standard normal number for each source
Drawn = Array

# number of steps of a block, and their length (s) at each point
Span = tuple[int, Float[Array, " batch"]]
# of each point of a batch of waves: which point of the sweep it is, and its cells
Places = tuple[Int[np.ndarray, "batch 1"], Int[np.ndarray, "#batch cells"]]


@dataclass(frozen=True, eq=False)
class Course:
    """Noise during one block.

    Attributes
    ----------
    offsets
        Mean of the noise over each step, by what it moves (see `qrexplore.twin.noise.Offsets`).
    playing
        Whether pulses play, so that the noise is added to their waves; else its mean is all that counts.
    """

    offsets: dict[tuple[str, str], Float[Array, "steps batch"]]
    playing: bool

    def on(self, waves: dict[str, Wave], places: Places | None, substeps: int) -> dict[str, Wave]:
        """Give the waves with drives scaled, and the noise of flux and frequency as waves of its own, since no line leaks it."""
        noisy = dict(waves)
        for (quantity, qubit), steps in self.offsets.items():
            line, by_point = f"{quantity}_{qubit}", steps.T
            if places is None:
                cells = next(iter(waves.values())).shape[-2]
                added = by_point[:, np.arange(cells) // substeps, None]
            else:
                points, at = places
                added = by_point[points, at // substeps][..., None]
            if quantity == "drive":
                if line in noisy:
                    noisy[line] = noisy[line] * (1 + added)
            else:
                noisy[f"noise_{line}"] = added
        return noisy

    def mean(self, function: Callable[..., Array], twin: Twin, *arguments: Any) -> Array:
        """Give the mean over the steps of what a function says of the disturbed twin, for each point.

        Parameters
        ----------
        function
            Takes a twin, and the numbers of one point from `arguments`.
        twin
            What is disturbed.
        arguments
            One entry a point along their first axes.
        """

        def at(offsets: Any, *numbers: Any) -> Array:
            return function(disturbed(twin, offsets), *numbers)

        each = jax.vmap(lambda offsets: jax.vmap(at)(offsets, *arguments))
        return jnp.mean(each(self.offsets), axis=0)


def is_key(drawn: Drawn) -> bool:
    """Whether a member of the ensemble is a path, and not a number for each source."""
    return jnp.issubdtype(drawn.dtype, jax.dtypes.prng_key)


def courses(
    twin: Twin, moving: dict[str, AbstractSource], blocks: tuple[Block, ...], drawn: Drawn, *, batch: int, rate: float
) -> list[Course | None]:
    """Give the noise of one repetition, block by block.

    Parameters
    ----------
    twin
        For the length of the gates at the ends of an idle.
    moving
        Sources of 1/f noise.
    blocks
        What is done, for every point of the sweep.
    drawn
        Of the member.
    batch
        Number of points.
    rate
        Sample rate (1/s) of the generators, for pulses.

    Raises
    ------
    ValueError
        If a block is not known to take so and so long.
    """
    spans = [_span(block, twin, batch, rate) for block in blocks]
    found: list[dict[tuple[str, str], Array]] = [{} for _ in blocks]
    for number, source in enumerate(moving.values()):
        if not is_key(drawn):
            for place, value in enumerate(_toggled(source, blocks, spans, drawn[number], batch)):
                _add(found[place], {} if value is None else source.offsets(source.amplitude * value))
            continue
        process, own = source.process, jax.random.fold_in(drawn, number)
        assert isinstance(process, OneOverF)  # noqa: S101 (`moving` holds nothing else)
        now = jnp.broadcast_to(fluctuation.start(process, own)[:, None], (len(process.deviations), batch))
        for place, span in enumerate(spans):
            if span is None:
                continue
            steps, length = span
            now, means = fluctuation.follow(process, now, length, jax.random.fold_in(own, place + 1), steps=steps)
            _add(found[place], source.offsets(source.amplitude * means))
    return [
        None if span is None else Course(offsets, playing=isinstance(block, Play | PlayOnStep))
        for block, span, offsets in zip(blocks, spans, found, strict=True)
    ]


def _add(total: dict[tuple[str, str], Array], offsets: Offsets) -> None:
    for target, offset in offsets.items():
        total[target] = total[target] + offset if target in total else offset


def _toggled(
    source: AbstractSource, blocks: tuple[Block, ...], spans: list[Span | None], value: Array, batch: int
) -> list[Float[Array, "steps batch"] | None]:
    """Give the constant noise in each block that stands for a path, for a standard normal `value`."""
    assert isinstance(source.process, OneOverF)  # noqa: S101 (nothing else moves)
    toggles = signs(blocks, source.on, batch)
    lengths = [None if span is None else span[0] * span[1] for span in spans]
    height = deviation(source.process, lengths, toggles) * value
    return [
        None if span is None else jnp.broadcast_to(sign * height, (span[0], batch))
        for span, sign in zip(spans, toggles, strict=True)
    ]


def _span(block: Block, twin: Twin, batch: int, rate: float) -> Span | None:
    """Give the number of steps of a block and their length (s), or None if it takes no time."""
    if isinstance(block, Prepare | Rotation | VirtualZ):
        return None
    if isinstance(block, Idle):
        duration = block.duration
        if block.framed is not None:
            duration = duration + twin.lines[f"drive_{block.framed}"].stage(DriveGain).lag
        return IDLE_STEPS, jnp.broadcast_to(jnp.maximum(duration, 0.0) / IDLE_STEPS, (batch,))
    if isinstance(block, Play | PlayOnStep):
        return sample_count(block.schedule.window, rate), jnp.full(batch, 1 / rate)
    msg = (
        f"1/f noise cannot be followed through a block of kind {type(block).__name__}. "
        "Give the source the process QuasiStatic() for this experiment."
    )
    raise ValueError(msg)


def beginning(moving: dict[str, AbstractSource], drawn: Drawn) -> dict[tuple[str, str], Float[Array, ""]]:
    """Give the offsets at the beginning of a repetition, for experiments that average over them only."""
    total: dict[tuple[str, str], Array] = {}
    for number, source in enumerate(moving.values()):
        assert isinstance(source.process, OneOverF)  # noqa: S101 (`moving` holds nothing else)
        if is_key(drawn):
            value = jnp.sum(fluctuation.start(source.process, jax.random.fold_in(drawn, number)))
        else:
            value = drawn[number] * np.sqrt(np.sum(source.process.deviations**2))
        _add(total, source.offsets(source.amplitude * value))
    return total
