import importlib.util
import json
import sys
from pathlib import Path

import pytest

from qrexplore.cli import lab, main


@pytest.fixture
def started(monkeypatch):
    """Catch what would take this process's place."""
    calls = []
    monkeypatch.setattr("os.execve", lambda path, words, environment: calls.append((path, words, environment)))
    return calls


def test_lab_opens_on_the_quickstart_of_the_checkout_on_the_loopback_address(started):
    main(["lab"])
    [(path, words, _)] = started
    assert path == sys.executable
    assert words[:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--ServerApp.ip=127.0.0.1" in words
    assert f"--ServerApp.root_dir={Path(__file__).parents[2] / 'notebooks'}" in words
    assert "token" not in "".join(words)  # JupyterLab then makes one of its own
    assert "--no-browser" not in words


def test_lab_opens_a_notebook_in_its_folder(started, tmp_path):
    (tmp_path / "my fit.ipynb").write_text("{}")
    main(["lab", str(tmp_path / "my fit.ipynb"), "--no-browser", "--port", "9999"])
    words = started[0][1]
    assert f"--ServerApp.root_dir={tmp_path}" in words
    assert "--LabApp.default_url=/lab/tree/my%20fit.ipynb" in words
    assert "--ServerApp.port=9999" in words
    assert "--no-browser" in words


def test_lab_opens_a_folder_without_a_quickstart_as_it_is(started, tmp_path):
    main(["lab", str(tmp_path)])
    assert not any("default_url" in word for word in started[0][1])


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_only_root_says_that_root_may_run_it(monkeypatch, tmp_path, user, allowed):
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert ("--allow-root" in lab.command(tmp_path, port=8888, browser=True)) == allowed


def test_a_path_that_does_not_exist_is_said_in_one_line(capsys):
    assert main(["lab", "no/such.ipynb"]) == 1
    words = capsys.readouterr().err
    assert words.startswith("qrexplore lab: `path` must be a notebook or a folder, got '")
    assert words.endswith("no/such.ipynb', which does not exist. Check the spelling.\n")


def test_without_jupyterlab_one_line_says_how_to_install_it(monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "jupyterlab" else found(name))
    assert main(["lab"]) == 2
    assert capsys.readouterr().err == "qrexplore lab needs JupyterLab. Install it with: pip install 'qrexplore[lab]'\n"


def test_our_defaults_come_after_the_folders_that_the_user_named():
    assert lab.environment({"JUPYTER_CONFIG_PATH": "/mine"})["JUPYTER_CONFIG_PATH"] == f"/mine:{lab.CONFIGURATION}"
    assert lab.environment({})["JUPYTER_CONFIG_PATH"] == str(lab.CONFIGURATION)
    assert lab.environment({"BOKEH_RESOURCES": "cdn"})["BOKEH_RESOURCES"] == "cdn"


def test_our_defaults_ask_nobody_for_news_or_updates():
    text = (lab.CONFIGURATION / "labconfig" / "default_setting_overrides.json").read_text()
    settings = json.loads(text)["@jupyterlab/apputils-extension:notification"]
    assert settings == {"fetchNews": "false", "checkForUpdates": False}


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """A package as a wheel lays it down, with a home folder of its own."""
    package = tmp_path / "site-packages" / "qrexplore"
    (package / "notebooks" / "data").mkdir(parents=True)
    (package / "notebooks" / lab.QUICKSTART).write_text("new")
    (package / "notebooks" / "data" / "chevron.nc").write_bytes(b"data")
    monkeypatch.setattr(lab, "PACKAGE", package)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_installed_tutorials_are_copied_to_the_home_folder(installed):
    folder = lab.tutorials()
    assert folder.is_relative_to(installed)
    assert (folder / lab.QUICKSTART).read_text() == "new"
    assert (folder / "data" / "chevron.nc").read_bytes() == b"data"


@pytest.mark.usefixtures("installed")
def test_a_tutorial_that_was_edited_is_never_overwritten():
    (lab.tutorials() / lab.QUICKSTART).write_text("edited")
    assert (lab.tutorials() / lab.QUICKSTART).read_text() == "edited"


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("qrexplore 0.")


def test_without_a_command_the_usage_is_told(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "usage: qrexplore" in capsys.readouterr().err
