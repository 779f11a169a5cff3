"""A sweep whose datasets are kept when they are measured: ``python sweep.py FOLDER COUNT`` tells each name when it is kept."""

import sys
from pathlib import Path

import numpy as np

from qrexplore import experiments
from qrexplore.loop import case_folder


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


def main():
    save = case_folder.save

    def told(data, path):
        save(data, path)
        tell(path.stem)

    case_folder.save = told
    tell("ready")
    case_folder.kept(names(int(sys.argv[2])), Path(sys.argv[1]), measure)


if __name__ == "__main__":
    main()
