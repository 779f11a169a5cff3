"""The helper process that reads HDF5 files first."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import qrexplore.data as qd
from qrexplore.data import helper


@pytest.fixture(autouse=True)
def _no_helper_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: deque[helper.Process] = deque()
    monkeypatch.setattr(helper, "idle", made)
    monkeypatch.setattr(helper, "_answers", {})
    yield
    for process in made:
        helper._end(process)


def program(path: Path, body: str) -> Path:
    """Write a helper that does something else than the real one."""
    start = "import sys, time\nsys.stdout.write('ready\\n'); sys.stdout.flush()\nsys.stdin.buffer.read(1)\n"
    path.write_text(start + body)
    return path


def test_one_process_serves_many_files(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file()
    helper.require_sound(path, path.read_bytes())
    (first,) = helper.idle
    other = quantify_file("another title")
    helper.require_sound(other, other.read_bytes())
    assert list(helper.idle) == [first]


def test_a_file_on_which_it_hangs_is_refused_and_it_is_replaced(
    quantify_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = quantify_file()
    monkeypatch.setattr(helper, "LIMIT", 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(helper, "PROGRAM", program(tmp_path / "hang.py", "time.sleep(60)"))
        with pytest.raises(qd.DatasetError, match=r"dataset.hdf5.*did not end within 0.5 s"):
            helper.require_sound(path, path.read_bytes())
    assert not helper.idle
    monkeypatch.setattr(helper, "LIMIT", 30.0)
    other = quantify_file("another title")
    helper.require_sound(other, other.read_bytes())


@pytest.mark.parametrize("body", ["sys.exit(139)", "print('nonsense')"])
def test_a_file_on_which_it_dies_is_refused(
    quantify_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    path = quantify_file()
    monkeypatch.setattr(helper, "PROGRAM", program(tmp_path / "die.py", body))
    with pytest.raises(qd.DatasetError, match="the HDF5 library crashed on it"):
        helper.require_sound(path, path.read_bytes())


def test_without_a_helper_nothing_is_opened(
    quantify_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = quantify_file()
    monkeypatch.setattr(helper, "PROGRAM", tmp_path / "missing.py")
    with pytest.raises(qd.DatasetError, match=r"helper process .* did not start"):
        helper.require_sound(path, path.read_bytes())
