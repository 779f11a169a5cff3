"""A run that does nothing but count, for tests in this process and in others: ``python toy_run.py FOLDER LAST [fault]``."""

import os
import resource
import signal
import sys
import time

import numpy as np

from qrexplore.core import Status, Step, Task
from qrexplore.data import runs


def counting(last, *, pause=0.0):
    """A chaotic sequence: a bit that is lost shows."""

    def advance(state):
        count, value = state
        value = 3.9 * value * (1 - value)
        time.sleep(pause)
        numbers = {f"part.{k}": value * k for k in range(200)}
        return (count + 1, value), Step(count + 1, value, -value, numbers, 0.0, "one" if count < 5 else "two")

    def answer(state, name, value):
        if name != "rate":
            msg = f"no {name!r} here."
            raise ValueError(msg)
        return state[0], value

    return Task(
        problem="count",
        init=lambda: (0, 0.3),
        advance=advance,
        done=lambda state: Status.CONVERGED if state[0] >= last else None,
        finish=lambda state, status: (*state, status),
        pack=lambda state: {"count": np.array(state[0]), "value": np.array(state[1])},
        unpack=lambda arrays: (int(arrays["count"]), float(arrays["value"])),
        answer=answer,
    )


def begin(folder, **specification):
    return runs.create(folder, "count", specification, {"input.txt": lambda path: path.write_text("input")})


def carry_out(folder, last, *, pause=0.0, on_step=None, every=1.0):
    with runs.Owner(runs.open_run(folder)) as owner:
        result, status = runs.drive(counting(last, pause=pause), owner, on_step=on_step, every=every)
        if status is not Status.STOPPED:
            owner.stand("done", status.name)
    return result


def main():
    folder, last, *fault = sys.argv[1:]
    if "full" in fault:  # no file may grow beyond this, as on a disk without room
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    if "nobody" in fault and os.geteuid() == 0:
        os.setuid(65534)
    sys.stdout.write("ready\n")
    sys.stdout.flush()

    def tell(step):
        sys.stdout.write(f"{step.iteration}\n")
        sys.stdout.flush()

    try:
        result = carry_out(folder, int(last), pause=0.002, on_step=tell, every=0.05)
    except runs.RunError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"result {result}\n")


if __name__ == "__main__":
    main()
