"""Priors: what is known of a number before it is measured."""

import math
from dataclasses import dataclass

import numpy as np


def _require_width(value: float, name: str) -> None:
    if not (math.isfinite(value) and value > 0):
        msg = f"`{name}` of a prior must be a positive number, got {value!r}. Leave the prior out if nothing is known."
        raise ValueError(msg)


@dataclass(frozen=True)
class Normal:
    """A Gaussian prior.

    Attributes
    ----------
    mean, deviation
        In the unit of the parameter.
    """

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        """Refuse a width that is none."""
        _require_width(self.deviation, "deviation")

    @property
    def center(self) -> float:
        """The mean."""
        return self.mean

    def drawn(self, generator: np.random.Generator, width: float = 1.0) -> float:
        """Draw a value, from a distribution that is narrower by the factor `width`."""
        return self.mean + width * self.deviation * float(generator.normal())


@dataclass(frozen=True)
class LogNormal:
    """A prior that is Gaussian in the logarithm, for what is positive.

    Attributes
    ----------
    median
        In the unit of the parameter.
    deviation
        Of the natural logarithm.
    """

    median: float
    deviation: float

    def __post_init__(self) -> None:
        """Refuse a width that is none, and a median that is not positive."""
        _require_width(self.deviation, "deviation")
        _require_width(self.median, "median")

    @property
    def center(self) -> float:
        """The median."""
        return self.median

    def drawn(self, generator: np.random.Generator, width: float = 1.0) -> float:
        """Draw a value, from a distribution that is narrower by the factor `width`."""
        return self.median * math.exp(width * self.deviation * float(generator.normal()))


@dataclass(frozen=True)
class Uniform:
    """A prior that only says between which two values a number is.

    Attributes
    ----------
    low, high
        In the unit of the parameter.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse values that are not in rising order."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            msg = f"`low` and `high` of a prior must be two finite numbers in rising order, got {self.low!r} and {self.high!r}."
            raise ValueError(msg)

    @property
    def center(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2

    def drawn(self, generator: np.random.Generator, width: float = 1.0) -> float:
        """Draw a value, from a range about the middle that is narrower by the factor `width`."""
        return self.center + width * (self.high - self.low) * (float(generator.random()) - 0.5)


Prior = Normal | LogNormal | Uniform
