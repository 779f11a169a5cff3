"""Shot noise: what a finite number of repetitions makes of a mean, with the error that an experimenter would state."""

import numpy as np
from jaxtyping import Float, Int


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


def assigned(
    probability: Float[np.ndarray, "*points outcomes"], shots: int, generator: np.random.Generator
) -> tuple[Int[np.ndarray, "*points outcomes"], np.ndarray]:
    """Draw how often each of several outcomes comes.

    Parameters
    ----------
    probability
        Of each outcome, in the last dimension; rounding errors are put right.
    shots
        Repetitions.
    generator
        Source of randomness.

    Returns
    -------
    counts, stderr
        Counts, and the standard deviation of each share under Jeffreys' prior as in `counted`.
    """
    counts = generator.multinomial(shots, _distribution(probability))
    prior = counts.shape[-1] / 2
    center = (counts + 0.5) / (shots + prior)
    return counts, np.sqrt(center * (1 - center) / (shots + prior + 1))


def clouds(
    levels: Float[np.ndarray, "*points levels"],
    centers: Float[np.ndarray, "levels components"],
    width: float,
    shots: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, "*points components shots"]:
    """Draw single shots: each finds the qubit in one level, and scatters about the center of its cloud.

    Parameters
    ----------
    levels
        Populations, in the last dimension.
    centers
        Center of the cloud of each level.
    width
        Standard deviation along each axis.
    shots
        Repetitions.
    generator
        Source of randomness.
    """
    found = centers[outcomes(generator.multinomial(shots, _distribution(levels)), generator)]
    return np.moveaxis(found + width * generator.standard_normal(found.shape), -1, -2)


def averaged_clouds(
    levels: Float[np.ndarray, "*points levels"],
    centers: Float[np.ndarray, "levels components"],
    width: float,
    shots: int,
    generator: np.random.Generator,
) -> tuple[Float[np.ndarray, "*points components"], Float[np.ndarray, "*points components"]]:
    """Draw the means of `clouds` without drawing the shots.

    Returns
    -------
    average, stderr
        The variance of a shot is that of the cloud plus that of the centers over the levels found (projection noise).
    """
    shares = generator.multinomial(shots, _distribution(levels)) / shots
    mean = shares @ centers
    stderr = np.sqrt((width**2 + shares @ centers**2 - mean**2) / shots)
    return mean + width / np.sqrt(shots) * generator.standard_normal(mean.shape), stderr


def outcomes(
    counts: Int[np.ndarray, "*points outcomes"], generator: np.random.Generator
) -> Int[np.ndarray, "*points shots"]:
    """Give single outcomes in a random order that come as often as they were counted."""
    rows = counts.reshape(-1, counts.shape[-1])
    each = np.stack([np.repeat(np.arange(len(row)), row) for row in rows])
    return generator.permuted(each, axis=1).reshape(*counts.shape[:-1], -1)


def _distribution(probability: np.ndarray) -> np.ndarray:
    positive = np.clip(np.asarray(probability, dtype=np.float64), 0.0, None)
    return positive / positive.sum(axis=-1, keepdims=True)
