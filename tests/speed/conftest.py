"""The lab and the browser of the browser tests serve the measurements, too."""

from tests.browser.conftest import browser, lab, notebook, pytest_runtest_makereport

__all__ = ["browser", "lab", "notebook", "pytest_runtest_makereport"]
