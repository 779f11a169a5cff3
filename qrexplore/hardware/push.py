"""Push: the one road from a schedule to a device. Refused is refused: a broken limit means that nothing is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from qrexplore.hardware.channel import Capabilities
from qrexplore.hardware.consent import Armed, Consent
from qrexplore.hardware.limits import Limits
from qrexplore.hardware.program import Program
from qrexplore.pulses import Schedule


class Device(Protocol):
    """The part of a backend that a push needs."""

    @property
    def name(self) -> str:
        """Name for reports and results."""
        ...

    def capabilities(self) -> Capabilities:
        """Give what the device can do."""
        ...

    def compile(self, request: Schedule) -> Program:
        """Give exactly what would be played."""
        ...

    def arm(
        self, program: Program, *, limits: Mapping[str, Limits] | None = None, consent: Consent | None = None
    ) -> Armed:
        """Check a program and the agreement to it."""
        ...

    def send(self, armed: Armed) -> None:
        """Load an armed program into the device."""
        ...


@dataclass(frozen=True, eq=False)
class PushReceipt:
    """What was sent, to where and when.

    Attributes
    ----------
    program
        Exactly what the device received; ``program.played`` has it as a dataset.
    backend, physics
        Name of the backend, and whether it is ``hardware``, ``simulated`` or ``emulated-io``.
    sent
        When, with time zone.
    operator
        Who agreed; empty where nobody had to.
    """

    program: Program
    backend: str
    physics: str
    sent: datetime
    operator: str = ""

    @property
    def hash(self) -> str:
        """SHA-256 of what was sent."""
        return self.program.hash

    def __repr__(self) -> str:
        lines = ", ".join(self.program.codes)
        return (
            f"PushReceipt({self.program.sample_count} samples on {lines} to {self.backend!r} ({self.physics}), "
            f"program {self.hash[:12]}, {self.sent:%Y-%m-%d %H:%M:%S %Z})"
        )


def push(
    backend: Device,
    schedule: Schedule,
    *,
    limits: Mapping[str, Limits] | None = None,
    consent: Consent | None = None,
) -> PushReceipt:
    """Send a schedule to a device, or refuse it whole.

    Parameters
    ----------
    backend
        Where to.
    schedule
        What to play.
    limits
        Further limits by line or pattern; they can tighten those of the backend, never loosen them.
    consent
        A person's agreement to exactly this program; needed on hardware.

    Raises
    ------
    LimitError
        If anything breaks a limit: a sample that is not finite, too large or too steep, a waveform too long or off the
        sample grid, a line that is not there. The error lists every violation, and nothing was sent.
    BackendError
        If the backend is hardware and the consent is missing, is for another program, or has run out.
    """
    armed = backend.arm(backend.compile(schedule), limits=limits, consent=consent)
    backend.send(armed)
    operator = "" if armed.consent is None else armed.consent.operator
    return PushReceipt(armed.program, backend.name, backend.capabilities().physics, datetime.now(UTC), operator)
