"""Sweeps that keep their datasets: a kill loses none that was told, and no part of a file is ever taken for all of it."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from qrexplore.data import DatasetError, open_data, runs, save
from qrexplore.loop.case_folder import kept
from tests.faults import full_disk, read_only
from tests.loop import sweep

PROGRAM = Path(sweep.__file__)


def start(folder, count):
    """Start another process that sweeps; give it when it is about to begin."""
    words = [sys.executable, str(PROGRAM), str(folder), str(count)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def told_in(out):
    # the last line may be torn
    return [line for line in out.split("\n")[:-1] if line != sweep.WRITES]


def kill_campaign(folder, kills, count, seed):
    """Kill a sweep at random moments and let it be finished; give how many datasets were told, and how many kills tore one."""
    draw, whole = np.random.default_rng(seed), {}
    for _ in range(kills):
        process = start(folder, count)
        # in or between two writings, however slow the machine is
        out = "".join(process.stdout.readline() for _ in range(draw.integers(1, 12)))
        time.sleep(draw.uniform(0.0, 0.02))
        process.send_signal(signal.SIGKILL)
        told = told_in(out + process.communicate()[0])
        found = {path.stem: path for path in folder.glob("*.nc")}
        # what was told is there, and what was there has not been touched
        assert whole.keys() | set(told) <= found.keys()
        assert {name: runs.hash_of(found[name]) for name in whole} == whole
        for name in found.keys() - whole.keys():
            assert open_data(found[name]).equals(sweep.measure(name)), name
            whole[name] = runs.hash_of(found[name])
    torn = len(list(folder.glob(".*.tmp")))
    with start(folder, count) as process:
        rest = told_in(process.communicate()[0])
    # nothing is measured twice
    assert sorted(rest) == sorted(set(sweep.names(count)) - whole.keys())
    assert all(open_data(folder / f"{name}.nc").equals(sweep.measure(name)) for name in rest)
    return len(whole), torn


@pytest.mark.slow
def test_a_sweep_that_is_killed_keeps_each_dataset_that_was_told(tmp_path):
    told, _ = kill_campaign(tmp_path, 2, 20, seed=1)
    assert told > 1


@pytest.mark.slow
def test_forty_kills_lose_no_dataset_and_leave_no_half_one(tmp_path):
    told, torn = kill_campaign(tmp_path, 40, 250, seed=2)
    sys.stdout.write(f"40 kills: {told} datasets told, 0 lost, {torn} writings cut short\n")
    assert told > 60
    assert torn > 5


def no_room(_):
    """Give a disk with room for a third of a dataset."""
    return full_disk(100_000)


@contextlib.contextmanager
def vanished(folder):
    """The folder is elsewhere for a while."""
    folder.rename(folder.with_name("elsewhere"))
    try:
        yield
    finally:
        folder.with_name("elsewhere").rename(folder)


@pytest.mark.parametrize(
    ("fault", "why"),
    [(no_room, "File too large"), (read_only, "Permission denied"), (vanished, "No such file or directory")],
)
def test_a_dataset_that_cannot_be_kept_is_said_and_costs_no_earlier_one(public_folder, fault, why):
    folder = public_folder / "data"
    folder.mkdir()
    first, whole = sweep.names(3), sweep.names(6)
    kept(first, folder, sweep.measure)
    before = {name: runs.hash_of(folder / f"{name}.nc") for name in first}
    words = f"'step-00[0-5].nc': the file cannot be written \\('{why}'\\). Check folder, permissions and free space"
    with contextlib.ExitStack() as stack:

        def measure(name):
            # the fault comes while it is measured
            with beginning:
                if not struck:
                    struck.append(stack.enter_context(fault(folder)))
            return sweep.measure(name)

        struck, beginning = [], threading.Lock()
        with pytest.raises(DatasetError, match=words):
            kept(whole, folder, measure)
    assert {path.stem: runs.hash_of(path) for path in folder.iterdir()} == before
    measured = []
    again = kept(whole, folder, lambda name: measured.append(name) or sweep.measure(name))
    assert sorted(measured) == whole[3:]
    assert all(again[name].equals(sweep.measure(name)) for name in whole)


def test_a_file_that_is_cut_anywhere_is_measured_again(tmp_path):
    data = sweep.measure("step-000")
    save(data, tmp_path / "step-000.nc")
    content = (tmp_path / "step-000.nc").read_bytes()
    measured = []

    def measure(name):
        measured.append(name)
        return data

    for share in (0, 0.01, 0.1, 0.5, 0.9, 0.999):
        (tmp_path / "step-000.nc").write_bytes(content[: int(share * len(content))])
        assert kept(["step-000"], tmp_path, measure)["step-000"].equals(data)
    assert len(measured) == 6
    kept(["step-000"], tmp_path, measure)
    assert len(measured) == 6
