"""Shot noise: what a finite number of repetitions makes of a mean, with the error that an experimenter would state."""

import numpy as np


def counted(probability: np.ndarray, shots: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the share of ones among thresholded shots.

    Parameters
    ----------
    probability
        Of reading 1; any shape. Rounding errors beyond 0 and 1 are cut off.
    shots
        Repetitions.
    generator
        Source of randomness.

    Returns
    -------
    share, stderr
        Share of ones, and the standard deviation of the posterior under Jeffreys' prior, which is never zero:
        ``sqrt(p (1 - p)/(N + 2))`` with ``p = (k + 1/2)/(N + 1)``.
    """
    ones = generator.binomial(shots, np.clip(probability, 0.0, 1.0))
    center = (ones + 0.5) / (shots + 1)
    return ones / shots, np.sqrt(center * (1 - center) / (shots + 2))


def averaged(
    mean: np.ndarray, noise: np.ndarray, shots: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the average of shots with Gaussian noise.

    Parameters
    ----------
    mean
        Of the signal.
    noise
        Standard deviation of a single shot, in the unit of `mean`; broadcast against it.
    shots
        Repetitions.
    generator
        Source of randomness.

    Returns
    -------
    average, stderr
        Average, and ``noise/sqrt(shots)``.
    """
    stderr = np.broadcast_to(noise / np.sqrt(shots), mean.shape).copy()
    return mean + stderr * generator.standard_normal(mean.shape), stderr
