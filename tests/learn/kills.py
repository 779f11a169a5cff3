"""Kills at random moments, for runs that learn."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from qrexplore.learn import begin_run, digest, result_of

PROGRAM = Path(__file__).with_name("learn_run.py")


def kill_campaign(problem, folder, way, *, runs_to_do, kills, most, seed):
    """Kill runs that learn at random moments, and let each be finished; give acknowledged and lost steps."""
    begin_run(problem, folder / "whole", way=way)
    expected = finish(folder / "whole")

    def one(k):
        begun = begin_run(problem, folder / f"run-{k}", way=way)
        draw, told, lost = np.random.default_rng((seed, k)), 0, 0
        for _ in range(kills):
            process = start(begun.folder)
            # one in four while it gets ready; the others somewhere in or between two steps, however slow the machine is
            steps = 0 if draw.random() < 0.25 else draw.integers(1, most)
            out = "".join(process.stdout.readline() for _ in range(steps))
            time.sleep(draw.uniform(0.0, 0.05 if steps else 2.0))
            process.send_signal(signal.SIGKILL)
            out += process.communicate()[0]
            # the last line may be torn
            acknowledged = [int(line) for line in out.split("\n")[:-1] if line.isdigit()]
            kept = {step.iteration for step in begun.history()}
            told, lost = told + len(acknowledged), lost + len(set(acknowledged) - kept)
            assert begun.standing().state in {"created", "interrupted", "done"}
        assert finish(begun.folder) == expected
        assert digest(result_of(begun)) == expected
        return told, lost

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(one, range(runs_to_do)))
    return tuple(np.sum(counts, axis=0))


def start(folder):
    process = subprocess.Popen([sys.executable, str(PROGRAM), str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def finish(folder):
    out, _ = start(folder).communicate()
    return out.split("\n")[-2].removeprefix("digest ")
