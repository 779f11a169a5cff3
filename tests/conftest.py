"""Fixtures of all tests."""

import os
from pathlib import Path

import pytest

from qrexplore.core.compilation import make_room


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the measured data sets; tests that need them are skipped where they are not."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("QREXPLORE_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no measured data at {folder}; set QREXPLORE_SHARED_DATA to their folder")
    return folder


@pytest.fixture(autouse=True, scope="module")
def room_for_compiled_functions():
    """Hundreds of tests in one process compile more than its memory maps hold."""
    yield
    make_room()
