"""Waiting for what another thread does, without waiting for ever."""

import time

SECONDS = 20


def until(condition, told):
    """Wait until a condition holds; `told` is shown if it does not in time."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, told
        time.sleep(0.002)


def ended(runner):
    """End the run of a runner, if there is one."""
    if runner.busy:
        runner.stop()
        assert runner.wait(SECONDS)
