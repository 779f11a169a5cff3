"""Fixtures of all tests."""

import os
from pathlib import Path

import pytest

from qrexplore.core.compilation import make_room

_COMPILE_EVENT = "/jax/core/compile/backend_compile_duration"


# tutorials that measure and learn for about twenty minutes
_LONG = ("03-debug-a-processor.ipynb",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Leave long tutorials to the slow set."""
    for item in items:
        if item.path.name in _LONG:
            item.add_marker(pytest.mark.slow)


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


@pytest.fixture
def compilations():
    """Names of what was compiled while the test ran."""
    from jax._src import monitoring

    found = []

    def listen(event, _duration, **_):
        if event == _COMPILE_EVENT:
            found.append(event)

    monitoring.register_event_duration_secs_listener(listen)
    yield found
    monitoring.unregister_event_duration_listener(listen)
