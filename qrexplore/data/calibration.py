"""Calibration points: what rows measured in known levels make of a readout signal."""

import numpy as np

from qrexplore.data.noise import third_differences

# a channel counts if its two levels stand further apart than this many times what its repeats scatter
MIN_CONTRAST = 3.0
_JUMP = 6.0


def projection(values: np.ndarray, zeros: np.ndarray, ones: np.ndarray) -> np.ndarray | None:
    r"""Give populations: the projection of rows on the line between the two levels.

    .. math:: P = (v - m_0) \cdot (m_1 - m_0) / |m_1 - m_0|^2

    with :math:`m_0`, :math:`m_1` the means of the calibration rows, over the channels that tell the levels apart.

    Parameters
    ----------
    values
        Rows to project, shape (point, channel).
    zeros, ones
        Rows measured in level 0 and in level 1, shape (repeat, channel).

    Returns
    -------
    population or None
        Shape (point,); outside 0 to 1 by noise. None if no channel tells the levels apart.
    """
    mean_zero, mean_one = zeros.mean(axis=0), ones.mean(axis=0)
    scatter = np.maximum(np.ptp(zeros, axis=0), np.ptp(ones, axis=0))
    line = mean_one - mean_zero
    telling = np.isfinite(line) & (np.abs(line) > MIN_CONTRAST * scatter)
    if not telling.any():
        return None
    line, mean_zero = line[telling], mean_zero[telling]
    return (values[:, telling] - mean_zero) @ line / (line @ line)


def trailing_rows(sweep: np.ndarray, channels: np.ndarray) -> int:
    """Give how many calibration rows (levels 0, 1) stand at the end of a Quantify table: 0 or 2.

    The last step must cross the levels, far above the noise. It is told from a fringe by its sweep values, which repeat
    or leave the grid; on an unbroken grid, by being the largest step by far.

    Parameters
    ----------
    sweep
        Sweep, shape (point,).
    channels
        Signal, shape (point, channel).
    """
    if sweep.size < 8:
        return 0
    steps = np.diff(sweep)
    grid, body, tail = np.median(steps[:-2]), steps[:-2], steps[-2:]
    jumps = np.linalg.norm(np.diff(channels, axis=0), axis=1)
    span = float(np.linalg.norm(np.ptp(channels, axis=0)))
    noise = float(np.sqrt(np.nansum(np.nanmean(third_differences(channels[:-2], axis=0) ** 2, axis=0)) / 20))
    if not (jumps[-1] > 0.4 * span and jumps[-1] > _JUMP * noise):
        return 0
    repeated = bool((np.abs(tail) <= 1e-6 * abs(grid)).any())
    even = bool((np.abs(body - grid) <= 1e-3 * abs(grid)).all())
    broken = even and bool((np.abs(tail - grid) > 1e-2 * abs(grid)).any())
    lone = bool(jumps[-1] > 0.8 * span and jumps[-1] > 2 * np.nanmax(jumps[:-2]))
    return 2 if repeated or broken or lone else 0


def quad_rows(sweep: np.ndarray, channels: np.ndarray, *, timed: bool) -> int:
    """Give how many calibration rows stand at the end of a PycQED table: 0 or 4 (levels 0, 0, 1, 1).

    They are marked by a sweep value that repeats the one before, or by two pairs behind single points. A program that
    goes on with the grid marks nothing; then, in a sweep of time, four values that stand as two far pairs tell.

    Parameters
    ----------
    sweep
        Sweep, shape (point,).
    channels
        Value columns, shape (point, channel).
    timed
        Whether the sweep is a time of free evolution.
    """
    if sweep.size < 9:
        return 0
    body, tail = sweep[:-4], sweep[-4:]
    near = 1e-4 * float(np.median(np.abs(np.diff(body))))
    singles = bool((np.abs(np.diff(body)) > near).all())
    if not singles or projection(channels[:-4], channels[-4:-2], channels[-2:]) is None:
        return 0
    repeats = abs(tail[0] - body[-1]) <= near
    pairs = abs(tail[0] - tail[1]) <= near and abs(tail[2] - tail[3]) <= near
    if repeats or pairs:
        return 4
    continues = np.allclose(tail - body[-1], body[:4], rtol=1e-4, atol=0.0)
    zeros, ones = channels[-4:-2], channels[-2:]
    contrast = np.abs(ones.mean(axis=0) - zeros.mean(axis=0))
    scatter = np.maximum(np.ptp(zeros, axis=0), np.ptp(ones, axis=0))
    far = (contrast > _JUMP * scatter) & (contrast > 0.5 * np.ptp(channels[:-4], axis=0))
    return 4 if timed and continues and bool(far.any()) else 0
