from collections.abc import Callable

import numpy as np
import pytest

from qrexplore.hardware import (
    Armed,
    Capabilities,
    Channel,
    Limits,
    Program,
    arm,
    compile_program,
    hidden,
    limits_in_force,
    tightened,
)
from qrexplore.pulses import Pulse, Samples, Schedule

# V, V/s and s
AMPLITUDE, SLEW, DURATION = 1.0, 0.5e9, 200e-9


class RecordingDevice:
    """A device with the interface that a push needs, which keeps what reaches it."""

    name = "recorder"

    def __init__(self, physics: str = "simulated", **channel: object) -> None:
        channels = [
            Channel("flux_q0", "baseband", **channel),
            Channel("flux_q1", "baseband", **channel),
            Channel("drive_q0", "iq", **channel),
        ]
        self._capabilities = Capabilities({c.name: c for c in channels}, ("q0", "q1"), physics)
        self._limits = limits_in_force(
            self._capabilities, {"*": Limits(amplitude=AMPLITUDE, slew=SLEW, duration=DURATION)}
        )
        self.received: list[Program] = []

    def capabilities(self) -> Capabilities:
        return self._capabilities

    def compile(self, request) -> Program:
        return compile_program(request, self._capabilities)

    def arm(self, program, *, limits=None, consent=None) -> Armed:
        return arm(program, self._capabilities, tightened(self._limits, limits), backend=self.name, consent=consent)

    def send(self, armed: Armed) -> None:
        armed.require_valid()
        self.received.append(armed.program)

    @property
    def sample_count(self) -> int:
        return sum(codes.size for program in self.received for codes in program.codes.values())


@pytest.fixture
def device() -> RecordingDevice:
    return RecordingDevice()


@pytest.fixture(scope="session")
def make_device() -> Callable[..., RecordingDevice]:
    return RecordingDevice


def played(samples, *, line: str = "flux_q0", period: float = 1e-9, window: float | None = None) -> Schedule:
    samples = np.asarray(samples)
    pulse = Pulse(line, Samples(samples, period), 1.0)
    return Schedule((pulse,), window=len(samples) * period if window is None else window)


@pytest.fixture(scope="session")
def schedule_of() -> Callable[..., Schedule]:
    return played


@pytest.fixture
def half_excited(monkeypatch: pytest.MonkeyPatch) -> list[Schedule]:
    """Make every pulse end in an even mixture of levels 0 and 1, and keep what was simulated."""
    simulated: list[Schedule] = []

    def play(_twin, schedule, *, qubits, **_preparation):
        simulated.append(schedule)
        return np.array([[0.5, 0.5, 0.0]] * len(qubits))

    monkeypatch.setattr(hidden.model, "play", play, raising=False)
    return simulated
