"""A sweep that keeps its datasets on a slow disk: ``python sweep.py FOLDER COUNT`` tells when it writes one, and which it has."""

import sys
import time
from pathlib import Path

import numpy as np

from qrexplore import experiments
from qrexplore.data.importers import native
from qrexplore.loop import case_folder

WRITES = "writes"


def names(count):
    return [f"step-{k:03d}" for k in range(count)]


def measure(name):
    """Give a dataset whose numbers are those of its name, large enough that its writing takes a while."""
    experiment = experiments.t1(np.linspace(0, 100e-6, 20_000))
    return experiment.dataset(np.random.default_rng([*name.encode()]).random((1, 20_000)))


def tell(line):
    # in one piece, whatever other threads tell
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write_slowly(path, content):
    with path.open("wb", buffering=0) as file:
        for k in range(0, len(content), 20_000):
            file.write(content[k : k + 20_000])
            time.sleep(0.001)


def main():
    save, write = case_folder.save, native.write_whole

    def told(data, path):
        save(data, path)
        tell(path.stem)

    def told_before(path, content):
        tell(WRITES)
        write(path, content)

    case_folder.save, native.write_whole, Path.write_bytes = told, told_before, write_slowly
    tell("ready")
    case_folder.kept(names(int(sys.argv[2])), Path(sys.argv[1]), measure)


if __name__ == "__main__":
    main()
