"""The real JupyterLab in a headless Chromium: one lab and browser for all tests, one page and kernel each."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")

from tests.browser.notebook import Notebook  # noqa: E402 (needs playwright)
from tests.browser.server import Server  # noqa: E402

REPOSITORY = Path(__file__).parents[2]
PICTURES = REPOSITORY / "artifacts" / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # nothing but this machine can be reached, as on an air-gapped one
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
FAILED = pytest.StashKey[bool]()


# the browser ends with this folder's tests: as long as it runs, its event loop blocks that of anybody else
@pytest.fixture(scope="package")
def browser() -> Iterator[playwright.Browser]:
    """Chromium as the system has it."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        reason = f"none of {', '.join(BROWSERS)} is installed"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; in CI the browser tests must run")
        pytest.skip(reason)
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab on a copy of the tutorials."""
    server = Server(tmp_path_factory.mktemp("lab"))
    notebooks = REPOSITORY / "notebooks"
    if notebooks.is_dir():
        shutil.copytree(notebooks, server.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "runs"))
    yield server
    server.stop()


@pytest.fixture
def notebook(
    browser: playwright.Browser, lab: Server, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook by its name; give `theme="dark"` for the other theme. A picture is kept when the test fails."""
    opened: list[Notebook] = []

    def open_notebook(name: str, **options: str) -> Notebook:
        opened.append(Notebook(browser, lab, name, pictures=PICTURES, **options))
        opened[-1].open()
        return opened[-1]

    yield open_notebook
    for position, one in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            one.screenshot(f"failed-{request.node.name}-{position}")
        one.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember a failure, so that the fixture can take its picture."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report
