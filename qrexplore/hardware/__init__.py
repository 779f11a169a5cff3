"""Hardware: the road between a model and a device, and the guard on it.

A `Backend` runs experiments and plays pulses. What it is asked for is compiled to a `Program` (exactly the samples that
the converters will put out), held against the limits of each line, armed, and only then sent: `push` refuses whatever
breaks a limit, lists every violation and sends nothing. No vendor's software is trusted with that check, since all
those looked at let some bad waveform pass. On real hardware a person must agree to each program by its hash.

`SimulatedBackend` hides a twin behind the same protocol; its results carry ``physics = "simulated"``.
"""

from qrexplore.hardware.backend import Backend, Job, JobStatus
from qrexplore.hardware.channel import Capabilities, Channel
from qrexplore.hardware.check import violations
from qrexplore.hardware.connect import connect
from qrexplore.hardware.consent import Armed, Consent, arm
from qrexplore.hardware.demonstration import demonstration_chevron, demonstration_device
from qrexplore.hardware.errors import BackendError, LimitError
from qrexplore.hardware.limits import Limits, LimitsInForce, limits_in_force, tightened
from qrexplore.hardware.program import Program, compile_program
from qrexplore.hardware.push import PushReceipt, push
from qrexplore.hardware.report import Report, check_program
from qrexplore.hardware.simulated import SimulatedBackend
from qrexplore.hardware.violation import Violation

__all__ = [
    "Armed",
    "Backend",
    "BackendError",
    "Capabilities",
    "Channel",
    "Consent",
    "Job",
    "JobStatus",
    "LimitError",
    "Limits",
    "LimitsInForce",
    "Program",
    "PushReceipt",
    "Report",
    "SimulatedBackend",
    "Violation",
    "arm",
    "check_program",
    "compile_program",
    "connect",
    "demonstration_chevron",
    "demonstration_device",
    "limits_in_force",
    "push",
    "tightened",
    "violations",
]
