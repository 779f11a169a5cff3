"""The ladder of interrupts: the first asks a run to stop at the next step, a second within ten seconds stops it at once."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# s
_IMPATIENCE = 10.0


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether a stop was asked for by Ctrl-C or SIGTERM.

    Where signals cannot be caught (outside the main thread), they do what they did before.
    """
    asked: list[float] = []

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signature is Python's)
        if asked and time.monotonic() - asked[-1] < _IMPATIENCE:
            raise KeyboardInterrupt
        asked.append(time.monotonic())
        sys.stderr.write("\nstopping at the next step and saving; once more within 10 s to stop at once\n")

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, on_signal)
    except ValueError:  # no main thread
        yield lambda: False
        return
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
