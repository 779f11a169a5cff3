"""One notebook open in a browser: run it, wait for it, look at it, and collect whatever went wrong."""

import re
import time
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect
from playwright.sync_api import TimeoutError as TookTooLong

from tests.browser.server import Server

RUN_SECONDS = 300
WIDTH, HEIGHT = 1440, 1000
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

READY = """() => {
    const widget = window.jupyterapp?.shell?.currentWidget;
    return widget?.context?.isReady && widget.sessionContext?.session?.kernel?.status === 'idle';
}"""
# a cell that fails keeps those after it from running, so an error is an end too
DONE = """() => {
    const widget = window.jupyterapp.shell.currentWidget;
    const cells = Array.from(widget.content.widgets, cell => cell.model.toJSON()).filter(cell =>
        cell.cell_type === 'code' && String(cell.source).trim());
    const failed = cells.some(cell => cell.outputs.some(output => output.output_type === 'error'));
    return (failed || cells.every(cell => cell.execution_count))
        && widget.sessionContext.session?.kernel?.status === 'idle';
}"""
OUTPUTS = """() => Array.from(window.jupyterapp.shell.currentWidget.content.widgets, cell => cell.model.toJSON())
    .map(cell => cell.outputs ?? [])"""
TO_THE_TOP = "() => { document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0; }"
CONTENT_HEIGHT = """() => {
    const cells = Array.from(document.querySelectorAll('.jp-Notebook .jp-Cell'), cell => cell.getBoundingClientRect());
    const top = document.querySelector('.jp-WindowedPanel-outer').scrollTop;
    return Math.ceil(Math.max(0, ...cells.map(box => box.bottom)) + top) + 80;
}"""


class Notebook:
    """A notebook in a page of its own, alone in JupyterLab's one-document view."""

    def __init__(
        self,
        browser: Browser,
        server: Server,
        name: str,
        *,
        theme: Literal["light", "dark"] = "light",
        pictures: Path,
    ) -> None:
        self.server = server
        self.name = name
        self.pictures = pictures
        self.console_errors: list[str] = []
        self.page_errors: list[str] = []
        self.foreign_requests: list[str] = []
        self.context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
        self.theme = THEMES[theme]
        self.page = self._new_page()

    def open(self) -> None:
        """Load the page and wait until the notebook's kernel is ready."""
        self.page.goto(f"{self.server.base}/doc/tree/{quote(self.name)}?token={self.server.token}&reset")
        self.page.wait_for_function(READY, timeout=120_000)
        self.page.evaluate(
            "theme => { window.jupyterapp.commands.execute('apputils:change-theme', { theme }); }", self.theme
        )
        self.page.wait_for_selector(f'body[data-jp-theme-name="{self.theme}"]', state="attached")

    def reopen(self, *, apart: float) -> None:
        """Save, close the page, and open the notebook in another one after some seconds; its kernel knows nothing of it."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        self.page.close()
        time.sleep(apart)
        self.page = self._new_page()
        self.open()

    def run_all(self, *, seconds: float = RUN_SECONDS) -> None:
        """Run all cells and wait until the kernel is idle; then make the window as tall as the notebook.

        JupyterLab takes cells that are out of sight out of the page; in a tall window none is.

        Raises
        ------
        AssertionError
            If it takes longer than `seconds`.
        """
        # braces, because evaluate waits for a promise that is given back, without a limit
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        try:
            self.page.wait_for_function(DONE, timeout=1000 * seconds)
        except TookTooLong:
            self.screenshot(f"{Path(self.name).stem}-timeout")
            msg = f"{self.name} was not done after {seconds} s. Problems so far: {self.problems() or 'none'}"
            raise AssertionError(msg) from None
        self.fit()

    def wait_idle(self, *, seconds: float = RUN_SECONDS) -> None:
        """Wait until the kernel is idle and no widget is at work (`data-state` compiling or running)."""
        self.page.wait_for_function(DONE, timeout=1000 * seconds)
        busy = self.page.locator('[data-state="compiling"], [data-state="running"]')
        expect(busy).to_have_count(0, timeout=1000 * seconds)

    def fit(self) -> None:
        """Make the window as tall as what the notebook shows, from its first cell on."""
        self.page.evaluate(TO_THE_TOP)
        for _ in range(2):  # cells that come into sight make the content taller
            height = self.page.evaluate(CONTENT_HEIGHT)
            self.page.set_viewport_size({"width": WIDTH, "height": min(max(height, HEIGHT), 12_000)})
            self.page.wait_for_timeout(200)

    def outputs(self) -> list[list[dict[str, Any]]]:
        """Give the outputs of each cell, as they would be stored."""
        return self.page.evaluate(OUTPUTS)

    def output(self, position: int) -> Locator:
        """Give the place in the page where the outputs of a cell are shown, counted from 0 over all cells."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(position).locator(".jp-Cell-outputWrapper")

    def problems(self) -> list[str]:
        """Give one line for each thing that must not happen: errors of cells, page and console, foreign requests."""
        cells = [
            f"error in cell {position}: {output['ename']}: {output['evalue']}"
            for position, outputs in enumerate(self.outputs())
            for output in outputs
            if output["output_type"] == "error"
        ]
        return [
            *cells,
            *(f"console error: {text}" for text in self.console_errors),
            *(f"page error: {text}" for text in self.page_errors),
            *(f"foreign request: {address}" for address in self.foreign_requests),
        ]

    def screenshot(self, name: str, *, of: Locator | None = None) -> np.ndarray:
        """Save a picture of the page, or of a part of it, and give its pixels: (rows, columns, 3), 0 to 255."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        path = self.pictures / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.png"
        (self.page if of is None else of).screenshot(path=path)
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))

    def close(self) -> None:
        """Close the page and end its kernel."""
        self.context.close()
        self.server.end_kernels()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        page.on("request", lambda request: self._on_request(request.url))
        page.on("websocket", lambda socket: self._on_request(socket.url))
        return page

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_request(self, address: str) -> None:
        parts = urlsplit(address)
        own = urlsplit(self.server.base).netloc
        if parts.scheme not in {"data", "blob"} and parts.netloc != own:
            self.foreign_requests.append(address)
