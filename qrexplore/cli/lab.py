"""``qrexplore lab``: JupyterLab on the tutorials, on this machine only, without a request to anywhere else.

JupyterLab reads its defaults from every folder on ``JUPYTER_CONFIG_PATH``. The folder ``jupyter`` beside this module is
one of them: it switches off news and update checks. Being defaults, they yield to what users have set for themselves,
and nothing is written into users' settings.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import qrexplore

QUICKSTART = "00-quickstart.ipynb"
CONFIGURATION = Path(__file__).parent / "jupyter"
PACKAGE = Path(qrexplore.__file__).parent


def add(commands: Any) -> None:
    """Declare the sub-command."""
    parser = commands.add_parser(
        "lab", help="open JupyterLab on the tutorials", description="Open JupyterLab on the tutorials."
    )
    parser.add_argument("path", nargs="?", type=Path, help="notebook or folder to open (default: the tutorials)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    parser.add_argument("--port", type=int, default=8888, help="port to listen on, or the next free one (default 8888)")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Start JupyterLab in the place of this process; give 2 if it is not installed."""
    if any(importlib.util.find_spec(name) is None for name in ("jupyterlab", "anywidget")):
        sys.stderr.write("qrexplore lab needs JupyterLab. Install it with: pip install 'qrexplore[lab]'\n")
        return 2
    target = tutorials() if chosen.path is None else chosen.path.resolve()
    words = command(target, port=chosen.port, browser=not chosen.no_browser)
    if sys.platform == "win32":  # there, a process that takes another's place gives the prompt back at once
        return subprocess.call(words, env=environment(os.environ))  # noqa: S603 (a list of our own, no shell)
    return os.execve(words[0], words, environment(os.environ))  # noqa: S606 (no shell is wanted)


def command(target: Path, *, port: int, browser: bool) -> list[str]:
    """Give the words that start JupyterLab.

    Parameters
    ----------
    target
        Notebook or folder to open. What JupyterLab can reach is that folder, or the folder of the notebook; of a folder
        with the quickstart, the quickstart is opened.
    port
        Port on the loopback address; if it is taken, JupyterLab tries those above.
    browser
        Whether to open a browser.

    Raises
    ------
    FileNotFoundError
        If there is no such notebook or folder.
    """
    if not target.exists():
        msg = f"`path` must be a notebook or a folder, got {str(target)!r}, which does not exist. Check the spelling."
        raise FileNotFoundError(msg)
    root = target if target.is_dir() else target.parent
    page = target if target.is_file() else root / QUICKSTART
    words = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={root}",
        "--LabApp.extension_manager=readonly",  # the other one lists packages from the network
    ]
    if page.exists():
        words.append(f"--LabApp.default_url=/lab/tree/{quote(page.name)}")
    if not browser:
        words.append("--no-browser")
    if sys.platform != "win32" and os.geteuid() == 0:
        words.append("--allow-root")
    return words


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of JupyterLab: the one given, our defaults, and figures that carry their scripts along."""
    path = variables.get("JUPYTER_CONFIG_PATH", "")
    return {
        "BOKEH_RESOURCES": "inline",
        **variables,
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [path, str(CONFIGURATION)])),
    }


def tutorials() -> Path:
    """Give the folder of the tutorials, one that the user may write to.

    In a checkout it is the checkout's own. An installed package has them among its files; they are copied to the home
    folder, one folder a version, and a file that is there already, perhaps edited, stays as it is.
    """
    checkout = PACKAGE.parent / "notebooks"
    installed = PACKAGE / "notebooks"
    if checkout.is_dir() and (PACKAGE.parent / "pyproject.toml").is_file():
        return checkout
    mine = Path.home() / "qrexplore" / f"notebooks-{qrexplore.__version__}"
    for source in sorted(installed.rglob("*")):
        copy = mine / source.relative_to(installed)
        if source.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    return mine
