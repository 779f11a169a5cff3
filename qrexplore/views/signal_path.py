"""A signal followed through its line, from the samples of the generator to what arrives at the chip."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from qrexplore.pulses import Schedule, sample
from qrexplore.quantum import GAUSS_NODES
from qrexplore.twin import DriveGain, Gain, Twin
from qrexplore.twin.evolve import clock


@dataclass(frozen=True, eq=False)
class PathStage:
    """The wave behind one stage.

    Attributes
    ----------
    name, kind
        Name in the line, and class of the stage; both are "held samples" for what the converter is given.
    units
        Of the wave: V, Φ0 or Hz (Rabi frequency).
    wave
        Behind the stage; complex in a drive line, whose real part is I.
    change
        Share of the wave that the stage changed, ``|after - g before| / |after|`` with the best factor g: a gain alone or
        an attenuator changes nothing.
    """

    name: str
    kind: str
    units: str
    wave: Float[np.ndarray, " times"] | Complex[np.ndarray, " times"]
    change: float


@dataclass(frozen=True, eq=False)
class SignalPath:
    """A signal behind each stage of a line.

    Attributes
    ----------
    line
        Name of the line.
    times
        Two in each cell of the simulation, s.
    stages
        In order; the first is what the generator is told to play.
    """

    line: str
    times: Float[np.ndarray, " times"]
    stages: tuple[PathStage, ...]


def signal_path(twin: Twin, schedule: Schedule, line: str, *, substeps: int = 8) -> SignalPath:
    """Follow what a schedule plays on one line.

    Parameters
    ----------
    twin
        Has the line.
    schedule
        What plays.
    line
        Name of the line, such as ``flux_q1``.
    substeps
        Cells a sample.

    Raises
    ------
    ValueError
        If the twin has no such line, or the schedule plays nothing on it.
    """
    for there, what in ((twin.lines, "`twin` has"), (schedule.lines, "`schedule` plays on")):
        if line not in there:
            msg = f"{what} no line {line!r}, only {', '.join(there) or 'none'}. Name one of them."
            raise ValueError(msg)
    chain = twin.lines[line]
    samples = sample(schedule, clock(twin, schedule.lines))[line]
    units, stages, before = "V", [], None
    known = dict(chain.stages.items())
    for name, wave in chain.follow(samples, substeps).items():
        stage = known.get(name)
        units = "Phi0" if isinstance(stage, Gain) else "Hz" if isinstance(stage, DriveGain) else units
        flat = np.asarray(wave).reshape(-1)
        kind = name if stage is None else type(stage).__name__
        stages.append(PathStage(name, kind, units, flat, 0.0 if before is None else _change(before, flat)))
        before = flat
    cells = len(samples) * substeps
    edges = np.arange(cells)[:, None] + np.array(GAUSS_NODES)
    return SignalPath(line, edges.reshape(-1) * chain.cell(substeps), tuple(stages))


def _change(before: np.ndarray, after: np.ndarray) -> float:
    norm = float(np.linalg.norm(after))
    power = float(np.vdot(before, before).real)
    if norm == 0.0 or power == 0.0:
        return 0.0
    return float(np.linalg.norm(after - np.vdot(before, after) / power * before)) / norm
