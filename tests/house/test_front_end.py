"""The bundles that the package ships, and the lock file they are built from."""

import re
from pathlib import Path

import pytest

import qrexplore

REPOSITORY = Path(__file__).parents[2]
STATIC = Path(qrexplore.__file__).parent / "ui" / "static"
BUNDLES = sorted(STATIC.glob("*.js"))
SOURCES = sorted(path.name for path in (REPOSITORY / "widgets" / "src").glob("*/") if any(path.glob("index.*")))


def test_every_widget_has_its_bundle():
    assert SOURCES
    assert [path.stem for path in BUNDLES] == SOURCES


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_a_bundle_is_complete_in_itself(bundle):
    text = bundle.read_text(encoding="utf-8")
    assert "render" in text
    assert re.search(r"export\s*\{[^}]*\bdefault\b|export default", text)
    assert not re.search(r"\bimport\s*[({\"'*]|\bfrom\s*[\"']", text), "a bundle loads nothing from anywhere"
    assert not re.search(r"https?://(?!www\.w3\.org/)", text), "a bundle names no address"


def test_the_lock_file_names_no_host():
    for lock in (REPOSITORY / "widgets").glob("*lock*.json"):
        held = [line for line in lock.read_text(encoding="utf-8").splitlines() if "resolved" in line and "http" in line]
        assert held == []
