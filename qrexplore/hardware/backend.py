"""What every backend offers, simulated or real, and the handle of what it is doing."""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol, runtime_checkable

import xarray as xr

from qrexplore.experiments import Experiment
from qrexplore.hardware.channel import Capabilities
from qrexplore.hardware.consent import Armed, Consent
from qrexplore.hardware.limits import Limits, LimitsInForce
from qrexplore.hardware.program import Program
from qrexplore.hardware.push import PushReceipt
from qrexplore.hardware.report import Report
from qrexplore.pulses import Schedule


class JobStatus(Enum):
    """How a job stands; the values are the words shown to people."""

    QUEUED = "waiting for the device"
    RUNNING = "running"
    DONE = "done"
    CANCELED = "canceled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self not in {JobStatus.QUEUED, JobStatus.RUNNING}


@runtime_checkable
class Job(Protocol):
    """A handle of something that a backend does; usable from any thread."""

    @property
    def status(self) -> JobStatus:
        """How the job stands now."""
        ...

    def cancel(self) -> bool:
        """Ask the device to give up; True unless the job had already ended. A canceled job has no result."""
        ...

    def result(self, timeout: float | None = None) -> xr.Dataset:
        """Wait at most `timeout` seconds and give the data.

        Raises
        ------
        BackendError
            If the job was canceled.
        TimeoutError
            If it has not ended in time; it goes on.
        """
        ...


@runtime_checkable
class Backend(Protocol):
    """A device that runs experiments and plays pulses.

    `run`, `play` and `push` compile, check and arm before anything is sent, and send nothing if a limit is broken.
    `send` is the only way to the device and takes only what was armed.
    """

    @property
    def name(self) -> str:
        """Name for reports and results."""
        ...

    @property
    def limits(self) -> Mapping[str, LimitsInForce]:
        """Limits in force, by line."""
        ...

    def capabilities(self) -> Capabilities:
        """Give what the device can do."""
        ...

    def compile(self, request: Schedule | Experiment) -> Program:
        """Give exactly what would be played. Pure: nothing is sent."""
        ...

    def check(self, program: Program, *, limits: Mapping[str, Limits] | None = None) -> Report:
        """Hold a program against the limits in force and further ones; give every violation. Nothing is sent."""
        ...

    def arm(
        self, program: Program, *, limits: Mapping[str, Limits] | None = None, consent: Consent | None = None
    ) -> Armed:
        """Check a program and the agreement to it, so that it may be sent.

        Raises
        ------
        LimitError
            If the program breaks a limit.
        BackendError
            If the device is hardware and there is no valid consent to this program.
        """
        ...

    def send(self, armed: Armed) -> None:
        """Load an armed program into the device."""
        ...

    def push(
        self, schedule: Schedule, *, limits: Mapping[str, Limits] | None = None, consent: Consent | None = None
    ) -> PushReceipt:
        """Compile, check, arm and send a schedule.

        Raises
        ------
        LimitError
            If anything breaks a limit; nothing was sent.
        """
        ...

    def run(self, experiment: Experiment, *, shots: int | None = None, consent: Consent | None = None) -> Job:
        """Start an experiment, all points of which were checked before; data as `twin.simulate` gives them."""
        ...

    def play(
        self,
        schedule: Schedule,
        *,
        shots: int = 1000,
        qubits: tuple[str, ...] | None = None,
        preparation: int = 0,
        consent: Consent | None = None,
    ) -> Job:
        """Push a schedule, play it on qubits prepared in a level, and read them."""
        ...

    def stop(self) -> None:
        """Cancel every job and set all outputs to zero. May be called from any thread, any number of times."""
        ...
