"""A small measured experiment, and a front end that is only a list of what it was told."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

import qrexplore as qx
from qrexplore.experiments import Experiment
from qrexplore.twin import Twin

DELAYS = np.linspace(0, 10e-6, 31)


class FakeFrontEnd:
    """Attached to a channel, it keeps the traits and messages that a browser would get."""

    def __init__(self, channel):
        self.channel = channel
        self.traits: dict[str, Any] = dict(channel.traits)
        self.messages: list[tuple[dict, list[np.ndarray]]] = []
        self.requests = 0
        channel.attach(self._take, self.traits.__setitem__)

    def _take(self, content, buffers):
        self.messages.append((content, [np.frombuffer(part, dtype=np.float32) for part in buffers]))

    def ask(self, **message) -> str:
        """Send a message and give the error of its acknowledgement."""
        self.requests += 1
        self.channel.receive({**message, "request": self.requests})
        (answer,) = [content for content, _ in self.of("ack") if content["request"] == self.requests]
        return answer["error"]

    def of(self, kind: str) -> list[tuple[dict, list[np.ndarray]]]:
        return [message for message in list(self.messages) if message[0]["kind"] == kind]


@pytest.fixture
def front_end():
    return FakeFrontEnd


@pytest.fixture(scope="session")
def ramsey() -> Experiment:
    return qx.experiments.ramsey(DELAYS, artificial_detuning=2e5)


@pytest.fixture(scope="session")
def truth() -> Twin:
    return qx.library.transmon().replace({"q0.frequency": 5.00002e9, "q0.t_phi": 15e-6})


@pytest.fixture(scope="session")
def data(truth: Twin, ramsey: Experiment) -> xr.Dataset:
    """A Ramsey of 31 points with known noise."""
    found = qx.simulate(truth, ramsey)
    noise = np.random.default_rng(5).normal(0, 0.01, found.population.shape)
    stderr = xr.full_like(found.population, 0.01)
    return found.assign(population=found.population + noise, population_stderr=stderr).assign(
        population=(found.population.dims, (found.population + noise).values, found.population.attrs)
    )


@pytest.fixture
def twin() -> Twin:
    return qx.library.transmon()
