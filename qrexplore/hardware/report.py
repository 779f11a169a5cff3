"""The report of a check: what was held against which limits, and everything that breaks them."""

from collections.abc import Mapping
from dataclasses import dataclass

from qrexplore.hardware.channel import Capabilities
from qrexplore.hardware.check import level_violations, violations
from qrexplore.hardware.errors import LimitError
from qrexplore.hardware.limits import LimitsInForce, fingerprint
from qrexplore.hardware.program import Program
from qrexplore.hardware.violation import ADVICE, Violation

# a message is read by people; the rest is in the report
LONGEST_LIST = 40


@dataclass(frozen=True)
class Report:
    """What a check of a program found.

    Attributes
    ----------
    backend
        Name of the backend whose limits were applied.
    program
        Hash of the program.
    limits
        Hash of the limits.
    violations
        Everything that breaks a limit; empty if the program may be sent.
    """

    backend: str
    program: str
    limits: str
    violations: tuple[Violation, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing breaks a limit."""
        return not self.violations

    @property
    def words(self) -> str:
        """The report for people: the facts, one a line, and what to do about them."""
        found = self.violations
        if not found:
            return f"the program keeps all limits of the backend {self.backend!r}."
        plural = "limit" if len(found) == 1 else "limits"
        lines = [f"the program breaks {len(found)} {plural} of the backend {self.backend!r}; nothing was sent:"]
        lines += [f"  {violation.words}" for violation in found[:LONGEST_LIST]]
        if len(found) > LONGEST_LIST:
            lines.append(f"  and {len(found) - LONGEST_LIST} more, see `violations` of the error")
        lines.append(" ".join(dict.fromkeys(ADVICE[violation.rule] for violation in found)))
        return "\n".join(lines)

    def require_passed(self) -> None:
        """Raise LimitError, which lists every violation, unless nothing breaks a limit."""
        if not self.passed:
            raise LimitError(self)


def check_program(
    program: Program, capabilities: Capabilities, limits: Mapping[str, LimitsInForce], *, backend: str
) -> Report:
    """Hold a program against limits: what was asked for, in 64 bits, and what the converters will play.

    Parameters
    ----------
    program
        From `compile_program`.
    capabilities, limits
        Of the backend.
    backend
        Its name, for the report.
    """
    found = [*program.found, *violations(program.requested, capabilities, limits)]
    found += level_violations(program.levels, capabilities, limits)
    known = {(violation.channel, violation.rule) for violation in found}
    for violation in violations(program.waves, capabilities, limits, played=True):
        # rounding moves the samples of a stretch, which would then be listed twice
        if (violation.channel, violation.rule) not in known:
            found.append(violation)
    return Report(backend, program.hash, fingerprint(limits), tuple(dict.fromkeys(found)))
