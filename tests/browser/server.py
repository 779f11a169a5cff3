"""The real JupyterLab as a process, started as `qrexplore lab` starts it, in a home that nobody else uses."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from qrexplore.cli import lab

START_SECONDS = 120


class Server:
    """A running JupyterLab; end it with `stop`.

    Parameters
    ----------
    folder
        An empty folder: home, settings, log and root of the lab go there.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "notebooks"
        self.root.mkdir()
        self.log = folder / "jupyterlab.log"
        self.token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        words = [
            *lab.command(self.root, port=port, browser=False),
            f"--IdentityProvider.token={self.token}",
            "--ServerApp.port_retries=0",
            "--LabApp.expose_app_in_browser=True",
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                words, env=lab.environment(_own_home(folder / "home")), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait()

    def ask(self, path: str, method: str = "GET") -> list[dict] | dict | None:
        """Ask the lab's REST interface."""
        address = f"{self.base}/api/{path}"
        request = urllib.request.Request(address, method=method, headers={"Authorization": f"token {self.token}"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (loopback)
            text = answer.read()
        return json.loads(text) if text else None

    def end_kernels(self) -> None:
        """End all kernels, and with them what they compute and hold."""
        for kernel in self.ask("kernels"):
            self.ask(f"kernels/{kernel['id']}", method="DELETE")

    def stop(self) -> None:
        """End the lab and its kernels."""
        with contextlib.suppress(OSError):  # a lab that no longer answers is ended all the same
            self.end_kernels()
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.ask("status")
            except OSError:
                time.sleep(0.2)
            else:
                return
        self.process.kill()
        self.process.wait()
        msg = f"JupyterLab did not answer within {START_SECONDS} s. Its last words:\n{self.log.read_text()[-3000:]}"
        raise RuntimeError(msg)


def _own_home(home: Path) -> dict[str, str]:
    folders = {
        "HOME": home,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    foreign = ("JUPYTER", "JPY", "PYTEST")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return inherited | {name: str(folder) for name, folder in folders.items()}
