"""Arming: a program may go out only as what was checked and, on real hardware, what a person has agreed to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qrexplore.hardware.channel import Capabilities
from qrexplore.hardware.errors import BackendError
from qrexplore.hardware.limits import LimitsInForce
from qrexplore.hardware.program import Program
from qrexplore.hardware.report import Report, check_program

# long enough to read the report again, short enough that nobody else's program goes out
_MINUTES = 5.0


@dataclass(frozen=True)
class Consent:
    """A person's agreement to play one program under one set of limits on one backend, for a short time.

    Attributes
    ----------
    operator
        Who agrees.
    backend, program, limits
        Name and hashes from the report that was agreed to.
    expires
        When the agreement ends; a time with a time zone.

    Raises
    ------
    ValueError
        If the operator has no name or the time no time zone.
    """

    operator: str
    backend: str
    program: str
    limits: str
    expires: datetime

    def __post_init__(self) -> None:
        if not self.operator.strip():
            msg = "`operator` must name the person who agrees, got an empty text. Give your name."
            raise ValueError(msg)
        if self.expires.tzinfo is None:
            msg = f"`expires` must have a time zone, got {self.expires}. Use datetime.now(UTC) + timedelta(minutes=5)."
            raise ValueError(msg)

    @classmethod
    def to(cls, report: Report, *, operator: str, minutes: float = _MINUTES) -> "Consent":
        """Agree to what a report describes.

        Raises
        ------
        LimitError
            If the report lists violations; nobody can agree to those.
        """
        report.require_passed()
        expires = datetime.now(UTC) + timedelta(minutes=minutes)
        return cls(operator, report.backend, report.program, report.limits, expires)


@dataclass(frozen=True)
class Armed:
    """A program that may be sent. Made by `arm` only; a backend asks `require_valid` right before it sends.

    Attributes
    ----------
    program
        What may be sent.
    report
        Its check, without violations.
    consent
        The agreement of a person; None on backends that are not hardware.
    """

    program: Program
    report: Report
    consent: Consent | None

    def require_valid(self) -> None:
        """Make sure that the program is still the one that was checked and that the agreement has not run out.

        Raises
        ------
        LimitError
            If the report lists violations.
        BackendError
            If the program has changed or the agreement has run out.
        """
        self.report.require_passed()
        if self.program.digest() != self.report.program:
            msg = "the program is not the one that was checked; nothing was sent. Compile, check and arm it anew."
            raise BackendError(msg)
        if self.consent is not None and datetime.now(UTC) >= self.consent.expires:
            msg = (
                f"the consent of {self.consent.operator} ran out at {self.consent.expires:%Y-%m-%d %H:%M:%S %Z}; "
                "nothing was sent. Check the program and give a new one with Consent.to(report, operator=...)."
            )
            raise BackendError(msg)


def arm(
    program: Program,
    capabilities: Capabilities,
    limits: Mapping[str, LimitsInForce],
    *,
    backend: str,
    consent: Consent | None = None,
) -> Armed:
    """Check a program and, on hardware, the agreement to it.

    Parameters
    ----------
    program
        What shall be sent.
    capabilities, limits, backend
        Of the backend.
    consent
        Needed where ``capabilities.physics`` is ``hardware``; looked at wherever it is given.

    Raises
    ------
    LimitError
        If the program breaks a limit; the error lists every violation.
    BackendError
        If a consent is missing, is for something else, or has run out.
    """
    report = check_program(program, capabilities, limits, backend=backend)
    report.require_passed()
    if consent is None and capabilities.physics == "hardware":
        msg = (
            f"the backend {backend!r} is hardware and not armed; nothing was sent. "
            "Read the report of backend.check(program), then pass consent=Consent.to(report, operator='your name')."
        )
        raise BackendError(msg)
    if consent is not None:
        agreed = {"backend": consent.backend, "program": consent.program, "limits": consent.limits}
        actual = {"backend": report.backend, "program": report.program, "limits": report.limits}
        changed = [name for name in agreed if agreed[name] != actual[name]]
        if changed:
            msg = (
                f"the consent of {consent.operator} is for another {' and another '.join(changed)}; nothing was sent. "
                "Check this program and give a new one with Consent.to(report, operator=...)."
            )
            raise BackendError(msg)
    armed = Armed(program, report, consent)
    armed.require_valid()
    return armed
