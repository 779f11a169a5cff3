"""Errors of this package that a caller may want to react to."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrexplore.hardware.report import Report
    from qrexplore.hardware.violation import Violation


class BackendError(RuntimeError):
    """A backend is unknown, not able to do what was asked, or not armed."""


class LimitError(ValueError):
    """A program breaks limits of its backend; nothing was sent.

    Attributes
    ----------
    report
        What was checked against what, with every violation.
    """

    def __init__(self, report: "Report") -> None:
        super().__init__(report.words)
        self.report = report

    @property
    def violations(self) -> "tuple[Violation, ...]":
        """Every violation found."""
        return self.report.violations
