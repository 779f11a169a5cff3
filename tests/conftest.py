"""Fixtures of all tests."""

import os
import tempfile
from pathlib import Path

import pytest

from qrexplore.core.compilation import make_room

_COMPILE_EVENT = "/jax/core/compile/backend_compile_duration"


# tutorials that measure and learn for about twenty minutes
_LONG = ("03-debug-a-processor.ipynb",)


# tutorials on measured data
_MEASURED = ("04-learn-from-measured-data.ipynb",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Leave long tutorials to the slow set, and skip those whose data are not there."""
    folder = _measured_folder()
    for item in items:
        if item.path.name in _LONG:
            item.add_marker(pytest.mark.slow)
        if item.path.name in _MEASURED and not folder.is_dir():
            item.add_marker(pytest.mark.skip(reason=_no_data(folder)))


def _measured_folder() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("QREXPLORE_SHARED_DATA", beside))


def _no_data(folder: Path) -> str:
    return f"no measured data at {folder}; set QREXPLORE_SHARED_DATA to their folder"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the measured data sets; tests that need them are skipped where they are not."""
    folder = _measured_folder()
    if not folder.is_dir():
        pytest.skip(_no_data(folder))
    return folder


@pytest.fixture
def public_folder():
    """A folder that other users can reach."""
    with tempfile.TemporaryDirectory(prefix="qrexplore-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


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
